/** The commune's seal: a CMS signature of the manifest in one form only, rebuilt here and compared, never believed. */
import type { Bytes } from "../../media/bytes";
import { concat, equal } from "../../proof/bytes";
import { type Certificate, isSignedBy } from "./certificate";
import { integer, NoDer, NULL, octets, oid, sequence, setOf, sorted, timeOf, tlv, valuesIn } from "./der";
import { sha256Of } from "./digest";
import { Refused } from "./refused";

export const SEAL_LIMIT_BYTES = 64 * 1024;
const SALT_BYTES = 32;
const SIGNATURE_BYTES = 384;
const SHA256 = oid("2.16.840.1.101.3.4.2.1");
const DATA = oid("1.2.840.113549.1.7.1");
const SIGNED_DATA = oid("1.2.840.113549.1.7.2");
const CONTENT_TYPE = oid("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4");
const SIGNING_TIME = oid("1.2.840.113549.1.9.5");
const SIGNING_CERTIFICATE = oid("1.2.840.113549.1.9.16.2.47");
const PSS = sequence(
  oid("1.2.840.113549.1.1.10"),
  sequence(
    tlv(0xa0, sequence(SHA256, NULL)),
    tlv(0xa1, sequence(oid("1.2.840.113549.1.1.8"), sequence(SHA256, NULL))),
    tlv(0xa2, integer(SALT_BYTES)),
  ),
);

/** When a manifest of that hash was sealed by the certificate's key, ms since 1970; `Refused` when it was not. */
export function sealedAt(data: Bytes, certificate: Certificate, manifestSha256: Bytes): number {
  const time = signingTime(data);
  const attributes = [
    sequence(CONTENT_TYPE, setOf(DATA)),
    sequence(SIGNING_TIME, setOf(time)),
    sequence(MESSAGE_DIGEST, setOf(octets(manifestSha256))),
    sequence(SIGNING_CERTIFICATE, setOf(sequence(sequence(sequence(octets(sha256Of(certificate.raw))))))),
  ];
  const signature = data.slice(-SIGNATURE_BYTES);
  if (!equal(signedData(certificate, attributes, signature), data)) throw new Refused("seal-other");
  if (!isSignedBy(certificate.key, sha256Of(setOf(...attributes)), signature, SALT_BYTES))
    throw new Refused("seal-false");
  const ms = timeOf(valuesIn(time)[0]);
  if (ms < certificate.fromMs || ms > certificate.untilMs) throw new Refused("seal-validity");
  return ms;
}

/** The Time that follows the attribute's name; whether it is the right one, the comparison of the whole tells. */
function signingTime(data: Bytes): Bytes {
  for (let at = 0; at + SIGNING_TIME.length < data.length; at += 1) {
    if (!SIGNING_TIME.every((byte, place) => data[at + place] === byte)) continue;
    const set = data.slice(
      at + SIGNING_TIME.length,
      at + SIGNING_TIME.length + 2 + (data[at + SIGNING_TIME.length + 1] ?? 0),
    );
    try {
      const [value] = valuesIn(valuesIn(set)[0]?.body ?? set);
      timeOf(value);
      return concat(value?.whole ?? set);
    } catch (error) {
      if (!(error instanceof NoDer)) throw error;
    }
  }
  throw new Refused("seal-form");
}

function signedData(certificate: Certificate, attributes: readonly Bytes[], signature: Bytes): Bytes {
  const signer = sequence(
    integer(1),
    sequence(certificate.issuer, certificate.serial),
    sequence(SHA256),
    tlv(0xa0, ...sorted(attributes)),
    PSS,
    octets(signature),
  );
  const content = sequence(
    integer(1),
    setOf(sequence(SHA256)),
    sequence(DATA),
    tlv(0xa0, certificate.raw),
    setOf(signer),
  );
  return sequence(SIGNED_DATA, tlv(0xa0, content));
}
