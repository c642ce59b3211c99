"""Packets held back until it is clear what they are (RFC 3550 §5.1, §A.1): overtaken ones, and those of a new source.

A camera that speaks TCP itself numbers its packets in order. One behind a gateway from UDP does not; some begin anew
with another source or another payload type than announced; and servers that mix up connections send packets of a
session long gone. Everything here happens off the usual path, bounded in packets and in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HELD_LIMIT_PACKETS: Final = 48
HELD_LIMIT_US: Final = 600_000
# Packets of one stranger in a row before it is the stream: a stale session's come between ours, never alone.
STRANGER_LIMIT_PACKETS: Final = 3
# Late packets in a row before they are the stream, begun anew with lower numbers.
LATE_LIMIT_PACKETS: Final = 64
# Older by more than this is no late packet: nothing is that late on a connection that keeps order.
LATE_LIMIT_90K: Final = 10 * 90_000


@dataclass(frozen=True, slots=True)
class Held:
    """One packet set aside, header included."""

    data: bytes
    received_us: int


class Overtaken:
    """Packets that came ahead of a missing one."""

    def __init__(self) -> None:
        self._by_sequence: dict[int, Held] = {}
        self._since_us = 0

    def __bool__(self) -> bool:
        return bool(self._by_sequence)

    def hold(self, sequence: int, packet: Held) -> bool:
        """Set one aside; False when too many or for too long, so that what is missing must be given up."""
        if not self._by_sequence:
            self._since_us = packet.received_us
        self._by_sequence.setdefault(sequence, packet)
        waited_us = packet.received_us - self._since_us
        return len(self._by_sequence) < HELD_LIMIT_PACKETS and waited_us < HELD_LIMIT_US

    def take(self, sequence: int) -> Held | None:
        """The packet with this number, if it is here."""
        return self._by_sequence.pop(sequence, None)

    def nearest(self, after: int) -> int | None:
        """The number nearest ahead of ``after``."""
        return min(self._by_sequence, key=lambda held: (held - after) & 0xFFFF, default=None)

    def clear(self) -> None:
        """Forget all."""
        self._by_sequence.clear()


class Stranger:
    """Packets in a row of one source that is not ours, or not yet."""

    def __init__(self) -> None:
        self._who: tuple[int, int] | None = None
        self._packets: list[Held] = []

    def hear(self, ssrc: int, payload_type: int, packet: Held) -> list[Held]:
        """Set one aside; all of them once this stranger has spoken alone for long enough, else none."""
        if (ssrc, payload_type) != self._who:
            self._who, self._packets = (ssrc, payload_type), []
        self._packets.append(packet)
        if len(self._packets) < STRANGER_LIMIT_PACKETS:
            return []
        packets, self._packets, self._who = self._packets, [], None
        return packets

    def silence(self) -> int:
        """Ours speaks again: forget the stranger; how many packets that were."""
        count = len(self._packets)
        self._who, self._packets = None, []
        return count
