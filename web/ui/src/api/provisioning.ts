/** Declared prefixes, discovery, enrolment: orders signed by the keeper and their progress. */
import { queryOptions } from "@tanstack/react-query";
import { API, as, get, post, seg } from "./client";

export interface Prefix {
  id: number;
  cidr: string;
  trusted: boolean;
  addresses: number;
  declared_us: number;
}

export interface OrderStep {
  name: string;
  words: string;
  rule?: string;
  state: "todo" | "running" | "done" | "warn" | "failed" | string;
  detail?: string;
  todo?: string;
  at_us?: number;
}

/** A certificate as it is kept and as it is shown now, SHA-256 in hex. */
export interface CertificateShown {
  of: "services" | "main" | "sub" | string;
  kept: string;
  shown: string;
}

export interface OrderProgress {
  certificates?: CertificateShown[];
  steps?: OrderStep[];
  done?: number;
  total?: number;
  found?: number;
}

export interface OrderError {
  what?: string;
  todo?: string;
  rule?: string;
  where?: string;
}

export interface ProvisioningOrder {
  id: string;
  commune: string;
  kind: "discover" | "enrol" | "declare_rtsp" | "rotate" | string;
  status: "queued" | "running" | "done" | "failed";
  progress: OrderProgress;
  error: OrderError;
  camera: string;
  created_us: number;
  updated_us: number;
}

export interface FoundDevice {
  id: string;
  order: string;
  address: string;
  endpoint_reference: string;
  mac: string;
  serial: string;
  manufacturer: string;
  model: string;
  firmware: string;
  state: "new" | "enrolled" | "duplicate" | "impostor" | "not-a-camera" | "refused" | string;
  detail: Record<string, unknown>;
  found_us: number;
}

/** How often a running order is read, should its event stream fail, in ms. */
const POLL_MS = 2000;

export const prefixesQuery = (commune: string) =>
  queryOptions({
    queryKey: ["prefixes", commune],
    queryFn: ({ signal }) => as<Prefix[]>(get("/communes/{commune}/prefixes", { path: { commune } }, signal)),
  });

export const provisioningQuery = (commune: string) =>
  queryOptions({
    queryKey: ["provisioning", commune],
    queryFn: ({ signal }) =>
      as<ProvisioningOrder[]>(get("/communes/{commune}/orders", { path: { commune } }, signal)),
    refetchInterval: POLL_MS * 2,
  });

export const orderQuery = (order: string) =>
  queryOptions({
    queryKey: ["provisioning", "order", order],
    queryFn: ({ signal }) =>
      as<ProvisioningOrder>(get("/orders/{order_id}", { path: { order_id: order } }, signal)),
    refetchInterval: (query) => (isOver(query.state.data) ? false : POLL_MS),
  });

export const foundQuery = (commune: string, running: boolean) =>
  queryOptions({
    queryKey: ["found", commune],
    queryFn: ({ signal }) =>
      as<FoundDevice[]>(get("/communes/{commune}/found", { path: { commune } }, signal)),
    refetchInterval: running ? POLL_MS : false,
  });

/** Whether an order has come to its end. */
export function isOver(order: ProvisioningOrder | undefined): boolean {
  return order?.status === "done" || order?.status === "failed";
}

/** Address of an order's progress events. */
export const orderEvents = (order: string) => `${API}/orders/${seg(order)}/events`;

export const declarePrefix = (commune: string, cidr: string, trusted: boolean) =>
  as<Prefix>(post("/communes/{commune}/prefixes", { path: { commune }, body: { cidr, trusted } }));
export const discover = (commune: string, prefixes: string[] = []) =>
  as<ProvisioningOrder>(post("/communes/{commune}/discover", { path: { commune }, body: { prefixes } }));

export interface Enrolment {
  found_id: string;
  name: string;
  place: string;
  number: number;
  username: string;
  password: string;
  narrow: boolean;
  fast_flows: boolean;
}

export const enrol = (commune: string, enrolment: Enrolment) =>
  as<ProvisioningOrder>(post("/communes/{commune}/enrol", { path: { commune }, body: enrolment }));

export interface RtspDeclaration {
  url: string;
  sub_url: string;
  username: string;
  password: string;
  name: string;
  place: string;
  number: number;
  narrow: boolean;
  fast_flows: boolean;
}

export const declareRtsp = (commune: string, declaration: RtspDeclaration) =>
  as<ProvisioningOrder>(post("/communes/{commune}/declare-rtsp", { path: { commune }, body: declaration }));

/** See which certificates a camera shows now; nothing changes. */
export const lookAtCertificate = (commune: string, camera: string) =>
  as<ProvisioningOrder>(
    post("/communes/{commune}/certificates/look", { path: { commune }, body: { camera } }),
  );
/** Hold the camera to the certificates that somebody confirmed. */
export const renewCertificate = (commune: string, camera: string, seen: Record<string, string>) =>
  as<ProvisioningOrder>(
    post("/communes/{commune}/certificates", { path: { commune }, body: { camera, seen } }),
  );
