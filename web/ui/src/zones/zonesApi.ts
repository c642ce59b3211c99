/** Saving a drawing, and closing a framing session. */
import { as, post } from "../api/client";
import type { Zone } from "./drawing";
import { type Point, rounded } from "./polygon";

export interface PictureSize {
  stream: "main" | "sub";
  width: number;
  height: number;
}

function pair(point: Point): [number, number] {
  const [x, y] = rounded(point);
  return [x, y];
}

interface SavedZones {
  zone_set: { id: string; version: number };
}

/** Records a new version of the private zones; it applies once another person has validated it (P-11). */
export async function saveZones(
  camera: string,
  zones: readonly Zone[],
  noDwelling: boolean,
  sizes: readonly PictureSize[],
): Promise<number> {
  const polygons = zones.map(({ points, reason }) => ({ points: points.map(pair), reason }));
  const body = { polygons, no_dwelling: noDwelling, sizes: [...sizes] };
  const call = post("/cameras/{camera_id}/zones", { path: { camera_id: camera }, body });
  const { zone_set } = await as<SavedZones>(call);
  return zone_set.version;
}

export const closeFraming = (camera: string) =>
  post("/cameras/{camera_id}/framing/close", { path: { camera_id: camera } });
