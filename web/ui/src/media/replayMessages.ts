/** The messages of the replay WebSocket, read defensively. Instants are microseconds since 1970. */
import {
  asFields,
  asNumber,
  asText,
  MessageUnknown,
  parseFields,
  type Refusal,
  readRefusal,
} from "./liveMessages";

/** One sealed group of pictures inside a segment file. */
export interface GroupEntry {
  number: number;
  startUs: number;
  endUs: number;
  offset: number;
  length: number;
}

/** One segment of a key window with the groups that the window covers. */
export interface SegmentEntry {
  name: string;
  startUs: number;
  endUs: number;
  codec: string;
  groups: GroupEntry[];
}

/** The answer to a window: sealed keys, and where the sealed groups lie. */
export interface KeysMessage {
  type: "keys";
  fromUs: number;
  toUs: number;
  sealed: string;
  segments: SegmentEntry[];
}

export type ReplayMessage =
  | { type: "permit"; id: string; journal: number }
  | KeysMessage
  | { type: "locked"; holders: string[]; what: string; todo: string }
  | { type: "bad-window" }
  | Refusal;

const MAX_GROUPS_COUNT = 20_000;

function readGroup(value: unknown): GroupEntry {
  const fields = asFields(value);
  const startUs = asNumber(fields.utc_us);
  return {
    number: asNumber(fields.number),
    startUs,
    endUs: startUs + asNumber(fields.duration_us),
    offset: asNumber(fields.offset),
    length: asNumber(fields.length),
  };
}

function readSegment(value: unknown): SegmentEntry {
  const fields = asFields(value);
  const groups = Array.isArray(fields.groups) ? fields.groups.map(readGroup) : [];
  return {
    name: asText(fields.name),
    startUs: asNumber(fields.start_us),
    endUs: asNumber(fields.end_us),
    codec: asText(fields.codec),
    groups,
  };
}

function readHolder(value: unknown): string {
  if (typeof value === "string") return value;
  const fields = asFields(value);
  return asText(fields.label) || asText(fields.login);
}

/** Parses one text message; throws `MessageUnknown` on anything else than the messages above. */
export function readReplayMessage(raw: string): ReplayMessage {
  const fields = parseFields(raw);
  switch (fields.type) {
    case "permit":
      return { type: "permit", id: asText(fields.id), journal: asNumber(fields.journal) };
    case "keys": {
      const segments = Array.isArray(fields.segments) ? fields.segments.map(readSegment) : [];
      const count = segments.reduce((sum, each) => sum + each.groups.length, 0);
      if (count > MAX_GROUPS_COUNT) throw new MessageUnknown(`a window of ${count} groups`);
      const [fromUs, toUs] = [asNumber(fields.from_us), asNumber(fields.to_us)];
      return { type: "keys", fromUs, toUs, sealed: asText(fields.sealed), segments };
    }
    case "locked": {
      const holders = Array.isArray(fields.holders) ? fields.holders.map(readHolder) : [];
      return { type: "locked", holders, what: asText(fields.what), todo: asText(fields.todo) };
    }
    case "bad-window":
      return { type: "bad-window" };
    case "refused":
    case "withdrawn":
    case "away":
      return readRefusal(fields, fields.type);
    default:
      throw new MessageUnknown(`message of type ${String(fields.type)}`);
  }
}
