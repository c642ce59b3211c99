"""What an uploaded photograph says of itself, read before anything decodes it: kind, size, whether it is whole.

A decoder believes a header: it would take 7 GB for 50,000 × 50,000 points, and fill a cut picture with grey. Both are
refused here, by walking the file's own structure to its end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from vms.errors import BadInput

UPLOAD_LIMIT_BYTES: Final = 12 * 1024 * 1024
PIXELS_LIMIT: Final = 50_000_000
SIDE_LEAST_PX: Final = 240
PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"
START_OF_SCAN: Final = 0xDA
END_OF_IMAGE: Final = 0xD9
# Start-of-frame markers: C0–CF but the tables DHT, JPG and DAC.
FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
# What people send in place of a photograph, by how it begins.
OTHERS: Final = (
    (b"%PDF", "un PDF"), (b"PK\x03\x04", "une archive ou un document bureautique"), (b"GIF8", "une image GIF"),
    (b"RIFF", "une image WebP"), (b"BM", "une image BMP"), (b"<svg", "un dessin SVG"), (b"<?xml", "un dessin SVG"),
    (b"\x1f\x8b", "une archive"), (b"II*\x00", "une image TIFF"), (b"MM\x00*", "une image TIFF"),
)  # fmt: skip


def photo_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of a whole JPEG or PNG; BadInput (P-80) saying why it is not taken."""
    if not data:
        raise refused("Le fichier est vide.")
    if len(data) > UPLOAD_LIMIT_BYTES:
        raise refused(f"La photographie dépasse {UPLOAD_LIMIT_BYTES // 1024 // 1024} Mo.")
    if data.startswith(PNG):
        width, height = _png(data)
    elif data.startswith(JPEG):
        width, height = _jpeg(data)
    else:
        raise refused(f"Ce fichier est {_named(data)}, pas une photographie JPEG ou PNG.")
    if width * height > PIXELS_LIMIT:
        raise refused(f"Cette image déclare {width} × {height} points, plus de {PIXELS_LIMIT // 1_000_000} millions.")
    if min(width, height) < SIDE_LEAST_PX:
        raise refused(f"Cette image n’a que {width} × {height} points : le panneau n’y serait pas lisible.")
    return width, height


def refused(what: str, todo: str = "Reprenez le panneau en photo, en JPEG ou PNG.") -> BadInput:
    """The refusal of an upload."""
    return BadInput(what, where="photographie", todo=todo, rule="P-80")


def damaged() -> BadInput:
    """The refusal of a picture that is not whole."""
    return refused("Cette photographie est incomplète ou abîmée.", "Envoyez-la de nouveau.")


def _named(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return "une image HEIC ou une vidéo"
    head = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((name for start, name in OTHERS if head.startswith(start.lower())), "d’un autre format")


def _png(data: bytes) -> tuple[int, int]:
    kinds = list(_chunks(data))
    if not kinds or kinds[0] != b"IHDR" or kinds[-1] != b"IEND" or b"IDAT" not in kinds:
        raise damaged()
    width, height = struct.unpack_from(">II", data, len(PNG) + 8)
    return int(width), int(height)


def _chunks(data: bytes) -> Iterator[bytes]:
    """The chunks' kinds, up to IEND; BadInput where the file ends before."""
    at = len(PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        at += 12 + length
        if at > len(data):
            raise damaged()
        yield kind
        if kind == b"IEND":
            return
    raise damaged()


def _jpeg(data: bytes) -> tuple[int, int]:
    size, at = (0, 0), 2
    while True:
        at, marker = _marker(data, at)
        if marker == END_OF_IMAGE:
            if 0 in size:
                raise damaged()
            return size
        if marker in ALONE:
            continue
        if at + 2 > len(data):
            raise damaged()
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2 or at + length > len(data):
            raise damaged()
        if marker in FRAMES and length >= 7:
            height, width = struct.unpack_from(">HH", data, at + 3)
            size = (width, height)
        at += length


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """The next marker from ``at`` on, past coded data and its stuffing, and where what it says begins."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise damaged()
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        at += 2
        if marker != 0:
            return at, marker
