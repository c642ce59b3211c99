import { Trans, useLingui } from "@lingui/react/macro";
import { useQueries, useQuery } from "@tanstack/react-query";
import { camerasQuery } from "../../api/cameras";
import { recordedUs, type Timeline, timelineQuery } from "../../api/footage";
import { Problem } from "../../api/problem";
import { formatDateTime, formatDuration, US_PER_S } from "../../i18n/format";
import { Card, type Column, DataTable, Note, StateTag } from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";
import { cameraNumber, causeWords } from "../cameras/words";

interface Row {
  camera: string;
  name: string;
  timeline: Timeline | undefined;
  refused: boolean;
}

interface FootageCardProps {
  cameras: readonly string[];
  fromUs: number;
  toUs: number;
  /** Deadline of the answer: footage that ends before it is warned of at once. */
  answerByUs?: number | null;
  title?: string;
}

const DAY_US = 86_400 * US_PER_S;
const HOUR_US = 3600 * US_PER_S;

/** When the first instant of a range is destroyed without a hold: keys live by the hour, so the hour's start counts. */
export function destructionUs(fromUs: number, dueDays: number): number {
  return Math.floor(fromUs / HOUR_US) * HOUR_US + dueDays * DAY_US;
}

/** What exists of a range, camera by camera, without opening a picture. Nothing recorded is a row, not a silence. */
export function FootageCard({ cameras, fromUs, toUs, answerByUs, title }: FootageCardProps) {
  const { t } = useLingui();
  const { commune } = useActing();
  // The secretary registers without knowing what the images hold; the server refuses that read (P-74).
  const reads = useRole("officer", "chief", "mayor", "deputy", "auditor");
  const known = useQuery(camerasQuery(commune)).data ?? [];
  const timelines = useQueries({
    queries: cameras.map((camera) => ({
      ...timelineQuery(camera, fromUs, toUs),
      retry: false,
      enabled: reads,
    })),
  });
  const rows = cameras.map((camera, index): Row => {
    const found = known.find((one) => one.id === camera);
    const query = timelines[index];
    return {
      camera,
      name: found ? `${cameraNumber(found)} ${found.name}` : camera,
      timeline: query?.data,
      refused: !reads || (query?.error instanceof Problem && query.error.isRefusal),
    };
  });
  const columns = useColumns(fromUs, toUs);
  const total = formatDuration(toUs - fromUs);
  return (
    <Card flush title={title ?? t`Ce qui sera extrait, exactement`} aside={total}>
      <DataTable
        caption={t`Ce qui existe, caméra par caméra`}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.camera}
      />
      <div className="card-foot stack-s" role="status">
        <EndWarning rows={rows} fromUs={fromUs} answerByUs={answerByUs ?? null} />
        <p className="small dim">
          <Trans>Flux enregistré, jamais réencodé. Sans son. Zones privées effacées.</Trans>
        </p>
      </div>
    </Card>
  );
}

function EndWarning({
  rows,
  fromUs,
  answerByUs,
}: {
  rows: readonly Row[];
  fromUs: number;
  answerByUs: number | null;
}) {
  const ends = rows
    .filter((row) => row.timeline && row.timeline.recorded.length > 0)
    .map((row) => destructionUs(fromUs, row.timeline?.due_days ?? 0));
  if (ends.length === 0 || answerByUs === null) return null;
  const first = Math.min(...ends);
  if (first >= answerByUs) return null;
  return (
    <Note kind="warn" title={<Trans>Ces images arrivent à leur terme avant la réponse attendue.</Trans>}>
      <Trans>
        Terme : {formatDateTime(first)}. Réponse : {formatDateTime(answerByUs)}. Enregistrée avant le terme,
        la demande les gèle.
      </Trans>
    </Note>
  );
}

function useColumns(fromUs: number, toUs: number): Column<Row>[] {
  const { t, i18n } = useLingui();
  const words = (cause: string) => {
    const found = causeWords(cause);
    return typeof found === "string" ? found : i18n._(found);
  };
  return [
    { key: "camera", head: t`Caméra`, cell: (row) => row.name },
    {
      key: "recorded",
      head: t`Enregistré`,
      word: t`Enregistré`,
      cell: (row) => {
        if (row.refused) return t`vérifié à l’extraction`;
        if (!row.timeline) return t`calcul en cours`;
        const recorded = recordedUs(row.timeline, fromUs, toUs);
        if (recorded === 0) return <StateTag state="stopped">{t`Rien`}</StateTag>;
        return (
          <>
            {formatDuration(recorded)}
            <small>{recorded >= toUs - fromUs - US_PER_S ? t`complet` : t`partiel`}</small>
          </>
        );
      },
    },
    {
      key: "absences",
      head: t`Absences`,
      word: t`Absences`,
      cell: (row) => {
        const absences = row.timeline?.absences ?? [];
        if (!row.timeline) return "—";
        if (absences.length === 0) return t`Aucune`;
        return (
          <>
            <StateTag state="warning">{absences.length}</StateTag>
            <small>
              {absences
                .slice(0, 3)
                .map((absence) => `${formatDateTime(absence.from_us, true)}, ${words(absence.cause)}`)
                .join(" · ")}
            </small>
          </>
        );
      },
    },
    {
      key: "end",
      head: t`Destruction sans gel`,
      word: t`Sans gel`,
      cell: (row) =>
        row.timeline && row.timeline.recorded.length > 0
          ? formatDateTime(destructionUs(fromUs, row.timeline.due_days))
          : "—",
    },
  ];
}
