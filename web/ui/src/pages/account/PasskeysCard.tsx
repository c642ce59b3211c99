import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Fingerprint, Trash2 } from "lucide-react";
import { type Account, accountQuery, type Passkey, removePasskey } from "../../api/account";
import { passkeysHere, registerPasskey } from "../../api/passkeys";
import { formatDate } from "../../i18n/format";
import { ActButton, Card, EmptyState, Note, QueryView, TextField, textOf } from "../../parts";

/** The passkeys of a person: several, named, each removable by them alone. */
export function PasskeysCard() {
  const query = useQuery(accountQuery);
  return (
    <Card title={<Trans>Clés d’accès</Trans>}>
      <p className="small dim">
        <Trans>
          Une clé d’accès remplace le mot de passe : votre téléphone, votre ordinateur ou une clé de sécurité
          répond pour vous, à ce site seulement. Enregistrez-en deux, pour ne jamais rester dehors.
        </Trans>
      </p>
      <QueryView query={query} level={3}>
        {(account) => <Passkeys account={account} />}
      </QueryView>
    </Card>
  );
}

function Passkeys({ account }: { account: Account }) {
  return (
    <div className="stack">
      {account.passkeys.length === 0 ? (
        <EmptyState icon={Fingerprint} level={3} title={<Trans>Aucune clé d’accès</Trans>} />
      ) : (
        <ul className="stack-s">
          {account.passkeys.map((passkey) => (
            <PasskeyLine key={passkey.id} passkey={passkey} />
          ))}
        </ul>
      )}
      <AddPasskey possible={account.passkeys_possible} />
    </div>
  );
}

function PasskeyLine({ passkey }: { passkey: Passkey }) {
  const { t } = useLingui();
  return (
    <li className="row row-between">
      <span>
        <b className="strong">{passkey.label}</b>
        <br />
        <span className="small dim">
          <Trans>Enregistrée le {formatDate(passkey.created_us)}.</Trans>{" "}
          {passkey.used_us === null ? (
            <Trans>Jamais utilisée.</Trans>
          ) : (
            <Trans>Utilisée le {formatDate(passkey.used_us)}.</Trans>
          )}{" "}
          {passkey.synced ? <Trans>Copiable sur vos autres appareils.</Trans> : null}
        </span>
      </span>
      <ActButton
        label={
          <>
            <Trans>Retirer…</Trans> <span className="vh">{passkey.label}</span>
          </>
        }
        size="s"
        icon={Trash2}
        danger
        grave
        title={<Trans>Retirer la clé d’accès {passkey.label}</Trans>}
        confirm={<Trans>Retirer la clé</Trans>}
        run={() => removePasskey(passkey.id)}
        stale={["account", "session"]}
        done={t`Clé d’accès retirée.`}
      >
        <p>
          <Trans>Elle n’ouvrira plus votre compte. Retirez-la aussi de l’appareil qui la garde.</Trans>
        </p>
      </ActButton>
    </li>
  );
}

function AddPasskey({ possible }: { possible: boolean }) {
  const { t } = useLingui();
  if (!possible || !passkeysHere()) {
    return (
      <Note kind="off" title={<Trans>Aucune clé d’accès ne peut être enregistrée ici.</Trans>}>
        {possible ? (
          <Trans>Ce navigateur n’en connaît pas : prenez-en un plus récent.</Trans>
        ) : (
          <Trans>L’adresse de ce service ne le permet pas : l’hébergeur peut y remédier.</Trans>
        )}
      </Note>
    );
  }
  return (
    <div className="row">
      <ActButton
        label={<Trans>Ajouter une clé d’accès</Trans>}
        kind="primary"
        icon={Fingerprint}
        grave
        title={<Trans>Ajouter une clé d’accès</Trans>}
        confirm={<Trans>Enregistrer</Trans>}
        run={(data) => registerPasskey(textOf(data, "label"))}
        stale={["account", "session"]}
        done={t`Clé d’accès enregistrée.`}
      >
        <p className="small dim">
          <Trans>Votre navigateur vous demandera ensuite de la créer.</Trans>
        </p>
        <TextField
          label={t`Nom de la clé`}
          name="label"
          required
          maxLength={60}
          autoComplete="off"
          help={t`L’appareil qui la garde : « Téléphone de service », « Clé bleue ».`}
        />
      </ActButton>
    </div>
  );
}
