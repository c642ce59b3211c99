/** The log of operations (R253-5): entries, checkpoint, tiles, inclusion proofs. */
import { queryOptions } from "@tanstack/react-query";
import { API, as, get, seg } from "./client";

export type EntryKind =
  | "collecte"
  | "modification"
  | "consultation"
  | "communication"
  | "effacement"
  | "refus"
  | "session";

export const ENTRY_KINDS: readonly EntryKind[] = [
  "consultation",
  "communication",
  "modification",
  "collecte",
  "effacement",
  "refus",
  "session",
];

/** The canonical record of an entry; nothing about filmed people is in it (D-31). */
export interface EntryRecord {
  kind: EntryKind;
  act: string;
  author: { person?: string; role?: string; habilitation?: string; workstation?: string };
  cameras?: string[];
  from_us?: number;
  to_us?: number;
  purpose?: string;
  motive?: string;
  reference?: string;
  recipient?: string;
  detail?: Record<string, unknown>;
}

export interface JournalEntry {
  seq: number;
  log: string;
  n: number;
  at_us: number;
  /** Null once the record was deleted at its term: its leaf stays (E-05). */
  record: EntryRecord | null;
}

export interface CheckpointView {
  log: string;
  logs: string[];
  size: number;
  /** The signed note (C2SP tlog-checkpoint). */
  checkpoint: string;
  vkey: string;
}

export interface JournalPage extends CheckpointView {
  entries: JournalEntry[];
  total: number;
  /** Functions of the authors, by person id. */
  labels: Record<string, string>;
}

export interface EntryProof extends CheckpointView {
  seq: number;
  n: number;
  /** The canonical JSON, byte for byte, and its salt in hexadecimal. */
  record: string | null;
  salt: string | null;
  leaf_hash: string;
  /** Sibling hashes, base64, from the leaf up. */
  proof: string[];
}

/** How many entries one read asks for. */
export const PAGE_ENTRIES = 50;

export interface JournalFilter {
  kind: EntryKind | "";
  person: string;
  camera: string;
  before: number | null;
}

export const journalQuery = (commune: string, filter: JournalFilter) =>
  queryOptions({
    queryKey: ["journal", commune, filter],
    queryFn: async ({ signal }) => {
      const { kind, person, camera, before } = filter;
      const query = {
        limit: PAGE_ENTRIES,
        ...(kind && { kind }),
        ...(person && { person }),
        ...(camera && { camera }),
        ...(before !== null && { before }),
      };
      const page = await as<JournalPage>(
        get("/communes/{commune}/journal", { path: { commune }, query }, signal),
      );
      return { ...page, entries: page.entries.filter(({ record }) => !kind || record?.kind === kind) };
    },
    staleTime: 30_000,
  });

/** What the auditor may ask about; never by person (D-12, D-33). */
export interface ReviewQuestion {
  kind: "night" | "night-habit" | "one-camera" | "bulk-search" | "no-incident" | "no-request";
  from_us: number;
  to_us: number;
  count: number;
  of: number;
  cameras: string[];
  /** Numbers of the entries to read, oldest first; not all when there are many. */
  entries: number[];
}

export interface Review {
  questions: ReviewQuestion[];
  from_us: number;
  to_us: number;
  /** False when the journal was too long to be looked at whole. */
  whole: boolean;
}

export const reviewQuery = (commune: string) =>
  queryOptions({
    queryKey: ["journal", commune, "review"],
    queryFn: ({ signal }) =>
      as<Review>(
        get("/communes/{commune}/journal/review", { path: { commune }, query: { days: 30 } }, signal),
      ),
    staleTime: 300_000,
  });

export const proofQuery = (commune: string, seq: number) =>
  queryOptions({
    queryKey: ["journal", commune, "proof", seq],
    queryFn: ({ signal }) =>
      as<EntryProof>(
        get("/communes/{commune}/journal/proof", { path: { commune }, query: { entry: seq } }, signal),
      ),
    staleTime: 30_000,
  });

export const getCheckpoint = (commune: string) =>
  as<CheckpointView>(get("/communes/{commune}/journal/checkpoint", { path: { commune } }));

/** The leaf hashes of one tile, base64. */
export const getTile = (commune: string, log: string, index: number) =>
  as<{ data: string }>(
    get("/communes/{commune}/journal/tile/{kind}", {
      path: { commune, kind: "hashes" },
      query: { log, n: index, level: 0 },
    }),
  );

/** Where the open quarter is downloaded from, signed, for the CNIL (D-13). */
export const exportUrl = (commune: string) => `${API}/communes/${seg(commune)}/journal/export`;
