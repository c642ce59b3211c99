/**
 * A reader for the fragmented MP4 that our own recorder writes: one video track, `moof` + `mdat` with a 64-bit
 * `tfdt` that *is* the capture time (UTC in track ticks). It reads no foreign file and refuses what it does not know.
 */
import type { Bytes } from "./bytes";

/** The bytes are not what our fragmenter writes. */
export class Mp4Damaged extends Error {
  override name = "Mp4Damaged";
}

/** One box: its type and where its body lies in the bytes it was read from. */
export interface Box {
  type: string;
  start: number;
  body: number;
  end: number;
}

/** One sample of a fragment: decode time and duration in track ticks, size in bytes. */
export interface Sample {
  ticks: number;
  duration: number;
  size: number;
  key: boolean;
}

const HEADER_BYTES = 8;
const LARGE_HEADER_BYTES = 16;
const NON_SYNC = 0x00010000;
const VISUAL_ENTRY_BYTES = 78;

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Lists the boxes between two offsets; throws `Mp4Damaged` when one overruns its parent. */
export function boxes(bytes: Uint8Array, from = 0, to = bytes.length): Box[] {
  const data = view(bytes);
  const found: Box[] = [];
  let at = from;
  while (at < to) {
    if (at + HEADER_BYTES > to) throw new Mp4Damaged(`box header cut at ${at}`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + HEADER_BYTES));
    let size = data.getUint32(at);
    let header = HEADER_BYTES;
    if (size === 1) {
      if (at + LARGE_HEADER_BYTES > to) throw new Mp4Damaged(`large box header cut at ${at}`);
      size = Number(data.getBigUint64(at + HEADER_BYTES));
      header = LARGE_HEADER_BYTES;
    }
    if (size < header || at + size > to) throw new Mp4Damaged(`box ${type} at ${at} has size ${size}`);
    found.push({ type, start: at, body: at + header, end: at + size });
    at += size;
  }
  return found;
}

/** The first box on a path such as `moof/traf/tfdt`, or undefined. */
export function find(bytes: Uint8Array, path: string, within?: Box): Box | undefined {
  let box = within;
  for (const type of path.split("/")) {
    box = boxes(bytes, box?.body ?? 0, box?.end ?? bytes.length).find((each) => each.type === type);
    if (box === undefined) return undefined;
  }
  return box;
}

function must(bytes: Uint8Array, path: string, within?: Box): Box {
  const box = find(bytes, path, within);
  if (box === undefined) throw new Mp4Damaged(`no ${path}`);
  return box;
}

/** Splits the plaintext of a stored group into its initialisation segment and its media fragments. */
export function splitGroup(plain: Bytes): { init: Bytes; media: Bytes } {
  const moov = boxes(plain).find((box) => box.type === "moov");
  if (moov === undefined) throw new Mp4Damaged("group without moov");
  return { init: plain.subarray(0, moov.end), media: plain.subarray(moov.end) };
}

/** Ticks per second of the single track of an initialisation segment. */
export function timescale(init: Uint8Array): number {
  const mdhd = must(init, "moov/trak/mdia/mdhd");
  const data = view(init);
  const version = data.getUint8(mdhd.body);
  const ticks = data.getUint32(mdhd.body + (version === 1 ? 20 : 12));
  if (ticks === 0) throw new Mp4Damaged("timescale 0");
  return ticks;
}

/** The RFC 6381 codec string of an H.264 initialisation segment, or undefined when it is not H.264. */
export function h264Codec(init: Uint8Array): string | undefined {
  const stsd = must(init, "moov/trak/mdia/minf/stbl/stsd");
  const entry = boxes(init, stsd.body + 8, stsd.end)[0];
  if (entry === undefined || !entry.type.startsWith("avc")) return undefined;
  const avcC = boxes(init, entry.body + VISUAL_ENTRY_BYTES, entry.end).find((box) => box.type === "avcC");
  if (avcC === undefined) return undefined;
  const profile = init.subarray(avcC.body + 1, avcC.body + 4);
  return `${entry.type}.${Array.from(profile, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join("")}`;
}

