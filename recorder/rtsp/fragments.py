"""Runs of fragments: the one thing that nearly every packet of a camera is, taken many at a time.

A picture of 20 kB travels as some 15 fragmentation units (RFC 6184 §5.8, RFC 7798 §4.4.3) back to back. ``take_run``
takes as many of them as follow one another without anything to decide, and copies their bytes once, into one piece.
Whatever is out of the ordinary (a hole, another source, padding, an extension, another kind of payload) ends the run
and is left to the path that takes packets one by one, where all decisions are.

This module is the reference; ``_fragments.pyx`` is the same function compiled, and is used when it has been built.
"""

from __future__ import annotations

import struct
from typing import Final

INTERLEAVED_BYTES: Final = 4
RTP_HEADER_BYTES: Final = 12
DOLLAR: Final = 0x24
FU_H264: Final = 28
FU_H265: Final = 49

# What a run does to the NAL unit at hand.
STARTS: Final = 1
ENDS: Final = 2
MARKED: Final = 4

Run = tuple[int, int, int, int, bytes]

_frame: Final = struct.Struct(">BBHBBHII").unpack_from


def take_run(
    data: bytes | bytearray | memoryview,
    position: int,
    end: int,
    channel: int,
    payload_type: int,
    source: int,
    sequence: int,
    kind: int,
) -> Run | None:
    """The longest run of fragments in ``data[position:end]``: (position after it, packets, time stamp, flags, body).

    Each packet is a whole interleaved frame on ``channel``: plain RTP (version 2, nothing else) of ``payload_type`` and
    ``source``, numbered on from ``sequence``, with one time stamp, of fragmentation ``kind`` (28 for H.264, 49 for
    H.265). A run never goes past the end of a NAL unit (ENDS) or a marker (MARKED); one that STARTS a NAL unit has its
    header in front of the body. A frame that something else than a frame follows is left out: its length may be wrong.
    None when the first packet is no such fragment.
    """
    before = 2 if kind == FU_H264 else 3  # payload header and fragmentation header
    least = INTERLEAVED_BYTES + RTP_HEADER_BYTES + before + 1
    if not 0 <= position <= end <= len(data):
        return None
    count = flags = stamp = 0
    parts: list[bytes | bytearray | memoryview] = []
    while end - position >= least and not flags & (ENDS | MARKED):
        dollar, on, size, version, second, number, time, ssrc = _frame(data, position)
        stop = position + INTERLEAVED_BYTES + size
        if dollar != DOLLAR or on != channel or stop > end or stop - position < least or version != 0x80:
            break
        if stop < end and data[stop] != DOLLAR:
            break
        if second & 0x7F != payload_type or ssrc != source or number != sequence or (count and time != stamp):
            break
        payload = position + INTERLEAVED_BYTES + RTP_HEADER_BYTES
        first, header = data[payload], data[payload + before - 1]
        if (first & 0x1F if kind == FU_H264 else first >> 1 & 0x3F) != kind:
            break
        if header & 0x80:
            if count:
                break
            flags = STARTS
            if kind == FU_H264:
                parts.append(bytes(((first & 0xE0) | (header & 0x1F),)))
            else:
                parts.append(bytes(((first & 0x81) | (header & 0x3F) << 1, data[payload + 1])))
        parts.append(data[payload + before : stop])
        flags |= (ENDS if header & 0x40 else 0) | (MARKED if second & 0x80 else 0)
        stamp, position = time, stop
        sequence = (sequence + 1) & 0xFFFF
        count += 1
    return (position, count, stamp, flags, b"".join(parts)) if count else None
