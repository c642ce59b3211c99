/**
 * Opening of an evidence package in the agent's browser (docs/formats/package.md, "At rest").
 *
 * The server sends the package as it lies, sealed in parts; the keeper hands its key to this page alone. Parts are
 * opened one after another as they arrive, so that a package larger than memory can be written on as it comes.
 */
import { type Bytes, concat } from "./bytes";
import { openSealed, SealedDamaged } from "./sealed";

/** What the keeper's answer is sealed under; the permit's id is the associated data. */
export const PACKAGE_WINDOW_INFO = "guet/package-window/v1";

const MAGIC = "GUETPKG1";
const KEY_BYTES = 32;
const LENGTH_BYTES = 4;
const PART_LIMIT_BYTES = 4 * 1024 * 1024;
/** 24 of salt, 32 of commitment, and 16 for each chunk of 16 KiB, the last one perhaps empty. */
const SEALED_LIMIT_BYTES = PART_LIMIT_BYTES + 56 + 16 * (PART_LIMIT_BYTES / 16_384 + 1);
const text = new TextEncoder();

/** Four bytes, big-endian. */
function u32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** The key of one part: HKDF-SHA-256 of the package key. */
async function partKey(packageKey: CryptoKey, number: number): Promise<Bytes> {
  const info = concat(text.encode("guet/package-part/v1\0"), u32(number));
  const salt = new Uint8Array(KEY_BYTES);
  const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, packageKey, 256);
  return new Uint8Array(bits);
}

const partContext = (name: string, number: number, last: boolean): Bytes =>
  concat(text.encode(`guet/package/v1\0${name}\0`), u32(number), Uint8Array.of(last ? 1 : 0));

/** Takes bytes as they come and gives them out in the lengths that are asked for. */
class Source {
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  #held: Bytes = new Uint8Array(0);

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** Exactly `length` bytes, or nothing at the very end; a rest that is shorter means that the file was cut. */
  async take(length: number): Promise<Bytes | null> {
    const parts: Uint8Array[] = [this.#held];
    let have = this.#held.length;
    while (have < length) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      parts.push(value);
      have += value.length;
    }
    const all = concat(...parts);
    if (all.length === 0) return null;
    if (all.length < length) throw new SealedDamaged("package truncated");
    this.#held = all.slice(length);
    return all.slice(0, length);
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}

async function takePart(source: Source): Promise<Bytes | null> {
  const head = await source.take(LENGTH_BYTES);
  if (!head) return null;
  const length = new DataView(head.buffer).getUint32(0);
  if (length > SEALED_LIMIT_BYTES) throw new SealedDamaged("package part of an impossible length");
  const part = await source.take(length);
  if (!part) throw new SealedDamaged("package truncated");
  return part;
}

/**
 * The package's bytes, part by part, each authenticated in its place.
 *
 * What was given out before an error must be thrown away: only the last part says that the package is whole.
 *
 * @param name the package's name, as the keeper tells it with the key
 * @param key 32 bytes, the package key
 * @throws SealedDamaged on any manipulation: altered, swapped, missing or added parts, another key or package
 */
export async function* openPackage(
  sealed: ReadableStream<Uint8Array>,
  name: string,
  key: Bytes,
): AsyncGenerator<Bytes, void, void> {
  if (key.length !== KEY_BYTES) throw new SealedDamaged("package key is not 32 bytes");
  const packageKey = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const source = new Source(sealed);
  try {
    const magic = await source.take(MAGIC.length);
    if (!magic || new TextDecoder().decode(magic) !== MAGIC) throw new SealedDamaged("not a sealed package");
    let part = await takePart(source);
    if (!part) throw new SealedDamaged("package truncated");
    for (let number = 0; part; number += 1) {
      const next: Bytes | null = await takePart(source);
      yield await openSealed(await partKey(packageKey, number), partContext(name, number, !next), part);
      part = next;
    }
  } finally {
    await source.cancel();
  }
}
