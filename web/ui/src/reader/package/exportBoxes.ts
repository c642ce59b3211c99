/** The closing `meta` of a video: its capture time and the export's own signature (ONVIF export format, O-62, O-65). */
import type { Bytes } from "../../media/bytes";
import { type Box, boxes } from "../../media/fmp4";
import { concat, equal } from "../../proof/bytes";
import { type Certificate, isSignedBy, nameText, readCertificate } from "./certificate";
import type { Sha256 } from "./digest";
import type { Manifest, Stream, Video } from "./manifest";
import { Refused } from "./refused";

export const META_LIMIT_BYTES = 64 * 1024;
const FILETIME_EPOCH_100NS = 116_444_736_000_000_000n;
const SALT_BYTES = 20;
/** One entry: count, track, and 100-ns intervals from 1601-01-01 to the first picture. */
const CSTB_BYTES = 16;
const IPRO_HEAD = [0, 0, 0, 0, 0, 1];
/** Version and flags, "oeff", version 1.0. */
const SCHM = [0, 0, 0, 0, 0x6f, 0x65, 0x66, 0x66, 0, 1, 0, 0];

/** An empty name: version, `pre_defined`, "null", reserved. */
const HDLR = [0, 0, 0, 0, 0, 0, 0, 0, 0x6e, 0x75, 0x6c, 0x6c, ...Array<number>(12).fill(0), 0];
/** Seconds from 1904-01-01 to 1970-01-01. */
const MP4_EPOCH_S = 2_082_844_800;
const NOTE_LIMIT_CHARS = 128;
const TITLE_LIMIT_CHARS = 64;

/** The commune's seal: its certificate when it is readable, when it was put on when it holds. */
export interface Sealed {
  certificate: Certificate | undefined;
  ms: number | undefined;
}

/** What a stream's videos must say of themselves, from the manifest. */
export interface Export {
  commune: string;
  suep: Bytes;
  note: Bytes;
  title: string;
  by: Sealed;
}

/** What the videos of a stream of this package say, and who certified their key. */
export function exportOf(manifest: Manifest, stream: Stream, by: Sealed): Export {
  const { package: name, commune, request, build, createdUs, operator } = manifest;
  const exported = new Uint8Array(8);
  new DataView(exported.buffer).setBigUint64(0, BigInt(Math.floor(createdUs / 1_000_000) + MP4_EPOCH_S));
  const suep = concat(
    Uint8Array.of(1, 0, 0, 0),
    texts(`Guet ${build}`, "", ""),
    exported,
    texts(String(operator.label ?? "")),
    Uint8Array.of(0, 0, 0, 1, 0, 1),
    texts(stream.name, "", "", ""),
  );
  const note = texts(cut(`${commune.name}, demande ${request.id}, paquet ${name}`, NOTE_LIMIT_CHARS));
  return { commune: commune.id, suep, note, title: cut(`Extraction ${request.id}`, TITLE_LIMIT_CHARS), by };
}

function texts(...values: readonly string[]): Bytes {
  return concat(...values.map((value) => new TextEncoder().encode(`${value}\0`)));
}

function cut(text: string, limitChars: number): string {
  return Array.from(text).slice(0, limitChars).join("");
}

/** The boxes of a stretch, which must be exactly these, in this order. */
function named(data: Bytes, from: number, to: number, types: readonly string[]): Box[] {
  const found = boxes(data, from, to);
  if (found.map((box) => box.type).join() !== types.join()) throw new Refused("video-boxes");
  return found;
}

function starts(data: Bytes, at: number, expected: readonly number[]): boolean {
  return expected.every((byte, place) => data[at + place] === byte);
}

/**
 * Checks a video's closing box.
 *
 * @param before has taken the whole file up to it
 * @throws Refused, or Mp4Damaged for boxes that overrun
 */
export function checkMeta(meta: Bytes, before: Sha256, video: Video, exported: Export): void {
  const { certificate: seal, ms } = exported.by;
  const [outer] = named(meta, 0, meta.length, ["meta"]) as [Box];
  const [hdlr, suep, cstb, ipro] = named(meta, outer.body + 4, outer.end, [
    "hdlr",
    "suep",
    "cstb",
    "ipro",
  ]) as [Box, Box, Box, Box];
  checkStart(meta.slice(cstb.body, cstb.end), video);
  if (!starts(meta, ipro.body, IPRO_HEAD)) throw new Refused("video-boxes");
  const [sinf] = named(meta, ipro.body + IPRO_HEAD.length, ipro.end, ["sinf"]) as [Box];
  const [schm, schi] = named(meta, sinf.body, sinf.end, ["schm", "schi"]) as [Box, Box];
  if (schm.end - schm.body !== SCHM.length || !starts(meta, schm.body, SCHM))
    throw new Refused("video-boxes");
  const [sibo, cert, auib] = named(meta, schi.body, schi.end, ["sibo", "cert", "auib"]) as [Box, Box, Box];
  const certificate = seal === undefined ? undefined : readCertificate(meta.slice(cert.body, cert.end), seal);
  if (certificate === undefined) throw new Refused("video-certificate");
  before
    .update(meta.subarray(0, sibo.body))
    .update(new Uint8Array(sibo.end - sibo.body))
    .update(meta.subarray(sibo.end));
  const signature = meta.slice(sibo.body, sibo.end);
  if (!isSignedBy(certificate.key, before.digest(), signature, SALT_BYTES)) throw new Refused("video-export");
  if (!equal(meta.slice(hdlr.body, hdlr.end), Uint8Array.from(HDLR))) throw new Refused("video-told");
  if (!equal(meta.slice(suep.body, suep.end), exported.suep)) throw new Refused("video-told");
  if (ms !== undefined && (ms < certificate.fromMs || ms > certificate.untilMs))
    throw new Refused("video-validity");
  const isTitled = nameText(certificate.subject).startsWith(`CN=${exported.title}, `);
  if (!isTitled || !equal(meta.slice(auib.body, auib.end), exported.note))
    throw new Refused("video-other-package");
}

function checkStart(start: Bytes, video: Video): void {
  const view = new DataView(start.buffer);
  const told = BigInt(video.fromUs) * 10n + FILETIME_EPOCH_100NS;
  const isOne = start.length === CSTB_BYTES && view.getUint32(0) === 1;
  if (!isOne || view.getBigUint64(CSTB_BYTES - 8) !== told) throw new Refused("video-start");
}
