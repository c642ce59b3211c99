/** Saving a drawing, and closing a framing session. */
import { post, seg } from "../api/client";
import type { Zone } from "./drawing";
import { rounded } from "./polygon";

export interface PictureSize {
  stream: "main" | "sub";
  width: number;
  height: number;
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
  const polygons = zones.map(({ points, reason }) => ({ points: points.map(rounded), reason }));
  const body = { polygons, no_dwelling: noDwelling, sizes };
  const { zone_set } = await post<SavedZones>(`/cameras/${seg(camera)}/zones`, body);
  return zone_set.version;
}

export const closeFraming = (camera: string) => post(`/cameras/${seg(camera)}/framing/close`);
