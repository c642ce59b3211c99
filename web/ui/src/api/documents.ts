/** Documents drawn from the live state: which ones, and each as a file (P-29). */
import { queryOptions } from "@tanstack/react-query";
import { API, as, get, seg } from "./client";
import { Problem, type ProblemBody } from "./problem";
import type { SitePlan } from "./siting";

/** What its reader chooses: nothing, a day, days, a year, or an order. */
export type DocumentChoice = "now" | "day" | "days" | "year" | "order";
export type DocumentForm = "pdf" | "json" | "csv";

/** A kind of document, as the rulebook words it. */
export interface DocumentKind {
  kind: string;
  fr: string;
  en: string;
  use_fr: string;
  use_en: string;
  rule: string;
  when: DocumentChoice;
}

export interface Documents {
  documents: DocumentKind[];
  orders: { id: string; reference: string }[];
  /** Whether the reader files site plans, and those that are filed; absent from an older server. */
  files_plans?: boolean;
  site_plans?: SitePlan[];
  founded_us: number;
  now_us: number;
}

export const documentsQuery = (commune: string) =>
  queryOptions({
    queryKey: ["documents", commune],
    queryFn: ({ signal }) =>
      as<Documents>(get("/communes/{commune}/documents", { path: { commune } }, signal)),
    staleTime: 60_000,
  });

/** Longest that setting a document may take, in ms: it reads a year of the journal. */
const MAKE_TIMEOUT_MS = 180_000;
const NAMED = /filename="([^"]+)"/;

/** Has a document made, which the journal notes; its name and its bytes, or the problem. */
export async function makeDocument(
  commune: string,
  kind: string,
  asked: Readonly<Record<string, string>>,
): Promise<{ name: string; content: Blob }> {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== ""));
  const address = `${API}/communes/${seg(commune)}/documents/${seg(kind)}?${query}`;
  const response = await answered(new URL(address, window.location.origin));
  if (!response.ok) {
    const body = (await response.json().catch(() => ({}))) as ProblemBody;
    throw new Problem(body, response.status);
  }
  const name = NAMED.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? kind;
  return { name, content: await response.blob() };
}

async function answered(address: URL): Promise<Response> {
  const signal = AbortSignal.timeout(MAKE_TIMEOUT_MS);
  try {
    return await fetch(new Request(address), { signal, cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new Problem({ type: "urn:guet:unreachable" }, 0);
  }
}
