"""Photographs for uploads, and files that only say they are one."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import cv2
import numpy as np

WIDTH, HEIGHT = 2000, 1500
# A position, as a phone writes it: GPSLatitude of a place in France.
EXIF: Final = (
    b"\xff\xe1" + struct.pack(">H", 66) + b"Exif\0\0II*\0\x08\0\0\0" + b"GPS 48.8584N 2.2945E".ljust(50, b"\0")
)


def picture(seed: int = 1) -> np.ndarray:
    """A picture with something to see, as a camera's sensor would give."""
    coarse = np.random.default_rng(seed).integers(0, 255, (15, 20, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT)), np.uint8)


def jpeg(seed: int = 1) -> bytes:
    """A phone's JPEG: with the place where it was taken."""
    data = bytes(cv2.imencode(".jpg", picture(seed))[1])
    return data[:2] + EXIF + data[2:]


def png() -> bytes:
    """The same as a PNG."""
    return bytes(cv2.imencode(".png", picture())[1])


def png_of(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header declares any size."""
    body = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" * 64))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in [*body, (b"IEND", b"")])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