/** What a WebCodecs decoder is configured with: the body of the `avcC` or `hvcC` of an initialisation segment. */
export function decoderDescription(init: Bytes): Bytes {
  const stsd = must(init, "moov/trak/mdia/minf/stbl/stsd");
  const entry = boxes(init, stsd.body + 8, stsd.end)[0];
  const inner = entry === undefined ? [] : boxes(init, entry.body + VISUAL_ENTRY_BYTES, entry.end);
  const found = inner.find((box) => box.type === "avcC" || box.type === "hvcC");
  if (found === undefined) throw new Mp4Damaged("no decoder configuration");
  return init.subarray(found.body, found.end);
}

/** Where the samples of a fragment of ours lie: one run, behind the head of its `mdat`. */
export function sampleData(media: Bytes): Bytes[] {
  const mdat = must(media, "mdat");
  let at = mdat.body;
  return samples(media).map(({ size }) => {
    if (at + size > mdat.end) throw new Mp4Damaged("a sample overruns its fragment");
    at += size;
    return media.subarray(at - size, at);
  });
}

/** Decode time of the first sample of a `traf`, in ticks; below 2^53 until the year 5138 at 90 kHz. */
function decodeTime(data: DataView, tfdt: Box): number {
  const wide = data.getUint8(tfdt.body) === 1;
  return wide ? Number(data.getBigUint64(tfdt.body + 4)) : data.getUint32(tfdt.body + 4);
}

interface Defaults {
  duration: number;
  size: number;
  flags: number;
}

/** The defaults of a `tfhd` (ISO/IEC 14496-12 §8.8.7); absent ones read as 0. */
function defaults(data: DataView, tfhd: Box): Defaults {
  const flags = data.getUint32(tfhd.body) & 0xffffff;
  let at = tfhd.body + 8;
  if (flags & 0x1) at += 8;
  if (flags & 0x2) at += 4;
  const field = (bit: number): number => {
    if (!(flags & bit)) return 0;
    at += 4;
    return data.getUint32(at - 4);
  };
  return { duration: field(0x8), size: field(0x10), flags: field(0x20) };
}

function runSamples(data: DataView, trun: Box, base: Defaults, startTicks: number): Sample[] {
  const flags = data.getUint32(trun.body) & 0xffffff;
  const count = data.getUint32(trun.body + 4);
  let at = trun.body + 8 + (flags & 0x1 ? 4 : 0);
  const firstFlags = flags & 0x4 ? data.getUint32(at) : undefined;
  if (firstFlags !== undefined) at += 4;
  const width = [0x100, 0x200, 0x400, 0x800].filter((bit) => flags & bit).length * 4;
  if (at + count * width > trun.end) throw new Mp4Damaged(`trun announces ${count} samples`);
  const found: Sample[] = [];
  let ticks = startTicks;
  for (let index = 0; index < count; index += 1) {
    const field = (bit: number, otherwise: number): number => {
      if (!(flags & bit)) return otherwise;
      at += 4;
      return data.getUint32(at - 4);
    };
    const duration = field(0x100, base.duration);
    const size = field(0x200, base.size);
    const own = field(0x400, index === 0 && firstFlags !== undefined ? firstFlags : base.flags);
    field(0x800, 0);
    found.push({ ticks, duration, size, key: (own & NON_SYNC) === 0 });
    ticks += duration;
  }
  return found;
}

/** Every sample of every fragment, in order. */
export function samples(media: Uint8Array): Sample[] {
  const data = view(media);
  const found: Sample[] = [];
  for (const moof of boxes(media).filter((box) => box.type === "moof")) {
    const traf = must(media, "traf", moof);
    const base = defaults(data, must(media, "tfhd", traf));
    let ticks = decodeTime(data, must(media, "tfdt", traf));
    for (const trun of boxes(media, traf.body, traf.end).filter((box) => box.type === "trun")) {
      const run = runSamples(data, trun, base, ticks);
      found.push(...run);
      const last = run.at(-1);
      if (last !== undefined) ticks = last.ticks + last.duration;
    }
  }
  return found;
}

/** Decode time of the first sample of the first fragment, in ticks: the capture time in UTC. */
export function firstTicks(media: Uint8Array): number {
  return decodeTime(view(media), must(media, "moof/traf/tfdt"));
}
