/** Identity providers (OpenID Connect): the browser goes there and comes back with a code; the server judges it. */
import { queryOptions } from "@tanstack/react-query";
import { decodeBase64 } from "../media/bytes";
import type { Account } from "./account";
import { as, get, post } from "./client";
import { type NewKey, newPageKey, takeParkedKey } from "./pageKey";
import { Problem } from "./problem";
import { opened, type Session } from "./session";

export interface Provider {
  id: string;
  /** ProConnect has rules of its own for its button. */
  kind: "proconnect" | "openid";
  label: string;
}

/** What a provider sends the browser back with. */
export interface Homecoming {
  state: string;
  code: string;
  iss: string;
  error: string;
}

/** The providers at the door: none where the host declares none. */
export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: ({ signal }) => as<{ providers: Provider[] }>(get("/session/providers", {}, signal)),
  staleTime: Number.POSITIVE_INFINITY,
});

const NEXT = "guet-suite";

/** Leaves for a provider, to sign in; `next` is where the person wanted to go. */
export async function leaveToSignIn(provider: string, next: string | undefined): Promise<void> {
  const key = await newPageKey();
  const { address } = await as<{ address: string }>(
    post("/session/providers/{provider}/begin", { path: { provider }, body: { key: key.publicKey } }),
  );
  // What comes back serves the key that the state names: it must be this page's, and no other.
  if (!names(address, key)) throw new Problem({ type: "urn:guet:unreachable" }, 0);
  await key.park();
  if (next) sessionStorage.setItem(NEXT, next);
  else sessionStorage.removeItem(NEXT);
  window.location.assign(address);
}

function names(address: string, key: NewKey): boolean {
  const state = new URL(address).searchParams.get("state") ?? "";
  const end = decodeBase64(state.split(".")[2] ?? "").slice(-key.hash.length);
  return (
    key.hash.length === 0 ||
    (end.length === key.hash.length && end.every((byte, at) => byte === key.hash[at]))
  );
}

/** Leaves for a provider, to link an identity of there to the signed-in person. */
export async function leaveToLink(provider: string): Promise<void> {
  const { address } = await as<{ address: string }>(
    post("/account/providers/{provider}/begin", { path: { provider } }),
  );
  window.location.assign(address);
}

/** Where the person wanted to go before they left; told once. */
export function nextAfterReturn(): string | undefined {
  const next = sessionStorage.getItem(NEXT) ?? undefined;
  sessionStorage.removeItem(NEXT);
  return next;
}

/** Whether what came back was begun to link an identity: the state says what it is for. */
export const comesToLink = ({ state }: Homecoming) => state.split(".")[1] === "register";

/** Opens a session with the key that the page made before it left. */
export async function providerSignIn(homecoming: Homecoming): Promise<Session> {
  const key = await takeParkedKey();
  const body = { ...homecoming, key: key.publicKey };
  return opened(key, await as<Session>(post("/session/providers/return", { body })));
}

export const providerLink = (body: Homecoming) => as<Account>(post("/account/providers/return", { body }));
export const removeIdentity = (identity: string) =>
  post("/account/identities/{identity}/remove", { path: { identity } });
