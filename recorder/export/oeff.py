"""ONVIF Export File Format 26.06: the boxes that say where a video's pictures come from, and sign them (O-60…O-65).

The recorded bitstream stands untouched, fragment after fragment (T-10, O-66). Before it the movie box, with ``loci``
(the place that is seen) when it is known. After it a file-level ``meta``: ``suep`` (who exported, from which device),
``cstb`` (when the first picture was taken) and the signature of the whole file. It stands last, as in the format's
Annex B: a package is written front to back, and the signature is over everything before it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.utils import Buffer

from recorder.stream.boxes import TRACK_ID, box, full_box
from vms.errors import BadInput
from vms.evidence.export_boxes import FILETIME_EPOCH_100NS, OEFF, OEFF_SALT_BYTES, OEFF_VERSION
from vms.evidence.mp4 import boxes
from vms.keys import seal

# Seconds from 1904-01-01 (ISO/IEC 14496-12) to 1970-01-01, both UTC.
MP4_EPOCH_S: Final = 2_082_844_800
TEXT_LIMIT_BYTES: Final = 512
_UNDETERMINED: Final = 0x55C4
_FIXED_ONE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Place:
    """The ground point that a fixed camera looks at: address, degrees east and north (WGS 84), metres."""

    address: str
    longitude: float
    latitude: float
    altitude_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Source:
    """The camera as the export names it; unknown fields are empty."""

    name: str
    url: str = ""
    mac: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Exporter:
    """Who made the export, with what: unit name, its address, and the operator's label."""

    unit: str
    operator: str
    url: str = ""
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Signing:
    """The extraction's own key with its certificate, and what it says beside its signature (``auib``)."""

    key: seal.Seal
    note: str


class Digest(Protocol):
    """A running SHA-256, as hashlib makes it."""

    def copy(self) -> Digest:
        """Another one that goes on from here."""
        ...

    def update(self, data: Buffer, /) -> None:
        """Take more bytes."""
        ...

    def digest(self) -> bytes:
        """Of what was taken so far."""
        ...


def head(init: bytes, place: Place | None = None) -> bytes:
    """``ftyp moov`` for a stored initialisation segment; the track's tables and parameter sets stay as they are.

    BadInput when ``init`` is no initialisation segment.
    """
    movie = next((init[one.body : one.end] for one in boxes(init) if one.kind == b"moov"), None)
    if movie is None:
        raise BadInput("Ce segment d’initialisation n’a pas de boîte moov.")
    brands = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso6mp41")
    user_data = box(b"udta", _loci(place)) if place else b""
    return brands + box(b"moov", movie, user_data)


def tail(before: Digest, source: Source, exporter: Exporter, exported_us: int, start_us: int, by: Signing) -> bytes:
    """The closing ``meta``, signed (O-65). ``before`` is the running SHA-256 of all that stands before it.

    ``start_us`` is the UTC of the first picture.
    """
    handler = full_box(b"hdlr", 0, 0, bytes(4), b"null", bytes(12), b"\0")
    return closed(before, handler + _suep(source, exporter, exported_us) + _cstb(start_us), by)


def closed(before: Digest, said: bytes, by: Signing) -> bytes:
    """``meta`` with the boxes ``said`` and then the signature, over all before it and itself with ``sibo`` zeroed."""
    digest = before.copy()
    digest.update(full_box(b"meta", 0, 0, said, _protection(by, bytes(seal.SIGNATURE_BYTES))))
    signature = seal.sign_digest(by.key.private, digest.digest(), OEFF_SALT_BYTES)
    return full_box(b"meta", 0, 0, said, _protection(by, signature))


def _protection(by: Signing, signature: bytes) -> bytes:
    """``ipro`` with its one ``sinf``: the scheme, the signature, its certificate, and what the signer adds."""
    scheme = full_box(b"schm", 0, 0, struct.pack(">4sI", OEFF, OEFF_VERSION))
    parts = (box(b"sibo", signature), box(b"cert", by.key.certificate), box(b"auib", _text(by.note)))
    return full_box(b"ipro", 0, 0, struct.pack(">H", 1), box(b"sinf", scheme, box(b"schi", *parts)))


def _suep(source: Source, exporter: Exporter, exported_us: int) -> bytes:
    """SurveillanceExportBox, version 1 (O-61)."""
    return full_box(
        b"suep",
        1,
        0,
        *(_text(value) for value in (exporter.unit, exporter.url, exporter.mac)),
        struct.pack(">Q", exported_us // 1_000_000 + MP4_EPOCH_S),
        _text(exporter.operator),
        struct.pack(">IH", 1, TRACK_ID),
        *(_text(value) for value in (source.name, source.url, source.mac, source.line)),
    )


def _cstb(start_us: int) -> bytes:
    """The capture time of the track's first picture (O-62); a plain box, without version and flags."""
    return box(b"cstb", struct.pack(">IIQ", 1, TRACK_ID, start_us * 10 + FILETIME_EPOCH_100NS))


def _loci(place: Place) -> bytes:
    """3GPP TS 26.244 location information; role 1 is the place that is seen, not the camera's own (O-63)."""
    numbers = struct.pack(
        ">Biii",
        1,
        round(place.longitude * _FIXED_ONE),
        round(place.latitude * _FIXED_ONE),
        round(place.altitude_m * _FIXED_ONE),
    )
    return full_box(
        b"loci", 0, 0, struct.pack(">H", _UNDETERMINED), _text(place.address), numbers, _text("earth"), _text("")
    )


def _text(value: str) -> bytes:
    """UTF-8 with a closing zero; a zero inside would end it early, so it is refused."""
    data = value.encode()
    if b"\0" in data or len(data) > TEXT_LIMIT_BYTES:
        raise BadInput("Ce texte ne tient pas dans un fichier d’export.", where=value[:40])
    return data + b"\0"
