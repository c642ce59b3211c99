import { Trans } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { type Camera, type Incident, incidentsQuery } from "../../api/cameras";
import { Card, type CheckItem, Checklist, EmptyState, QueryView, TimeText } from "../../parts";
import { ServerWords } from "../../parts/ServerWords";
import { cameraNumber } from "./words";

/** Most incidents shown beside the list; the journal has them all. */
const SHOWN_MAX = 8;

/** What someone should look at: open incidents, then the latest closed. */
export function IncidentsCard({ commune, cameras }: { commune: string; cameras: readonly Camera[] }) {
  const query = useQuery(incidentsQuery(commune));
  return (
    <Card title={<Trans>À surveiller</Trans>}>
      <QueryView
        query={query}
        isEmpty={(incidents) => incidents.length === 0}
        empty={
          <EmptyState icon={ShieldCheck} title={<Trans>Aucun incident</Trans>}>
            <p>
              <Trans>Une caméra coupée, une perte ou un imposteur possible s’affichent ici.</Trans>
            </p>
          </EmptyState>
        }
      >
        {(incidents) => (
          <Checklist items={incidents.slice(0, SHOWN_MAX).map((incident) => toItem(incident, cameras))} />
        )}
      </QueryView>
    </Card>
  );
}

function toItem(incident: Incident, cameras: readonly Camera[]): CheckItem {
  const camera = cameras.find((one) => one.id === incident.camera);
  return {
    key: String(incident.id),
    state: incident.closed_us !== null ? "ok" : incident.severity === "grave" ? "danger" : "warn",
    label: <ServerWords what={incident.what} />,
    detail: (
      <>
        <TimeText us={incident.opened_us} />
        {incident.closed_us === null ? (
          incident.todo ? (
            <>
              {" · "}
              <ServerWords todo={incident.todo} />
            </>
          ) : null
        ) : (
          <>
            {" · "}
            <Trans>
              clos à <TimeText us={incident.closed_us} form="time" />
            </Trans>
          </>
        )}
      </>
    ),
    rule: incident.rule || undefined,
    action: camera ? (
      <Link className="small" to="/cameras/$camera" params={{ camera: camera.id }}>
        {cameraNumber(camera)}
      </Link>
    ) : undefined,
  };
}
