/**
 * RFC 3161 time-stamps: what an authority's answer proves of some bytes.
 *
 * The answer's signer must lead to one of the roots that came with the package, and may do nothing but stamp (§2.3).
 */
import type { Bytes } from "../../media/bytes";
import { equal } from "../../proof/bytes";
import { type Der, integer, membersOf, NoDer, oid, timeOf, valuesIn } from "./der";
import { sha256Of } from "./digest";
import { digest, hashOf, isSigned } from "./publicKey";
import { Refused } from "./refused";
import { readX509, type X509 } from "./x509";

export const TIMESTAMP_LIMIT_BYTES = 64 * 1024;
export const ROOTS_LIMIT_BYTES = 256 * 1024;
const CERTIFICATES_LIMIT = 32;
const CHAIN_LIMIT = 5;
const SIGNED_DATA = oid("1.2.840.113549.1.7.2");
const TST_INFO = oid("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE = oid("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE = oid("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_2 = oid("1.2.840.113549.1.9.16.2.47");
const BASIC_CONSTRAINTS = oid("2.5.29.19");
const EXTENDED_KEY_USAGE = oid("2.5.29.37");
const TIME_STAMPING = oid("1.3.6.1.5.5.7.3.8");
const GRANTED = [0, 1];
const VERSION = 3;
const SIGNER_VERSION = 1;

/** When the authority saw the bytes (ms since 1970), and the root that vouches for it. */
export interface Stamped {
  ms: number;
  root: X509;
}

/** What the answer proves of `data`; `Refused` when it proves nothing, `UnknownAlgorithm` when that cannot be told. */
export async function stampedAt(answer: Bytes, data: Bytes, roots: readonly X509[]): Promise<Stamped> {
  try {
    const { info, certificates, signer } = tokenIn(answer);
    const ms = imprintTime(info, data);
    const certificate = certificateOf(signer, certificates);
    if (!(await isInfoSigned(info, signer, certificate))) throw new Refused("time-false");
    const root = mayStamp(certificate) ? await rootOf(certificate, certificates, roots, ms) : undefined;
    if (root === undefined) throw new Refused("time-unknown");
    return { ms, root };
  } catch (error) {
    if (error instanceof NoDer) throw new Refused("time-unreadable");
    throw error;
  }
}

/** The certificates in a PEM file. */
export function rootsIn(pem: string): X509[] {
  const found = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  if (found.length > CERTIFICATES_LIMIT) throw new Refused("time-unreadable");
  try {
    return found.map(([, body = ""]) =>
      readX509(Uint8Array.from(atob(body.replaceAll(/\s/g, "")), (char) => char.charCodeAt(0))),
    );
  } catch {
    throw new Refused("time-unreadable");
  }
}

interface Token {
  /** The TSTInfo, as it was signed. */
  info: Bytes;
  certificates: readonly X509[];
  signer: Der;
}

/** TimeStampResp: PKIStatusInfo and a CMS SignedData over one TSTInfo by one signer. */
function tokenIn(answer: Bytes): Token {
  const [whole, ...more] = valuesIn(answer);
  const [status, token] = membersOf(whole, 0x30);
  const [code] = membersOf(status, 0x30);
  if (more.length > 0 || !GRANTED.some((each) => isOne(code, integer(each)))) throw new NoDer("not granted");
  const [type, content] = membersOf(token, 0x30);
  const [version, hashes, encapsulated, ...rest] = membersOf(membersOf(content, 0xa0)[0], 0x30);
  const [inner, info] = membersOf(encapsulated, 0x30);
  const [text] = membersOf(info, 0xa0);
  const signers = membersOf(rest.at(-1), 0x31);
  const [signer] = signers;
  if (!isOne(type, SIGNED_DATA) || !isOne(inner, TST_INFO) || text?.tag !== 0x04 || signers.length !== 1)
    throw new NoDer("no token");
  const bag = rest.find((each) => each.tag === 0xa0);
  const certificates = (bag === undefined ? [] : valuesIn(bag.body))
    .filter((each) => each.tag === 0x30)
    .map((each) => readX509(each.whole));
  if (signer === undefined || certificates.length > CERTIFICATES_LIMIT) throw new NoDer("no signer");
  if (membersOf(signer, 0x30).at(-1)?.tag !== 0x04) throw new NoDer("unsigned attributes");
  // Nothing signs these (RFC 5652 §5.1): they must say what the signer says, or the answer is not as it was given.
  const [, , hash] = membersOf(signer, 0x30);
  const named = membersOf(hashes, 0x31);
  if (!isOne(version, integer(VERSION)) || named.length !== 1 || hashOf(named[0]) !== hashOf(hash))
    throw new NoDer("another version");
  return { info: text.body, certificates, signer };
}

const isOne = (value: Der | undefined, name: Bytes) => value !== undefined && equal(value.whole, name);

/** The time in a TSTInfo whose imprint is that of `data` (SHA-256). */
function imprintTime(info: Bytes, data: Bytes): number {
  const [, , imprint, , time] = membersOf(valuesIn(info)[0], 0x30);
  const [hash, value] = membersOf(imprint, 0x30);
  if (hashOf(hash) !== "SHA-256" || value?.tag !== 0x04 || !equal(value.body, sha256Of(data)))
    throw new Refused("time-other");
  // GeneralizedTime with fractions of a second, as RFC 3161 §2.4.2 allows.
  const [, seconds = "", fraction = ""] = /^([0-9]{14})(\.[0-9]{1,9})?Z$/.exec(textOf(time)) ?? [];
  const whole = { tag: time?.tag ?? 0, body: new TextEncoder().encode(`${seconds}Z`), whole: info };
  return timeOf(whole) + Math.floor(Number(`0${fraction}`) * 1000);
}

const textOf = (value: Der | undefined) => new TextDecoder().decode(value?.body);

/** The certificate that a SignerInfo names by issuer and serial number. */
function certificateOf(signer: Der, certificates: readonly X509[]): X509 {
  const [version, sid] = membersOf(signer, 0x30);
  if (!isOne(version, integer(SIGNER_VERSION))) throw new NoDer("another signer");
  const [issuer, serial] = membersOf(sid, 0x30);
  const found = certificates.find((each) => isOne(issuer, each.issuer) && isOne(serial, each.serial));
  if (found === undefined) throw new Refused("time-unknown");
  return found;
}

/** Whether the certificate's key signed the TSTInfo, by signed attributes that name both (RFC 5652 §5.4, RFC 5816). */
async function isInfoSigned(info: Bytes, signer: Der, certificate: X509): Promise<boolean> {
  const [, , hashAlgorithm, attributes, algorithm, signature] = membersOf(signer, 0x30);
  if (attributes?.tag !== 0xa0 || algorithm === undefined || signature?.tag !== 0x04)
    throw new NoDer("no signature");
  const hash = hashOf(hashAlgorithm);
  const values = valuesIn(attributes.body).map((each) => membersOf(each, 0x30));
  const single = (name: Bytes) => membersOf(values.find(([kind]) => isOne(kind, name))?.[1], 0x31)[0];
  const holds =
    isOne(single(CONTENT_TYPE), TST_INFO) &&
    equal(single(MESSAGE_DIGEST)?.body ?? info, await digest(hash, info)) &&
    (await isNamed(values, certificate));
  // What was signed is the SET OF itself, not the [0] it stands under.
  const signed = attributes.whole.slice();
  signed[0] = 0x31;
  return holds && isSigned(certificate.spki, algorithm, signed, signature.body, hash);
}

/** Whether the signed attributes name the certificate: ESSCertIDv2, whose hash is SHA-256 unless said, or ESSCertID. */
async function isNamed(values: readonly (readonly Der[])[], certificate: X509): Promise<boolean> {
  const named = (name: Bytes) => values.find(([kind]) => isOne(kind, name))?.[1];
  const second = named(SIGNING_CERTIFICATE_2);
  const [list] = membersOf(membersOf(second ?? named(SIGNING_CERTIFICATE), 0x31)[0], 0x30);
  const [head, hash] = membersOf(membersOf(list, 0x30)[0], 0x30);
  if (second === undefined) {
    const sha1 = new Uint8Array(await crypto.subtle.digest("SHA-1", certificate.raw));
    return head?.tag === 0x04 && equal(head.body, sha1);
  }
  if (head?.tag === 0x04) return equal(head.body, sha256Of(certificate.raw));
  return hash?.tag === 0x04 && equal(hash.body, await digest(hashOf(head), certificate.raw));
}

const extension = (certificate: X509, kind: Bytes) =>
  certificate.extensions.find((each) => equal(each.kind, kind));

/** Whether time-stamping is all that the certificate is for, and is critical (RFC 3161 §2.3). */
function mayStamp(certificate: X509): boolean {
  const usage = extension(certificate, EXTENDED_KEY_USAGE);
  const uses = usage === undefined ? [] : membersOf(valuesIn(usage.value)[0], 0x30);
  return usage?.critical === true && uses.length === 1 && isOne(uses[0], TIME_STAMPING);
}

function isAuthority(certificate: X509): boolean {
  const constraints = extension(certificate, BASIC_CONSTRAINTS);
  const [first] = constraints === undefined ? [] : membersOf(valuesIn(constraints.value)[0], 0x30);
  return first?.tag === 0x01 && first.body[0] === 0xff;
}

/** The root to which the certificate leads, each step signed by the next and valid at that time; undefined without. */
async function rootOf(
  certificate: X509,
  others: readonly X509[],
  roots: readonly X509[],
  ms: number,
): Promise<X509 | undefined> {
  let here = certificate;
  for (let step = 0; step < CHAIN_LIMIT; step += 1) {
    if (ms < here.fromMs || ms > here.untilMs) return undefined;
    const root = roots.find((each) => equal(each.raw, here.raw));
    if (root !== undefined) return root;
    const issuer = await issuerOf(here, [...roots, ...others]);
    if (issuer === undefined) return undefined;
    here = issuer;
  }
  return undefined;
}

async function issuerOf(certificate: X509, candidates: readonly X509[]): Promise<X509 | undefined> {
  for (const each of candidates) {
    if (!equal(each.subject, certificate.issuer) || !isAuthority(each)) continue;
    const { signed, algorithm, signature } = certificate;
    if (await isSigned(each.spki, algorithm, signed, signature)) return each;
  }
  return undefined;
}
