"""The memory card of a virtual camera (Profile G): what its encoders made, with the camera's own time, oldest first.

A card records whether anybody watches or not. It keeps references to the clip's units, so an hour costs little memory;
beyond ``CARD_LIMIT_UNITS`` the oldest go, as on a card that is full.
"""

from __future__ import annotations

import bisect
from collections import deque
from dataclasses import dataclass

from tests.fakes.camera.clips import Clip, ClipUnit

CARD_LIMIT_UNITS = 200_000
HOLE_US = 1_000_000
"""Two units further apart than this have a gap in the recording between them."""


@dataclass(frozen=True, slots=True)
class CardUnit:
    """One access unit on the card; ``utc_us`` is the camera's clock at the frame grabber, ``rtp_time`` as streamed."""

    unit: ClipUnit
    utc_us: int
    rtp_time: int
    clip: Clip


class Recording:
    """One stream's recording: a single video track."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.token = f"recording-{stream}"
        self.track = "video-1"
        self.recording = True
        self._units: deque[CardUnit] = deque()
        self._dropped = 0

    def keep(self, kept: CardUnit) -> None:
        """Record one unit, unless the card is stopped; a recording starts at a key frame."""
        if not self.recording or (not kept.unit.key and self._starts(kept)):
            return
        self._units.append(kept)
        if len(self._units) > CARD_LIMIT_UNITS:
            self._units.popleft()
            self._dropped += 1

    def _starts(self, kept: CardUnit) -> bool:
        return not self._units or abs(kept.utc_us - self._units[-1].utc_us) > HOLE_US

    def erase(self, from_us: int, to_us: int) -> None:
        """Lose what was recorded in a range of the camera's time."""
        self._dropped += sum(from_us <= one.utc_us < to_us for one in self._units)
        self._units = deque(one for one in self._units if not from_us <= one.utc_us < to_us)

    @property
    def span_us(self) -> tuple[int, int] | None:
        """From the oldest to the newest unit; None while there is none."""
        return (self._units[0].utc_us, self._units[-1].utc_us) if self._units else None

    def clip(self) -> Clip | None:
        """The clip of the newest unit: what a description speaks of."""
        return self._units[-1].clip if self._units else None

    def start_at(self, utc_us: int) -> int:
        """The number of the first unit to send for a start time (Streaming specification, synchronization points)."""
        units = list(self._units)
        at = bisect.bisect_right(units, utc_us, key=lambda one: one.utc_us)
        inside = at < len(units) and at > 0 and units[at].utc_us - units[at - 1].utc_us <= HOLE_US
        if inside or (at == len(units) and at > 0 and utc_us - units[at - 1].utc_us <= HOLE_US):
            at -= 1
            while at > 0 and not units[at].unit.key:
                at -= 1
            return self._dropped + at
        while at < len(units) and not units[at].unit.key:
            at += 1
        return self._dropped + at

    def unit(self, number: int) -> CardUnit | None:
        """The unit with this number (they are never renumbered); the oldest left when it is gone, None beyond the end.

        A deque is quick at its ends only; what is replayed lies near the newest end.
        """
        at = max(0, number - self._dropped)
        return self._units[at] if at < len(self._units) else None

    def ends_section(self, number: int) -> bool:
        """Whether a gap, or the end of a recording that goes on no more, follows this unit (the E flag)."""
        here, after = self.unit(number), self.unit(number + 1)
        if here is None or after is None:
            return here is not None and not self.recording
        return after.utc_us - here.utc_us > HOLE_US

    def between(self, from_us: int, to_us: int) -> list[CardUnit]:
        """What was recorded in a range of the camera's time."""
        return [one for one in self._units if from_us <= one.utc_us < to_us]
