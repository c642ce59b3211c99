import { plural } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import { OctagonX } from "lucide-react";
import { useState } from "react";
import {
  type Account,
  accountQuery,
  type PendingRecovery,
  type Recovered,
  stopRecovery,
} from "../../api/account";
import { nowUs } from "../../i18n/format";
import { Button, buttonClass, Note, Refusal, TimeText, useAttempt } from "../../parts";
import { ServerWords } from "../../parts/ServerWords";

/** What others do, or did, to bring this account back: its owner can stop it, or learns what to do now. */
export function RecoveryNotice({ account }: { account: Account }) {
  const [stopped, setStopped] = useState(false);
  const { recovery, recovered } = account;
  const guarded = account.passkeys.length > 0 || account.second_factor.since_us !== null;
  return (
    <>
      {recovery ? <Pending recovery={recovery} onStopped={() => setStopped(true)} /> : null}
      {stopped && !recovery ? <Stopped onRead={() => setStopped(false)} /> : null}
      {recovered?.rests ? <Back recovered={recovered} guarded={guarded} /> : null}
    </>
  );
}

function Pending({ recovery, onStopped }: { recovery: PendingRecovery; onStopped: () => void }) {
  const client = useQueryClient();
  const { busy, error, attempt } = useAttempt();
  const stop = () =>
    attempt(async () => {
      client.setQueryData(accountQuery.queryKey, await stopRecovery());
      onStopped();
    });
  const { from_us: fromUs } = recovery;
  const names = recovery.by.join(", ");
  return (
    <Note
      kind="danger"
      live
      title={
        fromUs === null ? (
          <Trans>On demande à rétablir l’accès à votre compte.</Trans>
        ) : (
          <Trans>On rétablit l’accès à votre compte.</Trans>
        )
      }
    >
      <span>
        <Trans>
          Approuvé par : {names}, depuis le <TimeText us={recovery.since_us} />.
        </Trans>{" "}
        {fromUs === null ? (
          <Trans>Il manque encore au moins une approbation : rien n’est changé.</Trans>
        ) : fromUs > nowUs() ? (
          <Trans>
            Le code servira à partir du <TimeText us={fromUs} /> : qui l’aura choisira un nouveau mot de
            passe.
          </Trans>
        ) : (
          <Trans>Le code sert dès maintenant : qui l’a peut choisir un nouveau mot de passe.</Trans>
        )}{" "}
        <Trans>Si vous n’avez rien demandé, arrêtez-le.</Trans>
      </span>
      {error ? <Refusal error={error} /> : null}
      <span className="row">
        <Button kind="danger-fill" icon={OctagonX} busy={busy} onClick={() => void stop()}>
          <Trans>Ce n’est pas moi : arrêter</Trans>
        </Button>
      </span>
    </Note>
  );
}

function Stopped({ onRead }: { onRead: () => void }) {
  return (
    <Note kind="ok" live title={<Trans>Le rétablissement est arrêté.</Trans>}>
      <span>
        <Trans>
          Son code n’ouvrira rien. Votre compte reste comme il était ; la commune en est prévenue.
        </Trans>
      </span>
      <span className="row">
        <Button size="s" onClick={onRead}>
          <Trans>J’ai lu</Trans>
        </Button>
      </span>
    </Note>
  );
}

/** `guarded`: something besides the password keeps the account again. */
function Back({ recovered, guarded }: { recovered: Recovered; guarded: boolean }) {
  const { t } = useLingui();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const names = recovered.by.join(", ");
  const { passkeys, identities } = recovered;
  const fallen = [
    t`le mot de passe`,
    recovered.second_factor && t`le second facteur`,
    passkeys > 0 && plural(passkeys, { one: "# clé d’accès", other: "# clés d’accès" }),
    identities > 0 && plural(identities, { one: "# identité liée", other: "# identités liées" }),
  ]
    .filter(Boolean)
    .join(", ");
  return (
    <Note
      kind="warn"
      live
      title={
        <Trans>
          L’accès à votre compte a été rétabli le <TimeText us={recovered.at_us} />.
        </Trans>
      }
    >
      <span>
        <Trans>
          Approuvé par : {names}. Ne vaut plus depuis : {fallen}.
        </Trans>
      </span>
      <span>
        <ServerWords what={recovered.rests} todo={recovered.todo} rule="P-58" />
      </span>
      {path === "/compte" ? null : (
        <span className="row">
          <Link className={buttonClass({ kind: "primary" })} to="/compte">
            {guarded ? (
              <Trans>Aller à mon compte</Trans>
            ) : (
              <Trans>Enregistrer une clé d’accès ou un second facteur</Trans>
            )}
          </Link>
        </span>
      )}
    </Note>
  );
}
