/** The signed-in session: who, for which commune, with which motive, until when. */
import { queryOptions } from "@tanstack/react-query";
import { as, del, get, post } from "./client";
import { forgetPageKey, type NewKey, newPageKey } from "./pageKey";
import { Problem } from "./problem";
import { forgetFacts } from "./signed";

export type Role =
  | "officer"
  | "chief"
  | "mayor"
  | "deputy"
  | "state_agent"
  | "secretary"
  | "csu_operator"
  | "installer"
  | "auditor"
  | "inspector"
  | "host_admin";

export interface CommuneChoice {
  id: string;
  name: string;
  role: Role;
  available: boolean;
  reason: string;
  rule: string;
  until_us: number | null;
  purposes: string[];
}

export interface Acting {
  commune: string;
  name: string;
  role: Role;
  purpose: string;
  motive: string;
  since_us: number;
}

export interface Session {
  /** Public; with `moment`, the keeper's instant, it goes into what the page signs. */
  id: string;
  moment: string;
  person: { id: string; label: string; login: string; host_admin: boolean };
  expires_us: number;
  idle_expires_us: number;
  communes: CommuneChoice[];
  acting: Acting | null;
  step_up_until_us: number;
  unlocked: Record<string, boolean>;
  holder_of: string[];
  /** Of those, the communes that a passkey of this person opens. */
  unlocks_by_passkey: string[];
  /** And those that a token of theirs opens, from the server's command line. */
  unlocks_by_token: string[];
  /** Can confirm with a passkey in place of the password. */
  has_passkey: boolean;
  /** The server shows invented communes; its first page offers a guided path. */
  demo: boolean;
}

/** An account of the demonstration, offered at its door. */
export interface DemoAccount {
  login: string;
  password: string;
  label: string;
  communes: string[];
  does: string;
}

/** The demonstration's accounts: none on a real service. */
export const demoQuery = queryOptions({
  queryKey: ["demo"],
  queryFn: () => as<{ accounts: DemoAccount[] }>(get("/demo", {})),
  staleTime: Number.POSITIVE_INFINITY,
});

/** A purpose of L251-2, as the rulebook words it; `id` is its number there. */
export interface Purpose {
  id: string;
  fr: string;
  en: string;
  regime: string;
}

/** The session, or null when nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await as<Session | null>(get("/session", {}, signal));
    } catch (error) {
      if (error instanceof Problem && error.isSignedOut) return null;
      throw error;
    }
  },
  staleTime: 30_000,
  retry: 1,
});

export const purposesQuery = queryOptions({
  queryKey: ["purposes"],
  queryFn: async ({ signal }) => (await as<{ purposes: Purpose[] }>(get("/purposes", {}, signal))).purposes,
  staleTime: Number.POSITIVE_INFINITY,
});

/** Opens a session with a fresh key of this page. `code`: of the second factor, for an account that has one. */
export async function signIn(login: string, password: string, code = ""): Promise<Session> {
  const key = await newPageKey();
  const body = { login, password, code, key: key.publicKey };
  return opened(key, await as<Session>(post("/session", { body })));
}

/** Keeps the page's key for the session that was opened with it. */
export async function opened(key: NewKey, session: Session): Promise<Session> {
  await key.keep(session.id);
  forgetFacts();
  return session;
}

/** Spends all parts of a recovery code, with spaces between; the new password signs in afterwards. */
export const recover = (login: string, code: string, password: string) =>
  post("/session/recover", { body: { login, code, password } });
/** Opens a new account with the code of its invitation; the password signs in afterwards. */
export const acceptInvitation = (login: string, code: string, password: string) =>
  post("/session/invitation", { body: { login, code, password } });
/** Closes the session; the page's key is destroyed whether the server answers or not. Where the browser signs out of the
 *  identity provider that opened it, if one did. */
export async function signOut(): Promise<string> {
  try {
    return (await as<{ leave: string }>(del("/session"))).leave;
  } finally {
    await forgetPageKey();
  }
}
export const extendSession = () => as<Session>(post("/session/extend"));
export const stepUp = (password: string) => as<Session>(post("/session/step-up", { body: { password } }));
/** What opens a commune's key: a passphrase, a passkey, or both to add the passkey. */
export interface UnlockMeans {
  passphrase: string;
  answer?: Record<string, unknown>;
  secret?: string;
}

export const unlock = (commune: string, means: UnlockMeans) =>
  as<Session>(post("/session/unlock", { body: { commune, secret: "", ...means } }));
export async function actFor(commune: string, purpose: string, motive: string): Promise<Session> {
  const session = await as<Session>(post("/session/act", { body: { commune, purpose, motive } }));
  forgetFacts();
  return session;
}
