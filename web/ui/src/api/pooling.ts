/** Bodies that pool for the commune, its consent to each, and conventions; the lists that legal papers choose from. */
import { queryOptions } from "@tanstack/react-query";
import { as, get, post } from "./client";

export interface Words {
  fr: string;
  en: string;
}

/** A body that acquires or pools for the commune, and the commune's consent (P-60). */
export interface Grouping {
  id: string;
  kind: "epci" | "closed_syndicate" | "open_syndicate" | "contractor";
  article: string;
  may_pool: boolean;
  name: string;
  reference: string;
  members: string[];
  chair: string;
  consent_ref: string;
  consent_us: number | null;
  consent_ended_us: number | null;
  consents: boolean;
  /** Whose right falls when this consent ends. */
  stops: string[];
}

/** A convention between bodies (P-61…P-63). */
export interface Convention {
  id: string;
  kind: string;
  kind_fr: string;
  reference: string;
  parties: string;
  from_us: number;
  until_us: number;
  valid: boolean;
  form: string;
}

/** The closed lists of the rulebook that papers choose from. */
export interface Terms {
  regimes: Record<string, Words>;
  recipients: Record<string, Words>;
  provisional_grounds: Record<string, Words>;
  modifications: Record<string, Words>;
  /** Levels of detail on the target, coarsest first. */
  objectives: Record<string, Words & { px_m: number }>;
  groupings: Record<string, Words & { article: string; members: string[]; chairs: string[] }>;
  members: Record<string, Words>;
  conventions: Record<string, { fr: string; rule: string; forms: string[] }>;
  pooling_forms: Record<string, Words & { article: string; months: number | null }>;
}

export const termsQuery = queryOptions({
  queryKey: ["terms"],
  queryFn: ({ signal }) => as<Terms>(get("/terms", {}, signal)),
  staleTime: Number.POSITIVE_INFINITY,
});

export const groupingsQuery = (commune: string) =>
  queryOptions({
    queryKey: ["groupings", commune],
    queryFn: async ({ signal }) =>
      (
        await as<{ groupings: Grouping[] }>(
          get("/communes/{commune}/groupings", { path: { commune } }, signal),
        )
      ).groupings,
  });

export const conventionsQuery = (commune: string) =>
  queryOptions({
    queryKey: ["conventions", commune],
    queryFn: async ({ signal }) =>
      (
        await as<{ conventions: Convention[] }>(
          get("/communes/{commune}/conventions", { path: { commune } }, signal),
        )
      ).conventions,
  });

export interface NewGrouping {
  kind: string;
  name: string;
  reference: string;
  members: string[];
  chair: string;
}

export const recordGrouping = (commune: string, body: NewGrouping) =>
  post("/communes/{commune}/groupings", { path: { commune }, body });

export const consent = (
  commune: string,
  grouping: string,
  body: { reference: string; date: number; agree: boolean },
) => post("/communes/{commune}/groupings/{grouping}/consent", { path: { commune, grouping }, body });

export interface NewConvention {
  kind: string;
  reference: string;
  parties: string;
  from: number;
  until: number;
  form: string;
}

export const recordConvention = (commune: string, body: NewConvention) =>
  post("/communes/{commune}/conventions", { path: { commune }, body });
