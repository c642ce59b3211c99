/** The log of operations (R253-5): entries, checkpoint, tiles, inclusion proofs. */
import { queryOptions } from "@tanstack/react-query";
import { get, seg } from "./client";

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

export const journalQuery = (commune: string, filter: JournalFilter) => {
  const search = new URLSearchParams({ limit: String(PAGE_ENTRIES) });
  if (filter.kind) search.set("kind", filter.kind);
  if (filter.person) search.set("person", filter.person);
  if (filter.camera) search.set("camera", filter.camera);
  if (filter.before !== null) search.set("before", String(filter.before));
  return queryOptions({
    queryKey: ["journal", commune, filter],
    queryFn: ({ signal }) => get<JournalPage>(`/communes/${seg(commune)}/journal?${search}`, signal),
    staleTime: 30_000,
  });
};

export const proofQuery = (commune: string, seq: number) =>
  queryOptions({
    queryKey: ["journal", commune, "proof", seq],
    queryFn: ({ signal }) => get<EntryProof>(`/communes/${seg(commune)}/journal/proof?seq=${seq}`, signal),
    staleTime: 30_000,
  });

export const getCheckpoint = (commune: string) =>
  get<CheckpointView>(`/communes/${seg(commune)}/journal/checkpoint`);

/** The leaf hashes of one tile, base64. */
export const getTile = (commune: string, log: string, index: number) =>
  get<{ data: string }>(
    `/communes/${seg(commune)}/journal/tile/hashes?log=${seg(log)}&level=0&index=${index}`,
  );
