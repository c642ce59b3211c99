"""One encoder of a virtual camera: a clip in an endless loop on a clock of its own, sent to whoever plays it."""

from __future__ import annotations

import bisect
import random
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.fakes.camera.card import CardUnit, Recording
from tests.fakes.camera.clips import CLOCK_HZ, Clip, ClipUnit, is_parameter_set
from tests.fakes.camera.ledger import Ledger, SentUnit
from tests.fakes.camera.packetise import PacketRun, packet_run

MICRO = 1_000_000
SENDER_REPORT_INTERVAL_US = MICRO
MAX_LAG_US = 10 * MICRO
MAX_OVERSIZED_MIB = 64
NTP_EPOCH_S = 2_208_988_800


class Player(Protocol):
    """A session that plays a stream; the RTSP server's side of it."""

    number: int
    channel: int
    awaiting_key: bool
    next_report_us: int
    packets: int
    octets: int

    def send(self, frames: bytes | bytearray) -> bool:
        """Write interleaved frames; False when the peer does not keep up and they were withheld."""


@dataclass(slots=True)
class StreamFaults:
    """How a stream misbehaves now; all off at first."""

    stall: bool = False
    silent: bool = False
    no_parameter_sets: bool = False
    no_key_frames: bool = False
    lose_every_packets: int = 0

    @property
    def alters_units(self) -> bool:
        """Whether what is sent differs from the clip's units."""
        return self.no_parameter_sets or self.lose_every_packets > 0


def monotonic_us() -> int:
    """Monotonic time in µs, the clock of encoders and of the event loop."""
    return time.monotonic_ns() // 1000


