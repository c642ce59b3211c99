/** Requests for footage and what becomes of them (P-72…P-74). */
import { queryOptions } from "@tanstack/react-query";
import type { Lapse } from "./cameras";
import { API, as, get, post } from "./client";
import type { AccessRight, Outcome } from "./public";
import type { Role } from "./session";

export type Frame =
  | "flagrance"
  | "preliminaire"
  | "information"
  | "administrative"
  | "disciplinaire"
  | "droit_acces"
  | "article_40";

export type RequestState =
  | "filed"
  | "lapsed"
  | "registered"
  | "queried"
  | "approved"
  | "refused"
  | "answered"
  | "packaged"
  | "received"
  | "purged";

export interface RequestHold {
  id: string;
  provisional: boolean;
  until_us: number;
  active: boolean;
}

/** Where the building of a package is, as the server counts it. */
export interface PackageProgress {
  status: "queued" | "running" | "done" | "failed" | string;
  done?: number;
  total?: number;
  words?: string;
  error?: { what?: string; todo?: string; rule?: string };
}

export interface PackageFacts {
  /** Of the manifest, which holds that of every file; there from the signature on. */
  manifest_sha256?: string;
  bytes?: number;
  built_us?: number;
  /** When our copy goes (P-33). */
  purge_us?: number;
  received_us?: number;
  purged_us?: number;
  progress?: PackageProgress;
}

export interface FootageRequest {
  id: string;
  /** The number that people say: `D-2026-0147`. */
  number: string;
  frame: Frame;
  authority: string;
  procedure_number: string;
  cameras: string[];
  from_us: number;
  to_us: number;
  motive: string;
  state: RequestState;
  /** Functions, never names. */
  registered_by: string;
  registered_us: number;
  answer_by_us: number | null;
  hold: string | null;
  decision: "" | "execute" | "query" | "refuse";
  ground: string;
  /** What was asked, when less was granted. */
  asked: Part | null;
  decided_by: string;
  decided_us: number | null;
  package: PackageFacts;
  /** Of a filmed person's request (P-82): which right, and how it was granted. */
  right: AccessRight | "";
  outcome: Outcome | "";
  appointment_us: number | null;
  /** While the identity is not checked: until when it may be. */
  identity_by_us: number | null;
  /** Set where an agent of the State collects for themselves, without a decision (P-73). */
  basis: "" | "acces_habilite";
  basis_fr: string;
  /** The chief of service's decision that a collection rests on. */
  access: {
    service: string;
    service_fr: string;
    level: string;
    decision_ref: string;
    signed_by: string;
  } | null;
}

/** One request whole: only on its own page. */
export interface RequestDetail extends FootageRequest {
  fields: Record<string, string | number | boolean | null>;
  comment: string;
  hold_detail: RequestHold | null;
  /** Why the reader may not extract it, or null. */
  extract: Lapse | null;
  may_extract: boolean;
  /** Legal grounds on which this frame may be refused. */
  grounds: string[];
  /** Those on which a part of it may be left out. */
  part_grounds: string[];
  /** How this right can be granted. */
  outcomes: Outcome[];
}

/** What a filmed person told of themselves, while it is kept. */
export interface Applicant {
  name: string;
  answer: "post" | "email";
  contact: string;
  place: string;
  description: string;
  erase_us: number | null;
}

/** States that wait for someone. */
const OPEN: readonly RequestState[] = ["filed", "registered", "queried", "approved", "packaged"];

/** How often lists of requests are read again, in ms: a decision is seen by all within this time. */
const REFRESH_MS = 5000;

export const requestsQuery = (commune: string) =>
  queryOptions({
    queryKey: ["requests", commune],
    queryFn: async ({ signal }) =>
      (
        await as<{ requests: FootageRequest[] }>(
          get("/communes/{commune}/requests", { path: { commune } }, signal),
        )
      ).requests,
    refetchInterval: REFRESH_MS,
  });

export const requestQuery = (request: string) =>
  queryOptions({
    queryKey: ["request", request],
    queryFn: ({ signal }) => as<RequestDetail>(get("/requests/{request}", { path: { request } }, signal)),
    refetchInterval: REFRESH_MS,
  });

/** How many requests wait for this role: for the mayor those to decide, else all that are open. */
export const pendingQuery = (commune: string, role: Role) => ({
  ...requestsQuery(commune),
  select: (requests: FootageRequest[]) => requests.filter((request) => waitsFor(request, role)).length,
});

/** Whether a request waits for someone of this role. */
export function waitsFor(request: FootageRequest, role: Role): boolean {
  if (request.basis && role !== "state_agent") return false;
  if (role === "mayor" || role === "deputy") return request.state === "registered";
  return OPEN.includes(request.state);
}

export interface NewRequest {
  frame: Frame;
  fields: Record<string, string | number | boolean>;
  cameras: string[];
  from_us: number;
  to_us: number;
  motive: string;
  answer_by: number | null;
}

export const registerRequest = (commune: string, request: NewRequest) =>
  as<{ request: string; hold: string; hold_until_us: number }>(
    post("/communes/{commune}/requests", { path: { commune }, body: request }),
  );

/** Opens a collection by an agent of the State: held at once, decided by nobody (P-73). */
export const openCollection = (commune: string, request: NewRequest) =>
  as<{ request: string; hold: string; hold_until_us: number }>(
    post("/communes/{commune}/collections", { path: { commune }, body: request }),
  );

export const completeRequest = (request: string, fields: Record<string, string | number | boolean>) =>
  post("/requests/{request}/complete", { path: { request }, body: { fields } });

/** Some of a request's cameras, within its range. */
export interface Part {
  cameras: string[];
  from_us: number;
  to_us: number;
}

export interface Decision {
  decision: "execute" | "query" | "refuse";
  ground?: string;
  comment?: string;
  /** What is granted when it is not the whole. */
  part?: Part;
  /** How a filmed person's request is granted; a viewing has its appointment, µs UTC. */
  outcome?: Outcome;
  appointment?: number;
}

export const decide = (request: string, decision: Decision) =>
  post("/requests/{request}/decision", { path: { request }, body: decision });
export const startExtraction = (request: string) =>
  post("/requests/{request}/extract", { path: { request } });
export const acknowledge = (request: string, recipient: string, medium: string, othersHidden: boolean) =>
  post("/requests/{request}/receipt", {
    path: { request },
    body: { recipient, medium, others_hidden: othersHidden },
  });

export const applicantQuery = (request: string) =>
  queryOptions({
    queryKey: ["applicant", request],
    queryFn: async ({ signal }) =>
      (
        await as<{ applicant: Applicant | null }>(
          get("/requests/{request}/applicant", { path: { request } }, signal),
        )
      ).applicant,
  });

/** A document was seen at the counter, for this part of what was asked (P-83). */
export const checkIdentity = (request: string, part: Part) =>
  post("/requests/{request}/identity", { path: { request }, body: { document_seen: true, ...part } });
export const extendAnswer = (request: string, reason: string) =>
  post("/requests/{request}/extension", { path: { request }, body: { reason } });

/** Where the letter to a filmed person is downloaded from. */
export const letterUrl = (request: string) => `${API}/requests/${encodeURIComponent(request)}/letter`;
