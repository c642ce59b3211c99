"""RTCP (RFC 3550 §6): hear the camera's clock in sender reports, tell it in receiver reports that we listen."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from vms.clock import MICRO

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
GOODBYE: Final = 203
PACKETS_LIMIT_COUNT: Final = 32
# NTP counts from 1900 and wraps in 2036: seconds below 2^31 belong to the era after the wrap.
NTP_TO_UNIX_S: Final = 2_208_988_800
NTP_ERA_S: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class SenderReport:
    """The camera says: my clock showed ``utc_us`` when my media clock showed ``rtp_stamp`` (32 bits)."""

    ssrc: int
    utc_us: int
    rtp_stamp: int
    ntp_middle: int


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The camera ends the stream."""

    ssrc: int


def parse(data: bytes) -> list[SenderReport | Goodbye]:
    """Reports of a compound packet, in order; reading stops at the first thing that is not RTCP."""
    found: list[SenderReport | Goodbye] = []
    position = 0
    for _ in range(PACKETS_LIMIT_COUNT):
        if position + 8 > len(data):
            break
        first, kind, words = struct.unpack_from(">BBH", data, position)
        end = position + 4 * (words + 1)
        if first >> 6 != 2 or end > len(data):
            break
        (ssrc,) = struct.unpack_from(">I", data, position + 4)
        if kind == SENDER_REPORT and end - position >= 28:
            seconds, fraction, stamp = struct.unpack_from(">III", data, position + 8)
            if seconds or fraction:  # zero means "no clock" (RFC 3550 §6.4.1)
                middle = (seconds & 0xFFFF) << 16 | fraction >> 16
                found.append(SenderReport(ssrc, unix_us(seconds, fraction), stamp, middle))
        elif kind == GOODBYE and first & 0x1F:
            found.append(Goodbye(ssrc))
        position = end
    return found


@dataclass(frozen=True, slots=True)
class Reception:
    """What a receiver report says about one source."""

    source: int
    fraction_lost: int
    total_lost: int
    highest_sequence: int
    last_report: int
    delay_65536: int


def receiver_report(ours: int, reception: Reception | None, cname: str) -> bytes:
    """A compound packet: receiver report and the CNAME that RFC 3550 §6.1 asks for."""
    blocks = b""
    if reception is not None:
        lost = max(-(1 << 23), min(reception.total_lost, (1 << 23) - 1)) & 0xFFFFFF
        blocks = struct.pack(
            ">IIIIII",
            reception.source,
            reception.fraction_lost << 24 | lost,
            reception.highest_sequence,
            0,  # interarrival jitter: over TCP it measures the queue, not the camera
            reception.last_report,
            min(reception.delay_65536, 0xFFFFFFFF),
        )
    report = struct.pack(">BBHI", 0x80 | (1 if blocks else 0), RECEIVER_REPORT, 1 + len(blocks) // 4, ours) + blocks
    name = cname.encode("ascii", "replace")[:255]
    items = struct.pack(">IBB", ours, 1, len(name)) + name + b"\0"
    items += b"\0" * (-len(items) % 4)
    return report + struct.pack(">BBH", 0x81, 202, len(items) // 4) + items


def unix_us(seconds: int, fraction: int) -> int:
    """UTC µs since 1970 of an NTP time: seconds since 1900 and their 2^-32 parts."""
    if seconds < NTP_ERA_S // 2:
        seconds += NTP_ERA_S
    return (seconds - NTP_TO_UNIX_S) * MICRO + (fraction * MICRO >> 32)
