/** A person's own account: the means by which they sign in. */
import { queryOptions } from "@tanstack/react-query";
import { as, get, post } from "./client";

export interface Passkey {
  id: string;
  label: string;
  /** Its maker may copy it to the person's other devices. */
  synced: boolean;
  backed_up: boolean;
  created_us: number;
  used_us: number | null;
}

/** Who the person is at an identity provider. */
export interface Identity {
  id: string;
  provider: string;
  label: string;
  created_us: number;
  used_us: number | null;
}

/** One open session of a person. */
export interface OpenSession {
  id: string;
  /** The name given to the workstation, else its address and browser. */
  workstation: string;
  means: string;
  since_us: number;
  seen_us: number;
  commune: string;
  current: boolean;
  /** Serves on its workstation only; the command line's serves anywhere. */
  held?: boolean;
  /** When its cookie was last shown on another workstation, and refused. */
  elsewhere_us?: number | null;
}

/** Others are bringing this account back; `from_us`: when their code serves, null while approvals are missing. */
export interface PendingRecovery {
  by: string[];
  since_us: number;
  from_us: number | null;
}

/** How this account was brought back, what fell with it, and why its grave rights still rest (empty: they do not). */
export interface Recovered {
  by: string[];
  at_us: number;
  second_factor: boolean;
  passkeys: number;
  identities: number;
  rests: string;
  todo: string;
}

export interface Account {
  passkeys: Passkey[];
  /** False where the service's address allows none. */
  passkeys_possible: boolean;
  workstation: string;
  sessions: OpenSession[];
  identities: Identity[];
  second_factor: { since_us: number | null; codes_left: number };
  recovery: PendingRecovery | null;
  recovered: Recovered | null;
}

/** A second factor to enrol: its secret as text, as an `otpauth:` address, and drawn as a QR code. */
export interface Enrolment {
  secret: string;
  address: string;
  drawing: string;
}

export const accountQuery = queryOptions({
  queryKey: ["account"],
  queryFn: ({ signal }) => as<Account>(get("/account", {}, signal)),
});

/** It was not the owner who asked: that recovery opens nothing any more. */
export const stopRecovery = () => as<Account>(post("/account/recovery/stop"));

export const beginSecondFactor = () => as<Enrolment>(post("/account/second-factor/begin"));
export const confirmSecondFactor = async (password: string, code: string) =>
  (await as<{ codes: string[] }>(post("/account/second-factor", { body: { password, code } }))).codes;
export const removeSecondFactor = () => post("/account/second-factor/remove");
export const changePassword = (password: string, fresh: string) =>
  post("/account/password", { body: { password, new: fresh } });

export const endSession = (session: string) => post("/account/sessions/{session}/end", { path: { session } });
export const nameWorkstation = (label: string) => post("/account/workstation", { body: { label } });

export const removePasskey = (passkey: string) =>
  post("/account/passkeys/{passkey}/remove", { path: { passkey } });
