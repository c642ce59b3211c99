import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { UserX, Zap } from "lucide-react";
import { camerasQuery } from "../../api/cameras";
import { type Habilitation, type Rights, rightsQuery, withdraw } from "../../api/people";
import { formatDate, formatDateTime, nowUs } from "../../i18n/format";
import {
  ActButton,
  Card,
  type CheckItem,
  Checklist,
  Facts,
  Note,
  QueryView,
  RuleTag,
  SelectField,
  StateTag,
  TimeText,
  textOf,
} from "../../parts";
import { ServerWords } from "../../parts/ServerWords";
import { ROLE_WORDS } from "../../session/roles";
import { useActing, useRole, useSession } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { cameraNumber } from "../cameras/words";
import { AccessCard } from "./AccessCard";
import { GrantAct } from "./GrantAct";
import { SuspendActs } from "./SuspendActs";
import { ACT_WORDS, actsSaid, habilitationState, IMAGE_ACTS } from "./words";

/** One person: habilitations, what they may do at this instant, and withdrawal. */
export function PersonPage() {
  const { t } = useLingui();
  const { person: id } = useParams({ from: "/app/habilitations/$person" });
  const { commune } = useActing();
  const query = useQuery(rightsQuery(commune, id));
  const self = useSession().person.id === id;
  const manages = useRole("chief", "mayor", "deputy");
  const label = query.data?.label || t`Personne`;
  return (
    <>
      <PageHead
        title={label}
        above={{ to: "/habilitations", word: t`Habilitations`, here: label }}
        acts={query.data && manages && !self ? <GrantAct person={id} label={label} /> : null}
      />
      <QueryView query={query}>{(rights) => <PersonCards rights={rights} mayWithdraw={manages} />}</QueryView>
    </>
  );
}

function PersonCards({ rights, mayWithdraw }: { rights: Rights; mayWithdraw: boolean }) {
  return (
    <div className="cols-2">
      <div className="stack">
        {rights.habilitations.length === 0 ? (
          <Note kind="off" title={<Trans>Aucune habilitation.</Trans>}>
            <Trans>Ce compte n’ouvre rien tant qu’une décision signée n’est pas enregistrée.</Trans>
          </Note>
        ) : null}
        {rights.habilitations.map((habilitation) => (
          <HabilitationCard
            key={habilitation.id}
            habilitation={habilitation}
            label={rights.label}
            mayWithdraw={mayWithdraw}
          />
        ))}
      </div>
      <div className="stack">
        <RightsCard rights={rights} />
        {rights.habilitations.length > 0 ? <AccessCard person={rights.person} label={rights.label} /> : null}
      </div>
    </div>
  );
}

interface HabilitationCardProps {
  habilitation: Habilitation;
  label: string;
  mayWithdraw: boolean;
}

