/**
 * Opening of C2SP chunked-encryption messages (c2sp.org/chunked-encryption, SHA-512 and AES-256-GCM).
 *
 * One stored group of pictures is one such message. It opens whole or not at all: a wrong key, another context,
 * a flipped bit, a missing, added, swapped or truncated chunk are all refused with `SealedDamaged`.
 */
import { type Bytes, concat } from "./bytes";

export const CHUNK_BYTES = 16 * 1024;
export const MAX_SEALED_BYTES = 64 * 1024 * 1024;

const TAG_BYTES = 16;
const SALT_BYTES = 24;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const COMMITMENT_BYTES = 32;
const HEAD_BYTES = SALT_BYTES + COMMITMENT_BYTES;
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
const LABEL = new TextEncoder().encode("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0");

/** The message is not what was sealed under this key and context; nothing of it may be used. */
export class SealedDamaged extends Error {
  override name = "SealedDamaged";
}

/** SHA-512 is ours (Cobblestone-256); the published vectors of the same construction are of SHA-256. */
export type Hash = "SHA-512" | "SHA-256";

interface Material {
  key: Bytes;
  nonce: Bytes;
  commitment: Bytes;
}

/** HKDF-Expand (RFC 5869 §2.3) by HMAC: WebCrypto's own HKDF would also extract. */
async function expand(hash: Hash, inputKey: Bytes, info: Bytes): Promise<Material> {
  const prk = await crypto.subtle.importKey("raw", inputKey, { name: "HMAC", hash }, false, ["sign"]);
  let block: Bytes = new Uint8Array(0);
  let all: Bytes = block;
  const commitmentAt = KEY_BYTES + NONCE_BYTES;
  for (let count = 1; all.length < commitmentAt + COMMITMENT_BYTES; count += 1) {
    block = new Uint8Array(await crypto.subtle.sign("HMAC", prk, concat(block, info, Uint8Array.of(count))));
    all = concat(all, block);
  }
  return {
    key: all.slice(0, KEY_BYTES),
    nonce: all.slice(KEY_BYTES, commitmentAt),
    commitment: all.slice(commitmentAt, commitmentAt + COMMITMENT_BYTES),
  };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at += 1) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}

/** The base nonce XOR the chunk number as a big-endian integer of the same width. */
function chunkNonce(base: Bytes, number: number): Bytes {
  const nonce = base.slice();
  let rest = number;
  for (let at = NONCE_BYTES - 1; rest > 0; at -= 1) {
    nonce[at] = (nonce[at] ?? 0) ^ (rest & 0xff);
    rest = Math.floor(rest / 256);
  }
  return nonce;
}

/** Where each sealed chunk starts, or a refusal when no message has this length (the last chunk is always short). */
function chunkStarts(sealedLength: number): number[] {
  if (sealedLength > MAX_SEALED_BYTES) throw new SealedDamaged(`sealed group over ${MAX_SEALED_BYTES} bytes`);
  const body = sealedLength - HEAD_BYTES;
  const last = body % SEALED_CHUNK_BYTES;
  if (body < TAG_BYTES || last < TAG_BYTES) throw new SealedDamaged("sealed group truncated");
  const starts: number[] = [];
  for (let at = HEAD_BYTES; at < sealedLength; at += SEALED_CHUNK_BYTES) starts.push(at);
  return starts;
}

/**
 * Opens one sealed message.
 *
 * @param inputKey 32 bytes, the group's own key
 * @param context what the message was bound to; any other context is refused
 * @throws SealedDamaged on any manipulation
 */
export function openSealed(inputKey: Bytes, context: Bytes, sealed: Bytes): Promise<Bytes> {
  return openWith("SHA-512", inputKey, context, sealed);
}

/** The same with the hash named: called with another one than SHA-512 by the test of the published vectors only. */
export async function openWith(hash: Hash, inputKey: Bytes, context: Bytes, sealed: Bytes): Promise<Bytes> {
  if (inputKey.length !== KEY_BYTES) throw new SealedDamaged("group key is not 32 bytes");
  const starts = chunkStarts(sealed.length);
  const salt = sealed.subarray(0, SALT_BYTES);
  const material = await expand(hash, inputKey, concat(LABEL, salt, context));
  if (!sameBytes(material.commitment, sealed.subarray(SALT_BYTES, HEAD_BYTES))) {
    throw new SealedDamaged("sealed group does not belong to this key and context");
  }
  const key = await crypto.subtle.importKey("raw", material.key, "AES-GCM", false, ["decrypt"]);
  const plain = new Uint8Array(sealed.length - HEAD_BYTES - starts.length * TAG_BYTES);
  await Promise.all(
    starts.map(async (start, number) => {
      const chunk = sealed.subarray(start, start + SEALED_CHUNK_BYTES);
      const iv = chunkNonce(material.nonce, number);
      const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, chunk).catch(() => {
        throw new SealedDamaged(`chunk ${number} of the sealed group was altered`);
      });
      plain.set(new Uint8Array(opened), number * CHUNK_BYTES);
    }),
  );
  return plain;
}

/** Checks the plaintext of a group against the SHA-256 that its header carries. */
export async function checkDigest(plain: Bytes, sha256: Bytes): Promise<void> {
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", plain));
  if (!sameBytes(found, sha256)) throw new SealedDamaged("group differs from the digest in its header");
}
