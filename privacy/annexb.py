"""NAL units in and out of the Annex B byte stream (ITU-T H.264 and H.265), and which of them carry pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

START_CODE: Final = b"\x00\x00\x00\x01"

# H.264 table 7-1 and H.265 table 7-1: coded slices, then parameter sets.
_H264_SLICES: Final = frozenset((1, 2, 3, 4, 5))
_H264_PARAMETERS: Final = frozenset((7, 8))
_H265_PARAMETERS: Final = frozenset((32, 33, 34))
_H265_SLICE_LAST: Final = 31


def join(nals: Iterable[bytes]) -> bytes:
    """The NAL units as one Annex B byte stream."""
    return b"".join(part for nal in nals for part in (START_CODE, nal))


def split(stream: bytes) -> tuple[bytes, ...]:
    """The NAL units of an Annex B byte stream; trailing zero bytes belong to the next start code (B.1.1)."""
    nals = []
    at = stream.find(b"\x00\x00\x01")
    while at >= 0:
        begin = at + 3
        at = stream.find(b"\x00\x00\x01", begin)
        nal = stream[begin : at if at >= 0 else len(stream)].rstrip(b"\x00")
        if nal:
            nals.append(nal)
    return tuple(nals)


def nal_type(codec: str, nal: bytes) -> int:
    """The NAL unit's type, -1 for an empty one."""
    if not nal:
        return -1
    return nal[0] & 0x1F if codec == "h264" else (nal[0] >> 1) & 0x3F


def is_slice(codec: str, nal: bytes) -> bool:
    """Whether the NAL unit is coded picture data."""
    kind = nal_type(codec, nal)
    return kind in _H264_SLICES if codec == "h264" else 0 <= kind <= _H265_SLICE_LAST


def is_parameter_set(codec: str, nal: bytes) -> bool:
    """Whether the NAL unit is a VPS, SPS or PPS."""
    return nal_type(codec, nal) in (_H264_PARAMETERS if codec == "h264" else _H265_PARAMETERS)
