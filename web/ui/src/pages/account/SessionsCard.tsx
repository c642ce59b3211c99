import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { LogOut, Monitor } from "lucide-react";
import { type Account, accountQuery, endSession, nameWorkstation, type OpenSession } from "../../api/account";
import { ActButton, Card, Facts, QueryView, TextField, textOf } from "../../parts";
import { useSession } from "../../session/SessionContext";
import { SessionLines } from "../../session/SessionLines";

/** Where the person is signed in, and what this workstation is called. */
export function SessionsCard() {
  const query = useQuery(accountQuery);
  return (
    <Card title={<Trans>Sessions et poste</Trans>}>
      <QueryView query={query} level={3}>
        {(account) => (
          <div className="stack">
            <SessionLines
              sessions={account.sessions}
              act={(session) => (session.current ? null : <EndSession session={session} />)}
            />
            <Workstation account={account} />
          </div>
        )}
      </QueryView>
    </Card>
  );
}

function EndSession({ session }: { session: OpenSession }) {
  const { t } = useLingui();
  return (
    <ActButton
      label={
        <>
          <Trans>Fermer…</Trans> <span className="vh">{session.workstation}</span>
        </>
      }
      size="s"
      icon={LogOut}
      danger
      title={<Trans>Fermer la session de {session.workstation}</Trans>}
      confirm={<Trans>Fermer la session</Trans>}
      run={() => endSession(session.id)}
      stale={["account"]}
      done={t`Session fermée.`}
    >
      <p>
        <Trans>Ses vues s’éteignent en moins de 5 secondes.</Trans>
      </p>
    </ActButton>
  );
}

/** The journal names the workstation; who answers for the service, or installs it, gives the name. */
function Workstation({ account }: { account: Account }) {
  const { t } = useLingui();
  const { acting } = useSession();
  const names = acting !== null && ["installer", "chief", "mayor", "deputy"].includes(acting.role);
  return (
    <>
      <Facts items={[{ label: t`Ce poste, au journal`, value: account.workstation }]} />
      {names ? (
        <div className="row">
          <ActButton
            label={<Trans>Nommer ce poste…</Trans>}
            icon={Monitor}
            title={<Trans>Nommer ce poste</Trans>}
            confirm={<Trans>Nommer</Trans>}
            run={(data) => nameWorkstation(textOf(data, "label"))}
            stale={["account"]}
            done={t`Poste nommé.`}
          >
            <TextField
              label={t`Nom du poste`}
              name="label"
              required
              maxLength={60}
              autoComplete="off"
              help={t`Le lieu, jamais une personne : « Accueil PM », « CSU 2 ». Il vaut pour ce navigateur.`}
            />
          </ActButton>
        </div>
      ) : null}
    </>
  );
}
