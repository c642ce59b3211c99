"""RFC 3161 time-stamps: a request over some bytes, and what an authority's answer proves of them (E-10).

An answer comes from the network, later from a file that anybody may have touched: it is hostile either way.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerificationError, VerifierBuilder
from rfc3161_client import decode_timestamp_response as decode

from vms.clock import UtcTime
from vms.errors import BadInput, Damaged
from vms.keys.der import integer, sequence

ANSWER_LIMIT_BYTES: Final = 64 * 1024
ROOTS_LIMIT_BYTES: Final = 256 * 1024
_SHA256: Final = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")


@dataclass(frozen=True, slots=True)
class TimestampRequest:
    """What is sent to an authority (DER), and the nonce that its answer must carry."""

    der: bytes
    nonce: int


def request(data: bytes) -> TimestampRequest:
    """A request over the SHA-256 of ``data``, with a random nonce, that asks for the authority's certificates."""
    built = (
        TimestampRequestBuilder()
        .data(data)
        .hash_algorithm(HashAlgorithm.SHA256)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )
    if built.nonce is None:
        raise BadInput("La demande d’horodatage n’a pas de nombre unique.")
    return TimestampRequest(built.as_bytes(), built.nonce)


def read_roots(pem: bytes) -> list[x509.Certificate]:
    """The certificates by which tokens are judged; BadInput when there is none or one is unreadable."""
    try:
        if len(pem) > ROOTS_LIMIT_BYTES:
            raise ValueError("too long")
        return x509.load_pem_x509_certificates(pem)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise BadInput(
            "Les certificats de l’autorité d’horodatage sont illisibles.", where="VMS_TIMESTAMP_CA"
        ) from error


def check(answer: bytes, data: bytes, roots: list[x509.Certificate], nonce: int | None = None) -> UtcTime:
    """When the authority saw ``data``; Damaged unless imprint, signature, certificate and (if given) nonce hold."""
    if not 0 < len(answer) <= ANSWER_LIMIT_BYTES:
        raise Damaged("La réponse de l’autorité d’horodatage n’a pas une longueur plausible.")
    try:
        found = decode(answer)
        if found.as_bytes() != answer:
            raise ValueError("another encoding")
        builder = VerifierBuilder(roots=roots) if nonce is None else VerifierBuilder(roots=roots, nonce=nonce)
        if found.tst_info.message_imprint.hash_algorithm != _SHA256:
            raise VerificationError("another hash")
        builder.build().verify(found, hashlib.sha256(data).digest())
        return UtcTime.at(found.tst_info.gen_time)
    except VerificationError as error:
        raise Damaged(f"L’horodatage ne tient pas : {error}.") from error
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise Damaged("La réponse de l’autorité d’horodatage est illisible.") from error


def token_of(answer: bytes) -> bytes:
    """The TimeStampToken (DER) in an answer that ``check`` took; Damaged when there is none."""
    try:
        return bytes(decode(answer).time_stamp_token())
    except (ValueError, TypeError) as error:
        raise Damaged("La réponse de l’autorité d’horodatage est illisible.") from error


def answer_of(token: bytes) -> bytes:
    """The answer "granted" around a token, so that ``check`` can judge one that stands alone."""
    return sequence(sequence(integer(0)), token)
