import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { LifeBuoy, LogOut } from "lucide-react";
import { useState } from "react";
import {
  approveRecovery,
  endSessions,
  type PersonAccess,
  personAccessQuery,
  type Recovery,
} from "../../api/access";
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

interface AccessCardProps {
  person: string;
  label: string;
}

/** A person's sessions and means of signing in: seen, ended, or brought back by two accountable persons. */
export function AccessCard({ person, label }: AccessCardProps) {
  const { commune } = useActing();
  const query = useQuery(personAccessQuery(commune, person));
  return (
    <Card title={<Trans>Connexion</Trans>}>
      <QueryView query={query} level={3}>
        {(access) => <Access access={access} person={person} label={label} />}
      </QueryView>
    </Card>
  );
}

function Access({ access, person, label }: AccessCardProps & { access: PersonAccess }) {
  const { t } = useLingui();
  const self = useSession().person.id === person;
  const ends = useRole("mayor", "deputy", "auditor");
  const [made, setMade] = useState<Recovery | null>(null);
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
      {made?.code ? <Issued code={made.code} untilUs={made.until_us ?? 0} /> : <Progress access={access} />}
      {self ? null : (
        <div className="row">
          {ends && access.sessions.length > 0 ? <EndSessions person={person} label={label} /> : null}
          <Approve person={person} label={label} onMade={setMade} />
        </div>
      )}
    </div>
  );
}

/** The code, shown once to whoever completed the recovery, who hands it over in person. */
function Issued({ code, untilUs }: { code: string; untilUs: number }) {
  return (
    <Note kind="warn" live title={<Trans>Code de rétablissement, montré une seule fois.</Trans>}>
      <p>
        <code translate="no">{code}</code>
      </p>
      <Trans>
        Remettez-le en main propre. Il vaut une fois, jusqu’au <TimeText us={untilUs} />.
      </Trans>
    </Note>
  );
}

function Progress({ access }: { access: PersonAccess }) {
  if (access.code_until_us !== null) {
    return (
      <Note title={<Trans>Un code de rétablissement a été remis.</Trans>}>
        <Trans>
          Il vaut jusqu’au <TimeText us={access.code_until_us} />.
        </Trans>
      </Note>
    );
  }
  if (access.approved_by.length === 0) return null;
  const names = access.approved_by.join(", ");
  return (
    <Note title={<Trans>Rétablissement approuvé par : {names}.</Trans>}>
      <Trans>
        Il faut deux responsables distincts, et chaque commune de la personne, dans la même journée.
      </Trans>
    </Note>
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

function Approve({ person, label, onMade }: AccessCardProps & { onMade: (made: Recovery) => void }) {
  const { t } = useLingui();
  const { commune } = useActing();
  return (
    <ActButton
      label={<Trans>Rétablir l’accès…</Trans>}
      icon={LifeBuoy}
      grave
      title={<Trans>Rétablir l’accès de {label}</Trans>}
      confirm={<Trans>Approuver</Trans>}
      run={async (data) => onMade(await approveRecovery(commune, person, textOf(data, "motive")))}
      stale={["person-access"]}
      done={t`Approbation enregistrée.`}
    >
      <p>
        <Trans>
          Pour qui n’a plus de quoi se connecter. Deux responsables distincts l’approuvent dans la même
          journée ; le second reçoit un code, à remettre en main propre. Mot de passe, clés d’accès et second
          facteur d’avant tombent quand il sert.
        </Trans>
      </p>
      <MotiveField label={t`Motif, et comment la personne a été reconnue`} />
    </ActButton>
  );
}
