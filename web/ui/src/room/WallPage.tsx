import "./room.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Cctv } from "lucide-react";
import { type Camera, camerasQuery } from "../api/cameras";
import { buttonClass, EmptyState, QueryView } from "../parts";
import { useActing, useRole } from "../session/SessionContext";
import { useTitle } from "../shell/Page";
import { MotiveChip } from "../shell/TopBar";
import { Wall } from "./Wall";

/** Cameras that may show a picture: in service, or stopped by an act that the tile names. */
function isOnWall(camera: Camera): boolean {
  const { state } = camera.legal;
  return state === "in_service" || state === "suspended";
}

/** Live pictures of the commune acted for: 1 to 16 tiles, by keyboard as by touch. */
export function WallPage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const query = useQuery(camerasQuery(commune));
  useTitle(t`Mur d’images`);
  return (
    <>
      <MotiveChip className="only-s" />
      <QueryView query={query} isEmpty={(cameras) => !cameras.some(isOnWall)} empty={<NoCamera />}>
        {(cameras) => (
          <Wall
            cameras={[...cameras].filter(isOnWall).sort((a, b) => a.number - b.number)}
            commune={commune}
          />
        )}
      </QueryView>
    </>
  );
}

function NoCamera() {
  const maySee = useRole("officer", "chief", "mayor", "deputy");
  return (
    <EmptyState
      icon={Cctv}
      level={1}
      title={<Trans>Aucune caméra en service</Trans>}
      actions={
        maySee ? (
          <Link className={buttonClass({ kind: "primary", size: "s" })} to="/cameras">
            <Trans>Voir les caméras</Trans>
          </Link>
        ) : null
      }
    >
      <p>
        <Trans>Une caméra apparaît ici une fois autorisée, cadrée, réceptionnée et mise en service.</Trans>
      </p>
    </EmptyState>
  );
}
