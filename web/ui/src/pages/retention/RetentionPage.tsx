import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Archive, KeyRound } from "lucide-react";
import { type Camera, camerasQuery } from "../../api/cameras";
import { holdsQuery, type Retention, retentionQuery } from "../../api/retention";
import { formatBytes, formatDateTime, formatDuration, formatNumber } from "../../i18n/format";
import { Card, type Column, DataTable, EmptyState, Figure, Note, QueryView, RuleTag } from "../../parts";
import { ServerWords } from "../../parts/ServerWords";
import { useActing } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { cameraNumber } from "../cameras/words";
import { destructionUs } from "../requests/FootageCard";
import { CertificateCard } from "./CertificateCard";
import { ClockCard } from "./ClockCard";
import { HoldsCard } from "./HoldsCard";
import { KeyCard } from "./KeyCard";
import { PendingCard } from "./PendingCard";

/** What is kept, until when, what is held, and what was destroyed (P-30…P-38). */
export function RetentionPage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const query = useQuery(retentionQuery(commune));
  return (
    <>
      <PageHead
        title={t`Conservation et gels`}
        lead={t`Ce qui est dû est détruit : la clé, puis les octets, puis la ligne. Ce qui est gelé est gardé. L’un et l’autre se prouvent.`}
      />
      <QueryView query={query}>{(data) => <Kept data={data} />}</QueryView>
    </>
  );
}

interface Row {
  camera: string;
  name: string;
  maxDays: number;
  minDays: number | null;
  oldestUs: number | null;
  nextUs: number | null;
  bytes: number;
}

function rowsOf(data: Retention, cameras: readonly Camera[]): Row[] {
  return data.legal.cameras.map((legal) => {
    const known = cameras.find((one) => one.id === legal.camera);
    const stored = data.stored.find((one) => one.camera === legal.camera);
    const oldestUs = stored && stored.segments > 0 ? stored.oldest_us : null;
    return {
      camera: legal.camera,
      name: known ? `${cameraNumber(known)} ${known.name}` : legal.camera,
      maxDays: legal.max_days,
      minDays: legal.min_days ?? null,
      oldestUs,
      nextUs: oldestUs === null ? null : destructionUs(oldestUs, legal.max_days),
      bytes: stored?.size_bytes ?? 0,
    };
  });
}

function Kept({ data }: { data: Retention }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const cameras = useQuery(camerasQuery(commune)).data ?? [];
  const rows = rowsOf(data, cameras);
  const doubt = data.legal.destruction?.doubt;
  const waiting = rows.filter((row) => row.nextUs !== null && row.nextUs <= data.now_us).length;
  return (
    <>
      {doubt ? <ClockCard doubt={doubt} nowUs={data.now_us} waiting={waiting} /> : null}
      <Figures data={data} rows={rows} />
      {data.legal.unlocked ? null : (
        <Note kind="warn" icon={KeyRound} title={<Trans>La clé de lecture est fermée.</Trans>}>
          <Trans>
            La relecture attend un détenteur : {data.legal.holders.join(", ") || t`aucun`}. L’enregistrement,
            les gels et les destructions continuent.
          </Trans>
        </Note>
      )}
      {data.legal.key.warnings.map((one) => (
        <Note
          key={one.kind}
          kind="warn"
          icon={KeyRound}
          title={<Trans>La clé de la commune pourrait se perdre.</Trans>}
        >
          <ServerWords what={one.what} rule={one.rule} />
        </Note>
      ))}
      <PendingCard />
      <HoldsCard cameras={cameras} />
      <CamerasCard rows={rows} />
      <CertificateCard />
      <KeyCard holders={data.legal.key.holders} />
      <p className="small dim">
        <Trans>
          La destruction est automatique ; personne ne la déclenche ni ne la repousse, sauf un gel avec sa
          référence. Chacune est inscrite au journal.
        </Trans>{" "}
        <RuleTag rule="P-30" />
      </p>
    </>
  );
}

function least(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? Math.min(...known) : null;
}

function Figures({ data, rows }: { data: Retention; rows: readonly Row[] }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const holds = useQuery(holdsQuery(commune)).data?.filter((hold) => hold.active) ?? [];
  const provisional = holds.filter((hold) => hold.provisional).length;
  const oldest = least(rows.map((row) => row.oldestUs));
  const next = least(rows.map((row) => row.nextUs));
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  return (
    <div className="cols-4 kpi">
      <Figure
        label={t`Image la plus ancienne`}
        value={oldest === null ? "—" : formatDuration(data.now_us - oldest)}
        detail={oldest === null ? t`rien n’est enregistré` : formatDateTime(oldest)}
      />
      <Figure
        label={t`Prochaine destruction`}
        value={next === null ? "—" : formatDuration(Math.max(0, next - data.now_us))}
        detail={next === null ? t`rien à détruire` : t`le ${formatDateTime(next)}, hors gel`}
      />
      <Figure
        label={t`Gels en cours`}
        value={formatNumber(holds.length)}
        detail={
          <Plural
            value={provisional}
            _0="aucun à confirmer"
            one="dont # à confirmer"
            other="dont # à confirmer"
          />
        }
      />
      <Figure
        label={t`Place occupée`}
        value={formatBytes(bytes)}
        detail={<Plural value={data.legal.hour_keys} one="# clé d’heure" other="# clés d’heure" />}
      />
    </div>
  );
}

function CamerasCard({ rows }: { rows: readonly Row[] }) {
  const { t } = useLingui();
  const columns: Column<Row>[] = [
    { key: "camera", head: t`Caméra`, cell: (row) => row.name },
    {
      key: "days",
      head: t`Conservation`,
      word: t`Conservation`,
      cell: (row) => (
        <>
          <Plural value={row.maxDays} one="# jour" other="# jours" />
          {row.minDays ? (
            <small>
              <Trans>minimum {row.minDays}</Trans>
            </small>
          ) : null}
        </>
      ),
    },
    {
      key: "oldest",
      head: t`Plus ancienne image`,
      word: t`Plus ancienne`,
      cell: (row) => (row.oldestUs === null ? "—" : formatDateTime(row.oldestUs)),
    },
    {
      key: "next",
      head: t`Prochaine destruction`,
      word: t`Destruction`,
      cell: (row) => (row.nextUs === null ? "—" : formatDateTime(row.nextUs)),
    },
    { key: "size", head: t`Taille`, word: t`Taille`, numeric: true, cell: (row) => formatBytes(row.bytes) },
  ];
  return (
    <Card flush title={<Trans>Par caméra</Trans>} aside={<RuleTag rule="P-31" />}>
      {rows.length > 0 ? (
        <DataTable
          caption={t`Conservation par caméra`}
          columns={columns}
          rows={rows}
          rowKey={(row) => row.camera}
        />
      ) : (
        <EmptyState icon={Archive} title={<Trans>Aucune caméra</Trans>}>
          <p>
            <Trans>Rien n’est enregistré avant la mise en service d’une caméra.</Trans>
          </p>
        </EmptyState>
      )}
    </Card>
  );
}
