import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { LogOut, UserPlus } from "lucide-react";
import { useState } from "react";
import { endSessions, type PersonAccess, personAccessQuery } from "../../api/access";
import { type Invitation, inviteAgain } from "../../api/people";
import { nowUs } from "../../i18n/format";
import {
  ActButton,
  Card,
  EmptyState,
  Facts,
  MotiveField,
  Note,
  QueryView,
  TimeText,
  textOf,
} from "../../parts";
import { useActing, useRole, useSession } from "../../session/SessionContext";
import { SessionLines } from "../../session/SessionLines";
import { InvitationTicket } from "./InvitationTicket";
import { RecoveryPart } from "./RecoveryPart";

interface AccessCardProps {
  person: string;
  label: string;
}

/** A person's way in: the invitation that waits for them, or their sessions and means, and how they come back. */
export function AccessCard({ person, label }: AccessCardProps) {
  const { commune } = useActing();
  const query = useQuery(personAccessQuery(commune, person));
  return (
    <Card title={<Trans>Connexion</Trans>}>
      <QueryView query={query} level={3}>
        {(access) =>
          access.opened ? (
            <Access access={access} person={person} label={label} />
          ) : (
            <NotOpened untilUs={access.invited_until_us} person={person} label={label} />
          )
        }
      </QueryView>
    </Card>
  );
}

function NotOpened({ untilUs, person, label }: AccessCardProps & { untilUs: number | null }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const invites = useRole("chief", "mayor", "deputy");
  const [made, setMade] = useState<Invitation | null>(null);
  return (
    <div className="stack">
      {made ? <InvitationTicket made={made} /> : <Waiting untilUs={untilUs} />}
      {invites ? (
        <div className="row">
          <ActButton
            label={<Trans>Nouvelle invitation…</Trans>}
            icon={UserPlus}
            grave
            title={<Trans>Nouvelle invitation pour {label}</Trans>}
            confirm={<Trans>Inviter de nouveau</Trans>}
            run={async () => setMade(await inviteAgain(commune, person))}
            stale={["person-access"]}
            done={t`Invitation prête. Remettez-la en main propre.`}
          >
            <p>
              <Trans>Pour un code perdu ou échu. L’invitation d’avant ne servira plus.</Trans>
            </p>
          </ActButton>
        </div>
      ) : null}
    </div>
  );
}

function Waiting({ untilUs }: { untilUs: number | null }) {
  if (untilUs === null || untilUs <= nowUs()) {
    return (
      <Note kind="off" title={<Trans>Plus aucune invitation en attente.</Trans>}>
        <Trans>
          Cette personne n’a pas ouvert son compte à temps : remettez-lui une nouvelle invitation.
        </Trans>
      </Note>
    );
  }
  return (
    <Note
      title={
        <Trans>
          Invitation en attente jusqu’au <TimeText us={untilUs} />.
        </Trans>
      }
    >
      <Trans>Cette personne n’a pas encore ouvert son compte.</Trans>
    </Note>
  );
}

function Access({ access, person, label }: AccessCardProps & { access: PersonAccess }) {
  const { t } = useLingui();
  const self = useSession().person.id === person;
  const ends = useRole("mayor", "deputy", "auditor");
  return (
    <div className="stack">
      <Facts
        items={[
          {
            label: t`Clés d’accès`,
            value: <Plural value={access.passkeys} _0="Aucune" one="# enregistrée" other="# enregistrées" />,
          },
          access.identities > 0 && { label: t`Identités liées`, value: String(access.identities) },
          { label: t`Second facteur`, value: access.second_factor ? t`Demandé` : t`Non demandé` },
        ]}
      />
      {access.sessions.length > 0 ? (
        <SessionLines sessions={access.sessions} />
      ) : (
        <EmptyState icon={LogOut} level={3} title={<Trans>Aucune session ouverte</Trans>} />
      )}
      {!self && ends && access.sessions.length > 0 ? (
        <div className="row">
          <EndSessions person={person} label={label} />
        </div>
      ) : null}
      <RecoveryPart access={access} person={person} label={label} self={self} />
    </div>
  );
}

function EndSessions({ person, label }: AccessCardProps) {
  const { t } = useLingui();
  const { commune } = useActing();
  return (
    <ActButton
      label={<Trans>Fermer ses sessions…</Trans>}
      kind="danger"
      icon={LogOut}
      danger
      grave
      title={<Trans>Fermer les sessions de {label}</Trans>}
      confirm={<Trans>Fermer ses sessions</Trans>}
      run={(data) => endSessions(commune, person, textOf(data, "motive"))}
      stale={["person-access"]}
      done={t`Sessions fermées : les vues de ${label} s’éteignent.`}
    >
      <p>
        <Trans>Ses vues s’éteignent en moins de 5 secondes. Son habilitation reste.</Trans>
      </p>
      <MotiveField />
    </ActButton>
  );
}
