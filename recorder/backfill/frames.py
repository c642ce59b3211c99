"""Where replayed pictures belong: pure functions from a camera's time to ours, and from pictures to groups.

A card dates each picture by the camera's own clock. We know how that clock stood beside ours at the last picture before
a gap and at the first one after (RTCP sender reports against our timeline), so a card's copy of either falls on the
very instant we gave it. Half a picture's distance is the tolerance: a copy of what we have is left out, its neighbour
is taken, at both edges.

    between the edges   the difference changes by a straight line: the clocks drift
    a step              edges that differ by more than 1 s: the camera's clock was set meanwhile. The left difference
                        holds up to the jump in the card's own times, the right one after it
    one edge known      its difference holds throughout
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recorder.access_unit import AccessUnit, StreamFormat, TimedUnit
from recorder.rtsp.replay import Stamp
from recorder.stream.timeline import STEP_US
from vms.clock import LATEST_US, MICRO

STEP_LIMIT_US: Final = MICRO
# Two pictures further apart than this have a hole in the recording between them, as in the live pipeline.
HOLE_LIMIT_US: Final = MICRO
# Where a group ends this near to the gap's end, or begins this near to its start, it reaches it.
JOIN_LIMIT_US: Final = 100_000
STEP_DEFAULT_US: Final = 40_000
GROUP_LIMIT_US: Final = 10 * MICRO
GROUP_LIMIT_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Edge:
    """A picture of ours beside the gap: our instant, and the camera's clock minus ours there."""

    at_us: int
    difference_us: int


@dataclass(frozen=True, slots=True)
class CardClock:
    """The camera's clock beside ours over a gap; with neither edge known it is taken to be right."""

    left: Edge | None
    right: Edge | None

    @property
    def stepped(self) -> bool:
        """Whether the camera's clock was set between the edges."""
        left, right = self.left, self.right
        return left is not None and right is not None and abs(left.difference_us - right.difference_us) > STEP_LIMIT_US

    def ours(self, camera_us: int, *, after_step: bool) -> int:
        """Our instant, UTC µs, for one on the camera's clock."""
        left, right = self.left or self.right, self.right or self.left
        if left is None or right is None:
            return camera_us
        if self.stepped:
            return camera_us - (right if after_step else left).difference_us
        # Along the camera's own time, so that the line meets both edges exactly.
        span_us = right.at_us + right.difference_us - left.at_us - left.difference_us
        passed_us = min(max(camera_us - left.difference_us - left.at_us, 0), max(span_us, 0))
        bend_us = (right.difference_us - left.difference_us) * passed_us // span_us if span_us > 0 else 0
        return camera_us - left.difference_us - bend_us

    def range_on_camera(self, start_us: int, end_us: int) -> tuple[int, int]:
        """What to ask the camera for so that [start, end) of ours is in it."""
        known = [edge.difference_us for edge in (self.left, self.right) if edge is not None] or [0]
        return start_us + min(known), end_us + max(known)


@dataclass(frozen=True, slots=True)
class Placed:
    """A replayed picture in our time. ``wanted`` is False for one before the gap: it only helps to decode.

    ``fmt`` is the format it is decoded with; ``hole`` says that the card has nothing just before it.
    """

    timed: TimedUnit
    fmt: StreamFormat
    wanted: bool
    hole: bool


