/** What a sealed group is bound to, as `docs/formats/segment.md` lays it down byte for byte. */
import { type Bytes, concat } from "./bytes";

const DOMAIN = "guet/group/v1\0";

/** The context bytes of group `number` (from 0) of a segment of a camera. */
export function groupContext(camera: string, segment: string, number: number): Bytes {
  const place = new Uint8Array(4);
  new DataView(place.buffer).setUint32(0, number);
  return concat(new TextEncoder().encode(`${DOMAIN}${camera}\0${segment}\0`), place);
}
