"""RTP (RFC 3550 §5.1) for one video track over TCP: header, sequence, media time without wrap.

This is the path every packet takes, some 360 a second per camera: no object per packet, no slice before the payload.
Whatever is not the next packet of the source at hand leaves that path for ``reorder``.
"""

from __future__ import annotations

import struct
from typing import Final, Protocol

from recorder.rtsp.errors import StreamDamaged, dump
from recorder.rtsp.fragments import INTERLEAVED_BYTES, Place, signed_difference
from recorder.rtsp.native import take_pictures, take_run
from recorder.rtsp.reorder import LATE_LIMIT_90K, LATE_LIMIT_PACKETS, Held, Overtaken, Stranger

HEADER_BYTES: Final = 12
# Packets that are no RTP at all, in a row, before the connection is given up.
MALFORMED_LIMIT_COUNT: Final = 32
SEQUENCE_MODULUS: Final = 1 << 16
# A gap as wide as this is no overtaking: the camera has dropped packets or begun anew.
OVERTAKING_LIMIT_PACKETS: Final = 32
# RTP carries video in dynamic types, 96 and above, or in ones that are not assigned (RFC 3551 §6).
DYNAMIC_TYPE: Final = 96
# Sources of other sessions on our connection (Reolink) that are left out unless ours is silent for so long.
REFUSED_LIMIT_COUNT: Final = 8
REFUSED_LIMIT_US: Final = 500_000
# A picture that has begun is looked through again at each read until it is all there; not a longer one.
BEGUN_LIMIT_BYTES: Final = 256 * 1024

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

    @property
    def rests(self) -> bool:
        """Whether nothing is at hand or lost that bears on the next picture."""
        ...

    def pictures(self, data: bytes, places: list[Place], received_us: int) -> None:
        """Take plain pictures while it rests, as ``take_pictures`` gives them."""
        ...

    def lost(self, *, before: bool = False) -> None:
        """Packets are missing before the next payload; or ``before`` what is at hand."""
        ...

    def finish(self) -> None:
        """Nothing more comes."""
        ...


