/** What is kept, until when, and what is held. */
import { queryOptions } from "@tanstack/react-query";
import { API, as, get, post, seg } from "./client";

export interface Hold {
  id: string;
  cameras: string[];
  from_us: number;
  to_us: number;
  procedure: string;
  authority: string;
  reference: string;
  requester: string;
  placed_by_label: string;
  placed_us: number;
  until_us: number;
  released_us: number | null;
  provisional: boolean;
  request: string | null;
  request_number: string;
  active: boolean;
}

/** How long one camera's footage may and must stay, as the keeper says. */
export interface CameraRetention {
  camera: string;
  max_days: number;
  min_days?: number | null;
  destroyed_before_us?: number;
  holds?: { id: string; from_us: number; to_us: number; until_us?: number | null; label?: string }[];
}

/** What one camera has on disk. */
export interface Stored {
  camera: string;
  segments: number;
  size_bytes: number;
  oldest_us: number;
}

/** The machine's time is in doubt: what it alone calls due waits (decision 0010). */
export interface ClockDoubt {
  doubt_us: number;
  /** By how much it stands from the time already counted; negative when it is behind. */
  ahead_us: number;
  /** False after an ordinary stop, which ends by itself within minutes. */
  grave: boolean;
  what: string;
  believed_in_us: number;
}

/** A holder of the commune's key, and what opens it for them. */
export interface KeyHolder {
  person: string;
  label: string;
  /** Still habilitated here. */
  present: boolean;
  /** When they last showed that it opens, and by which token; by the passphrase when empty. */
  drilled_us: number | null;
  drilled_by: string;
  passkeys: number;
  /** Names of their PKCS#11 tokens. */
  tokens: string[];
}

export interface Retention {
  legal: {
    cameras: CameraRetention[];
    legal_max_days: number;
    hour_keys: number;
    oldest_hour_us: number | null;
    held_segments: number;
    destruction?: { doubt: ClockDoubt | null };
    unlocked: boolean;
    /** Functions of those who hold the playback key. */
    holders: string[];
    /** Who holds the commune's key, and what could make it lose it, in the keeper's words. */
    key: { holders: KeyHolder[]; warnings: { kind: string; what: string; rule: string }[] };
  };
  stored: Stored[];
  now_us: number;
}

export const retentionQuery = (commune: string) =>
  queryOptions({
    queryKey: ["retention", commune],
    queryFn: ({ signal }) =>
      as<Retention>(get("/communes/{commune}/retention", { path: { commune } }, signal)),
    refetchInterval: 30_000,
  });

export const holdsQuery = (commune: string) =>
  queryOptions({
    queryKey: ["holds", commune],
    queryFn: async ({ signal }) =>
      (await as<{ holds: Hold[] }>(get("/communes/{commune}/holds", { path: { commune } }, signal))).holds,
    refetchInterval: 15_000,
  });

export type NewHold = Pick<
  Hold,
  "cameras" | "from_us" | "to_us" | "procedure" | "authority" | "reference" | "requester"
>;

export const placeHold = (commune: string, hold: NewHold) =>
  post("/communes/{commune}/holds", { path: { commune }, body: hold });
export const releaseHold = (hold: string, motive: string) =>
  post("/holds/{hold}/release", { path: { hold }, body: { motive } });

/** An accountable person says that the machine's time is right, about the doubt that was shown. */
export const confirmTime = (commune: string, doubt: number, motive: string) =>
  post("/communes/{commune}/retention/confirm-time", {
    path: { commune },
    body: { doubt_us: doubt, motive },
  });

/** Where the destruction certificate of a day (ISO, of Paris) is downloaded from. */
export const certificateUrl = (commune: string, day: string) =>
  `${API}/communes/${seg(commune)}/retention/certificate?day=${seg(day)}`;
