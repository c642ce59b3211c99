import { Trans, useLingui } from "@lingui/react/macro";
import type { RequestDetail } from "../../api/requests";
import { Card, type Fact, Facts, Note, RuleTag } from "../../parts";

/** On what a collection rests, where no decision is needed: the law, then the chief of service's decision (P-73). */
export function basisFacts(request: RequestDetail, basis: string, deed: string): (Fact | null)[] {
  const { access } = request;
  if (!request.basis) return [];
  return [
    { label: basis, value: <span lang="fr">{request.basis_fr}</span> },
    access
      ? { label: deed, value: [access.service_fr, access.decision_ref, access.signed_by].join(", ") }
      : null,
  ];
}

/** What stands in the place of the mayor's decision. */
export function BasisCard({ request }: { request: RequestDetail }) {
  const { t } = useLingui();
  return (
    <Card title={<Trans>Accès habilité</Trans>} aside={<RuleTag rule="P-73" />}>
      <Note kind="ok" title={t`Aucune décision du maire n’est requise.`}>
        <Trans>Il a été averti à l’ouverture. Seul l’agent qui collecte extrait et accuse réception.</Trans>
      </Note>
      <Facts items={basisFacts(request, t`Fondement`, t`Habilitation`)} />
    </Card>
  );
}