class RtpReceiver:
    """Follows one RTP source and hands payloads to a depacketiser; counts what reception reports need."""

    def __init__(self, payload_type: int, depacketizer: Depacketizer, where: str) -> None:
        self.payload_type = self._described_type = payload_type
        self._depacketizer = depacketizer
        self._where = where
        self._malformed_in_a_row = 0
        self._next: int | None = None
        self._restart: int | None = None
        self._late_in_a_row = 0
        self._usual_packets = 0
        self._first = 0
        self._overtaken = Overtaken()
        self._stranger = Stranger()
        self._former: int | None = None  # the source followed before this one
        self._refused: set[int] = set()
        self._heard_us = 0
        self.other_types: frozenset[int] = frozenset()  # of tracks that are not ours
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
        self, data: bytes | bytearray | memoryview, position: int, end: int, channel: int, received_us: int,
        *, patient: bool = False,
    ) -> int:  # fmt: skip
        """Take one or more interleaved frames; the one at ``position`` is whole and on ``channel``.

        Returns the position after what was taken; StreamDamaged as ``packet``. ``patient``: a plain picture that has
        begun is left for when the rest of it is there, so that it lies in one piece with those that follow.
        """
        depacketizer = self._depacketizer
        kind, payload_type, source = depacketizer.fragmentation, self.payload_type, self.ssrc
        first = position
        if source is not None and self._next is not None and not self._overtaken:
            while True:
                if depacketizer.rests and (
                    taken := take_pictures(
                        data, position, end, channel, payload_type, source, self._next, kind, self.rtp_time
                    )
                ):
                    position, count, sample, places, begun = taken
                    if places:
                        self._went_on(count)
                        self.rtp_time = places[-1][0]
                        self.last_stamp = self.rtp_time & 0xFFFFFFFF
                        depacketizer.pictures(sample, places, received_us)
                    if begun and patient and end - position < BEGUN_LIMIT_BYTES:
                        return position
                run = take_run(data, position, end, channel, payload_type, source, self._next, kind)
                if run is None:
                    break
                position, count, stamp, flags, body = run
                self._went_on(count)
                if stamp != self.last_stamp:
                    self.rtp_time += signed_difference(stamp, self.last_stamp)
                    self.last_stamp = stamp
                depacketizer.run(self.rtp_time, flags, body, received_us)
        if position > first:
            return position
        stop = position + INTERLEAVED_BYTES + (data[position + 2] << 8 | data[position + 3])
        self.packet(data, position + INTERLEAVED_BYTES, stop, received_us)
        return stop

    def _went_on(self, count: int) -> None:
        """Count packets that followed one another."""
        self._malformed_in_a_row = 0
        following = (self._next or 0) + count
        self.cycles += following >> 16
        self._next = following & 0xFFFF
        self.packets += count

    def packet(self, data: bytes | bytearray | memoryview, start: int, end: int, received_us: int) -> None:
        """Take the RTP packet ``data[start:end]``; raises StreamDamaged when too many in a row are none."""
        if end - start < HEADER_BYTES:
            return self._malformed(data, start, end)
        first, second, sequence, stamp, ssrc = _read_header(data, start)
        payload, stop = start + HEADER_BYTES, end
        if first != 0x80:  # anything but version 2 without padding, extension or sources
            trimmed = trim(data, first, start, end)
            if trimmed is None:
                return self._malformed(data, start, end)
            payload, end = trimmed
        self._malformed_in_a_row = 0
        if second & 0x7F != self.payload_type or ssrc != self.ssrc or sequence != self._next or self._overtaken:
            return self._unusual(Held(bytes(data[start:stop]), received_us))
        return self._next_one(data, payload, end, received_us, second, sequence, stamp)

    def _next_one(
        self, data: bytes | bytearray | memoryview, payload: int, end: int, received_us: int, second: int,
        sequence: int, stamp: int,
    ) -> None:  # fmt: skip
        """Take the packet that follows the one before."""
        if sequence == 0xFFFF:
            self.cycles += 1
        self._next = (sequence + 1) & 0xFFFF
        self.packets += 1
        if stamp != self.last_stamp:
            self.rtp_time += signed_difference(stamp, self.last_stamp)
            self.last_stamp = stamp
        return self._depacketizer.push(data, payload, end, self.rtp_time, second > 0x7F, received_us)

    def finish(self) -> None:
        """Nothing more comes: what is held back goes on, without what is missing before it."""
        self._give_up()
        self._depacketizer.finish()

    def unwrap(self, stamp: int) -> int:
        """The media time that a 32-bit time stamp near the last one stands for."""
        return self.rtp_time + signed_difference(stamp, self.last_stamp)

    def _malformed(self, data: bytes | bytearray | memoryview, start: int, end: int) -> None:
        self.malformed_packets += 1  # whether one of ours is missing, the numbers will tell
        if start == end:  # an empty frame: some cameras keep a connection busy with them
            return
        self._malformed_in_a_row += 1
        if self._malformed_in_a_row >= MALFORMED_LIMIT_COUNT:
            raise StreamDamaged(
                f"{MALFORMED_LIMIT_COUNT} paquets de suite ne sont pas du RTP.",
                where=f"{self._where}, {dump(data[start:end])}",
            )

    def _unusual(self, packet: Held) -> None:
        """A packet that is not the next one of the source at hand, or comes while others are held back."""
        _, second, sequence, stamp, ssrc = _read_header(packet.data, 0)
        if self.packets != self._usual_packets:  # ours has gone on since: what was strange or late then was no change
            self._usual_packets = self.packets
            self._late_in_a_row = 0
            self._heard_us = packet.received_us
            self.foreign_packets += self._stranger.silence()
        if second & 0x7F != self.payload_type:
            self.foreign_packets += 1
            if self._may_be_ours(second & 0x7F):
                self._adopt(self._stranger.hear(ssrc, second & 0x7F, packet))
            return
        if self.ssrc is None:
            self._begin(ssrc, sequence, stamp)
        elif ssrc != self.ssrc and sequence == self._next:  # some name each group anew and number on
            self.ssrc = ssrc
        elif ssrc in self._refused and packet.received_us - self._heard_us < REFUSED_LIMIT_US:
            self.foreign_packets += 1
            return
        elif ssrc != self.ssrc:
            self._adopt(self._stranger.hear(ssrc, second & 0x7F, packet))
            return
        if sequence == self._next:
            self._go_on(packet)
        elif (ahead := (sequence - (self._next or 0)) & 0xFFFF) < OVERTAKING_LIMIT_PACKETS:
            if not self._overtaken.hold(sequence, packet):
                self._give_up()
        elif ahead < SEQUENCE_MODULUS // 2 or self._begins_anew(sequence, stamp):
            self._give_up()
            self._skip_to(sequence)
            self._go_on(packet)

    def _may_be_ours(self, payload_type: int) -> bool:
        """Whether packets of this type may be the stream: of the type described, and before any of it, of another."""
        if self.ssrc is None:
            return payload_type >= DYNAMIC_TYPE and payload_type not in self.other_types
        return payload_type == self._described_type

    def _go_on(self, packet: Held) -> None:
        """Take the next packet, and those held that follow it."""
        following: Held | None = packet
        while following is not None:
            data = following.data
            first, second, sequence, stamp, _ = _read_header(data, 0)
            payload, end = trim(data, first, 0, len(data)) or (0, 0)
            self._next_one(data, payload, end, following.received_us, second, sequence, stamp)
            following = self._overtaken.take(self._next or 0) if self._overtaken else None

    def _give_up(self) -> None:
        """What is missing before the held packets does not come any more."""
        while (nearest := self._overtaken.nearest(self._next or 0)) is not None:
            self._skip_to(nearest)
            packet = self._overtaken.take(nearest)
            if packet is not None:
                self._go_on(packet)

    def _skip_to(self, sequence: int) -> None:
        """Count what is missing up to this packet; behind the one expected, nobody knows how much that is."""
        ahead = (sequence - (self._next or 0)) & 0xFFFF
        missing = ahead if ahead < SEQUENCE_MODULUS // 2 else 1
        self._next, self._restart, self._late_in_a_row = sequence, None, 0
        if missing:
            self.lost_packets += missing
            self._depacketizer.lost()

    def _begins_anew(self, sequence: int, stamp: int) -> bool:
        """Whether a packet with a lower number opens a new numbering; else it is late, or a copy, and is left out.

        A copy bears an old time stamp, and a late one hardly an older one. A new numbering is confirmed by a second.
        """
        age = signed_difference(self.last_stamp, stamp)
        self._late_in_a_row += 1
        if 0 <= age < LATE_LIMIT_90K and self._late_in_a_row < LATE_LIMIT_PACKETS:
            self.late_packets += 1
            if (
                self.packets < OVERTAKING_LIMIT_PACKETS
                and 0 < (self._first - sequence) & 0xFFFF < SEQUENCE_MODULUS // 2
            ):
                self._depacketizer.lost(before=True)  # the first of all was overtaken
            return False
        if sequence == self._restart:
            return True
        self._restart = (sequence + 1) & 0xFFFF
        self.late_packets += 1
        return False

    def _begin(self, ssrc: int, sequence: int, stamp: int) -> None:
        """Take up the first source."""
        self.rtp_time = self.last_stamp = stamp
        self.ssrc, self._first, self._next, self._restart = ssrc, sequence, sequence, None

    def _adopt(self, packets: list[Held]) -> None:
        """Follow another source, or another payload type than announced, from its first packets on."""
        if not packets:
            return
        self._give_up()
        _, second, sequence, stamp, ssrc = _read_header(packets[0].data, 0)
        self.payload_type = second & 0x7F
        if self.ssrc is None:
            self._begin(ssrc, sequence, stamp)
        else:
            if ssrc == self._former and len(self._refused) < REFUSED_LIMIT_COUNT:
                self._refused.add(self.ssrc)  # the former one still speaks: this one came between
            self._former, self.ssrc, self._next = self.ssrc, ssrc, sequence
            self.lost_packets += 1
            self._depacketizer.lost()
        for packet in packets:
            self.packet(packet.data, 0, len(packet.data), packet.received_us)


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
