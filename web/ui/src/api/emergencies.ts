/** Exceptional openings by two persons: who may sign, what is asked, open and past (decision 0016). */
import { queryOptions } from "@tanstack/react-query";
import type { Lapse } from "./cameras";
import { as, get, post } from "./client";

export interface Emergency {
  id: string;
  state: "asked" | "open" | "over";
  cameras: string[];
  from_us: number;
  to_us: number;
  minutes: number;
  motive: string;
  asked_by: string;
  asked_us: number;
  sign_by_us: number;
  confirmed_by: string;
  opened_us: number | null;
  until_us: number | null;
  closed_us: number | null;
  closed_by: string;
  /** Whether the reader is one of its two. */
  yours: boolean;
  may_confirm: boolean;
  may_close: boolean;
}

export interface NamedPerson {
  person: string;
  label: string;
  since_us: number;
  may_sign: boolean;
}

export interface Emergencies {
  now_us: number;
  named_hours: number;
  signing_minutes: number;
  open_minutes: number;
  range_hours: number;
  cameras_limit: number;
  /** Whether the reader is among those named beforehand, and may sign now. */
  named: boolean;
  may_sign: boolean;
  sign_lapse: Lapse | null;
  persons: NamedPerson[];
  emergencies: Emergency[];
}

const REFRESH_MS = 30_000;

export const emergenciesQuery = (commune: string) =>
  queryOptions({
    queryKey: ["emergencies", commune],
    queryFn: ({ signal }) =>
      as<Emergencies>(get("/communes/{commune}/emergencies", { path: { commune } }, signal)),
    refetchInterval: REFRESH_MS,
  });

export interface Asking {
  cameras: string[];
  from_us: number;
  to_us: number;
  minutes: number;
  motive: string;
}

/** The first signature; it opens nothing. */
export const askEmergency = (commune: string, asking: Asking) =>
  as<{ emergency: string; sign_by_us: number }>(
    post("/communes/{commune}/emergencies", { path: { commune }, body: asking }),
  );
/** The second signature, another person's: it opens. */
export const confirmEmergency = (commune: string, emergency: string) =>
  post("/communes/{commune}/emergencies/confirm", { path: { commune }, body: { emergency } });
export const closeEmergency = (commune: string, emergency: string, motive: string) =>
  post("/communes/{commune}/emergencies/close", { path: { commune }, body: { emergency, motive } });
/** Who may sign from a day after on, in place of whoever could before. */
export const nameEmergencyPersons = (commune: string, persons: string[], motive: string) =>
  post("/communes/{commune}/emergencies/persons", { path: { commune }, body: { persons, motive } });
