/** Calls to the server, typed by the contract that it publishes. Every failure is a `Problem`; nothing else is thrown. */
import createClient from "openapi-fetch";
import { Problem, type ProblemBody } from "./problem";
import type { paths } from "./schema";
import { signed } from "./signed";
import { wishOf } from "./signedCalls";
import { withStepUp } from "./stepUp";

/** Longest that one call may take, in ms; media and downloads do not pass here. */
const CALL_TIMEOUT_MS = 20_000;
export const API = "/api/v1";

type Method = "get" | "post" | "delete";
/** Addresses of the contract that have a method, without their common start. */
type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }>
    ? P extends `${typeof API}${infer Rest}`
      ? Rest
      : never
    : never;
}[keyof paths];
type Operation<M extends Method, R extends string> = `${typeof API}${R}` extends infer P extends keyof paths
  ? paths[P][M]
  : never;
type Given<O> = O extends { parameters: infer X } ? X : never;
type PathParams<O> = Given<O> extends { path: infer X } ? X : Record<string, never>;
type QueryParams<O> = Given<O> extends { query?: infer X } ? NonNullable<X> : Record<string, never>;
type Body<O> = O extends { requestBody?: infer B }
  ? NonNullable<B> extends { content: { "application/json": infer X } }
    ? X
    : undefined
  : undefined;

interface Sent {
  data?: unknown;
  error?: unknown;
  response: Response;
}

async function send(request: Request): Promise<Response> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
  try {
    return await fetch(request, { signal, cache: "no-store", credentials: "same-origin" });
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Problem({ type: "urn:guet:unreachable" }, 0);
  }
}

const client = createClient<Record<string, never>>({ baseUrl: window.location.origin, fetch: send });

/** The answer, or the problem it is. */
async function answer<T>(sent: Promise<Sent>): Promise<T> {
  const { data, error, response } = await sent;
  if (response.ok) return data as T;
  const body = typeof error === "object" && error !== null ? (error as ProblemBody) : {};
  throw new Problem(body, response.status);
}

/** Reads one resource of the contract. Path and query are checked against it. */
export function get<R extends PathOf<"get"> & string>(
  path: R,
  given: { path?: PathParams<Operation<"get", R>>; query?: QueryParams<Operation<"get", R>> },
  signal?: AbortSignal,
): Promise<unknown> {
  const options = { params: given, ...(signal ? { signal } : {}) };
  return answer(client.GET(`${API}${path}` as never, options as never) as Promise<Sent>);
}

/** Asks for an act, signed, and with the password again where it wants that; the server decides and journals it. Path
 * and body are checked. */
export function post<R extends PathOf<"post"> & string>(
  path: R,
  given: { path?: PathParams<Operation<"post", R>>; body?: Body<Operation<"post", R>> } = {},
): Promise<unknown> {
  const wish = wishOf(
    path,
    { ...(given.path as object | undefined) },
    { ...(given.body as object | undefined) },
  );
  return withStepUp(async () => {
    const statement = wish === undefined ? "" : await signed(wish); // anew each time: a statement serves once
    const headers = statement === "" ? {} : { headers: { "Guet-Statement": statement } };
    const options = { params: { path: given.path ?? {} }, body: given.body, ...headers };
    return answer(client.POST(`${API}${path}` as never, options as never) as Promise<Sent>);
  });
}

/** Ends a resource. */
export function del<R extends PathOf<"delete"> & string>(path: R): Promise<unknown> {
  return answer(client.DELETE(`${API}${path}` as never, {} as never) as Promise<Sent>);
}

/** Says which of our types an answer has, where the contract says only "an object". */
export async function as<T>(call: Promise<unknown>): Promise<T> {
  return (await call) as T;
}

/** One path segment, escaped, for addresses that are not calls (media, event streams). */
export function seg(value: string | number): string {
  return encodeURIComponent(String(value));
}
