import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { FileArchive, FileText } from "lucide-react";
import { type Documents, documentsQuery } from "../../api/documents";
import { Button, Card, EmptyState, QueryView, Refusal } from "../../parts";
import { useActing } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { DocumentCard } from "./DocumentCard";
import { SitePlanCard } from "./SitePlanCard";
import { useMaking } from "./useMaking";

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
  const { t } = useLingui();
  const { busy, problem, make } = useMaking("archive");
  return (
    <>
      <p className="small dim">
        <Trans>
          Chaque document produit est inscrit au journal, avec l’empreinte de ses données. Il porte sa date et
          le point de contrôle du journal sur lequel il repose. Les documents sont en français.
        </Trans>
      </p>
      <div className="row">
        <Button size="s" icon={FileArchive} busy={busy} onClick={() => void make({})}>
          {busy ? t`Composition…` : t`Tout emporter`}
        </Button>
        <span className="small dim">
          <Trans>
            En un fichier ZIP, PDF/A et données : le registre des sept derniers jours, le rapport de l’année,
            le dossier du dernier arrêté.
          </Trans>
        </span>
      </div>
      {problem ? <Refusal error={problem} /> : null}
      <div className="cols-2">
        {data.documents.map((one) => (
          <DocumentCard key={one.kind} document={one} data={data} />
        ))}
        {data.site_plans ? <SitePlanCard data={data} /> : null}
      </div>
    </>
  );
}
