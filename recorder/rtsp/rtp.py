"""RTP (RFC 3550 §5.1) for one video track over TCP: header, sequence, media time without wrap.

This is the path every packet takes, some 360 a second per camera: no object per packet, no slice before the payload.
Over TCP packets neither overtake nor repeat one another by themselves; what is missing was dropped by the camera.
"""

from __future__ import annotations

import struct
from typing import Final, Protocol

from recorder.rtsp.errors import StreamDamaged, dump
from recorder.rtsp.fragments import INTERLEAVED_BYTES
from recorder.rtsp.native import take_run

HEADER_BYTES: Final = 12
# Packets that are no RTP at all, in a row, before the connection is given up.
MALFORMED_LIMIT_COUNT: Final = 32
SEQUENCE_MODULUS: Final = 1 << 16
TIME_MODULUS: Final = 1 << 32

_read_header: Final = struct.Struct(">BBHII").unpack_from


class Depacketizer(Protocol):
    """Takes payloads in order and builds access units."""

    @property
    def fragmentation(self) -> int:
        """The payload kind of a fragmentation unit."""
        ...

    def push(
        self, data: bytes | bytearray | memoryview, start: int, end: int, rtp_time: int, marker: bool, received_us: int
    ) -> None:
        """Take the payload ``data[start:end]`` of one packet."""
        ...

    def run(self, rtp_time: int, flags: int, body: bytes, received_us: int) -> None:
        """Take the fragments of one run, as ``take_run`` gives them."""
        ...

    def lost(self, count: int) -> None:
        """``count`` packets are missing before the next payload."""
        ...


class RtpReceiver:
    """Follows one RTP source and hands payloads to a depacketiser; counts what reception reports need."""

    def __init__(self, payload_type: int, depacketizer: Depacketizer, where: str) -> None:
        self._payload_type = payload_type
        self._depacketizer = depacketizer
        self._where = where
        self._malformed_in_a_row = 0
        self._next: int | None = None
        self._restart: int | None = None
        self.ssrc: int | None = None
        self.last_stamp = 0
        self.rtp_time = 0
        self.packets = 0
        self.lost_packets = 0
        self.late_packets = 0
        self.malformed_packets = 0
        self.foreign_packets = 0
        self.cycles = 0

    @property
    def highest_sequence(self) -> int:
        """The extended highest sequence number received (RFC 3550 §6.4.1), for reports."""
        return (self.cycles << 16 | ((self._next or 1) - 1) & 0xFFFF) & 0xFFFFFFFF

    def frames(
        self, data: bytes | bytearray | memoryview, position: int, end: int, channel: int, received_us: int
    ) -> int:
        """Take one or more interleaved frames; the one at ``position`` is whole and on ``channel``.

        Returns the position after what was taken; StreamDamaged as ``packet``.
        """
        depacketizer = self._depacketizer
        kind, payload_type, source = depacketizer.fragmentation, self._payload_type, self.ssrc
        begun = position
        if source is not None and self._next is not None:
            while run := take_run(data, position, end, channel, payload_type, source, self._next, kind):
                position, count, stamp, flags, body = run
                self._malformed_in_a_row = 0
                following = self._next + count
                self.cycles += following >> 16
                self._next = following & 0xFFFF
                self.packets += count
                if stamp != self.last_stamp:
                    self.rtp_time += signed_difference(stamp, self.last_stamp)
                    self.last_stamp = stamp
                depacketizer.run(self.rtp_time, flags, body, received_us)
        if position > begun:
            return position
        stop = position + INTERLEAVED_BYTES + (data[position + 2] << 8 | data[position + 3])
        self.packet(data, position + INTERLEAVED_BYTES, stop, received_us)
        return stop

    def packet(self, data: bytes | bytearray | memoryview, start: int, end: int, received_us: int) -> None:
        """Take the RTP packet ``data[start:end]``; raises StreamDamaged when too many in a row are none."""
        if end - start < HEADER_BYTES:
            return self._malformed(data, start, end)
        first, second, sequence, stamp, ssrc = _read_header(data, start)
        payload = start + HEADER_BYTES
        if first != 0x80:  # anything but version 2 without padding, extension or sources
            trimmed = trim(data, first, start, end)
            if trimmed is None:
                return self._malformed(data, start, end)
            payload, end = trimmed
        if second & 0x7F != self._payload_type:
            self.foreign_packets += 1
            return None
        self._malformed_in_a_row = 0
        if ssrc != self.ssrc:
            self._new_source(ssrc, sequence, stamp)
        elif sequence != self._next and not self._follow(sequence):
            return None
        if sequence == 0xFFFF:
            self.cycles += 1
        self._next = (sequence + 1) & 0xFFFF
        self.packets += 1
        if stamp != self.last_stamp:
            self.rtp_time += signed_difference(stamp, self.last_stamp)
            self.last_stamp = stamp
        return self._depacketizer.push(data, payload, end, self.rtp_time, second > 0x7F, received_us)

    def unwrap(self, stamp: int) -> int:
        """The media time that a 32-bit time stamp near the last one stands for."""
        return self.rtp_time + signed_difference(stamp, self.last_stamp)

    def _malformed(self, data: bytes | bytearray | memoryview, start: int, end: int) -> None:
        self.malformed_packets += 1
        self._malformed_in_a_row += 1
        self._depacketizer.lost(1)
        if self._malformed_in_a_row >= MALFORMED_LIMIT_COUNT:
            raise StreamDamaged(
                f"{MALFORMED_LIMIT_COUNT} paquets de suite ne sont pas du RTP.",
                where=f"{self._where}, {dump(data[start:end])}",
            )

    def _new_source(self, ssrc: int, sequence: int, stamp: int) -> None:
        """Take up a source; after the first one it is a restart inside the camera, and units are missing."""
        if self.ssrc is not None:
            self._depacketizer.lost(1)
            self.lost_packets += 1
        else:
            self.rtp_time = stamp
            self.last_stamp = stamp
        self.ssrc, self._next, self._restart = ssrc, sequence, None

    def _follow(self, sequence: int) -> bool:
        """Whether to go on at an unexpected number: ahead means loss; behind means late, unless a second confirms."""
        ahead = (sequence - (self._next or 0)) & 0xFFFF
        if ahead >= SEQUENCE_MODULUS // 2 and sequence != self._restart:
            self._restart = (sequence + 1) & 0xFFFF
            self.late_packets += 1
            return False
        missing = ahead if ahead < SEQUENCE_MODULUS // 2 else 1
        self._restart = None
        self.lost_packets += missing
        self._depacketizer.lost(missing)
        return True


def trim(data: bytes | bytearray | memoryview, first: int, start: int, end: int) -> tuple[int, int] | None:
    """Where the payload of a packet with sources, extension or padding lies; None when its lengths do not add up."""
    if first >> 6 != 2:
        return None
    payload = start + HEADER_BYTES + 4 * (first & 0x0F)
    if first & 0x10:
        if payload + 4 > end:
            return None
        payload += 4 + 4 * int.from_bytes(data[payload + 2 : payload + 4], "big")
    if payload > end:
        return None
    if first & 0x20:
        padding = data[end - 1] if end > payload else 0
        if padding == 0 or padding > end - payload:
            return None
        end -= padding
    return payload, end


def signed_difference(stamp: int, last: int) -> int:
    """``stamp - last`` on the 32-bit circle: between -2^31 and 2^31 - 1."""
    ahead = (stamp - last) & 0xFFFFFFFF
    return ahead - TIME_MODULUS if ahead >= TIME_MODULUS // 2 else ahead
