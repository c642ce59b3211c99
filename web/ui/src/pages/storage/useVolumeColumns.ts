import { useLingui } from "@lingui/react/macro";
import { formatBytes } from "../../i18n/format";
import type { Column } from "../../parts";

const DAY_S = 86_400;

/** What a row takes of the volume: a day, and in all. */
export function useVolumeColumns<Row extends { bytes_per_s: number; stored_bytes: number }>(): Column<Row>[] {
  const { t } = useLingui();
  return [
    {
      key: "rate",
      head: t`Par jour`,
      word: t`Par jour`,
      numeric: true,
      cell: (row) => formatBytes(row.bytes_per_s * DAY_S),
    },
    {
      key: "stored",
      head: t`Sur le volume`,
      word: t`Sur le volume`,
      numeric: true,
      cell: (row) => formatBytes(row.stored_bytes),
    },
  ];
}
