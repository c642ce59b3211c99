/** Where a camera stands and what for, and the site plan that goes with the préfecture's file (P-22, T-15). */
import { API, post, seg } from "./client";
import { sendFile } from "./upload";

/** WGS 84 in millionths of a degree; direction from north, clockwise; 360 for a camera that turns all around. */
export interface Position {
  latitude_udeg: number;
  longitude_udeg: number;
  direction_deg: number;
  angle_deg: number;
  reach_m: number;
}

/** What a camera is meant to show, a level of the rulebook, and the hours that it may lack (T-15). */
export interface Objective {
  level: string;
  outage_hours: number;
}

/** Pixels per metre across the view at the reach; without an objective there is no verdict. */
export interface Density {
  px_m: number;
  asked_px_m: number | null;
  holds: boolean | null;
}

/** A filed *plan-masse*: of an order, or of a first request when that is empty. */
export interface SitePlan {
  order: string;
  sha256: string;
  media: string;
  size_bytes: number;
  drawn_us: number;
  filed_us: number;
}

const UDEG = 1_000_000;

/** Millionths of a degree of what people type or paste, `48,123456` too; NaN for what is no number. */
export function udegOf(text: string): number {
  const plain = text.trim().replace(",", ".");
  return /^[+-]?\d{1,3}(\.\d+)?$/.test(plain) ? Math.round(Number(plain) * UDEG) : Number.NaN;
}

/** Degrees with six decimals, as documents write them. */
export const degreesOf = (udeg: number): string => (udeg / UDEG).toFixed(6);

export const placeCamera = (commune: string, camera: string, position: Position) =>
  post("/communes/{commune}/cameras/{camera_id}/position", {
    path: { commune, camera_id: camera },
    body: position,
  });

export const setObjective = (commune: string, camera: string, objective: Objective) =>
  post("/communes/{commune}/cameras/{camera_id}/objective", {
    path: { commune, camera_id: camera },
    body: objective,
  });

const plansOf = (commune: string) => `${API}/communes/${seg(commune)}/site-plans`;

export const sitePlanUrl = (commune: string, sha256: string) => `${plansOf(commune)}/${seg(sha256)}`;

/** Files the plan of an order (empty: of a first request); it takes the place of the one before. */
export const fileSitePlan = (commune: string, plan: { file: File; date: string; order: string }) =>
  sendFile(
    "/communes/{commune}/site-plans",
    { commune },
    { date: plan.date, ...(plan.order === "" ? {} : { order: plan.order }) },
    plan.file,
  );
