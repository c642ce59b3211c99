import { Trans, useLingui } from "@lingui/react/macro";
import { DoorClosed } from "lucide-react";
import type { Emergency } from "../../api/emergencies";
import { formatDateTime, formatSpan } from "../../i18n/format";
import { Card, type Column, DataTable, EmptyState } from "../../parts";
import { useCameraNames } from "./useCameraNames";

/** What was asked, opened and ended: by whom and when. */
export function PastCard({ past }: { past: readonly Emergency[] }) {
  const { t } = useLingui();
  const namesOf = useCameraNames();
  const columns: Column<Emergency>[] = [
    {
      key: "what",
      head: t`Caméras, plage et motif`,
      cell: (one) => (
        <>
          {namesOf(one.cameras)}
          <small>{formatSpan(one.from_us, one.to_us)}</small>
          <small>{one.motive}</small>
        </>
      ),
    },
    {
      key: "asked",
      head: t`Demandée`,
      word: t`Demandée`,
      cell: (one) => (
        <>
          {one.asked_by}
          <small>{formatDateTime(one.asked_us)}</small>
        </>
      ),
    },
    {
      key: "opened",
      head: t`Ouverte`,
      word: t`Ouverte`,
      cell: (one) =>
        one.opened_us === null ? (
          <span className="dim">{t`jamais : pas de deuxième signature`}</span>
        ) : (
          <>
            {one.confirmed_by}
            <small>{formatDateTime(one.opened_us)}</small>
          </>
        ),
    },
    {
      key: "ended",
      head: t`Fin`,
      word: t`Fin`,
      cell: (one) =>
        one.closed_us === null ? (
          <>
            {t`à son terme`}
            <small>{formatDateTime(one.until_us ?? one.sign_by_us)}</small>
          </>
        ) : (
          <>
            {one.closed_by}
            <small>{formatDateTime(one.closed_us)}</small>
          </>
        ),
    },
  ];
  return (
    <Card flush title={<Trans>Ouvertures passées</Trans>}>
      {past.length === 0 ? (
        <EmptyState icon={DoorClosed} title={<Trans>Aucune ouverture exceptionnelle</Trans>} />
      ) : (
        <DataTable
          caption={t`Ouvertures exceptionnelles passées, la plus récente d’abord`}
          columns={columns}
          rows={past}
          rowKey={(one) => one.id}
        />
      )}
    </Card>
  );
}
