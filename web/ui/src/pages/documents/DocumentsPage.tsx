import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { FileText } from "lucide-react";
import { type Documents, documentsQuery } from "../../api/documents";
import { Card, EmptyState, QueryView } from "../../parts";
import { useActing } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { DocumentCard } from "./DocumentCard";

/** What the commune owes the préfecture, the CNIL and its archives, drawn from the live state (P-29). */
export function DocumentsPage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const query = useQuery(documentsQuery(commune));
  return (
    <>
      <PageHead
        title={t`Documents`}
        lead={t`Tirés de l’état du système. Ce qui n’est pas connu y est dit manquant ; rien n’est inventé.`}
      />
      <QueryView
        query={query}
        level={2}
        isEmpty={(data) => data.documents.length === 0}
        empty={
          <Card>
            <EmptyState icon={FileText} level={2} title={<Trans>Aucun document pour votre qualité</Trans>}>
              <p>
                <Trans>
                  Ils reviennent au maire, au délégué à la protection des données et aux contrôleurs.
                </Trans>
              </p>
            </EmptyState>
          </Card>
        }
      >
        {(data) => <Kinds data={data} />}
      </QueryView>
    </>
  );
}

function Kinds({ data }: { data: Documents }) {
  return (
    <>
      <p className="small dim">
        <Trans>
          Chaque document produit est inscrit au journal, avec l’empreinte de ses données. Il porte sa date et
          le point de contrôle du journal sur lequel il repose. Les documents sont en français.
        </Trans>
      </p>
      <div className="cols-2">
        {data.documents.map((one) => (
          <DocumentCard key={one.kind} document={one} data={data} />
        ))}
      </div>
    </>
  );
}
