/** A photograph of a posted notice: sent as the file it is, remade by the server, shown to the commune's own (P-80). */
import { API, seg } from "./client";
import { sendFile } from "./upload";

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
export const postPanelPhoto = (commune: string, camera: string, photo: PanelPhoto) =>
  sendFile(
    "/communes/{commune}/cameras/{camera_id}/panel-photo",
    { commune, camera_id: camera },
    { date: photo.date, place: photo.place },
    photo.file,
  );
