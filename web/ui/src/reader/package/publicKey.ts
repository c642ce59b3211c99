/** Signatures of others' keys, judged by the browser: RSA (RFC 8017) and ECDSA (RFC 5480, RFC 5758). */
import type { Bytes } from "../../media/bytes";
import { equal } from "../../proof/bytes";
import { type Der, membersOf, NoDer, NULL, oid, valuesIn } from "./der";

/** The algorithm is none that this reader knows: nothing can be said of the signature. */
export class UnknownAlgorithm extends Error {
  override name = "UnknownAlgorithm";
}

type Hash = "SHA-256" | "SHA-384" | "SHA-512";

const HASHES: readonly [string, Hash][] = [
  ["2.16.840.1.101.3.4.2.1", "SHA-256"],
  ["2.16.840.1.101.3.4.2.2", "SHA-384"],
  ["2.16.840.1.101.3.4.2.3", "SHA-512"],
];
const PKCS1: readonly [string, Hash][] = [
  ["1.2.840.113549.1.1.11", "SHA-256"],
  ["1.2.840.113549.1.1.12", "SHA-384"],
  ["1.2.840.113549.1.1.13", "SHA-512"],
];
const ECDSA: readonly [string, Hash][] = [
  ["1.2.840.10045.4.3.2", "SHA-256"],
  ["1.2.840.10045.4.3.3", "SHA-384"],
  ["1.2.840.10045.4.3.4", "SHA-512"],
];
const RSA = "1.2.840.113549.1.1.1";
const PSS = "1.2.840.113549.1.1.10";
const CURVES: readonly [string, string, number][] = [
  ["1.2.840.10045.3.1.7", "P-256", 32],
  ["1.3.132.0.34", "P-384", 48],
  ["1.3.132.0.35", "P-521", 66],
];

const isName = (value: Der | undefined, dotted: string) =>
  value !== undefined && equal(oid(dotted), value.whole);

/** The hash that an AlgorithmIdentifier names. */
export function hashOf(algorithm: Der | undefined): Hash {
  const [name, parameters, ...more] = membersOf(algorithm, 0x30);
  const found = HASHES.find(([dotted]) => isName(name, dotted));
  if (found === undefined) throw new UnknownAlgorithm("hash");
  if (more.length > 0 || (parameters !== undefined && !equal(parameters.whole, NULL)))
    throw new NoDer("parameters");
  return found[1];
}

export async function digest(hash: Hash, data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest(hash, data));
}

/**
 * Whether `message` was signed by the key in a SubjectPublicKeyInfo.
 *
 * A CMS signer may name its key's algorithm only, and the hash beside it (`hashBeside`, RFC 5652 §5.3).
 */
export async function isSigned(
  spki: Der,
  algorithm: Der,
  message: Bytes,
  signature: Bytes,
  hashBeside?: Hash,
): Promise<boolean> {
  const [name, parameters] = membersOf(algorithm, 0x30);
  const ecdsa = ECDSA.find(([dotted]) => isName(name, dotted));
  if (ecdsa !== undefined) return isSignedOnCurve(spki, ecdsa[1], message, signature);
  if (isName(name, PSS)) return isSignedWithSalt(spki, parameters, message, signature);
  const hash =
    PKCS1.find(([dotted]) => isName(name, dotted))?.[1] ?? (isName(name, RSA) ? hashBeside : undefined);
  if (hash === undefined) throw new UnknownAlgorithm("signature");
  const kind = { name: "RSASSA-PKCS1-v1_5", hash };
  return crypto.subtle.verify(kind.name, await imported(spki.whole, kind), signature, message);
}

async function imported(spki: Bytes, kind: RsaHashedImportParams | EcKeyImportParams): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey("spki", spki, kind, false, ["verify"]);
  } catch {
    throw new UnknownAlgorithm("key");
  }
}

async function isSignedOnCurve(spki: Der, hash: Hash, message: Bytes, signature: Bytes): Promise<boolean> {
  const [, named] = membersOf(membersOf(spki, 0x30)[0], 0x30);
  const curve = CURVES.find(([dotted]) => isName(named, dotted));
  if (curve === undefined) throw new UnknownAlgorithm("curve");
  const [, namedCurve, length] = curve;
  const [pair, ...more] = valuesIn(signature);
  const [r, s, ...others] = membersOf(pair, 0x30);
  if (more.length + others.length > 0) throw new NoDer("no pair");
  const raw = new Uint8Array(2 * length);
  for (const [at, number] of [r, s].entries()) {
    const digits = number?.body.subarray(number.body[0] === 0 ? 1 : 0);
    if (number?.tag !== 0x02 || digits === undefined || digits.length > length) return false;
    raw.set(digits, (at + 1) * length - digits.length);
  }
  const key = await imported(spki.whole, { name: "ECDSA", namedCurve });
  return crypto.subtle.verify({ name: "ECDSA", hash }, key, raw, message);
}

/** RSASSA-PSS-params: hashAlgorithm [0], maskGenAlgorithm [1] (whose hash must be the same), saltLength [2]. */
async function isSignedWithSalt(
  spki: Der,
  parameters: Der | undefined,
  message: Bytes,
  signature: Bytes,
): Promise<boolean> {
  const parts = membersOf(parameters, 0x30);
  const part = (tag: number) =>
    valuesIn(parts.find((each) => each.tag === tag)?.body ?? new Uint8Array(0))[0];
  const salt = part(0xa2);
  if (salt?.tag !== 0x02 || salt.body.length !== 1) throw new UnknownAlgorithm("salt");
  const hash = hashOf(part(0xa0));
  const [, maskHash] = membersOf(part(0xa1), 0x30);
  if (hashOf(maskHash) !== hash) throw new UnknownAlgorithm("mask");
  const key = await imported(spki.whole, { name: "RSA-PSS", hash });
  const kind = { name: "RSA-PSS", saltLength: salt.body[0] as number };
  return crypto.subtle.verify(kind, key, signature, message);
}
