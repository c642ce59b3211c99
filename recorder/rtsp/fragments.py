"""Runs of fragments: the one thing that nearly every packet of a camera is, taken many at a time.

A picture of 20 kB travels as some 15 fragmentation units (RFC 6184 §5.8, RFC 7798 §4.4.3) back to back. ``take_run``
takes as many of them as follow one another without anything to decide, and copies their bytes once, into one piece.
``take_pictures`` does so with whole pictures, into one piece for all of them. Whatever is out of the ordinary (a hole,
another source, padding, an extension, another kind of payload) ends them, and is left to the path that takes packets
one by one, where all decisions are.

This module is the reference; ``_fragments.pyx`` is the same functions compiled, and is used when it has been built.
"""

from __future__ import annotations

import struct
from typing import Final

INTERLEAVED_BYTES: Final = 4
RTP_HEADER_BYTES: Final = 12
DOLLAR: Final = 0x24
FU_H264: Final = 28
FU_H265: Final = 49
SLICE_H264: Final = 1  # a slice of a picture that is no key picture, not cut into partitions
FIRST_KEY_H265: Final = 16  # slices below are of pictures that are no key pictures
# What cameras put before each picture: delimiters and what decoders need not know (SEI).
LEADS_H264: Final = frozenset({9, 6})
LEADS_H265: Final = frozenset({35, 39})
LEADS_LIMIT_COUNT: Final = 3
START_CODE: Final = b"\0\0\1"
TIME_MODULUS: Final = 1 << 32

# What a run does to the NAL unit at hand.
STARTS: Final = 1
ENDS: Final = 2
MARKED: Final = 4

WHOLE: Final = STARTS | ENDS | MARKED
# Taken in one go; a read brings some twelve.
PICTURES_LIMIT_COUNT: Final = 32

Run = tuple[int, int, int, int, bytes]
# A picture in a piece: its media time without wrap, and where its NAL units, each behind its length, begin and end.
Place = tuple[int, int, int]
Pictures = tuple[int, int, bytes, list[Place], bool]

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
    if not 0 <= position <= end <= len(data):
        return None
    count = flags = stamp = 0
    parts: list[bytes | bytearray | memoryview] = []
    while not flags & (ENDS | MARKED):
        found = _packet(data, position, end, channel, payload_type, source, sequence, before + 1)
        if found is None:
            break
        stop, marked, time = found
        payload = position + INTERLEAVED_BYTES + RTP_HEADER_BYTES
        first, header = data[payload], data[payload + before - 1]
        if (count and time != stamp) or _kind_of(first, kind) != kind:
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
        flags |= (ENDS if header & 0x40 else 0) | marked
        stamp, position = time, stop
        sequence = (sequence + 1) & 0xFFFF
        count += 1
    return (position, count, stamp, flags, b"".join(parts)) if count else None


def take_pictures(
    data: bytes | bytearray | memoryview,
    position: int,
    end: int,
    channel: int,
    payload_type: int,
    source: int,
    sequence: int,
    kind: int,
    rtp_time: int,
) -> Pictures | None:
    """The plain pictures that ``data[position:end]`` begins with: (position after them, packets, piece, places in it,
    whether one more has begun).

    A plain picture is one slice, the first of a picture that is no key picture, and whole: one run that is WHOLE, or
    one packet with the marker; delimiters and SEI may come before it, a packet each. Packets are as in ``take_run``;
    ``rtp_time`` is the media time of the one before. One more has begun when all that is left are its first packets, so
    that the next read may bring the others. None when there is neither; PICTURES_LIMIT_COUNT pictures at most.
    """
    if not 0 <= position <= end <= len(data):
        return None
    packets = size = 0
    begun = False
    parts: list[bytes] = []
    places: list[Place] = []
    arguments = (end, channel, payload_type, source)
    while len(places) < PICTURES_LIMIT_COUNT:
        begin, number = position, sequence
        nals: list[bytes] = []
        stamps: set[int] = set()
        while len(nals) < LEADS_LIMIT_COUNT:
            lead = _alone(data, begin, *arguments, number)
            if lead is None or not _leads(lead[4], kind):
                break
            nals.append(lead[4])
            stamps.add(lead[2])
            begin, number = lead[0], (number + 1) & 0xFFFF
        run = take_run(data, begin, *arguments, number, kind) or _alone(data, begin, *arguments, number)
        if run is None:
            begun = bool(nals) and _cut_off(data, begin, end)
            break
        stop, count, stamp, flags, nal = run
        if not _opens_plainly(nal, kind) or stamps - {stamp}:
            break
        if flags != WHOLE:
            begun = flags == STARTS and _cut_off(data, stop, end)
            break
        nals.append(nal)
        rtp_time += signed_difference(stamp, rtp_time)
        parts += [part for one in nals for part in (len(one).to_bytes(4, "big"), one)]
        places.append((rtp_time, size, size := size + sum(4 + len(one) for one in nals)))
        packets += len(nals) - 1 + count
        position, sequence = stop, (number + count) & 0xFFFF
    return (position, packets, b"".join(parts), places, begun) if places or begun else None


