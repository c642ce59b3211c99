import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Building2 } from "lucide-react";
import { type CommuneStorage, hostStorageQuery } from "../../api/storage";
import { formatNumber } from "../../i18n/format";
import { Card, type Column, DataTable, EmptyState, QueryView, StateTag } from "../../parts";
import { useVolumeColumns } from "./useVolumeColumns";
import { Volumes } from "./VolumeCard";

/** The volumes and each commune's share, for whoever runs the machines: sizes only (P-57). */
export function HostStorageView() {
  const query = useQuery(hostStorageQuery);
  return (
    <QueryView query={query} level={2}>
      {(data) => (
        <>
          <Volumes volumes={data.volumes} nowUs={data.now_us} />
          <Communes rows={data.communes} />
        </>
      )}
    </QueryView>
  );
}

function Communes({ rows }: { rows: readonly CommuneStorage[] }) {
  const { t } = useLingui();
  const volume = useVolumeColumns<CommuneStorage>();
  const columns: Column<CommuneStorage>[] = [
    { key: "commune", head: t`Commune`, cell: (row) => row.name },
    {
      key: "cameras",
      head: t`Caméras`,
      word: t`Caméras`,
      numeric: true,
      cell: (row) => formatNumber(row.cameras),
    },
    {
      key: "stopped",
      head: t`Arrêtées faute de place`,
      word: t`Arrêtées`,
      cell: (row) => (row.stopped > 0 ? <StateTag state="full">{formatNumber(row.stopped)}</StateTag> : "—"),
    },
    ...volume,
  ];
  return (
    <Card flush title={<Trans>Par commune</Trans>}>
      {rows.length > 0 ? (
        <DataTable
          caption={t`Stockage par commune`}
          columns={columns}
          rows={rows}
          rowKey={(row) => row.commune}
        />
      ) : (
        <EmptyState icon={Building2} title={<Trans>Aucune commune n’enregistre</Trans>}>
          <p>
            <Trans>Une commune apparaît ici dès qu’une de ses caméras est en service.</Trans>
          </p>
        </EmptyState>
      )}
    </Card>
  );
}
