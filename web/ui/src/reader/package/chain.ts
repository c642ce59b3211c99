/** The link chain as a package carries it: the records of docs/formats/segment.md, their links recomputed. */
import type { Bytes } from "../../media/bytes";
import { equal } from "../../proof/bytes";
import { sha256Of } from "./digest";
import { Refused } from "./refused";

const RECORDS_LIMIT = 4_000_000;
const EDGE_ORIGIN = 2;
const SEGMENT_HEAD_BYTES = 59;
const SEGMENT_TAIL_BYTES = 16;
const GROUP_BYTES = 76;
const ABSENCE_HEAD_BYTES = 28;
const HASH_BYTES = 32;

/** A segment's header: the number and link of its record, its name, which zone set was burnt in. */
export interface SegmentRecord {
  kind: "segment";
  sequence: number;
  previous: Bytes;
  name: string;
  commune: string;
  width: number;
  height: number;
  codec: string;
  zoneSet: string;
  /** Footage brought back from the camera's card, on the stream's edge chain. */
  edge: boolean;
  raw: Bytes;
}

/** A group's header: its number in the segment, the time it covers, the SHA-256 of its recorded bytes. */
export interface GroupRecord {
  kind: "group";
  number: number;
  fromUs: number;
  durationUs: number;
  plainSha256: Bytes;
  raw: Bytes;
}

/** Time without pictures, and why. */
export interface AbsenceRecord {
  kind: "absence";
  sequence: number;
  fromUs: number;
  toUs: number;
  camera: string;
  stream: string;
  cause: string;
  raw: Bytes;
}

export type ChainRecord = SegmentRecord | GroupRecord | AbsenceRecord;

/** A record with its number; `run` counts the pieces of the chain: where segments are gone, another begins. */
export interface Link {
  sequence: number;
  record: ChainRecord;
  segment: SegmentRecord | undefined;
  run: number;
}

/** Fields one after another in a record, big-endian; past the end throws RangeError. */
class Cursor {
  constructor(
    readonly view: DataView,
    public at: number,
  ) {}

  u8(): number {
    this.at += 1;
    return this.view.getUint8(this.at - 1);
  }

  u16(): number {
    this.at += 2;
    return this.view.getUint16(this.at - 2);
  }

  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4);
  }

  u64(): number {
    this.at += 8;
    const value = this.view.getBigUint64(this.at - 8);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError("number too large");
    return Number(value);
  }

  ascii(length: number): string {
    this.at += length;
    if (this.at > this.view.byteLength) throw new RangeError("text cut");
    const bytes = new Uint8Array(this.view.buffer, this.view.byteOffset + this.at - length, length);
    if (bytes.some((byte) => byte > 0x7f)) throw new RangeError("no ASCII");
    return String.fromCharCode(...bytes);
  }

  short(): string {
    return this.ascii(this.u8());
  }
}

/** The records that follow one another; `Refused` at the first that is none. */
export function parseRecords(data: Bytes): ChainRecord[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const found: ChainRecord[] = [];
  let at = 0;
  while (at < data.length) {
    let record: ChainRecord;
    try {
      record = recordAt(data, view, at);
    } catch {
      throw new Refused("record-unreadable", { byte: at });
    }
    found.push(record);
    if (found.length > RECORDS_LIMIT) throw new Refused("record-unreadable", { byte: at });
    at += record.raw.length;
  }
  return found;
}

function recordAt(data: Bytes, view: DataView, at: number): ChainRecord {
  const tag = String.fromCharCode(...data.subarray(at, at + 8));
  if (tag === "GUETSEG1") return segmentAt(data, view, at);
  const of = new Cursor(view, at + 4);
  if (tag.startsWith("GRP1")) {
    const [number, fromUs, durationUs] = [of.u32(), of.u64(), of.u32()];
    of.at += 8;
    const raw = data.subarray(at, at + GROUP_BYTES);
    if (raw.length !== GROUP_BYTES) throw new RangeError("group cut");
    const plainSha256 = data.slice(of.at, of.at + HASH_BYTES);
    return { kind: "group", number, fromUs, durationUs, plainSha256, raw };
  }
  if (tag.startsWith("ABS1")) {
    const [sequence, fromUs, toUs] = [of.u64(), of.u64(), of.u64()];
    of.at = at + ABSENCE_HEAD_BYTES;
    const [camera, stream, cause] = [of.short(), of.short(), of.short()];
    return { kind: "absence", sequence, fromUs, toUs, camera, stream, cause, raw: data.subarray(at, of.at) };
  }
  throw new RangeError("no record");
}

function segmentAt(data: Bytes, view: DataView, at: number): SegmentRecord {
  const of = new Cursor(view, at + 8);
  const length = of.u16();
  of.at += 4;
  const [origin, sequence] = [of.u8(), of.u64()];
  const previous = data.slice(of.at, of.at + HASH_BYTES);
  of.at += HASH_BYTES;
  const [width, height] = [of.u16(), of.u16()];
  of.at = at + SEGMENT_HEAD_BYTES;
  const [name, commune, zoneSet, codec] = [of.short(), of.short(), of.short(), of.short()];
  if (of.at + SEGMENT_TAIL_BYTES !== at + length || at + length > data.length)
    throw new RangeError("segment cut");
  const raw = data.subarray(at, at + length);
  return {
    kind: "segment",
    sequence,
    previous,
    name: name ?? "",
    commune: commune ?? "",
    width,
    height,
    codec: codec ?? "",
    zoneSet: zoneSet ?? "",
    edge: origin === EDGE_ORIGIN,
    raw,
  };
}

/** The records with their links recomputed; `Refused` where they do not follow one another. */
export function linked(camera: string, stream: string, records: readonly ChainRecord[]): Link[] {
  const links: Link[] = [];
  let link: Bytes = new Uint8Array(0);
  let sequence = 0;
  let run = 0;
  let segment: SegmentRecord | undefined;
  const broken = (where: string | number): Refused => new Refused("chain-broken", { where });
  for (const record of records) {
    if (record.kind === "segment") {
      const edge = segment?.edge ?? false;
      if (edge && !record.edge) throw new Refused("chain-edge", { where: record.name });
      if (links.length === 0 || record.edge !== edge || record.sequence > sequence + 1) {
        if (links.length > 0) run += 1;
        link = record.previous;
        sequence = record.sequence - 1;
      }
      if (!equal(record.previous, link) || record.sequence !== sequence + 1) throw broken(record.name);
      if (!record.name.startsWith(`${camera}.${stream}.`))
        throw new Refused("chain-other-camera", { where: record.name });
      segment = record;
    } else if (links.length === 0) {
      throw new Refused("chain-first");
    } else if (record.kind === "absence") {
      if (record.sequence !== sequence + 1 || record.camera !== camera || record.stream !== stream)
        throw broken(record.sequence);
      if (segment?.edge) throw new Refused("chain-edge", { where: record.sequence });
      segment = undefined;
    } else if (segment === undefined || record.number + 1 + segment.sequence !== sequence + 1) {
      throw broken(record.number);
    }
    link = sha256Of(link, record.raw);
    sequence += 1;
    links.push({ sequence, record, segment, run });
  }
  return links;
}
