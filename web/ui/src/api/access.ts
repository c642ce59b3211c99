/** Another person's sessions and means of signing in, for those who answer for them. */
import { queryOptions } from "@tanstack/react-query";
import type { OpenSession } from "./account";
import { as, get, post } from "./client";

export interface PersonAccess {
  sessions: OpenSession[];
  passkeys: number;
  identities: number;
  second_factor: boolean;
  /** Who has approved a recovery in the last day. */
  approved_by: string[];
  approved: boolean;
  code_until_us: number | null;
}

/** What an approval led to: the code once all are there, else null. */
export interface Recovery {
  code: string | null;
  until_us: number | null;
  approvals: number;
  missing: string[];
}

export const personAccessQuery = (commune: string, person: string) =>
  queryOptions({
    queryKey: ["person-access", commune, person],
    queryFn: ({ signal }) =>
      as<PersonAccess>(
        get("/communes/{commune}/people/{person}/access", { path: { commune, person } }, signal),
      ),
  });

export const endSessions = (commune: string, person: string, motive: string) =>
  post("/communes/{commune}/people/{person}/end-sessions", { path: { commune, person }, body: { motive } });
export const approveRecovery = (commune: string, person: string, motive: string) =>
  as<Recovery>(
    post("/communes/{commune}/people/{person}/recovery", { path: { commune, person }, body: { motive } }),
  );
