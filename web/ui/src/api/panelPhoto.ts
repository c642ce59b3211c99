/** A photograph of a posted notice: sent as the file it is, remade by the server, shown to the commune's own (P-80). */
import { API, seg } from "./client";
import { Problem, type ProblemBody } from "./problem";

/** Longest that an upload may take, in ms: a phone at the foot of a pole has a slow line. */
const UPLOAD_TIMEOUT_MS = 120_000;

const at = (commune: string, camera: string) =>
  `${API}/communes/${seg(commune)}/cameras/${seg(camera)}/panel-photo`;

/** Where a photograph is; its SHA-256 makes the address another one when it is replaced. */
export const panelPhotoUrl = (commune: string, camera: string, sha256: string) =>
  `${at(commune, camera)}?v=${sha256.slice(0, 12)}`;

export interface PanelPhoto {
  file: File;
  /** "2026-11-24" */
  date: string;
  place: string;
}

/** Sends it; a refusal says what the file is, and changes nothing. */
export async function postPanelPhoto(commune: string, camera: string, photo: PanelPhoto): Promise<void> {
  const query = new URLSearchParams({ date: photo.date, place: photo.place });
  const address = new URL(`${at(commune, camera)}?${query}`, window.location.origin);
  let response: Response;
  try {
    const request = new Request(address, {
      method: "POST",
      body: photo.file,
      headers: { "Content-Type": photo.file.type || "application/octet-stream" },
    });
    const signal = AbortSignal.timeout(UPLOAD_TIMEOUT_MS);
    response = await fetch(request, { signal, cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new Problem({ type: "urn:guet:unreachable" }, 0);
  }
  if (response.ok) return;
  const body = (await response.json().catch(() => ({}))) as ProblemBody;
  throw new Problem(body, response.status);
}
