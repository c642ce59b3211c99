/** A commune's seal as X.509 has it: an RSA certificate, and signatures of its key (RSASSA-PSS, SHA-256, RFC 8017). */
import type { Bytes } from "../../media/bytes";
import { concat, equal } from "../../proof/bytes";
import { type Der, membersOf, NoDer, oid, valuesIn } from "./der";
import { sha256Of } from "./digest";
import { bitsOf, readX509, type X509 } from "./x509";

const HASH_BYTES = 32;
const KEY_BITS_LEAST = 3072;
const KEY_BITS_MOST = 8192;
const CERTIFICATE_SALT_BYTES = 32;
const PSS = oid("1.2.840.113549.1.1.10");
const RSA = oid("1.2.840.113549.1.1.1");
const NAME_PARTS: Record<string, string> = {
  "2.5.4.3": "CN",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.6": "C",
};

/** An RSA public key: modulus and exponent. */
export interface RsaKey {
  n: bigint;
  e: bigint;
}

/** A certificate of that kind of key. */
export interface Certificate extends X509 {
  key: RsaKey;
}

/** The certificate in some bytes, issued by another or by itself; undefined when it is not, or of another kind of key. */
export function readCertificate(raw: Bytes, issuer?: Certificate): Certificate | undefined {
  try {
    const found = parsed(raw);
    const by = issuer ?? found;
    const bits = found.key.n.toString(2).length;
    const isKind = bits >= KEY_BITS_LEAST && bits <= KEY_BITS_MOST && found.key.e === 65_537n;
    const isIssued = equal(found.issuer, by.subject);
    return isKind &&
      isIssued &&
      isSignedBy(by.key, sha256Of(found.signed), found.signature, CERTIFICATE_SALT_BYTES)
      ? found
      : undefined;
  } catch (error) {
    if (error instanceof NoDer) return undefined;
    throw error;
  }
}

function parsed(raw: Bytes): Certificate {
  const found = readX509(raw);
  if (!equal(nameOf(found.algorithm), PSS)) throw new NoDer("another algorithm");
  return { ...found, key: rsaKey(found.spki) };
}

function nameOf(value: Der | undefined): Bytes {
  const [name] = membersOf(value, 0x30);
  return name?.whole ?? new Uint8Array(0);
}

function rsaKey(spki: Der): RsaKey {
  const [algorithm, key] = membersOf(spki, 0x30);
  if (!equal(nameOf(algorithm), RSA)) throw new NoDer("no RSA key");
  const [modulus, exponent] = membersOf(valuesIn(bitsOf(key))[0], 0x30);
  if (modulus?.tag !== 0x02 || exponent?.tag !== 0x02) throw new NoDer("no RSA key");
  return { n: bigOf(modulus.body), e: bigOf(exponent.body) };
}

function bigOf(bytes: Bytes): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** Whether a message of that SHA-256 was signed by a key (RFC 8017 §8.1.2): here, since WebCrypto wants the message. */
export function isSignedBy({ n, e }: RsaKey, digest: Bytes, signature: Bytes, saltBytes: number): boolean {
  const modulusBits = n.toString(2).length;
  const value = bigOf(signature);
  if (signature.length !== Math.ceil(modulusBits / 8) || value >= n) return false;
  const encodedBytes = Math.ceil((modulusBits - 1) / 8);
  const encoded = bytesOf(power(value, e, n), encodedBytes);
  const maskedBytes = encodedBytes - HASH_BYTES - 1;
  const [masked, hash] = [encoded.slice(0, maskedBytes), encoded.slice(maskedBytes, -1)];
  const unusedBits = 8 * encodedBytes - (modulusBits - 1);
  if (encoded.at(-1) !== 0xbc || (masked[0] ?? 0) >> (8 - unusedBits) !== 0) return false;
  const mask = mgf1(hash, maskedBytes);
  const block = masked.map((byte, at) => byte ^ (mask[at] as number));
  block[0] = (block[0] as number) & (0xff >> unusedBits);
  const paddingBytes = maskedBytes - saltBytes - 1;
  const isPadded = block.subarray(0, paddingBytes).every((byte) => byte === 0) && block[paddingBytes] === 1;
  const salt = block.slice(paddingBytes + 1);
  return isPadded && equal(sha256Of(new Uint8Array(8), digest, salt), hash);
}

function mgf1(seed: Bytes, length: number): Bytes {
  const parts: Bytes[] = [];
  for (let at = 0; at * HASH_BYTES < length; at += 1)
    parts.push(sha256Of(seed, Uint8Array.of(0, 0, at >> 8, at & 0xff)));
  return concat(...parts).slice(0, length);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === "1") result = (result * base) % modulus;
  }
  return result;
}

function bytesOf(value: bigint, length: number): Bytes {
  const digits = value.toString(16).padStart(2 * length, "0");
  // A value that does not fit cannot end in the right byte either.
  return Uint8Array.from(digits.slice(-2 * length).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** The certificate in PEM, in its one form; undefined otherwise. */
export function fromPem(text: string): Bytes | undefined {
  const body = /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)-----END CERTIFICATE-----\n$/.exec(
    text,
  )?.[1];
  if (body === undefined) return undefined;
  try {
    const der = Uint8Array.from(atob(body.replaceAll("\n", "")), (char) => char.charCodeAt(0));
    const lines = btoa(String.fromCharCode(...der)).match(/.{1,64}/g) ?? [];
    return `${lines.join("\n")}\n` === body ? der : undefined;
  } catch {
    return undefined;
  }
}

/** A name as people read it: "CN=Cachet de …, OU=…, O=…, C=FR". */
export function nameText(name: Bytes): string {
  const parts = membersOf(valuesIn(name)[0], 0x30).map((set) => {
    const [kind, value] = membersOf(membersOf(set, 0x31)[0], 0x30);
    const known = Object.keys(NAME_PARTS).find((dotted) =>
      equal(oid(dotted), kind?.whole ?? new Uint8Array(0)),
    );
    return `${NAME_PARTS[known ?? ""] ?? "?"}=${new TextDecoder().decode(value?.body)}`;
  });
  return parts.reverse().join(", ");
}
