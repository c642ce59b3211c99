/** The manifest: what a package holds and of what it is proof. Read defensively; fields that are not known are kept. */
import type { Bytes } from "../../media/bytes";
import { NotCanonical, parseCanonical } from "./canonical";
import { textOf } from "./notes";
import { Refused } from "./refused";

export const MANIFEST_FILE = "manifest.json";
export const SIGNATURE_FILE = "manifest.sig";
export const SIGNER_FILE = "signer.vkey";
export const SEAL_FILE = "manifest.p7s";
export const TIMESTAMP_FILE = "manifest.tsr";
export const CERTIFICATE_FILE = "signer.pem";
export const SUMS_FILE = "SHA256SUMS";
export const STORED_DAMAGED = "stored-damaged";
const FORMAT = "guet/evidence/v1";
const STREAMS_LIMIT = 256;
const PARTS_LIMIT = 100_000;

/** A stretch of time, µs UTC. */
export interface Span {
  fromUs: number;
  toUs: number;
}

export interface Absence extends Span {
  cause: string;
}

/** One video: pictures without interruption, in one format. */
export interface Video extends Span {
  path: string;
  init: string;
  nalList: string;
  codec: string;
  width: number;
  height: number;
  pictures: number;
  nalUnits: number;
  fps: number;
  firstSequence: number;
  groups: number;
  offset90k: number;
}

/** One stream of one camera over the range. */
export interface Stream extends Span {
  camera: string;
  name: string;
  place: string;
  stream: string;
  videos: readonly Video[];
  absences: readonly Absence[];
  chain: string;
  zoneSets: readonly string[];
}

export interface Manifest {
  package: string;
  createdUs: number;
  build: string;
  commune: { id: string; name: string };
  request: { id: string; facts: Fields };
  decision: Fields;
  operator: Fields;
  streams: readonly Stream[];
  /** Where the roots are by which the time-stamp over the seal is judged; undefined without one. */
  timestampRoots: string | undefined;
  journal: readonly { entry: string; proof: string }[];
  files: readonly { path: string; sha256: string; bytes: number }[];
}

export type Fields = Readonly<Record<string, unknown>>;

class Unreadable extends Error {}

function fields(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Unreadable("no object");
  return value as Fields;
}

function list(value: unknown, limit = PARTS_LIMIT): readonly unknown[] {
  if (!Array.isArray(value) || value.length > limit) throw new Unreadable("no list");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new Unreadable("no text");
  return value;
}

/** Instants, lengths, counts: whole, not negative, exact. */
function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Unreadable("no count");
  return value as number;
}

function video(value: unknown): Video {
  const of = fields(value);
  const groups = count(of.groups);
  if (groups === 0 || typeof of.fps_measured !== "number") throw new Unreadable("no video");
  return {
    path: text(of.path),
    init: text(of.init),
    nalList: text(of.nal_list),
    codec: text(of.codec),
    width: count(of.width),
    height: count(of.height),
    fromUs: count(of.from_us),
    toUs: count(of.to_us),
    pictures: count(of.pictures),
    nalUnits: count(of.nal_units),
    fps: of.fps_measured,
    firstSequence: count(of.first_sequence),
    groups,
    offset90k: count(of.offset_90k),
  };
}

function stream(value: unknown): Stream {
  const of = fields(value);
  const absences = list(of.absences).map((each): Absence => {
    const one = fields(each);
    return { fromUs: count(one.from_us), toUs: count(one.to_us), cause: text(one.cause) };
  });
  return {
    camera: text(of.camera),
    name: text(of.name),
    place: text(of.place),
    stream: text(of.stream),
    fromUs: count(of.from_us),
    toUs: count(of.to_us),
    videos: list(of.videos).map(video),
    absences,
    chain: text(of.chain),
    zoneSets: list(of.zone_sets).map(text),
  };
}

function manifest(value: unknown): Manifest {
  const of = fields(value);
  const [commune, request] = [fields(of.commune), fields(of.request)];
  if (of.format !== FORMAT) throw new Unreadable("another format");
  return {
    package: text(of.package),
    createdUs: count(of.created_us),
    build: text(of.build),
    commune: { id: text(commune.id), name: text(commune.name) },
    request: { id: text(request.id), facts: fields(request.facts) },
    decision: fields(of.decision),
    operator: fields(of.operator),
    streams: list(of.streams, STREAMS_LIMIT).map(stream),
    timestampRoots: (of.timestamp ?? null) === null ? undefined : text(fields(of.timestamp).roots),
    journal: list(of.journal).map((each) => {
      const one = fields(each);
      return { entry: text(one.entry), proof: text(one.proof) };
    }),
    files: list(of.files).map((each) => {
      const one = fields(each);
      const sha256 = text(one.sha256);
      if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Unreadable("no hash");
      return { path: text(one.path), sha256, bytes: count(one.bytes) };
    }),
  };
}

/** The files that follow the listed ones, in order: they sign the manifest, so it cannot name their hashes. */
export function unlisted({ timestampRoots }: Manifest): string[] {
  const signed = [MANIFEST_FILE, SIGNATURE_FILE, SIGNER_FILE, SEAL_FILE];
  return timestampRoots === undefined ? signed : [...signed, TIMESTAMP_FILE];
}

/** The manifest in its file's bytes; `Refused` when it is not one, or not in its canonical form. */
export function parseManifest(bytes: Bytes): Manifest {
  const written = textOf(bytes, MANIFEST_FILE);
  try {
    return manifest(parseCanonical(written));
  } catch (error) {
    if (error instanceof NotCanonical && isJson(written)) throw new Refused("manifest-not-canonical");
    throw new Refused("manifest-unreadable");
  }
}

function isJson(written: string): boolean {
  try {
    JSON.parse(written);
    return true;
  } catch {
    return false;
  }
}
