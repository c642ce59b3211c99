/**
 * HPKE (RFC 9180) base mode, receiving side: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
 *
 * The keeper seals a window of group keys to a key that this page makes for one permit. The private key is a
 * non-extractable WebCrypto key: it cannot be copied out, and is gone with the worker that made it.
 */
import { type Bytes, concat } from "./bytes";

export const ENCAPSULATED_BYTES = 32;

const HASH_BYTES = 32;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const KEM_SUITE = Uint8Array.of(0x4b, 0x45, 0x4d, 0x00, 0x20); // "KEM", 0x0020
const HPKE_SUITE = Uint8Array.of(0x48, 0x50, 0x4b, 0x45, 0x00, 0x20, 0x00, 0x01, 0x00, 0x02); // "HPKE", 0x0020, 1, 2
const NOTHING = new Uint8Array(0);
const text = new TextEncoder();

/** A sealed message that this receiver cannot open: another key, another purpose, or altered on its way. */
export class HpkeRefused extends Error {
  override name = "HpkeRefused";
}

/** A receiver's key pair; `publicKey` is what the sender needs. */
export interface Receiver {
  privateKey: CryptoKey;
  publicKey: Bytes;
}

/** Makes a receiver for one permit; throws when the browser has no X25519. */
export async function generateReceiver(): Promise<Receiver> {
  const pair = (await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"])) as CryptoKeyPair;
  return {
    privateKey: pair.privateKey,
    publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)),
  };
}

async function hmac(key: Bytes, data: Bytes): Promise<Bytes> {
  // An empty HMAC key throws in WebCrypto; HMAC pads keys with zeros, so 32 zero bytes are the same key.
  const raw = key.length === 0 ? new Uint8Array(HASH_BYTES) : key;
  const imported = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
}

const labelled = (suite: Uint8Array, label: string): Bytes =>
  concat(text.encode("HPKE-v1"), suite, text.encode(label));

/** LabeledExtract of RFC 9180 §4. */
const extract = (suite: Uint8Array, salt: Bytes, label: string, ikm: Bytes): Promise<Bytes> =>
  hmac(salt, concat(labelled(suite, label), ikm));

/** LabeledExpand of RFC 9180 §4; one HMAC block is enough for every length used here (≤ 32 bytes). */
async function expand(
  suite: Uint8Array,
  prk: Bytes,
  label: string,
  info: Bytes,
  length: number,
): Promise<Bytes> {
  const block = await hmac(
    prk,
    concat(Uint8Array.of(0, length), labelled(suite, label), info, Uint8Array.of(1)),
  );
  return block.slice(0, length);
}

/** Decap of DHKEM (RFC 9180 §4.1): the shared secret from the sender's encapsulated key. */
export async function decapsulate(receiver: Receiver, encapsulated: Bytes): Promise<Bytes> {
  const sender = await crypto.subtle.importKey("raw", encapsulated, { name: "X25519" }, false, []);
  const bits = await crypto.subtle.deriveBits({ name: "X25519", public: sender }, receiver.privateKey, 256);
  const prk = await extract(KEM_SUITE, NOTHING, "eae_prk", new Uint8Array(bits));
  return expand(KEM_SUITE, prk, "shared_secret", concat(encapsulated, receiver.publicKey), HASH_BYTES);
}

/** The key schedule in base mode (RFC 9180 §5.1): no pre-shared key, so both its parts are empty. */
async function schedule(shared: Bytes, info: Bytes): Promise<{ key: Bytes; nonce: Bytes }> {
  const pskIdHash = await extract(HPKE_SUITE, NOTHING, "psk_id_hash", NOTHING);
  const infoHash = await extract(HPKE_SUITE, NOTHING, "info_hash", info);
  const context = concat(Uint8Array.of(0), pskIdHash, infoHash);
  const secret = await extract(HPKE_SUITE, shared, "secret", NOTHING);
  return {
    key: await expand(HPKE_SUITE, secret, "key", context, KEY_BYTES),
    nonce: await expand(HPKE_SUITE, secret, "base_nonce", context, NONCE_BYTES),
  };
}

/**
 * Opens a single-shot HPKE message.
 *
 * @param sealed encapsulated key (32 bytes) followed by the ciphertext
 * @throws HpkeRefused when it is not for this receiver, `info` and `aad`, or was altered
 */
export async function openHpke(receiver: Receiver, sealed: Bytes, info: Bytes, aad: Bytes): Promise<Bytes> {
  if (sealed.length < ENCAPSULATED_BYTES + 16) throw new HpkeRefused("sealed keys are truncated");
  try {
    const shared = await decapsulate(receiver, sealed.slice(0, ENCAPSULATED_BYTES));
    const { key, nonce } = await schedule(shared, info);
    const opener = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
    const parameters = { name: "AES-GCM", iv: nonce, additionalData: aad };
    return new Uint8Array(
      await crypto.subtle.decrypt(parameters, opener, sealed.subarray(ENCAPSULATED_BYTES)),
    );
  } catch {
    throw new HpkeRefused("sealed keys are not for this page, or were altered");
  }
}
