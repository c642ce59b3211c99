/** X.509 certificates (RFC 5280 §4.1), as far as they are looked at. */
import type { Bytes } from "../../media/bytes";
import { type Der, membersOf, NoDer, timeOf, valuesIn } from "./der";

const CERTIFICATE_LIMIT_BYTES = 16 * 1024;
const EXTENSIONS_TAG = 0xa3;

/** Names and numbers as they are written; `signed` is what the issuer signed, with `algorithm`. */
export interface X509 {
  raw: Bytes;
  serial: Bytes;
  issuer: Bytes;
  subject: Bytes;
  fromMs: number;
  untilMs: number;
  spki: Der;
  extensions: readonly Extension[];
  signed: Bytes;
  algorithm: Der;
  signature: Bytes;
}

export interface Extension {
  /** Its OBJECT IDENTIFIER, whole. */
  kind: Bytes;
  critical: boolean;
  value: Bytes;
}

/** The certificate in some bytes; `NoDer` when there is none, or more. */
export function readX509(raw: Bytes): X509 {
  if (raw.length > CERTIFICATE_LIMIT_BYTES) throw new NoDer("too long");
  const [whole, ...more] = valuesIn(raw);
  const [tbs, algorithm, signature] = membersOf(whole, 0x30);
  if (tbs === undefined || algorithm === undefined || more.length > 0) throw new NoDer("no certificate");
  const fields = membersOf(tbs, 0x30);
  // version [0], serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, then what is optional.
  const [, serial, , issuer, validity, subject, spki, ...rest] = fields;
  const [from, until] = membersOf(validity, 0x30);
  if (serial === undefined || issuer === undefined || subject === undefined || spki === undefined)
    throw new NoDer("no names");
  return {
    raw,
    serial: serial.whole,
    issuer: issuer.whole,
    subject: subject.whole,
    fromMs: timeOf(from),
    untilMs: timeOf(until),
    spki,
    extensions: extensionsIn(rest.find((each) => each.tag === EXTENSIONS_TAG)),
    signed: tbs.whole,
    algorithm,
    signature: bitsOf(signature),
  };
}

function extensionsIn(tagged: Der | undefined): Extension[] {
  if (tagged === undefined) return [];
  return membersOf(valuesIn(tagged.body)[0], 0x30).map((each) => {
    const [kind, ...rest] = membersOf(each, 0x30);
    const [critical, value] = rest.length > 1 ? rest : [undefined, rest[0]];
    if (kind?.tag !== 0x06 || value?.tag !== 0x04) throw new NoDer("no extension");
    return {
      kind: kind.whole,
      critical: critical?.tag === 0x01 && critical.body[0] === 0xff,
      value: value.body,
    };
  });
}

/** The bytes of a BIT STRING without unused bits. */
export function bitsOf(value: Der | undefined): Bytes {
  if (value?.tag !== 0x03 || value.body[0] !== 0) throw new NoDer("no bit string");
  return value.body.slice(1);
}
