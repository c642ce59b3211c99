"""What in a time-stamp nobody has signed, and must therefore not be there: a reader could be told anything (E-10).

An authority signs its statement and the attributes beside it. Certificates, unsigned attributes and the answer's own
words lie around them and can be added by anybody without breaking a signature.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from vms.errors import Damaged

_SEQUENCE: Final = 0x30
_SET: Final = 0x31
_OCTETS: Final = 0x04
_TAGGED: Final = 0xA0
_GRANTED: Final = b"\x02\x01\x00"
WORDS_LIMIT_BYTES: Final = 200


def check_form(answer: bytes) -> None:
    """Damaged when something that no signature covers stands in an answer (DER) whose signature holds."""
    status, token = _members(answer, _SEQUENCE, 2)
    if not status[1].startswith(_GRANTED) or len(status[1]) > WORDS_LIMIT_BYTES:
        raise _added("son état n’est pas « accordé », ou en dit trop")
    content = _members(token[0], _SEQUENCE, 2)[1]
    signed = _members(_members(content[0], _TAGGED, 1)[0][0], _SEQUENCE, 5)
    if len(_all(signed[1][0], _SET)) != 1 or len(_all(signed[4][0], _SET)) != 1:
        raise _added("il porte plus d’une signature ou d’un algorithme")
    signer = _all(_all(signed[4][0], _SET)[0][0], _SEQUENCE)
    if signer[-1][0][0] != _OCTETS:
        raise _added("des attributs non signés y sont joints")
    named = _all(signer[1][0], _SEQUENCE)[-1][1]
    _check_chain([whole for whole, _ in _all(signed[3][0], _TAGGED)], int.from_bytes(named, "big"))


def _check_chain(certificates: Sequence[bytes], serial_number: int) -> None:
    """Each certificate is the signer's own, or issued one of those before it."""
    try:
        left = [x509.load_der_x509_certificate(one) for one in certificates]
        chain = [one for one in left if one.serial_number == serial_number][:1]
        for one in chain:
            left.remove(one)
            chain.extend(issuer for issuer in left if issuer not in chain and _issued(one, issuer))
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise _added("un certificat y est illisible") from error
    if left:
        raise _added("un certificat étranger y est joint")


def _issued(one: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _members(value: bytes, tag: int, count: int) -> list[tuple[bytes, bytes]]:
    found = _all(value, tag)
    if len(found) != count:
        raise _added("il n’a pas la forme d’une réponse")
    return found


def _all(value: bytes, tag: int) -> list[tuple[bytes, bytes]]:
    """The members of a value under this tag, each as (whole, content)."""
    outer = next(_values(value), (b"", b""))
    if outer[0] != value or value[:1] != bytes((tag,)):
        raise _added("il n’a pas la forme d’une réponse")
    return list(_values(outer[1]))


def _values(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        first = data[at + 1] if at + 1 < len(data) else 0x80
        count = first & 0x7F if first >= 0x80 else 0
        body = at + 2 + count
        length = int.from_bytes(data[at + 2 : body], "big") if count else first
        if first == 0x80 or count > 3 or body + length > len(data):
            raise _added("il n’a pas la forme d’une réponse")
        yield data[at : body + length], data[body : body + length]
        at = body + length


def _added(what: str) -> Damaged:
    return Damaged(f"L’horodatage a été touché : {what}.")
