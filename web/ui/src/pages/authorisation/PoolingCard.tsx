import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { type Grouping, groupingsQuery } from "../../api/pooling";
import { formatDate } from "../../i18n/format";
import { Card, Facts, RuleTag, StateTag } from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";

const KIND_WORDS: Record<Grouping["kind"], MessageDescriptor> = {
  epci: msg`Intercommunalité compétente en prévention de la délinquance`,
  closed_syndicate: msg`Syndicat mixte fermé`,
  open_syndicate: msg`Syndicat mixte ouvert`,
  contractor: msg`Prestataire : il héberge et entretient, il ne visionne pas`,
};

/** Bodies that acquire or pool for the commune, and whether it consents (P-60); nothing when there is none. */
export function PoolingCards() {
  const { commune } = useActing();
  const reads = useRole("chief", "mayor", "deputy", "auditor", "inspector");
  const groupings = useQuery({ ...groupingsQuery(commune), enabled: reads }).data ?? [];
  return groupings.map((one) => <PoolingCard key={one.id} grouping={one} />);
}

function PoolingCard({ grouping }: { grouping: Grouping }) {
  const { t, i18n } = useLingui();
  const ended = grouping.consent_ended_us;
  return (
    <Card
      dense
      level={3}
      title={grouping.name}
      aside={<StateTag state={grouping.consents ? "in-force" : ended ? "withdrawn" : "not-yet"} />}
    >
      <Facts
        items={[
          { label: t`Mutualisation`, value: i18n._(KIND_WORDS[grouping.kind]) },
          { label: t`Article`, value: grouping.article },
          grouping.consent_us
            ? {
                label: t`Accord de la commune`,
                value: t`${grouping.consent_ref}, le ${formatDate(grouping.consent_us)}`,
              }
            : null,
          ended ? { label: t`Accord retiré le`, value: formatDate(ended) } : null,
        ]}
      />
      <p className="small dim">
        <Trans>Sans cet accord, aucun opérateur mutualisé ne voit la commune.</Trans> <RuleTag rule="P-60" />
      </p>
    </Card>
  );
}
