import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { UserCheck } from "lucide-react";
import { type Emergencies, type NamedPerson, nameEmergencyPersons } from "../../api/emergencies";
import { type Person, peopleQuery } from "../../api/people";
import { formatDateTime, US_PER_S } from "../../i18n/format";
import { ActButton, Card, Check, MotiveField, StateTag, textOf } from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";

const HOUR_US = 3600 * US_PER_S;
/** Who may be named: elected, or municipal police (P-51, P-52). */
const SIGNERS = new Set(["officer", "chief", "mayor", "deputy"]);

/** Who may sign, since when; the mayor or a deputy names them. */
export function NamedCard({ told }: { told: Emergencies }) {
  const names = useRole("mayor", "deputy");
  const hours = told.named_hours;
  if (told.persons.length === 0 && !names && !told.named) return null;
  return (
    <Card title={<Trans>Personnes désignées</Trans>} dense>
      {told.persons.length === 0 ? (
        <p className="small dim">
          <Trans>Personne : aucune ouverture exceptionnelle n’est possible.</Trans>
        </p>
      ) : (
        <ul className="stack-s">
          {told.persons.map((one) => (
            <NamedLine key={one.person} one={one} hours={hours} nowUs={told.now_us} />
          ))}
        </ul>
      )}
      <p className="small dim">
        <Trans>
          Le maire ou son délégué les désigne. Une désignation compte après {hours} heures : une session volée
          ne peut pas désigner et ouvrir.
        </Trans>
      </p>
      {names ? <NameAct named={told.persons} /> : null}
    </Card>
  );
}

function NamedLine({ one, hours, nowUs }: { one: NamedPerson; hours: number; nowUs: number }) {
  const { t } = useLingui();
  const countsUs = one.since_us + hours * HOUR_US;
  const waits = countsUs > nowUs;
  return (
    <li className="row row-between">
      <span>
        <b className="strong">{one.label}</b>
        <br />
        <span className="small dim">
          {one.may_sign && waits
            ? t`peut signer dès le ${formatDateTime(countsUs)}`
            : t`désignée le ${formatDateTime(one.since_us)}`}
        </span>
      </span>
      <StateTag state={one.may_sign ? (waits ? "not-yet" : "clear") : "expired"}>
        {one.may_sign ? (waits ? t`Pas encore` : t`Peut signer`) : t`N’est plus habilitée`}
      </StateTag>
    </li>
  );
}

function nameable(person: Person): boolean {
  return person.habilitations.some((one) => SIGNERS.has(one.role) && !one.lapse);
}

function NameAct({ named }: { named: readonly NamedPerson[] }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const people = (useQuery(peopleQuery(commune)).data ?? []).filter(nameable);
  return (
    <ActButton
      label={<Trans>Désigner…</Trans>}
      size="s"
      icon={UserCheck}
      grave
      title={<Trans>Désigner les personnes qui pourront signer</Trans>}
      confirm={<Trans>Désigner</Trans>}
      run={(data) =>
        nameEmergencyPersons(commune, data.getAll("persons").map(String), textOf(data, "motive"))
      }
      stale={["emergencies", "journal"]}
      done={t`Désignation écrite au journal.`}
    >
      <p className="small dim">
        <Trans>
          Deux au moins ; elles remplacent celles d’avant. Personne : plus d’ouverture exceptionnelle.
        </Trans>
      </p>
      <fieldset className="stack-s">
        <legend>
          <Trans>Personnes habilitées</Trans>
        </legend>
        {people.map((person) => (
          <Check
            key={person.person}
            name="persons"
            value={person.person}
            label={person.label}
            defaultChecked={named.some((one) => one.person === person.person)}
          />
        ))}
      </fieldset>
      <MotiveField placeholder={t`astreinte d’août`} />
    </ActButton>
  );
}
