/** The closing `meta` of a video: its capture time and the export's own signature (ONVIF export format, O-62, O-65). */
import type { Bytes } from "../../media/bytes";
import { type Box, boxes } from "../../media/fmp4";
import { type Certificate, isSignedBy, readCertificate } from "./certificate";
import type { Sha256 } from "./digest";
import type { Video } from "./manifest";
import { Refused } from "./refused";

export const META_LIMIT_BYTES = 64 * 1024;
const FILETIME_EPOCH_100NS = 116_444_736_000_000_000n;
const SALT_BYTES = 20;
/** One entry: count, track, and 100-ns intervals from 1601-01-01 to the first picture. */
const CSTB_BYTES = 16;
const IPRO_HEAD = [0, 0, 0, 0, 0, 1];
/** Version and flags, "oeff", version 1.0. */
const SCHM = [0, 0, 0, 0, 0x6f, 0x65, 0x66, 0x66, 0, 1, 0, 0];

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
export function checkMeta(meta: Bytes, before: Sha256, video: Video, seal: Certificate | undefined): void {
  const [outer] = named(meta, 0, meta.length, ["meta"]) as [Box];
  const [, , cstb, ipro] = named(meta, outer.body + 4, outer.end, ["hdlr", "suep", "cstb", "ipro"]) as [
    Box,
    Box,
    Box,
    Box,
  ];
  checkStart(meta.slice(cstb.body, cstb.end), video);
  if (!starts(meta, ipro.body, IPRO_HEAD)) throw new Refused("video-boxes");
  const [sinf] = named(meta, ipro.body + IPRO_HEAD.length, ipro.end, ["sinf"]) as [Box];
  const [schm, schi] = named(meta, sinf.body, sinf.end, ["schm", "schi"]) as [Box, Box];
  if (schm.end - schm.body !== SCHM.length || !starts(meta, schm.body, SCHM))
    throw new Refused("video-boxes");
  const [sibo, cert] = named(meta, schi.body, schi.end, ["sibo", "cert", "auib"]) as [Box, Box, Box];
  const certificate = seal === undefined ? undefined : readCertificate(meta.slice(cert.body, cert.end), seal);
  if (certificate === undefined) throw new Refused("video-certificate");
  before
    .update(meta.subarray(0, sibo.body))
    .update(new Uint8Array(sibo.end - sibo.body))
    .update(meta.subarray(sibo.end));
  const signature = meta.slice(sibo.body, sibo.end);
  if (!isSignedBy(certificate.key, before.digest(), signature, SALT_BYTES)) throw new Refused("video-export");
}

function checkStart(start: Bytes, video: Video): void {
  const view = new DataView(start.buffer);
  const told = BigInt(video.fromUs) * 10n + FILETIME_EPOCH_100NS;
  const isOne = start.length === CSTB_BYTES && view.getUint32(0) === 1;
  if (!isOne || view.getBigUint64(CSTB_BYTES - 8) !== told) throw new Refused("video-start");
}
