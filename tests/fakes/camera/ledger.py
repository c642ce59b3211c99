"""What a camera sent, unit by unit, so that a test can say what a recorder should have."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LEDGER_LIMIT_UNITS = 500_000


@dataclass(frozen=True, slots=True)
class SentUnit:
    """One access unit handed to one player's socket whole and undamaged.

    ``number`` counts the units of the stream since the farm started (those nobody received too),
    ``digest`` is ``clips.unit_digest`` of its NAL units, ``sent_us`` the real UTC time in µs.
    """

    player: int
    number: int
    digest: str
    rtp_time: int
    key: bool
    sent_us: int

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON data."""
        return {
            "player": self.player,
            "number": self.number,
            "digest": self.digest,
            "rtp_time": self.rtp_time,
            "key": self.key,
            "sent_us": self.sent_us,
        }


class Ledger:
    """The sent units of one stream (the newest ``LEDGER_LIMIT_UNITS``) and counts that never wrap."""

    def __init__(self) -> None:
        self._sent: deque[SentUnit] = deque(maxlen=LEDGER_LIMIT_UNITS)
        self.units = 0
        self.octets = 0
        self.dropped = 0
        """Units withheld because a player did not read fast enough."""

    def note(self, sent: SentUnit, octets: int) -> None:
        """Record one unit sent to one player."""
        self._sent.append(sent)
        self.units += 1
        self.octets += octets

    def __iter__(self) -> Iterator[SentUnit]:
        return iter(tuple(self._sent))

    def of_player(self, player: int) -> list[SentUnit]:
        """What one player (one PLAY of one session) was sent, in order."""
        return [sent for sent in self._sent if sent.player == player]

    def since(self, utc_us: int) -> list[SentUnit]:
        """What was sent from ``utc_us`` on, in order."""
        return [sent for sent in self._sent if sent.sent_us >= utc_us]
