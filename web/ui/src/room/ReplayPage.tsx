import "./room.css";
import "./replay/replay.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { Video } from "lucide-react";
import { type Camera, camerasQuery } from "../api/cameras";
import { STEP_CAMERAS_MAX } from "../media/inStep";
import { EmptyState, QueryView } from "../parts";
import { useActing } from "../session/SessionContext";
import { useTitle } from "../shell/Page";
import { Player } from "./replay/Player";
import { StepPage } from "./replay/StepPage";

/** Cameras that may have footage: in service now, or once. */
function hasFootage(camera: Camera): boolean {
  const { state } = camera.legal;
  return state === "in_service" || state === "suspended" || state === "retired";
}

/** What the address asks for: camera, instant (µs or ISO 8601), speed. */
function readSearch(search: Record<string, unknown>): {
  ids: string[];
  us: number | undefined;
  rate: number;
} {
  const { camera, cameras, t, vitesse } = search;
  const parsed = typeof t === "string" ? Date.parse(t) * 1000 : Number(t);
  return {
    ids: [camera, cameras].flatMap((ids) => (typeof ids === "string" ? ids.split(",") : [])),
    us: t !== undefined && Number.isFinite(parsed) && parsed > 0 ? parsed : undefined,
    rate: Number(vitesse) || 1,
  };
}

/** Recorded pictures of one camera, or of several in step, opened in this browser. */
export function ReplayPage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const query = useQuery(camerasQuery(commune));
  const asked = readSearch(useSearch({ strict: false }));
  useTitle(t`Relecture`);
  return (
    <QueryView query={query} isEmpty={(cameras) => !cameras.some(hasFootage)} empty={<NoFootage />}>
      {(cameras) => {
        const listed = cameras.filter(hasFootage).sort((a, b) => a.number - b.number);
        const chosen = [...new Set(asked.ids)].flatMap((id) => listed.find((each) => each.id === id) ?? []);
        if (chosen.length > 1) {
          const cameras = chosen.slice(0, STEP_CAMERAS_MAX);
          return <StepPage all={listed} cameras={cameras} startUs={asked.us} startRate={asked.rate} />;
        }
        const camera = chosen[0] ?? listed[0];
        if (camera === undefined) return <NoFootage />;
        return <Player cameras={listed} camera={camera} startUs={asked.us} startRate={asked.rate} />;
      }}
    </QueryView>
  );
}

function NoFootage() {
  return (
    <EmptyState icon={Video} level={1} title={<Trans>Aucun enregistrement</Trans>}>
      <p>
        <Trans>L’enregistrement commence quand une caméra est mise en service.</Trans>
      </p>
    </EmptyState>
  );
}
