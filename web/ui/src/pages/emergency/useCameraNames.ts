import { useQuery } from "@tanstack/react-query";
import { camerasQuery } from "../../api/cameras";
import { useActing } from "../../session/SessionContext";
import { cameraNumber } from "../cameras/words";

/** "07 Place du marché" for a camera's id; the id itself for one that is no longer listed. */
export function useCameraNames(): (ids: readonly string[]) => string {
  const { commune } = useActing();
  const cameras = useQuery(camerasQuery(commune)).data ?? [];
  return (ids) =>
    ids
      .map((id) => {
        const camera = cameras.find((one) => one.id === id);
        return camera ? `${cameraNumber(camera)} ${camera.name}` : id;
      })
      .join(", ");
}
