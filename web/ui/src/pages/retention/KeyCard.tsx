import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { KeyHolder } from "../../api/retention";
import { formatDate } from "../../i18n/format";
import { Card, type Column, DataTable, RuleTag } from "../../parts";

/** Who holds the commune's key, by what means, and when each has shown that it opens. */
export function KeyCard({ holders }: { holders: readonly KeyHolder[] }) {
  const { t } = useLingui();
  const columns: Column<KeyHolder>[] = [
    {
      key: "holder",
      head: t`Détenteur`,
      cell: (one) => (
        <>
          {one.label}
          {one.present ? null : (
            <small>
              <Trans>n’est plus habilité ici</Trans>
            </small>
          )}
        </>
      ),
    },
    { key: "means", head: t`Ouvre par`, word: t`Ouvre par`, cell: (one) => <Means holder={one} /> },
    {
      key: "drill",
      head: t`Dernier exercice`,
      word: t`Exercice`,
      cell: (one) => (
        <>
          {one.drilled_us === null ? t`jamais` : formatDate(one.drilled_us)}
          {one.drilled_by ? (
            <small>
              <Trans>par le jeton « {one.drilled_by} »</Trans>
            </small>
          ) : null}
        </>
      ),
    },
  ];
  return (
    <Card title={<Trans>Clé de la commune</Trans>} aside={<RuleTag rule="A-14" />}>
      <DataTable
        caption={t`Détenteurs de la clé de la commune`}
        columns={columns}
        rows={holders}
        rowKey={(one) => one.person}
      />
      {holders.some((one) => one.tokens.length > 0) ? (
        <p className="small dim">
          <Trans>
            Un jeton est branché au serveur : il déverrouille depuis sa ligne de commande, par{" "}
            <code>vms keys unlock --token</code> et son nom.
          </Trans>
        </p>
      ) : null}
    </Card>
  );
}

function Means({ holder }: { holder: KeyHolder }) {
  const tokens = holder.tokens.map((name) => `« ${name} »`).join(", ");
  return (
    <>
      <Trans>phrase de passe</Trans>
      {holder.passkeys > 0 ? (
        <>
          , <Plural value={holder.passkeys} one="# clé d’accès" other="# clés d’accès" />
        </>
      ) : null}
      {tokens ? (
        <>
          , <Trans>jeton {tokens}</Trans>
        </>
      ) : null}
    </>
  );
}
