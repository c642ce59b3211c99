"""``manifest.p7s``: a detached CMS signature of the manifest (RFC 5652), in one form only (docs/formats/package.md).

Its bytes follow from the certificate, the manifest's hash, the time of signing and the signature. So the keeper, which
gets a hash, writes it without the manifest, and a verifier rebuilds it instead of reading hostile DER. It is CAdES-B:
the signed attributes name the certificate, which cannot be swapped for another of the same key (E-30).
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vms.clock import UtcTime
from vms.errors import Damaged
from vms.keys import seal
from vms.keys.der import NULL, integer, octets, oid, sequence, set_of, time, tlv

SALT_BYTES: Final = 32
CMS_LIMIT_BYTES: Final = 64 * 1024
_DATA: Final = oid("1.2.840.113549.1.7.1")
_SIGNED_DATA: Final = oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE: Final = oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = oid("1.2.840.113549.1.9.4")
_SIGNING_TIME: Final = oid("1.2.840.113549.1.9.5")
_SIGNING_CERTIFICATE: Final = oid("1.2.840.113549.1.9.16.2.47")
_SHA256: Final = oid("2.16.840.1.101.3.4.2.1")
_PSS: Final = sequence(
    oid("1.2.840.113549.1.1.10"),
    sequence(
        tlv(0xA0, sequence(_SHA256, NULL)),
        tlv(0xA1, sequence(oid("1.2.840.113549.1.1.8"), sequence(_SHA256, NULL))),
        tlv(0xA2, integer(SALT_BYTES)),
    ),
)
_TIME: Final = re.compile(
    re.escape(_SIGNING_TIME) + rb"1\x0f\x17\x0d(\d{12}Z)|" + re.escape(_SIGNING_TIME) + rb"1\x11\x18\x0f(\d{14}Z)"
)


def sign(by: seal.Seal, manifest_sha256: bytes, at: UtcTime) -> bytes:
    """The signature file for a manifest of that hash, signed by a commune's seal at ``at``."""
    certificate = x509.load_der_x509_certificate(by.certificate)
    attributes = _attributes(certificate, manifest_sha256, at)
    signature = seal.sign_digest(by.private, hashlib.sha256(set_of(*attributes)).digest(), SALT_BYTES)
    return _signed_data(certificate, attributes, signature)


def verify(data: bytes, certificate: x509.Certificate, manifest_sha256: bytes) -> UtcTime:
    """When a manifest of that hash was signed by the certificate's key; Damaged when it was not, or in another form."""
    found = _TIME.search(data)
    if found is None or len(data) > CMS_LIMIT_BYTES:
        raise Damaged("Le cachet n’a pas la forme attendue.")
    at, signature = _moment(found), data[-seal.SIGNATURE_BYTES :]
    attributes = _attributes(certificate, manifest_sha256, at)
    if _signed_data(certificate, attributes, signature) != data:
        raise Damaged("Le cachet n’est pas celui de ce manifeste et de ce certificat.")
    seal.verify_digest(certificate, hashlib.sha256(set_of(*attributes)).digest(), signature, SALT_BYTES)
    moment = at.datetime()
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise Damaged("Le cachet a été apposé hors de la validité du certificat.", where=at.iso())
    return at


def _moment(found: re.Match[bytes]) -> UtcTime:
    text, form = (found[1], "%y%m%d%H%M%SZ") if found[1] else (found[2], "%Y%m%d%H%M%SZ")
    try:
        return UtcTime.at(datetime.strptime(text.decode(), form).replace(tzinfo=UTC))
    except ValueError as error:
        raise Damaged("La date du cachet est illisible.") from error


def _attributes(certificate: x509.Certificate, manifest_sha256: bytes, at: UtcTime) -> list[bytes]:
    named = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return [
        sequence(_CONTENT_TYPE, set_of(_DATA)),
        sequence(_SIGNING_TIME, set_of(time(at.datetime()))),
        sequence(_MESSAGE_DIGEST, set_of(octets(manifest_sha256))),
        sequence(_SIGNING_CERTIFICATE, set_of(sequence(sequence(sequence(octets(named)))))),
    ]


def _signed_data(certificate: x509.Certificate, attributes: list[bytes], signature: bytes) -> bytes:
    signer = sequence(
        integer(1),
        sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number)),
        sequence(_SHA256),
        tlv(0xA0, *sorted(attributes)),
        _PSS,
        octets(signature),
    )
    content = sequence(
        integer(1),
        set_of(sequence(_SHA256)),
        sequence(_DATA),
        tlv(0xA0, certificate.public_bytes(Encoding.DER)),
        set_of(signer),
    )
    return sequence(_SIGNED_DATA, tlv(0xA0, content))