function HabilitationCard({ habilitation, label, mayWithdraw }: HabilitationCardProps) {
  const { t, i18n } = useLingui();
  const { commune } = useActing();
  const cameras = useQuery(camerasQuery(commune)).data;
  const nameOf = (id: string): string => {
    const camera = cameras?.find((one) => one.id === id);
    return camera ? `${cameraNumber(camera)} ${camera.name}` : id;
  };
  const suspension = habilitation.suspended ? habilitation.suspensions?.at(-1) : undefined;
  return (
    <Card
      title={i18n._(ROLE_WORDS[habilitation.role])}
      aside={<StateTag state={habilitationState(habilitation, nowUs())} />}
    >
      <Facts
        items={[
          {
            label: t`Catégorie`,
            value: <RuleTag rule={habilitation.category} />,
          },
          {
            label: t`Décision`,
            value: t`${habilitation.decision_ref}, signée par ${habilitation.signed_by}`,
          },
          {
            label: t`Validité`,
            value: `${formatDate(habilitation.from_us)} → ${formatDate(habilitation.until_us)}`,
          },
          habilitation.basis_ref ? { label: t`Agrément ou délégation`, value: habilitation.basis_ref } : null,
          { label: t`Droits`, value: actsSaid(i18n, habilitation.acts) || t`aucune image` },
          {
            label: t`Caméras`,
            value:
              habilitation.cameras === null
                ? t`toutes celles de la commune`
                : habilitation.cameras.map(nameOf).join(", "),
          },
          habilitation.training_us
            ? { label: t`Formation`, value: formatDate(habilitation.training_us) }
            : null,
          suspension
            ? {
                label: t`Suspension`,
                value: suspension.until_us
                  ? t`jusqu’au ${formatDate(suspension.until_us)}, ${suspension.motive}`
                  : t`sans terme, ${suspension.motive}`,
              }
            : null,
          habilitation.withdrawn_us
            ? {
                label: t`Retrait`,
                value: `${formatDateTime(habilitation.withdrawn_us, true)}, ${habilitation.withdrawn_motive ?? ""}`,
              }
            : null,
        ]}
      />
      {mayWithdraw && !habilitation.withdrawn_us ? (
        <>
          <SuspendActs habilitation={habilitation} label={label} />
          <WithdrawAct habilitation={habilitation} label={label} />
        </>
      ) : null}
    </Card>
  );
}

function WithdrawAct({ habilitation, label }: { habilitation: Habilitation; label: string }) {
  const { t } = useLingui();
  const motives = [
    t`Fin d’affectation`,
    t`Agrément suspendu ou retiré`,
    t`Fin de délégation`,
    t`Erreur d’enregistrement`,
    t`Mesure conservatoire`,
  ];
  return (
    <>
      <Note kind="danger" icon={Zap} title={<Trans>Un retrait prend effet en moins de 5 secondes.</Trans>}>
        <Trans>
          Ses vues s’éteignent, ses clés de lecture ne sont plus remises, sa session reste ouverte sans image.
        </Trans>
      </Note>
      <ActButton
        label={<Trans>Retirer l’habilitation…</Trans>}
        kind="danger"
        icon={UserX}
        wide
        danger
        title={<Trans>Retirer l’habilitation de {label}</Trans>}
        confirm={<Trans>Confirmer le retrait</Trans>}
        run={(data) => withdraw(habilitation.id, textOf(data, "motive"))}
        stale={["people", "rights"]}
        done={t`Habilitation retirée : les vues de ${label} s’éteignent.`}
      >
        <p>
          <Trans>
            En moins de 5 secondes : plus de direct, plus de relecture, plus d’extraction sous cette décision.
          </Trans>
        </p>
        <SelectField label={t`Motif du retrait`} name="motive" required>
          {motives.map((motive) => (
            <option key={motive}>{motive}</option>
          ))}
        </SelectField>
      </ActButton>
    </>
  );
}

function RightsCard({ rights }: { rights: Rights }) {
  const { i18n, t } = useLingui();
  const asksWhy = useRole("mayor", "deputy", "auditor", "inspector");
  const items = IMAGE_ACTS.map((act): CheckItem => {
    const { cameras, refusal } = rights.images[act];
    const some = cameras.length > 0;
    return {
      key: act,
      state: some ? "ok" : "no",
      label: i18n._(ACT_WORDS[act]),
      detail: some ? t`Caméras : ${cameras.length}` : refusal && <ServerWords {...refusal} />,
      rule: some ? undefined : refusal?.rule,
    };
  });
  return (
    <Card
      title={<Trans>Ce que cette personne peut faire, à cet instant</Trans>}
      aside={<TimeText us={rights.at_us} form="seconds" />}
    >
      <Checklist items={items} label={t`Droits à cet instant`} />
      {asksWhy ? (
        <Link to="/pourquoi" search={{ personne: rights.person } as never}>
          <Trans>Pourquoi, ou à un autre instant ?</Trans>
        </Link>
      ) : null}
    </Card>
  );
}
