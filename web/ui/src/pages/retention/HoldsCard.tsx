import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Lock } from "lucide-react";
import type { Camera } from "../../api/cameras";
import { waits } from "../../api/pendingActs";
import { type Hold, holdsQuery, releaseHold } from "../../api/retention";
import { formatDuration, formatLong, formatSpan, nowUs } from "../../i18n/format";
import {
  ActButton,
  Card,
  type Column,
  DataTable,
  EmptyState,
  MotiveField,
  QueryView,
  StateTag,
  textOf,
} from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";
import { cameraNumber } from "../cameras/words";
import { PlaceHoldAct } from "./PlaceHoldAct";
import { procedureWords } from "./procedures";

/** Holds: each has a reference and an end (P-32); an indefinite one cannot exist. */
export function HoldsCard({ cameras }: { cameras: readonly Camera[] }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const query = useQuery(holdsQuery(commune));
  const places = useRole("officer", "chief", "mayor", "deputy");
  const columns = useColumns(cameras);
  return (
    <Card
      flush
      title={<Trans>Gels</Trans>}
      aside={<Trans>Un gel a toujours une référence et un terme</Trans>}
    >
      <QueryView
        query={query}
        isEmpty={(holds) => holds.length === 0}
        empty={
          <EmptyState icon={Lock} title={<Trans>Aucun gel</Trans>}>
            <p>
              <Trans>
                Une demande enregistrée gèle aussitôt sa plage. Un gel se pose aussi ici, avec sa procédure.
              </Trans>
            </p>
          </EmptyState>
        }
      >
        {(holds) => <DataTable caption={t`Gels`} columns={columns} rows={holds} rowKey={(hold) => hold.id} />}
      </QueryView>
      {places ? (
        <div className="card-foot">
          <PlaceHoldAct cameras={cameras} />
        </div>
      ) : null}
    </Card>
  );
}

/** What people call the procedure: a filmed person's request has no other reference than its own number. */
function referenceOf(hold: Hold): string {
  return hold.reference === hold.request ? hold.request_number : hold.reference;
}

function useColumns(cameras: readonly Camera[]): Column<Hold>[] {
  const { t, i18n } = useLingui();
  const nameOf = (id: string) => {
    const camera = cameras.find((one) => one.id === id);
    return camera ? `${cameraNumber(camera)} ${camera.name}` : id;
  };
  return [
    {
      key: "what",
      head: t`Demande et plage`,
      cell: (hold) => (
        <>
          {hold.request ? (
            <Link to="/demandes/$request" params={{ request: hold.request }}>
              {hold.request_number || referenceOf(hold)}
            </Link>
          ) : (
            hold.reference
          )}
          <small>{formatSpan(hold.from_us, hold.to_us)}</small>
        </>
      ),
    },
    {
      key: "state",
      head: t`Gel`,
      word: t`Gel`,
      cell: (hold) => (
        <StateTag
          state={!hold.active ? "hold-released" : hold.provisional ? "hold-provisional" : "hold-confirmed"}
        />
      ),
    },
    {
      key: "why",
      head: t`Caméras et fondement`,
      word: t`Fondement`,
      cell: (hold) => {
        const procedure = procedureWords(hold.procedure);
        return (
          <>
            {hold.cameras.map(nameOf).join(", ")}
            <small>
              {typeof procedure === "string" ? procedure : i18n._(procedure)}, {referenceOf(hold)}
            </small>
          </>
        );
      },
    },
    {
      key: "until",
      head: t`Terme`,
      word: t`Terme`,
      cell: (hold) => (
        <>
          {formatLong(hold.released_us ?? hold.until_us)}
          <small>{hold.active ? t`dans ${formatDuration(hold.until_us - nowUs())}` : t`levé`}</small>
        </>
      ),
    },
    { key: "act", head: t`Action`, numeric: true, cell: (hold) => <ReleaseAct hold={hold} /> },
  ];
}

function ReleaseAct({ hold }: { hold: Hold }) {
  const { t } = useLingui();
  const releases = useRole("chief", "mayor", "deputy");
  if (!releases || !hold.active) return null;
  return (
    <ActButton
      label={<Trans>Lever…</Trans>}
      size="s"
      danger
      title={<Trans>Lever le gel {referenceOf(hold)}</Trans>}
      confirm={<Trans>Confirmer la levée</Trans>}
      run={(data) => releaseHold(hold.id, textOf(data, "motive"))}
      stale={["holds", "retention", "requests", "pending-acts"]}
      done={(made) => (waits(made) ? t`Levée demandée : une autre personne la confirme.` : t`Gel levé.`)}
    >
      <p>
        <Trans>
          Une autre personne confirme ; un jour après, ce que ce gel gardait au-delà de son terme est détruit,
          sans retour.
        </Trans>
      </p>
      <MotiveField />
    </ActButton>
  );
}
