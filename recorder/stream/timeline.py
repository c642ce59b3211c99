"""UTC for every access unit: the camera's media clock, held to our monotonic clock (A-10).

Three rules, in order: time never goes back along a stream; the line of media time is bent by at most 500 ppm; a picture
was taken before it arrived.

    our clock    wall clock read once, carried on by the monotonic clock. Small corrections of the wall clock are
                 followed within the 500 ppm; a step of more than 1 s is noted and ignored until the next connection.
    the line     utc = anchor + media time. Arrival minus line is never negative but for the network's delay being
                 smaller than at the anchor; its least value over 10 s is the true difference of the clocks, since
                 delays only ever add. The anchor moves towards it.
    at the start cameras send a group at once, faster than real time; for 10 s the line is moved, not bent, whenever a
                 picture would stand in the future. Of pictures that one read brought the latest was taken last, and the
                 others before it by as much as media time says, though none before the connection: it is the latest
                 that the line is laid through.
    jumps        media time that goes back, or departs from arrival by more than 1 s, is a jump: the line is laid anew
                 at the arrival, and the jump is noted. Pictures sent out of order (B pictures) are no jump, a few in a
                 row. Media time that stands still, or nearly, says nothing: as long as it does, pictures bear the time
                 of their arrival.
    wrong rates  a camera that counts 25 pictures a second and takes 20 has a clock that nothing bends. When every
                 picture of three seconds comes more than 1 s after its line, or one long before it, the line is let
                 loose: it follows the least delay of the last two seconds at once, until media time keeps step again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from recorder.access_unit import MEDIA_CLOCK_HZ, AccessUnit, TimedUnit
from vms.clock import LATEST_US, MICRO, Clock, UtcTime

SLEW_LIMIT_PPM: Final = 500
SETTLE_US: Final = 10 * MICRO
WINDOW_US: Final = 10 * MICRO
SLICE_US: Final = MICRO
JUMP_LIMIT_US: Final = MICRO
JUMP_LIMIT_90K: Final = MEDIA_CLOCK_HZ
# What a camera may send at once to begin with.
BURST_LIMIT_US: Final = 4 * MICRO
BURST_LIMIT_90K: Final = 4 * MEDIA_CLOCK_HZ
CLOCK_STEP_LIMIT_US: Final = MICRO
CLAIM_DIFFERENCE_LIMIT_US: Final = MICRO
# The least distance between two units of a stream: their times stay in order on every scale we write.
STEP_US: Final = 100
NOTES_LIMIT_COUNT: Final = 32
# Pictures in a row with the time of the one before; some cameras give each two the same. Less than 4 ms is no time.
STILL_LIMIT_UNITS: Final = 3
STILL_STEP_90K: Final = 360
# Pictures in a row before one already stamped: B pictures never are so many.
DISORDER_LIMIT_UNITS: Final = 8
# Seconds with pictures, all of them late, within so many seconds: no stall of the network, which ends in a burst.
LATE_SLICES: Final = 3
LATE_SPAN_SLICES: Final = 6
# A loose line is held again when it has moved by less than this in ten seconds.
STEADY_US: Final = 50_000

NoteKind = Literal["media-jump", "clock-step", "claim-differs", "claim-agrees"]


@dataclass(frozen=True, slots=True)
class Note:
    """Something about time that a person or the chain should know; ``difference_us`` says how much."""

    kind: NoteKind
    at: UtcTime
    difference_us: int


class Timeline:
    """Stamps the units of one stream, in the order they arrive; outlives connections, so that time never goes back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_us = 0  # our clock = monotonic + offset
        self._line_us = 0  # utc of media time zero
        self._last_utc_us: int | None = None
        self._notes: list[Note] = []
        self._claim: tuple[int, int] | None = None
        self._claim_differs = False
        self.claim_difference_us = 0
        self._fresh = True
        self._called_us = clock.monotonic_us()
        self._anchored = False
        self._stepped = False
        self._started_us = 0
        self._last_arrival_us = 0
        self._last_media: int | None = None
        self._still_units = 0
        self._disordered = (0, 0)  # pictures in a row shown before the latest, and the media time of that
        # The line while it is loose: the second in which it was looked at, and where it was then.
        self._loose: tuple[int, int] | None = None
        self._duration_90k: int | None = None
        # Least (arrival - media time) per second of the window, as (second, least).
        self._least: deque[tuple[int, int]] = deque()
        self._least_us = 0  # the least of them all

    def restart(self) -> None:
        """A new connection: the media clock starts anew, and a wall clock that was set meanwhile is followed."""
        self._fresh = True
        self._called_us = self._clock.monotonic_us()
        self._claim = None
        self._last_media = None
        self._duration_90k = None
        self._loose = None

    def not_before(self, utc: UtcTime) -> None:
        """Nothing may be stamped earlier than ``utc``, because an absence that starts there is on record (S4)."""
        self._last_utc_us = max(self._last_utc_us or 0, utc.us - STEP_US)

    def claim(self, media_90k: int, utc_us: int) -> None:
        """The camera's sender report: it claims ``utc_us`` at media time ``media_90k``. The next unit is held to it."""
        self._claim = (media_90k, utc_us)

    def notes(self) -> list[Note]:
        """What was noted since the last call."""
        notes, self._notes = self._notes, []
        return notes

    def stamp_all(self, units: Sequence[AccessUnit]) -> list[TimedUnit]:
        """The units of one read, at least one, each with its time."""
        if self._last_media is not None and units[0].received_us - self._started_us >= SETTLE_US:
            return [self.stamp(unit) for unit in units]
        times = [unit.rtp_time for unit in units]
        latest, received_us = max(times), units[-1].received_us
        # One that waited for what followed has an arrival of its own; and no camera keeps that much to begin with.
        together = units[0].received_us == received_us and latest - min(times) <= BURST_LIMIT_90K
        # What a camera had kept was taken before we called; but that time may be told for already (S4).
        most_us = max(0, received_us - self._called_us) if together else 0
        return [self.stamp(unit, min((latest - unit.rtp_time) * 100 // 9, most_us)) for unit in units]

    def stamp(self, unit: AccessUnit, earlier_us: int = 0) -> TimedUnit:
        """The unit with its time; it was taken ``earlier_us`` before one that arrived with it. Constant work; never
        fails, whatever the camera's clock does.
        """
        received_us, media = unit.received_us, unit.rtp_time
        if received_us == self._last_arrival_us and not self._fresh:
            arrival_us = received_us + self._offset_us  # came in the same read: no time to follow the wall clock in
        else:
            arrival_us = self._our_clock(received_us)
        arrival_us -= earlier_us
        media_us = media * 100 // 9
        previous = self._last_media
        if previous is None:
            self._lay(media_us, arrival_us)
            self._started_us = received_us
        else:
            step = media - previous
            # Shown before one already stamped, as B pictures are: never by far, and no key picture is.
            if -JUMP_LIMIT_90K < step < 0:
                if not unit.key and self._disorder(previous) <= DISORDER_LIMIT_UNITS:
                    return self._out_of_order(unit, media_us)
                self._jump(media_us, arrival_us, step * 100 // 9)
            self._follow(received_us, step, media_us, arrival_us)
            if 0 < step <= MEDIA_CLOCK_HZ:
                self._duration_90k = step
        self._last_media = media
        utc_us, least_us = self._line_us + media_us, (self._last_utc_us or 0) + STEP_US
        return self._stamped(unit, utc_us if utc_us > least_us else least_us, 0)

    def _stamped(self, unit: AccessUnit, utc_us: int, composition: int) -> TimedUnit:
        self._last_arrival_us = unit.received_us
        self._last_utc_us = utc_us
        if self._claim is not None:
            self._compare(*self._claim, unit.rtp_time, utc_us)
            self._claim = None
        return TimedUnit(unit, utc_us, self._duration_90k, composition)

    def _our_clock(self, monotonic_us: int) -> int:
        """Our clock when the monotonic clock showed ``monotonic_us``, which lies a little in the past."""
        wall_offset_us = self._clock.utc().us - self._clock.monotonic_us()
        if self._fresh:
            last_us = self._last_utc_us
            ahead_us = 0 if last_us is None else last_us - (wall_offset_us + monotonic_us)
            back = self._anchored and ahead_us > CLOCK_STEP_LIMIT_US
            if back:  # the wall clock was set back meanwhile: our clock goes on, noted as a step
                self._note("clock-step", monotonic_us + self._offset_us, wall_offset_us - self._offset_us)
            else:
                self._offset_us = wall_offset_us
            self._fresh, self._anchored, self._stepped = False, True, back
            self._last_arrival_us = monotonic_us
            return monotonic_us + self._offset_us
        difference = wall_offset_us - self._offset_us
        if abs(difference) > CLOCK_STEP_LIMIT_US:
            if not self._stepped:
                self._note("clock-step", monotonic_us + self._offset_us, difference)
            self._stepped = True
        else:
            self._stepped = False
            self._offset_us += _slew(difference, monotonic_us - self._last_arrival_us)
        return monotonic_us + self._offset_us

    def _lay(self, media_us: int, arrival_us: int) -> None:
        """Lay the line through this arrival."""
        self._line_us = arrival_us - media_us
        self._least.clear()

    def _disorder(self, latest: int) -> int:
        """How many pictures in a row, this one too, are shown before the latest."""
        count, since = self._disordered
        self._disordered = (count + 1 if since == latest else 1, latest)
        return self._disordered[0]

    def _out_of_order(self, unit: AccessUnit, media_us: int) -> TimedUnit:
        """Stamp a picture that shows earlier than its predecessor: decoded after it, shown before it."""
        utc_us = (self._last_utc_us or 0) + STEP_US
        shown_us = self._line_us + media_us
        return self._stamped(unit, utc_us, (shown_us - utc_us) * 9 // 100)

    def _follow(self, received_us: int, step_90k: int, media_us: int, arrival_us: int) -> None:
        self._still_units = 0 if step_90k >= STILL_STEP_90K else self._still_units + 1
        if self._still_units >= STILL_LIMIT_UNITS:  # a media clock that says nothing: the arrival is all there is
            if self._still_units == STILL_LIMIT_UNITS:
                self._note("media-jump", arrival_us, arrival_us - (self._line_us + media_us))
            self._lay(media_us, arrival_us)
            return
        delay_us = arrival_us - self._line_us - media_us
        advanced_us = step_90k * 100 // 9
        ahead_us = advanced_us - (received_us - self._last_arrival_us)
        since_us = received_us - self._started_us
        # Right after the start a camera may send a long group at once; one unit never spans more than these.
        burst_us = BURST_LIMIT_US if since_us < SETTLE_US else JUMP_LIMIT_US
        # What was late may catch up at once, after a stall; only what would come from the future has jumped.
        if advanced_us <= -JUMP_LIMIT_US or (ahead_us > burst_us and delay_us < -JUMP_LIMIT_US // 2):
            self._jump(media_us, arrival_us, ahead_us)
            return
        if delay_us < 0 and (since_us < SETTLE_US or self._loose is not None):
            self._lay(media_us, arrival_us)
            return
        least_us = self._least_delay(received_us // SLICE_US, arrival_us - media_us)
        # A media clock that stopped or runs slow shows as a delay that never comes back; one that runs fast as pictures
        # from the future.
        if delay_us < -JUMP_LIMIT_US or (delay_us > JUMP_LIMIT_US and self._still_late(received_us // SLICE_US)):
            self._jump(media_us, arrival_us, -delay_us)
            self._loose = (received_us // SLICE_US, self._line_us)
        elif self._loose is not None:
            self._let_go(received_us, self._loose)
        else:
            self._line_us += _slew(least_us, advanced_us)

    def _least_delay(self, second: int, difference_us: int) -> int:
        """The least delay behind the line over the window; ``difference_us`` is arrival less media time."""
        least = self._least
        if least and least[-1][0] == second:
            if difference_us < least[-1][1]:
                least[-1] = (second, difference_us)
                self._least_us = min(self._least_us, difference_us)
        else:
            least.append((second, difference_us))
            while second - least[0][0] >= WINDOW_US // SLICE_US:
                least.popleft()
            self._least_us = min(item[1] for item in least)
        return self._least_us - self._line_us

    def _still_late(self, second: int) -> bool:
        """Whether pictures came in several seconds, and each more than 1 s after its line."""
        lately = [least_us for at, least_us in self._least if second - LATE_SPAN_SLICES < at < second]
        return len(lately) >= LATE_SLICES and min(lately[-LATE_SLICES:]) - self._line_us > JUMP_LIMIT_US

    def _let_go(self, received_us: int, looked: tuple[int, int]) -> None:
        """Move a loose line to the least delay of the last two seconds, but not faster than time goes by."""
        second, line_us = received_us // SLICE_US, self._line_us
        least_us = min(least_us for at, least_us in self._least if second - at < 2) - line_us
        self._line_us += max(0, min(least_us, received_us - self._last_arrival_us))
        if second - looked[0] >= WINDOW_US // SLICE_US:
            self._loose = (second, line_us) if abs(line_us - looked[1]) > STEADY_US else None

    def _jump(self, media_us: int, arrival_us: int, difference_us: int) -> None:
        self._lay(media_us, arrival_us)
        self._started_us = self._last_arrival_us
        self._note("media-jump", arrival_us, difference_us)

    def _compare(self, claim_90k: int, claimed_us: int, media_90k: int, utc_us: int) -> None:
        """Hold the claim to our time of a picture; note where it begins to differ, and to agree again (A-10)."""
        claimed_us += (media_90k - claim_90k) * 100 // 9
        if not 0 <= claimed_us <= LATEST_US:
            return
        self.claim_difference_us = claimed_us - utc_us
        differs = abs(self.claim_difference_us) > CLAIM_DIFFERENCE_LIMIT_US
        if differs != self._claim_differs:
            self._claim_differs = differs
            self._note("claim-differs" if differs else "claim-agrees", utc_us, self.claim_difference_us)

    def _note(self, kind: NoteKind, utc_us: int, difference_us: int) -> None:
        if len(self._notes) < NOTES_LIMIT_COUNT:
            self._notes.append(Note(kind, UtcTime(max(0, min(utc_us, LATEST_US))), difference_us))


def _slew(difference_us: int, elapsed_us: int) -> int:
    """As much of the difference as may be made up for in the time elapsed."""
    limit = elapsed_us * SLEW_LIMIT_PPM // MICRO if elapsed_us > 0 else 0
    if difference_us > limit:
        return limit
    return difference_us if difference_us >= -limit else -limit
