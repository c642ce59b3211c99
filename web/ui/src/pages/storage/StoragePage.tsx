import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Cctv } from "lucide-react";
import { type Camera, camerasQuery } from "../../api/cameras";
import { type CameraStorage, type Storage, storageQuery } from "../../api/storage";
import { formatBytes, formatDateTime, formatNumber } from "../../i18n/format";
import { Card, type Column, DataTable, EmptyState, QueryView, RuleTag, StateTag } from "../../parts";
import { useActing } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { cameraNumber } from "../cameras/words";
import { useVolumeColumns } from "./useVolumeColumns";
import { Volumes } from "./VolumeCard";

/** Until when there is room, days ahead, and what each camera takes (P-35, T-04…T-06). */
export function StoragePage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const query = useQuery(storageQuery(commune));
  return (
    <>
      <PageHead
        title={t`Stockage`}
        lead={t`Rien ne se perd en silence : le manque de place est annoncé des jours avant, au débit mesuré.`}
      />
      <QueryView query={query} level={2}>
        {(data) => <Kept data={data} />}
      </QueryView>
    </>
  );
}

function Kept({ data }: { data: Storage }) {
  const { commune } = useActing();
  const cameras = useQuery(camerasQuery(commune)).data ?? [];
  return (
    <>
      <Volumes volumes={data.volumes} nowUs={data.now_us} />
      <CamerasCard rows={data.cameras} cameras={cameras} />
      <p className="small dim">
        <Trans>
          À la réserve, les images les plus anciennes partent d’abord, jamais celles d’un gel ni celles de la
          durée minimale de l’arrêté. Quand il ne reste qu’elles, les caméras cessent d’être enregistrées une
          à une, la dernière du rang en premier ; le direct continue.
        </Trans>{" "}
        <RuleTag rule="P-35" />
      </p>
    </>
  );
}

function CamerasCard({ rows, cameras }: { rows: readonly CameraStorage[]; cameras: readonly Camera[] }) {
  const { t } = useLingui();
  const volume = useVolumeColumns<CameraStorage>();
  const columns: Column<CameraStorage>[] = [
    {
      key: "camera",
      head: t`Caméra`,
      cell: (row) => {
        const known = cameras.find((one) => one.id === row.camera);
        return known ? `${cameraNumber(known)} ${known.name}` : row.camera;
      },
    },
    { key: "state", head: t`État`, word: t`État`, cell: (row) => <Recorded row={row} /> },
    {
      key: "minute",
      head: t`Dernière minute gardée`,
      word: t`Dernière minute`,
      cell: (row) => <Minute row={row} />,
    },
    ...volume,
    {
      key: "protected",
      head: t`Dont protégé`,
      word: t`Dont protégé`,
      numeric: true,
      cell: (row) => formatBytes(row.protected_bytes),
    },
    { key: "rank", head: t`Rang`, word: t`Rang`, numeric: true, cell: (row) => formatNumber(row.rank) },
  ];
  return (
    <Card flush title={<Trans>Par caméra</Trans>} aside={<RuleTag rule="T-06" />}>
      {rows.length > 0 ? (
        <DataTable
          caption={t`Stockage par caméra`}
          columns={columns}
          rows={rows}
          rowKey={(row) => row.camera}
          bad={(row) => row.stopped_us !== null && row.stopped_us !== undefined}
        />
      ) : (
        <EmptyState icon={Cctv} title={<Trans>Aucune caméra</Trans>}>
          <p>
            <Trans>Rien n’est enregistré avant la mise en service d’une caméra.</Trans>
          </p>
        </EmptyState>
      )}
    </Card>
  );
}

function Recorded({ row }: { row: CameraStorage }) {
  if (row.stopped_us === null || row.stopped_us === undefined) {
    return <StateTag state="in-service">{<Trans>Enregistrée</Trans>}</StateTag>;
  }
  return (
    <StateTag state="full">
      <Trans>Arrêtée le {formatDateTime(row.stopped_us)}</Trans>
    </StateTag>
  );
}

/** What was measured on the last whole minute kept, by stream; what falls short is said with its rule. */
function Minute({ row }: { row: CameraStorage }) {
  if (row.minutes.length === 0) return "—";
  return row.minutes.map((one) => (
    <div key={one.stream}>
      <Trans>
        {one.width} × {one.height}, {formatNumber(one.fps)} images/s
      </Trans>{" "}
      {one.rule ? (
        <StateTag state="warning" bare>
          <Trans>sous le seuil</Trans> <RuleTag rule={one.rule} />
        </StateTag>
      ) : null}
    </div>
  ));
}