class Placer:
    """Places the pictures of one replay within the gap [start, end), in the order they come."""

    def __init__(self, start_us: int, end_us: int, clock: CardClock) -> None:
        self.done = False  # a picture past the gap, or the recording's last, was seen
        self.unstamped = 0
        self._start_us, self._end_us, self._clock = start_us, end_us, clock
        self._fmt: StreamFormat | None = None
        self._after_step = False
        self._last: tuple[int, int] | None = None  # camera's time and media time of the last picture
        self._last_us = 0
        self._step_us = STEP_DEFAULT_US
        self._latest_step_us = 0
        self._broken = True  # until the first key picture, and after damage
        self._ended = False

    @property
    def step_us(self) -> int:
        """The usual distance of two pictures, µs."""
        return self._step_us

    def place(self, unit: AccessUnit, stamp: Stamp | None) -> Placed | None:
        """Where the picture belongs; None when it is of no use: past the gap, without a time, or not decodable."""
        if stamp is None:
            self.unstamped += 1
            self._broken = True
            return None
        if unit.key and unit.fmt is not None:
            self._fmt, self._broken = unit.fmt, False
        elif unit.key or unit.lost_before:
            self._broken = True
        at_us, hole = self._instant(unit, stamp)
        half_us = self._step_us // 2
        self.done = self.done or stamp.terminal or at_us >= self._end_us - half_us
        if self._broken or self._fmt is None or at_us >= self._end_us - half_us:
            return None
        wanted = at_us >= self._start_us - half_us
        utc_us = max(at_us, self._last_us + STEP_US)
        if wanted:
            utc_us = max(utc_us, self._start_us)
        self._last_us = utc_us
        composition = (at_us - utc_us) * 9 // 100 if self._reordered(at_us, utc_us) else 0
        duration_90k = self._step_us * 9 // 100
        timed = TimedUnit(unit, utc_us, duration_90k, composition)
        return Placed(timed, self._fmt, wanted, hole)

    def _instant(self, unit: AccessUnit, stamp: Stamp) -> tuple[int, bool]:
        hole = self._ended or stamp.jumps
        if self._last is not None:
            camera_us, media = self._last
            passed_us, media_us = stamp.camera_us - camera_us, (unit.rtp_time - media) * 100 // 9
            if self._clock.stepped and abs(passed_us - media_us) > STEP_LIMIT_US // 2:
                self._after_step = True
            elif passed_us > HOLE_LIMIT_US:
                hole = True
            elif 0 < media_us <= MICRO:
                # One picture that is missing doubles a distance: the smaller of two in a row is the usual one.
                self._step_us, self._latest_step_us = min(media_us, self._latest_step_us or media_us), media_us
        self._last, self._ended = (stamp.camera_us, unit.rtp_time), stamp.ends
        at_us = self._clock.ours(stamp.camera_us, after_step=self._after_step)
        return min(max(at_us, 0), LATEST_US - MICRO), hole

    def _reordered(self, at_us: int, utc_us: int) -> bool:
        return at_us < utc_us - STEP_US and utc_us > self._start_us


@dataclass(frozen=True, slots=True)
class EdgeGroup:
    """A closed group of pictures that covers [start, end)."""

    units: tuple[TimedUnit, ...]
    fmt: StreamFormat
    start_us: int
    end_us: int


class Grouper:
    """Makes groups of placed pictures; a group starts at a key picture, or goes on with one that we already have.

    ``goes_on`` says that footage which ends where the gap starts holds the head of the first group: then its tail may
    come without a key picture, as a long group's second half does.
    """

    def __init__(self, start_us: int, end_us: int, *, goes_on: bool) -> None:
        self.undecodable = 0
        self._start_us, self._end_us = start_us, end_us
        self._goes_on = goes_on
        self._units: list[TimedUnit] = []
        self._size = 0
        self._fmt: StreamFormat | None = None
        self._first = self._opening = True

    def push(self, timed: TimedUnit, fmt: StreamFormat, *, hole: bool) -> list[EdgeGroup]:
        """Take the next picture of the gap; the group that it closes, if any."""
        closed: list[EdgeGroup] = []
        if self._units and (hole or timed.utc_us - self._units[-1].utc_us > HOLE_LIMIT_US):
            closed = self._close(None, limit_us=timed.utc_us)
        elif self._units and (timed.unit.key or self._too_long(timed)):
            closed = self._close(timed.utc_us)
        if not self._units and not timed.unit.key and not self._continues(timed, hole=hole):
            self.undecodable += 1
            self._fmt = None
            return closed
        self._first = False
        self._fmt = fmt
        self._units.append(timed)
        self._size += timed.unit.size_bytes()
        return closed

    def finish(self) -> list[EdgeGroup]:
        """The last group, once nothing more comes."""
        return self._close(None, limit_us=self._end_us)

    def _continues(self, timed: TimedUnit, *, hole: bool) -> bool:
        if hole:
            return False
        if self._fmt is not None:  # the second half of a long group
            return True
        return self._first and self._goes_on and timed.utc_us - self._start_us <= JOIN_LIMIT_US

    def _too_long(self, timed: TimedUnit) -> bool:
        return self._size > GROUP_LIMIT_BYTES or timed.utc_us - self._units[0].utc_us > GROUP_LIMIT_US

    def _close(self, next_us: int | None, *, limit_us: int = 0) -> list[EdgeGroup]:
        units, self._units, self._size = self._units, [], 0
        if not units or self._fmt is None:
            return []
        start_us, last = units[0].utc_us, units[-1]
        if self._opening and start_us - self._start_us <= JOIN_LIMIT_US:
            start_us = self._start_us
        self._opening = False
        if next_us is None:
            end_us = last.utc_us + max(STEP_US, (last.duration_90k or 0) * 100 // 9)
            end_us = min(limit_us, self._end_us if self._end_us - end_us <= JOIN_LIMIT_US else end_us)
            group = EdgeGroup(tuple(units), self._fmt, start_us, end_us)
            self._fmt = None  # what follows a hole starts at a key picture
            return [group]
        return [EdgeGroup(tuple(units), self._fmt, start_us, next_us)]
