/** Cameras: technical facts, how their streams do, and what the law still asks of each. */
import { queryOptions } from "@tanstack/react-query";
import { get, post, seg } from "./client";

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

/** One condition on the way into service, as the keeper words it. */
export interface LegalStep {
  step: string;
  done: boolean;
  words: string;
  rule: string;
  todo: string;
}

export interface ZoneSet {
  id: string;
  camera?: string;
  version: number;
  polygons: { points: [number, number][]; reason: string }[];
  no_dwelling: boolean;
  author?: string;
  created_us?: number;
  validator?: string | null;
  validated_us?: number | null;
}

/** What the keeper says of a camera; what it does not say is absent. */
export interface CameraLegal {
  state?: LegalState;
  since_us?: number;
  states?: [number, LegalState][];
  steps?: LegalStep[];
  order?: string | null;
  order_reference?: string;
  purposes?: string[];
  zone_set?: ZoneSet | null;
  pending_zone_set?: ZoneSet | null;
  framing_until_us?: number | null;
  retention_days?: number | null;
  min_days?: number | null;
  narrow?: boolean | null;
  fast_flows?: boolean | null;
  panel_us?: number | null;
  panel_place?: string;
  prefect_informed_us?: number | null;
  held?: boolean;
}

interface Profile {
  codec?: string;
  width?: number;
  height?: number;
  fps?: number;
  bitrate_kbps?: number;
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

export const camerasQuery = (commune: string) =>
  queryOptions({
    queryKey: ["cameras", commune],
    queryFn: ({ signal }) => get<Camera[]>(`/communes/${seg(commune)}/cameras`, signal),
    refetchInterval: 15_000,
  });

export const cameraQuery = (camera: string) =>
  queryOptions({
    queryKey: ["camera", camera],
    queryFn: ({ signal }) => get<Camera>(`/cameras/${seg(camera)}`, signal),
    refetchInterval: 15_000,
  });

export const zoneSetsQuery = (camera: string) =>
  queryOptions({
    queryKey: ["camera", camera, "zones"],
    queryFn: async ({ signal }) =>
      (await get<{ zone_sets: ZoneSet[] }>(`/cameras/${seg(camera)}/zones`, signal)).zone_sets,
  });

export const incidentsQuery = (commune: string) =>
  queryOptions({
    queryKey: ["incidents", commune],
    queryFn: ({ signal }) => get<Incident[]>(`/communes/${seg(commune)}/incidents`, signal),
  });

const act = (camera: string, path: string, body: unknown = {}) =>
  post(`/cameras/${seg(camera)}/${path}`, body);

export const authoriseCamera = (camera: string, order: string) => act(camera, "authorise", { order });
export const declareFramingClass = (camera: string, narrow: boolean, fastFlows: boolean) =>
  act(camera, "framing-class", { narrow, fast_flows: fastFlows });
export const validateZones = (camera: string, zoneSet: string) =>
  act(camera, `zones/${seg(zoneSet)}/validate`);
export const postPanel = (camera: string, date: string, place: string) =>
  act(camera, "panel", { date, place });
export const informPrefect = (camera: string, date: string) => act(camera, "prefect", { date });
export const commissionCamera = (camera: string) => act(camera, "commission");
export const putInService = (camera: string) => act(camera, "service");
export const suspendCamera = (camera: string, motive: string) => act(camera, "suspend", { motive });
export const retireCamera = (camera: string, motive: string) => act(camera, "retire", { motive });
export const openFraming = (camera: string, minutes: number) => act(camera, "framing/open", { minutes });
