"""ONVIF Export File Format, thin: the head of a video file that says where its pictures come from (O-60…O-63).

The recorded bitstream follows untouched, fragment after fragment (T-10, O-66). Here are the boxes that the format
adds to MP4: ``suep`` (who exported, from which device), ``cstb`` (when the first picture was taken) in a file-level
``meta``, and ``loci`` (the place that is seen) in the movie's user data, when it is known.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from recorder.boxes import TRACK_ID, box, full_box
from vms.errors import BadInput
from vms.evidence.mp4 import boxes
from vms.evidence.verify_stream import FILETIME_EPOCH_100NS

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
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Exporter:
    """Who made the export, with what: unit name, its address, and the operator's label."""

    unit: str
    operator: str
    url: str = ""
    mac: str = ""


def head(init: bytes, source: Source, exporter: Exporter, exported_us: int, start_us: int) -> bytes:
    """``ftyp meta moov`` for a stored initialisation segment; the track's tables and parameter sets stay as they are.

    ``start_us`` is the UTC of the first picture. Damaged when ``init`` is no initialisation segment.
    """
    movie = next((init[one.body : one.end] for one in boxes(init) if one.kind == b"moov"), None)
    if movie is None:
        raise BadInput("Ce segment d’initialisation n’a pas de boîte moov.")
    brands = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso6mp41")
    handler = full_box(b"hdlr", 0, 0, bytes(4), b"null", bytes(12), b"\0")
    meta = full_box(b"meta", 0, 0, handler, _suep(source, exporter, exported_us), _cstb(start_us))
    user_data = box(b"udta", _loci(source.place)) if source.place else b""
    return brands + meta + box(b"moov", movie, user_data)


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
    """The capture time of the track's first picture (O-62)."""
    return full_box(b"cstb", 0, 0, struct.pack(">IIQ", 1, TRACK_ID, start_us * 10 + FILETIME_EPOCH_100NS))


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
