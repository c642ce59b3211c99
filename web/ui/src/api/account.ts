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

export interface Account {
  passkeys: Passkey[];
  /** False where the service's address allows none. */
  passkeys_possible: boolean;
}

export const accountQuery = queryOptions({
  queryKey: ["account"],
  queryFn: ({ signal }) => as<Account>(get("/account", {}, signal)),
});

export const removePasskey = (passkey: string) =>
  post("/account/passkeys/{passkey}/remove", { path: { passkey } });
