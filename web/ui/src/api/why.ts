/** What the gate answers at an instant, and why, element by element (P-58, D-12). */
import { queryOptions } from "@tanstack/react-query";
import type { Lapse } from "./cameras";
import { as, get } from "./client";
import type { ImageAct } from "./people";

/** One element: which rule looked at which fact, with its dates; `lapse` says what is missing. */
export interface WhyReason {
  rule: string;
  article: string;
  element: string;
  holds: boolean;
  ref: string;
  from_us: number | null;
  until_us: number | null;
  lapse: Lapse | null;
}

/** Elements about one subject; without `used` the answer does not rest on them. */
export interface WhyPart {
  about: "question" | "person" | "habilitation" | "camera";
  subject: string;
  words: string;
  used: boolean;
  holds: boolean;
  reasons: WhyReason[];
}

interface Verdict {
  allowed: boolean;
  refusal: (Lapse & { article: string }) | null;
}

export interface Explanation extends Verdict {
  person: string;
  label: string;
  act: ImageAct;
  camera: string;
  at_us: number;
  name: string;
  parts: WhyPart[];
  /** The answer by what has been recorded since, where it is another one. */
  known_since: Verdict | null;
}

/** A question to the gate: `person` empty for oneself, `atUs` 0 for now. */
export interface WhyQuestion {
  person: string;
  act: string;
  camera: string;
  atUs: number;
}

const US_PER_MS = 1000;

/** Each asking is journalled, so it is not asked again by itself. */
export const whyQuery = (commune: string, { person, act, camera, atUs }: WhyQuestion) =>
  queryOptions({
    queryKey: ["why", commune, person, act, camera, atUs],
    queryFn: ({ signal }) => {
      const query = { act, camera, ...(atUs ? { at: new Date(atUs / US_PER_MS).toISOString() } : {}) };
      const path = { commune };
      return as<Explanation>(
        person
          ? get("/communes/{commune}/explanations", { path, query: { person, ...query } }, signal)
          : get("/communes/{commune}/explanations/mine", { path, query }, signal),
      );
    },
    retry: false,
    staleTime: atUs ? Number.POSITIVE_INFINITY : 10_000,
    refetchOnWindowFocus: false,
  });
