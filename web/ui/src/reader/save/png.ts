/** A picture saved without loss: a PNG of the canvas, with where it comes from written in it as text. */
import type { Bytes } from "../../media/bytes";
import { concat } from "../../proof/bytes";
import { crc32 } from "../package/digest";

const SIGNATURE_BYTES = 8;
/** Length, type, 13 bytes and sum of the header chunk, which is always first. */
const HEADER_CHUNK_BYTES = 25;

function u32(value: number): Bytes {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return new Uint8Array(view.buffer);
}

/** A PNG with one more international text chunk (`iTXt`, PNG §11.3.3.4) after its header. */
export function withText(png: Bytes, keyword: string, text: string): Bytes {
  const utf8 = new TextEncoder();
  // Keyword, end, not compressed, method 0, no language, no translated keyword.
  const typed = concat(utf8.encode(`iTXt${keyword}`), new Uint8Array(5), utf8.encode(text));
  const chunk = concat(u32(typed.length - 4), typed, u32(crc32(typed)));
  const cut = SIGNATURE_BYTES + HEADER_CHUNK_BYTES;
  return concat(png.subarray(0, cut), chunk, png.subarray(cut));
}

/** The canvas as a PNG that says where it comes from; undefined when the browser gives none. */
export async function savedPicture(canvas: HTMLCanvasElement, text: string): Promise<Blob | undefined> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob === null) return undefined;
  const png = new Uint8Array(await blob.arrayBuffer());
  return new Blob([withText(png, "Provenance", text)], { type: "image/png" });
}

/** Hands bytes to the browser's own download. */
export function handOver(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken the address by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** "20261124T141000.040Z": an instant that a file's name may hold. */
export function nameInstant(us: number): string {
  return new Date(us / 1000).toISOString().replaceAll("-", "").replaceAll(":", "");
}
