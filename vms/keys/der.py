"""DER (ITU-T X.690), written only: the few types that a CMS signature of ours is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cryptography.x509 import ObjectIdentifier

NULL: Final = b"\x05\x00"
# X.509 and CMS write years up to this one in two digits (RFC 5652 §11.3).
LAST_SHORT_YEAR: Final = 2049


def tlv(tag: int, *parts: bytes) -> bytes:
    """A value under one tag byte, its length in the shortest form."""
    size = sum(map(len, parts))
    if size < 0x80:
        length = bytes((size,))
    else:
        digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
        length = bytes((0x80 | len(digits),)) + digits
    return b"".join((bytes((tag,)), length, *parts))


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE."""
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    """A SET OF, its members in the order that DER asks for."""
    return tlv(0x31, *sorted(parts))


def integer(value: int) -> bytes:
    """An INTEGER of zero or more."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(0x04, value)


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER such as ``1.2.840.113549.1.7.2``."""
    first, second, *rest = (int(arc) for arc in ObjectIdentifier(dotted).dotted_string.split("."))
    content = b""
    for arc in (40 * first + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        content += bytes(reversed(digits))
    return tlv(0x06, content)


def time(at: datetime) -> bytes:
    """A Time in UTC, to the second: UTCTime up to 2049, GeneralizedTime after."""
    if at.year <= LAST_SHORT_YEAR:
        return tlv(0x17, at.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").encode())