EPOCH_US = max(time.time_ns() // 1000 - monotonic_us() for _ in range(100))
"""UTC at monotonic zero; the most of many, since the process may be held up between the two readings."""


class LiveStream:
    """A looping clip with continuous RTP time, sequence numbers and counts.

    Every player of the stream sees the same packets at the same moment, as with a real encoder; a new player
    starts at the next key frame. ``period_90k`` is the length of one loop, the same for all streams of a
    camera, so that they loop together.
    """

    def __init__(
        self, name: str, clip: Clip, utc_of: Callable[[int], int], *, seed: str = "", phase_us: int = 0
    ) -> None:
        self.name = name
        self.clip = clip
        self.faults = StreamFaults()
        self.ledger = Ledger()
        self.players: list[Player] = []
        self.card: Recording | None = None
        self.period_90k = clip.duration_90k
        self._utc_of = utc_of
        self._pts = [unit.pts_90k for unit in clip.units]
        self._origin_us = monotonic_us() - phase_us
        self._next = 0
        chance = random.Random(seed or name)
        self._sequence_base = chance.randrange(1 << 16)
        self._time_base = chance.randrange(1 << 31)
        self._number_base = 0
        self.ssrc = chance.randrange(1 << 32)
        self._altered: dict[int, PacketRun] = {}

    # ── the encoder's clock ──

    def due_us(self, index: int | None = None) -> int:
        """When the unit (the next one, if none is named) leaves the encoder, in monotonic µs."""
        loop, k = divmod(self._next if index is None else index, len(self.clip.units))
        ticks = loop * self.period_90k + self._pts[k]
        return self._origin_us + ticks * MICRO // CLOCK_HZ

    def rtp_time(self, index: int) -> int:
        """RTP time of a unit, 32 bits."""
        loop, k = divmod(index, len(self.clip.units))
        return (self._time_base + loop * self.period_90k + self._pts[k]) & 0xFFFFFFFF

    def sequence(self, index: int) -> int:
        """RTP sequence number of the unit's first packet, 16 bits."""
        loop, k = divmod(index, len(self.clip.units))
        return (self._sequence_base + loop * self.clip.packets + self.clip.units[k].first_packet) & 0xFFFF

    def resume(self) -> None:
        """Skip what fell due while nobody watched."""
        elapsed = (monotonic_us() - self._origin_us) * CLOCK_HZ // MICRO
        loop, ticks = divmod(max(0, elapsed), self.period_90k)
        self._next = max(self._next, loop * len(self._pts) + bisect.bisect_right(self._pts, ticks))

    @property
    def wanted(self) -> bool:
        """Whether units must be made: somebody plays, or a card records."""
        return bool(self.players) or self.card is not None

    def next_key(self) -> int:
        """Index of the next key frame, where a new player starts."""
        self.resume() if not self.wanted else None
        index = self._next
        while not self.clip.units[index % len(self.clip.units)].key:
            index += 1
        return index

    def switch(self, clip: Clip, period_90k: int) -> None:
        """Go on with another clip from its first frame: parameter sets change in flight, RTP time does not jump."""
        index = self._next
        self._sequence_base = self.sequence(index)
        self._time_base = self.rtp_time(index)
        self._origin_us = self.due_us(index)
        self._number_base += index
        self._next = 0
        self.clip = clip
        self.period_90k = period_90k
        self._pts = [unit.pts_90k for unit in clip.units]
        self._altered.clear()

    def jump(self, ticks_90k: int) -> None:
        """From the next unit on, RTP time is off by this much; may be negative."""
        self._time_base = (self._time_base + ticks_90k) & 0xFFFFFFFF

    def backdate(self, us: int) -> None:
        """Have run that much longer already, 10 s at most: a card fills at once with what it would hold by now."""
        self._origin_us -= us

    # ── sending ──

    def emit(self) -> None:
        """Send the next unit to every player that can use it, and sender reports that are due."""
        now = monotonic_us()
        if now - self.due_us() > MAX_LAG_US:
            self.resume()
        index = self._next
        self._next += 1
        unit = self.clip.units[index % len(self.clip.units)]
        if self.card is not None:
            self.card.keep(CardUnit(unit, self._utc_of(self.due_us(index)), self.rtp_time(index), self.clip))
        if self.faults.silent:
            return
        if not self.faults.stall and not (self.faults.no_key_frames and unit.key):
            self._send(index, unit)
        for player in tuple(self.players):
            if now >= player.next_report_us:
                player.next_report_us = now + SENDER_REPORT_INTERVAL_US
                player.send(self.sender_report(player, index))

    def _send(self, index: int, unit: ClipUnit) -> None:
        frames: dict[int, bytearray] = {}
        run = self._run(index, unit)
        timestamp, sequence = self.rtp_time(index), self.sequence(index)
        sent_us = time.time_ns() // 1000
        for player in tuple(self.players):
            if player.awaiting_key and not unit.key and not self.faults.no_key_frames:
                continue
            if player.channel not in frames:
                frames[player.channel] = run.stamped(player.channel, sequence, timestamp, self.ssrc)
            if not player.send(self._damaged(frames[player.channel], run)):
                player.awaiting_key = True
                self.ledger.dropped += 1
                continue
            player.awaiting_key = False
            player.packets += run.count
            player.octets += run.payload_octets
            if not self.faults.alters_units:
                number = self._number_base + index
                self.ledger.note(
                    SentUnit(player.number, number, unit.digest, timestamp, unit.key, sent_us),
                    len(run.template),
                )

    def _run(self, index: int, unit: ClipUnit) -> PacketRun:
        if not (self.faults.no_parameter_sets and unit.key):
            return unit.run
        k = index % len(self.clip.units)
        if k not in self._altered:
            kept = tuple(nal for nal in unit.nals if not is_parameter_set(nal, self.clip.codec))
            self._altered[k] = packet_run(kept, self.clip.codec)
        return self._altered[k]

    def _damaged(self, frames: bytearray, run: PacketRun) -> bytearray:
        every = self.faults.lose_every_packets
        if not every:
            return frames
        ends = (*run.offsets[1:], len(frames))
        first = struct.unpack_from("!H", frames, 6)[0]
        kept = bytearray()
        for number, (start, end) in enumerate(zip(run.offsets, ends, strict=True)):
            if (first + number) % every:
                kept += frames[start:end]
        return kept

    def send_oversized(self, mib: int) -> None:
        """Send one access unit of ``mib`` MiB (64 at most) to every player."""
        size = min(mib, MAX_OVERSIZED_MIB) << 20
        first = b"\x65" if self.clip.codec == "h264" else b"\x26\x01"
        run = packet_run((first + b"\x5a" * size,), self.clip.codec)
        for player in tuple(self.players):
            player.send(run.stamped(player.channel, self.sequence(self._next), self.rtp_time(self._next), self.ssrc))
        self._sequence_base = (self._sequence_base + run.count) & 0xFFFF

    def sender_report(self, player: Player, index: int) -> bytes:
        """RTCP SR and SDES (RFC 3550 §6.4.1, §6.5) that ties the unit's RTP time to the camera's clock."""
        seconds, micro = divmod(self._utc_of(self.due_us(index)), MICRO)
        report = struct.pack(
            "!BBHIIIIII",
            0x80,
            200,
            6,
            self.ssrc,
            (seconds + NTP_EPOCH_S) & 0xFFFFFFFF,
            (micro << 32) // MICRO,
            self.rtp_time(index),
            player.packets & 0xFFFFFFFF,
            player.octets & 0xFFFFFFFF,
        )
        name = self.name.encode()[:200]
        item = struct.pack("!IBB", self.ssrc, 1, len(name)) + name
        item += bytes(4 - len(item) % 4)
        description = struct.pack("!BBH", 0x81, 202, len(item) // 4) + item
        packet = report + description
        return struct.pack("!BBH", 0x24, player.channel + 1, len(packet)) + packet
