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
  /** Their owner has chosen a first password; before, an invitation waits for them until then. */
  opened: boolean;
  invited_until_us: number | null;
  /** Once everybody needed has approved: from when to when the parts of the code serve. */
  code_from_us: number | null;
  code_until_us: number | null;
}

/** The approver's own part of the code, told once; from when to when all parts serve, null while some are missing. */
export interface Recovery {
  part: string;
  from_us: number | null;
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