def _packet(
    data: bytes | bytearray | memoryview, position: int, end: int, channel: int, payload_type: int, source: int,
    sequence: int, least: int,
) -> tuple[int, int, int] | None:  # fmt: skip
    """Where the ordinary packet at ``position`` ends, MARKED or 0, and its time stamp; ``least`` bytes of payload."""
    least += INTERLEAVED_BYTES + RTP_HEADER_BYTES
    if end - position < least:
        return None
    dollar, on, size, version, second, number, time, ssrc = _frame(data, position)
    stop = position + INTERLEAVED_BYTES + size
    if dollar != DOLLAR or on != channel or stop > end or stop - position < least or version != 0x80:
        return None
    if stop < end and data[stop] != DOLLAR:
        return None
    if second & 0x7F != payload_type or ssrc != source or number != sequence:
        return None
    return stop, MARKED if second & 0x80 else 0, time


def _alone(
    data: bytes | bytearray | memoryview, position: int, end: int, channel: int, payload_type: int, source: int,
    sequence: int,
) -> Run | None:  # fmt: skip
    """The packet at ``position`` as a run of its own, if its payload is a NAL unit by itself; its user checks that."""
    found = _packet(data, position, end, channel, payload_type, source, sequence, 2)
    if found is None:
        return None
    stop, marked, time = found
    return stop, 1, time, STARTS | ENDS | marked, bytes(data[position + INTERLEAVED_BYTES + RTP_HEADER_BYTES : stop])


def _cut_off(data: bytes | bytearray | memoryview, position: int, end: int) -> bool:
    """Whether nothing follows, or a frame that is not all there."""
    if position < end and data[position] != DOLLAR:
        return False
    left = end - position
    return left < INTERLEAVED_BYTES or left < INTERLEAVED_BYTES + (data[position + 2] << 8 | data[position + 3])


def _kind_of(first: int, kind: int) -> int:
    """The type in the first byte of a payload, for the codec whose fragments are of ``kind``."""
    return first & 0x1F if kind == FU_H264 else first >> 1 & 0x3F


def _leads(nal: bytes, kind: int) -> bool:
    """Whether a NAL unit is a delimiter or SEI, and only one NAL unit."""
    if kind == FU_H265 and not in_base_layer(nal):
        return False
    kinds = LEADS_H264 if kind == FU_H264 else LEADS_H265
    return _kind_of(nal[0], kind) in kinds and START_CODE not in nal


def _opens_plainly(nal: bytes, kind: int) -> bool:
    """Whether a NAL unit is the first slice of a picture that is no key picture, nor of a further layer.

    H.264: first_mb_in_slice is 0, its first bit 1; H.265: first_slice_segment_in_pic_flag.
    """
    if len(nal) < 3:
        return False
    if kind == FU_H264:
        return _kind_of(nal[0], kind) == SLICE_H264 and nal[1] & 0x80 != 0
    return in_base_layer(nal) and _kind_of(nal[0], kind) < FIRST_KEY_H265 and nal[2] & 0x80 != 0


def flags_of(header: int) -> int:
    """What a fragmentation header says of its NAL unit (RFC 6184 §5.8, RFC 7798 §4.4.3): STARTS, ENDS."""
    return (STARTS if header & 0x80 else 0) | (ENDS if header & 0x40 else 0)


def signed_difference(stamp: int, last: int) -> int:
    """``stamp - last`` on the 32-bit circle: between -2^31 and 2^31 - 1."""
    ahead = (stamp - last) & 0xFFFFFFFF
    return ahead - TIME_MODULUS if ahead >= TIME_MODULUS // 2 else ahead


def in_base_layer(nal: bytes) -> bool:
    """Whether an H.265 NAL unit is of the layer that every decoder shows: nuh_layer_id is 0."""
    return not nal[0] & 1 and nal[1] < 8
