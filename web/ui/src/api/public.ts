/** What anyone may read of a commune (P-28, P-81). */
import { queryOptions } from "@tanstack/react-query";
import { as, get, post } from "./client";

interface Words {
  fr: string;
  en: string;
}

export interface PublicPage {
  commune: string;
  name: string;
  controller: string;
  officer: string;
  rights: string;
  cnil_reference: string;
  cameras: number;
  purposes: (Words & { id: string; regime: "rgpd" | "police-justice" })[];
  orders: {
    reference: string;
    prefect: string;
    from_us: number;
    until_us: number;
    max_days: number;
    recipients: Words[];
  }[];
}

export const publicPageQuery = (commune: string) =>
  queryOptions({
    queryKey: ["public", commune],
    queryFn: ({ signal }) => as<PublicPage>(get("/public/communes/{commune}", { path: { commune } }, signal)),
  });

/** Rights that a filmed person has (P-82); there is none to object (P-84). */
export type AccessRight = "access" | "rectification" | "restriction" | "erasure";

export interface NewAccess {
  right: AccessRight;
  /** In words: the page shows no camera. */
  place: string;
  from_us: number;
  to_us: number;
  description: string;
  name: string;
  answer: "post" | "email";
  contact: string;
}

export interface FiledAccess {
  number: string;
  /** Told this once. */
  code: string;
  /** Whether the range is frozen until the identity is checked. */
  held: boolean;
  identity_by_us: number;
  answer_by_us: number;
}

export interface FollowedAccess {
  number: string;
  right: AccessRight;
  state: "filed" | "lapsed" | "registered" | "queried" | "approved" | "refused" | "answered" | "received";
  filed_us: number;
  identity_by_us: number;
  answer_by_us: number;
  extension: "" | "complexity" | "number";
  held: boolean;
  outcome: Outcome | "";
  decided_us: number | null;
}

/** How a filmed person's request is granted (P-83). */
export type Outcome = "viewing" | "copy" | "granted" | "none";

export const fileAccess = (commune: string, asked: NewAccess) =>
  as<FiledAccess>(post("/public/communes/{commune}/access", { path: { commune }, body: asked }));

export const followAccess = (commune: string, code: string) =>
  as<FollowedAccess>(post("/public/communes/{commune}/access/follow", { path: { commune }, body: { code } }));
