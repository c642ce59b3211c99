/** One group of a segment file, as `docs/formats/segment.md` lays it down byte for byte: its header, its context. */
import { type Bytes, concat } from "./bytes";
import { SealedDamaged } from "./sealed";

export const GROUP_HEADER_BYTES = 76;

const DOMAIN = "guet/group/v1\0";
const MAGIC = 0x47525031; // "GRP1"

/** What the header of a group says of it; instants in microseconds since 1970. */
export interface GroupHeader {
  number: number;
  startUs: number;
  endUs: number;
  pictures: number;
  sha256: Bytes;
}

/** The context bytes of group `number` (from 0) of a segment of a camera. */
export function groupContext(camera: string, segment: string, number: number): Bytes {
  const place = new Uint8Array(4);
  new DataView(place.buffer).setUint32(0, number);
  return concat(new TextEncoder().encode(`${DOMAIN}${camera}\0${segment}\0`), place);
}

/**
 * Parts a stored group into its header and its sealed bytes.
 *
 * The checksum of the header is for stores without keys and is not read here: forged bytes do not open, and the
 * plaintext is compared with the header's SHA-256.
 *
 * @throws SealedDamaged when it is not group `number` of this format, whole
 */
export function readGroup(stored: Bytes, number: number): { header: GroupHeader; sealed: Bytes } {
  if (stored.length < GROUP_HEADER_BYTES) throw new SealedDamaged("stored group truncated");
  const data = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const startUs = Number(data.getBigUint64(8));
  const header: GroupHeader = {
    number: data.getUint32(4),
    startUs,
    endUs: startUs + data.getUint32(16),
    pictures: data.getUint32(20),
    sha256: stored.slice(28, 60),
  };
  if (data.getUint32(0) !== MAGIC) throw new SealedDamaged("stored group of another format");
  if (header.number !== number) throw new SealedDamaged(`group ${header.number} in the place of ${number}`);
  const sealed = stored.subarray(GROUP_HEADER_BYTES);
  if (data.getUint32(24) !== sealed.length) throw new SealedDamaged("stored group of another length");
  return { header, sealed };
}
