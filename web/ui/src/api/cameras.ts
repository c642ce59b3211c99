/** Cameras: technical facts, how their streams do, and what the law still asks of each. */
import { queryOptions } from "@tanstack/react-query";
import { as, get, post } from "./client";
import type { Density, Objective, Position } from "./siting";

export type LegalState =
  | "found"
  | "enrolled"
  | "authorised"
  | "framed"
  | "commissioned"
  | "in_service"
  | "suspended"
  | "retired";

export interface StreamHealth {
  camera: string;
  stream: "main" | "sub";
  state: "stopped" | "connecting" | "live" | "stalled" | "dark" | string;
  cause: string;
  since_us: number;
  last_unit_us: number;
  codec: string;
  width: number;
  height: number;
  fps: number;
  kbps: number;
  masked_zones: number;
}

/** Why something may not be: the rule, what it says, what to do. */
export interface Lapse {
  rule: string;
  what: string;
  todo: string;
}

export interface ZoneSet {
  id: string;
  camera?: string;
  version: number;
  polygons: { points: [number, number][]; reason: string }[];
  no_dwelling: boolean;
  author?: string;
  author_label?: string;
  created_us?: number;
  validator?: string | null;
  validator_label?: string;
  validated_us?: number | null;
  in_force?: boolean;
}

/** What the keeper says of a camera: its legal side. */
export interface CameraLegal {
  state: LegalState;
  states: { since_us: number; state: LegalState }[];
  /** Why it is suspended or retired. */
  stop_motive: string;
  order: string | null;
  order_reference: string | null;
  purposes: string[];
  retention_days: number | null;
  narrow: boolean | null;
  fast_flows: boolean | null;
  panel: {
    date_us: number;
    place: string;
    photo?: { date_us: number; place: string; sha256: string } | null;
  } | null;
  /** Where it stands and what it covers; null until somebody says so. */
  position?: Position | null;
  /** What it is meant to show; null until somebody says so. */
  objective?: Objective | null;
  prefect_informed_us: number | null;
  zone_set: ZoneSet | null;
  /** The camera's own masks: how many were validated and how many it reports, null where nothing is known of them. */
  masks?: { validated: number | null; reported: number | null; missing_since_us: number | null };
  zones_waiting: boolean;
  framing: { id: string; until_us: number } | null;
  /** The next state on the way into service, and what stands before it. */
  next: LegalState | null;
  missing: Lapse | null;
  /** Why nobody may watch it now, or null. */
  viewing: Lapse | null;
  profile_lapses: (Lapse | null)[];
  held: boolean;
}

interface Profile {
  codec?: string;
  width?: number;
  height?: number;
  fps?: number;
  bitrate_kbps?: number;
  /** The SHA-256 of the certificate that the stream is held to, when it is encrypted. */
  certificate?: string;
}

export interface Camera {
  id: string;
  commune: string;
  number: number;
  name: string;
  place: string;
  kind: "onvif" | "rtsp" | string;
  manufacturer: string;
  model: string;
  firmware: string;
  address: string;
  hardened: boolean;
  tls: boolean;
  clock_offset_ms: number;
  main_profile: Profile;
  sub_profile: Profile;
  streams: StreamHealth[];
  /** Null where a figure is missing: position, recorded width, or a field that is no flat picture. */
  density?: Density | null;
  legal: CameraLegal;
}

export interface Incident {
  id: number;
  camera: string;
  kind: string;
  severity: "info" | "warn" | "grave" | string;
  what: string;
  todo: string;
  rule: string;
  opened_us: number;
  closed_us: number | null;
}

const UNKNOWN_LEGAL: CameraLegal = {
  state: "found",
  states: [],
  stop_motive: "",
  order: null,
  order_reference: null,
  purposes: [],
  retention_days: null,
  narrow: null,
  fast_flows: null,
  panel: null,
  prefect_informed_us: null,
  zone_set: null,
  zones_waiting: false,
  framing: null,
  next: null,
  missing: null,
  viewing: null,
  profile_lapses: [],
  held: false,
};

/** A camera that the keeper does not know yet has no legal side: it is only found. */
function withLegal(camera: Camera): Camera {
  return { ...camera, legal: { ...UNKNOWN_LEGAL, ...camera.legal } };
}

/** Since when the camera is in its present state, µs UTC. */
export function stateSince(camera: Camera): number | null {
  return camera.legal.states.findLast((one) => one.state === camera.legal.state)?.since_us ?? null;
}

export const camerasQuery = (commune: string) =>
  queryOptions({
    queryKey: ["cameras", commune],
    queryFn: async ({ signal }) =>
      (await as<Camera[]>(get("/communes/{commune}/cameras", { path: { commune } }, signal))).map(withLegal),
    refetchInterval: 15_000,
  });

export const cameraQuery = (camera: string) =>
  queryOptions({
    queryKey: ["camera", camera],
    queryFn: async ({ signal }) =>
      withLegal(await as<Camera>(get("/cameras/{camera_id}", { path: { camera_id: camera } }, signal))),
    refetchInterval: 15_000,
  });

export const zoneSetsQuery = (camera: string) =>
  queryOptions({
    queryKey: ["camera", camera, "zones"],
    queryFn: async ({ signal }) =>
      (
        await as<{ zone_sets: ZoneSet[] }>(
          get("/cameras/{camera_id}/zones", { path: { camera_id: camera } }, signal),
        )
      ).zone_sets,
  });

export const incidentsQuery = (commune: string) =>
  queryOptions({
    queryKey: ["incidents", commune],
    queryFn: ({ signal }) =>
      as<Incident[]>(get("/communes/{commune}/incidents", { path: { commune } }, signal)),
  });

const at = (camera: string) => ({ camera_id: camera });

export const authoriseCamera = (camera: string, order: string) =>
  post("/cameras/{camera_id}/authorise", { path: at(camera), body: { order } });
export const declareFramingClass = (camera: string, narrow: boolean, fastFlows: boolean) =>
  post("/cameras/{camera_id}/framing-class", { path: at(camera), body: { narrow, fast_flows: fastFlows } });
export const validateZones = (camera: string, zoneSet: string) =>
  post("/cameras/{camera_id}/zones/{zone_set}/validate", { path: { ...at(camera), zone_set: zoneSet } });
export const postPanel = (camera: string, date: string, place: string) =>
  post("/cameras/{camera_id}/panel", { path: at(camera), body: { date, place } });
export const informPrefect = (camera: string, date: string) =>
  post("/cameras/{camera_id}/prefect", { path: at(camera), body: { date } });
export const commissionCamera = (camera: string) =>
  post("/cameras/{camera_id}/commission", { path: at(camera) });
export const putInService = (camera: string) => post("/cameras/{camera_id}/service", { path: at(camera) });
export const suspendCamera = (camera: string, motive: string) =>
  post("/cameras/{camera_id}/suspend", { path: at(camera), body: { motive } });
export const retireCamera = (camera: string, motive: string) =>
  post("/cameras/{camera_id}/retire", { path: at(camera), body: { motive } });
/** Says that what the order was given for has changed: the camera waits for its new one (P-27). */
export const declareChange = (commune: string, camera: string, kind: string, motive: string) =>
  post("/communes/{commune}/cameras/{camera_id}/changes", {
    path: { commune, ...at(camera) },
    body: { kind, motive },
  });
export const openFraming = (camera: string, minutes: number) =>
  post("/cameras/{camera_id}/framing/open", { path: at(camera), body: { minutes } });
