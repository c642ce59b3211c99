/** A video's fragments, strictly: `moof mdat` with one track, one run, NAL units of 4-byte lengths, and its clock. */
import type { Bytes } from "../../media/bytes";
import { type Box, boxes } from "../../media/fmp4";
import type { Container } from "./container";
import { Refused } from "./refused";

export const FRAGMENT_LIMIT_BYTES = 64 * 1024 * 1024;
const HEAD_LIMIT_BYTES = 256 * 1024;
/** Enough for the `moof` of an ordinary group and the head of its `mdat`: one reading a group. */
const GLANCE_BYTES = 8 * 1024;
const HEADER_BYTES = 8;
const FTYP = new TextEncoder().encode("\0\0\0\x1cftypisom\0\0\x02\0isomiso6mp41");

function view(bytes: Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function typeAt(bytes: Bytes, at: number): string {
  return String.fromCharCode(...bytes.subarray(at + 4, at + HEADER_BYTES));
}

/** What stands before the first fragment: `ftyp moov`. */
export async function headOf(container: Container, path: string): Promise<Bytes> {
  const { size } = container.entry(path);
  let offset = 0;
  for (const type of ["ftyp", "moov"]) {
    const head = await container.piece(path, offset, HEADER_BYTES);
    const length = head.length === HEADER_BYTES ? view(head).getUint32(0) : 0;
    const isHere = length >= HEADER_BYTES && typeAt(head, 0) === type;
    if (!isHere || offset + length > Math.min(size, HEAD_LIMIT_BYTES))
      throw new Refused("video-head", { byte: offset });
    offset += length;
  }
  return container.piece(path, 0, offset);
}

/** Where one fragment lies in its video, and its `moof`. */
export interface Placed {
  offset: number;
  length: number;
  moof: Bytes;
}

/** Each fragment of a video up to its closing `meta`, pictures unread; `Refused` when anything else is there. */
export async function* placedFragments(
  container: Container,
  path: string,
  from: number,
): AsyncGenerator<Placed> {
  const { size } = container.entry(path);
  for (let offset = from; ; ) {
    const foreign = (byte: number): Refused => new Refused("video-foreign", { byte });
    let glance = await container.piece(path, offset, GLANCE_BYTES);
    if (glance.length === 0) throw new Refused("video-cut", { byte: offset });
    if (typeAt(glance, 0) === "meta") {
      if (offset === from) throw new Refused("video-empty");
      return;
    }
    const moofBytes = glance.length < HEADER_BYTES ? 0 : view(glance).getUint32(0);
    if (moofBytes < HEADER_BYTES || typeAt(glance, 0) !== "moof" || moofBytes > FRAGMENT_LIMIT_BYTES)
      throw foreign(offset);
    const wanted = moofBytes + HEADER_BYTES;
    if (glance.length < wanted) glance = await container.piece(path, offset, wanted);
    const mdatBytes = glance.length < wanted ? 0 : view(glance).getUint32(moofBytes);
    const length = moofBytes + mdatBytes;
    if (mdatBytes < HEADER_BYTES || typeAt(glance, moofBytes) !== "mdat" || offset + length > size)
      throw foreign(offset + moofBytes);
    if (length > FRAGMENT_LIMIT_BYTES) throw new Refused("video-group", { group: 0, byte: offset });
    yield { offset, length, moof: glance.slice(0, moofBytes) };
    offset += length;
  }
}

const NESTED = new Set(["moof", "traf"]);

function only(data: Bytes, outer: Box, type: string): Box {
  const found: Box[] = [];
  const pending = [outer];
  for (let box = pending.pop(); box !== undefined; box = pending.pop()) {
    for (const inner of boxes(data, box.body, box.end)) {
      if (inner.type === type) found.push(inner);
      else if (NESTED.has(inner.type)) pending.push(inner);
    }
  }
  const [one] = found;
  if (one === undefined || found.length !== 1) throw new Refused("video-box", { byte: outer.start });
  return one;
}

/** The boxes of a `moof`, alone or with what follows it; a box that overruns its parent is damage. */
function moofBox(data: Bytes): Box {
  const [moof] = boxes(data);
  if (moof?.type !== "moof") throw new Refused("video-box", { byte: 0 });
  return moof;
}

/** Where the 8 bytes of the decode time stand in a fragment. */
export function clockAt(data: Bytes): number {
  const tfdt = only(data, moofBox(data), "tfdt");
  if (tfdt.end - tfdt.body !== 12 || data[tfdt.body] !== 1)
    throw new Refused("video-box", { byte: tfdt.start });
  return tfdt.body + 4;
}

/** Moves the decode time in place, every other byte the same. */
export function shift(data: Bytes, by90k: number): void {
  const at = clockAt(data);
  const moved = view(data).getBigUint64(at) + BigInt(by90k);
  if (moved < 0n || moved >= 1n << 64n) throw new Refused("video-box", { byte: at });
  view(data).setBigUint64(at, moved);
}

/** The NAL units of each picture of a fragment. */
export function nalUnits(fragment: Bytes): Bytes[][] {
  const found = boxes(fragment);
  const [moof, mdat] = found;
  if (moof?.type !== "moof" || mdat?.type !== "mdat" || found.length !== 2)
    throw new Refused("video-box", { byte: 0 });
  let at = mdat.body;
  const pictures = sampleSizes(fragment, moof).map((size) => {
    if (at + size > mdat.end) throw new Refused("video-box", { byte: at });
    at += size;
    return split(fragment, at - size, at);
  });
  if (at !== mdat.end) throw new Refused("video-box", { byte: at });
  return pictures;
}

function split(data: Bytes, from: number, end: number): Bytes[] {
  const nals: Bytes[] = [];
  for (let at = from; at < end; ) {
    const length = end - at >= 4 ? view(data).getUint32(at) : 0;
    if (length === 0 || at + 4 + length > end) throw new Refused("video-box", { byte: at });
    nals.push(data.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return nals;
}

/** The sizes in the only `trun`, whatever else it says of each picture (ISO/IEC 14496-12 §8.8.8). */
function sampleSizes(data: Bytes, moof: Box): number[] {
  const run = only(data, moof, "trun");
  if (run.end - run.body < 8) throw new Refused("video-box", { byte: run.start });
  const flags = view(data).getUint32(run.body) & 0xffffff;
  const count = view(data).getUint32(run.body + 4);
  const at = run.body + 8 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
  const kept = [0x100, 0x200, 0x400, 0x800].filter((bit) => flags & bit);
  if (!kept.includes(0x200) || at + 4 * kept.length * count !== run.end)
    throw new Refused("video-box", { byte: run.start });
  const first = at + 4 * kept.indexOf(0x200);
  return Array.from({ length: count }, (_, i) => view(data).getUint32(first + 4 * kept.length * i));
}

/** The head is the recorded one with at most user data after it. */
export function checkHead(head: Bytes, init: Bytes): void {
  const [own, stored] = [head, init].map((data) => {
    const moov = boxes(data).find((box) => box.type === "moov");
    return moov === undefined ? new Uint8Array(0) : data.subarray(moov.body, moov.end);
  }) as [Bytes, Bytes];
  const isSame =
    stored.length > 0 && own.length >= stored.length && stored.every((byte, at) => own[at] === byte);
  if (!isSame) throw new Refused("video-movie");
  if (!FTYP.every((byte, at) => head[at] === byte)) throw new Refused("video-movie");
  // One place that is seen, when it is known, and nothing else that a player would show.
  const added = boxes(own, stored.length);
  const inner = added.flatMap((box) => boxes(own, box.body, box.end));
  const isPlace = added.length === 1 && added[0]?.type === "udta" && inner.length === 1;
  if (added.length > 0 && !(isPlace && inner[0]?.type === "loci")) throw new Refused("video-movie");
}
