"""Replay of a camera's own recordings (ONVIF Streaming specification, Playback): what to ask, and each unit's time.

The camera sends as fast as we read (``Rate-Control: no``); the first packet of every access unit carries the header
extension 0xABAC with the instant at the frame grabber, on the camera's own clock.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from recorder.rtsp.conversation import PlayOptions
from recorder.rtsp.rtcp import unix_us
from recorder.rtsp.rtp import HEADER_BYTES, RtpReceiver
from vms.clock import LATEST_US, UtcTime
from vms.errors import BadInput

FEATURE: Final = "onvif-replay"
PROFILE: Final = 0xABAC
EXTENSION_WORDS: Final = 3
# Stamps wait for the unit whose packets follow; a camera that stamps what never becomes a unit must not fill memory.
STAMPS_LIMIT_COUNT: Final = 4096
# One read brings little, so that what it costs to parse never holds up a live camera.
RECEIVE_BUFFER_BYTES: Final = 128 * 1024
CLEAN: Final = 0x80
END: Final = 0x40
DISCONTINUITY: Final = 0x20
TERMINAL: Final = 0x10

_extension: Final = struct.Struct(">HHIIBB").unpack_from


@dataclass(frozen=True, slots=True)
class Stamp:
    """The header extension of one access unit; ``camera_us`` is UTC µs on the camera's clock.

    ``clean`` marks a point where decoding may start, ``ends`` the last unit before a gap in the recording,
    ``jumps`` one that does not follow its predecessor, ``terminal`` the last one there is.
    """

    camera_us: int
    clean: bool
    ends: bool
    jumps: bool
    terminal: bool


def parse_stamp(data: bytes | bytearray | memoryview, start: int, end: int) -> Stamp | None:
    """The replay extension of the RTP packet ``data[start:end]``; None when it has none, or a damaged one.

    A JPEG extension may follow within the same header extension, hence *at least* three words.
    """
    if end - start < HEADER_BYTES or not data[start] & 0x10:
        return None
    place = start + HEADER_BYTES + 4 * (data[start] & 0x0F)
    if place + 4 + 4 * EXTENSION_WORDS > end:
        return None
    profile, words, seconds, fraction, flags, _ = _extension(data, place)
    if profile != PROFILE or words < EXTENSION_WORDS:
        return None
    camera_us = unix_us(seconds, fraction)
    if not 0 <= camera_us <= LATEST_US:
        return None
    return Stamp(camera_us, bool(flags & CLEAN), bool(flags & END), bool(flags & DISCONTINUITY), bool(flags & TERMINAL))


class ReplayReceiver(RtpReceiver):
    """Follows a replayed source, and keeps the stamp of each unit until ``take``."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._stamps: dict[int, Stamp] = {}

    def packet(self, data: bytes | bytearray | memoryview, start: int, end: int, received_us: int) -> None:
        """Take a packet and the stamp that it may carry."""
        super().packet(data, start, end, received_us)
        stamp = parse_stamp(data, start, end)
        if stamp is not None:
            if len(self._stamps) >= STAMPS_LIMIT_COUNT:
                del self._stamps[next(iter(self._stamps))]
            # By the packet's own time: it may have been held back behind one that is missing.
            self._stamps[self.unwrap(int.from_bytes(data[start + 4 : start + 8], "big"))] = stamp

    def take(self, rtp_time: int) -> Stamp | None:
        """The stamp of the unit with this media time, given once."""
        return self._stamps.pop(rtp_time, None)


def replay_options(start: UtcTime, end: UtcTime) -> PlayOptions:
    """Play what the camera recorded in [start, end] by its own clock, as fast as it is read, every frame.

    BadInput when the range ends before it begins. The camera starts at the key frame at or before ``start``.
    """
    if end <= start:
        raise BadInput("La plage à rejouer finit avant de commencer.")
    return PlayOptions(
        setup_headers=(("Require", FEATURE),),
        play_headers=(
            ("Require", FEATURE),
            ("Range", f"clock={_utc_time(start)}-{_utc_time(end)}"),
            ("Rate-Control", "no"),
            ("Immediate", "yes"),
            ("Frames", "all"),
        ),
        receiver=ReplayReceiver,
        receive_buffer_bytes=RECEIVE_BUFFER_BYTES,
    )


def _utc_time(at: UtcTime) -> str:
    """A ``utc-time`` of RFC 2326 §3.7, to the microsecond."""
    return at.datetime().strftime("%Y%m%dT%H%M%S.%fZ")
