/** People and their habilitations (P-58), and what one may do at this instant. */
import { queryOptions } from "@tanstack/react-query";
import type { Lapse } from "./cameras";
import { as, get, post } from "./client";
import type { Role } from "./session";

export type ImageAct = "live" | "replay" | "framing" | "export" | "snapshot";

export interface Habilitation {
  id: string;
  person: string;
  role: Role;
  category: string;
  decision_ref: string;
  signed_by: string;
  acts: ImageAct[];
  cameras: string[] | null;
  from_us: number;
  until_us: number;
  training_us?: number | null;
  pooled?: boolean;
  basis_ref?: string;
  basis_until_us?: number | null;
  withdrawn_us?: number | null;
  withdrawn_motive?: string;
  /** At rest now (P-53). */
  suspended?: boolean;
  suspensions?: { from_us: number; until_us: number | null; motive: string }[];
  /** The first element that does not hold now. */
  lapse?: Lapse | null;
}

export interface Person {
  person: string;
  label: string;
  /** Holds a wrapped copy of the commune's playback key. */
  holder?: boolean;
  habilitations: Habilitation[];
}

/** What a person may do at an instant: per act on images, the cameras and the first refusal met. */
export interface Rights {
  person: string;
  label: string;
  at_us: number;
  roles: Role[];
  images: Record<ImageAct, { cameras: string[]; refusal: Lapse | null }>;
  /** Names of the other acts that the person may do. */
  acts: string[];
  habilitations: Habilitation[];
}

export const peopleQuery = (commune: string) =>
  queryOptions({
    queryKey: ["people", commune],
    queryFn: async ({ signal }) =>
      (await as<{ people: Person[] }>(get("/communes/{commune}/people", { path: { commune } }, signal)))
        .people,
  });

/** How often the rights of a person on screen are read again, in ms: a withdrawal shows within it. */
const RIGHTS_REFRESH_MS = 5000;

export const rightsQuery = (commune: string, person: string) =>
  queryOptions({
    queryKey: ["rights", commune, person],
    queryFn: ({ signal }) =>
      as<Rights>(get("/communes/{commune}/people/{person}/rights", { path: { commune, person } }, signal)),
    refetchInterval: RIGHTS_REFRESH_MS,
  });

export interface NewPerson {
  login: string;
  label: string;
  email: string;
}

/** What its maker hands over, told once: the code, and until when it serves. */
export interface Invitation {
  person: string;
  invitation: string;
  until_us: number;
}

export const addPerson = (commune: string, person: NewPerson) =>
  as<Invitation>(post("/communes/{commune}/people", { path: { commune }, body: person }));

/** A fresh invitation in place of the former, for who has not opened their account yet. */
export const inviteAgain = (commune: string, person: string) =>
  as<Invitation>(post("/communes/{commune}/people/{person}/invitation", { path: { commune, person } }));

export interface Grant {
  person: string;
  role: Role;
  category?: string;
  decision_ref: string;
  signed_by: string;
  scope: { cameras: "all" | string[]; acts: ImageAct[] };
  from: number;
  until: number;
  training_date: number | null;
  pooled: boolean;
  basis: { reference: string; from: number | null; until: number | null } | null;
  /** Of an agent of the State (P-50): whose chief of service decided, and the digest of the signed decision. */
  service?: string;
  level?: string;
  document_sha256?: string;
}

export const grant = (commune: string, habilitation: Grant) =>
  post("/communes/{commune}/habilitations", { path: { commune }, body: habilitation });

export const withdraw = (habilitation: string, motive: string) =>
  as<{ withdrawn_us: number }>(
    post("/habilitations/{habilitation}/withdraw", { path: { habilitation }, body: { motive } }),
  );

/** Lets an habilitation rest, until an instant or until it is resumed (P-53). */
export const suspend = (habilitation: string, motive: string, until: number | null) =>
  post("/habilitations/{habilitation}/suspend", { path: { habilitation }, body: { motive, until } });

export const resume = (habilitation: string) =>
  post("/habilitations/{habilitation}/resume", { path: { habilitation } });
