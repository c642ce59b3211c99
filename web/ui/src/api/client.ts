/** Calls to the server. Every failure is a `Problem`; nothing else is thrown. */
import { Problem, type ProblemBody } from "./problem";

/** Longest that one call may take, in ms; media and downloads do not pass here. */
const CALL_TIMEOUT_MS = 20_000;
export const API = "/api/v1";

type Method = "GET" | "POST" | "DELETE";

async function problemFrom(response: Response): Promise<Problem> {
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json")) return new Problem({}, response.status);
  const body = (await response.json().catch(() => ({}))) as ProblemBody;
  return new Problem(body, response.status);
}

async function send(method: Method, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const init: RequestInit = {
    method,
    credentials: "same-origin",
    cache: "no-store",
    headers: { Accept: "application/json" },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  };
  if (body !== undefined) {
    init.headers = { ...init.headers, "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  try {
    return await fetch(API + path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem({ type: "urn:guet:unreachable" }, 0);
  }
}

async function call<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(method, path, body, signal);
  if (!response.ok) throw await problemFrom(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** Reads a resource. */
export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>("GET", path, undefined, signal);
}

/** Asks for an act; the server decides and journals it. */
export function post<T = unknown>(path: string, body: unknown = {}): Promise<T> {
  return call<T>("POST", path, body);
}

/** Ends a resource. */
export function del(path: string): Promise<void> {
  return call<void>("DELETE", path);
}

/** One path segment, escaped. */
export function seg(value: string | number): string {
  return encodeURIComponent(String(value));
}
