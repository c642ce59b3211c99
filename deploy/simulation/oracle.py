"""The judge: what was received against what opens, by books that the recorder never sees.

received and not there   is explained by something that was done to the recorder, and told by an absence with its
                         cause at that time; nothing vanishes in silence
there                    is what was sent, unit by unit, once, in order, under a time that never goes back
at a death               at most the group being written and the one being gathered are gone
time                     segments and absences tile it (``tiles``)
past its due date        nothing without a hold; and nothing went before it
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from deploy.simulation.inspection import Opened
from deploy.simulation.ledger import Ledger, Sent
from recorder.recording.writer import OVERLAP_LIMIT_US
from recorder.rtsp.reorder import HELD_LIMIT_US

# A unit's time and the edge of an absence may differ by a burst, a bent line, a joined hole.
TIME_SLACK_US: Final = 2_500_000
# The group that is being written and the one that is being gathered.
LOSS_LIMIT_GROUPS: Final = 2
TOGETHER_US: Final = 50_000
HELD_UP_US: Final = 400_000


@dataclass(frozen=True, slots=True)
class Tile:
    """A segment (no cause) or an absence."""

    start_us: int
    end_us: int | None
    cause: str


@dataclass(frozen=True, slots=True)
class Excuse:
    """Something was done that may cost pictures shot in [from_us, to_us], µs since the start; told as ``causes``."""

    from_us: int
    to_us: int
    why: str
    causes: frozenset[str]
    stream: str = ""


@dataclass
class Death:
    """A life's end without notice."""

    at_us: int
    begun_us: int
    loss_groups: dict[str, int] = field(default_factory=dict)


class Oracle:
    """Keeps the books of all streams and says what does not add up."""

    def __init__(self, ledgers: dict[str, Ledger], start_us: int) -> None:
        self.ledgers = ledgers
        self.excuses: list[Excuse] = []
        # While the clock shows a time that is told for already, because it was set back, no absence can tell anything.
        self.doubled: list[tuple[int, int]] = []
        self.problems: list[str] = []
        self.tiles: dict[str, dict[int, Tile]] = {stream: {} for stream in ledgers}
        self.worst_loss_groups = 0
        self.worst_loss_slow_groups = 0
        self.units_kept = 0
        self._start_us = start_us
        self._there: dict[str, dict[int, Opened]] = {stream: {} for stream in ledgers}
        self._before: dict[str, list[Opened]] = {stream: [] for stream in ledgers}  # at the look before

    def say(self, what: str) -> None:
        """Something does not add up."""
        self.problems.append(what)

    def saw(self, stream: str, groups: Sequence[Opened]) -> dict[int, Opened]:
        """The store as it is now; the groups that were there before and are not any more, by their units' numbers."""
        there: dict[int, Opened] = {}
        last, ends_us = -1, -1
        for group in groups:
            place = f"{stream} {group.segment} at {group.start_us}"
            if group.problem:
                self.say(f"{place}: {group.problem}")
            if group.start_us < ends_us:
                self.say(f"{place}: overlaps what ends at {ends_us}")
            if group.units and group.units[0][1] < group.start_us - OVERLAP_LIMIT_US:
                self.say(f"{place}: its first unit says {group.units[0][1]}")
            if any(left[1] >= right[1] for left, right in itertools.pairwise(group.units)):
                self.say(f"{place}: time goes back in it")
            ends_us = group.end_us
            for number, utc_us in group.units:
                if number <= last:
                    self.say(f"{place}: unit {number} stands after {last}")
                last = number
                there[number] = group
                self._found(stream, number, utc_us)
        self._before[stream] = list(self._there[stream].values())
        gone = {number: group for number, group in self._there[stream].items() if number not in there}
        self._there[stream] = there
        return gone

    def _found(self, stream: str, number: int, utc_us: int) -> None:
        books = self.ledgers[stream].units
        if not 0 <= number < len(books):
            self.say(f"{stream}: a unit that was never sent: {number}")
            return
        unit = books[number]
        if unit.read_us is None:
            self.say(f"{stream}: unit {number} is there and was never received")
        if unit.damaged:
            self.say(f"{stream}: unit {number} is there, and a packet of it never came")
        if unit.kept_utc_us is None:
            self.units_kept += 1
            unit.kept_utc_us = utc_us

    def takes_back(self, stream: str, number: int, group: Opened, torn: Container[str]) -> bool:
        """A group that is gone before its time: whether nobody had been told that it was durable.

        It lay there because a failing disk had refused it and could not be rid of it. Or a death came between its
        append and its sync, and a power cut before the next adoption: such a group is the last of one of the files
        that were ``torn``. What a row counts is asked for by fsck (S1).
        """
        unit = self.ledgers[stream].units[number]
        later = any(one.segment == group.segment and one.start_us > group.start_us for one in self._before[stream])
        unsynced = group.segment in torn and not later
        if self._excuse(stream, unit) is None and not unsynced:
            return False
        unit.kept_utc_us, unit.excused = None, unit.excused or ("death" if unsynced else "")
        self.units_kept -= 1
        return True

    def latest_us(self, stream: str) -> int:
        """Where the groups that are there end."""
        return max((group.end_us for group in self._there[stream].values()), default=0)

    def tiled(self, stream: str, tiles: Iterable[Tile]) -> None:
        """The stream's time as the index tells it now."""
        ordered = sorted(tiles, key=lambda one: one.start_us)
        for left, right in itertools.pairwise(ordered):
            if left.end_us is None or left.end_us > right.start_us:
                self.say(f"{stream}: time from {right.start_us} is told twice ({left.cause!r}, {right.cause!r})")
        known = self.tiles[stream]
        for tile in ordered:
            known[tile.start_us] = tile

    def died(self, death: Death, *, slow: bool, power: bool) -> None:
        """Count what a death cost: the units received last in that life, none of which opens."""
        for stream, ledger in self.ledgers.items():
            lost: list[Sent] = []
            for unit in reversed(ledger.units):
                if unit.read_us is None or unit.read_us > death.at_us:
                    continue
                if unit.read_us < death.begun_us or unit.kept_utc_us is not None:
                    break
                lost.append(unit)
            spoilt = _spoilt(ledger.units) | _held_back(ledger.units)
            # Before its connection's first key unit nothing can be used.
            begun = {(unit.connection, unit.group) for unit in ledger.units if unit.key}
            # The last unit of a connection that ended: whether it was whole, nobody could say.
            ends = {unit.connection: unit.number for unit in ledger.units if unit.read_us is not None}
            whole = [
                unit for unit in lost
                if (unit.connection, unit.group) in begun
                and (unit.connection == lost[0].connection or unit.number != ends[unit.connection])
                and unit.number not in spoilt and not self._excuse(stream, unit)
            ]  # fmt: skip
            for unit in lost:
                unit.excused = unit.excused or "death"
            groups = len({unit.group for unit in whole})
            death.loss_groups[stream] = groups
            if slow or _at_once(whole):
                self.worst_loss_slow_groups = max(self.worst_loss_slow_groups, groups)
                continue
            self.worst_loss_groups = max(self.worst_loss_groups, groups)
            if groups > LOSS_LIMIT_GROUPS:
                self.say(f"{stream}: a death at {death.at_us} cost {groups} groups")

    def _excuse(self, stream: str, unit: Sent) -> Excuse | None:
        for one in self.excuses:
            if one.from_us <= unit.at_us <= one.to_us and one.stream in ("", stream):
                return one
        return None

    def settle(self, errors_us: Sequence[int], is_due: Callable[[int], bool]) -> None:
        """At the end: every unit received is there, or its loss is explained and told.

        ``is_due``: whether what was shot then (UTC µs) had to be destroyed by now, and with it what told of it.
        """
        for stream, ledger in self.ledgers.items():
            spoilt = _spoilt(ledger.units)
            started: set[int] = set()
            # Whether markers can be trusted shows with the second unit: until then the first of a connection is kept
            # back, and counts as received from there on.
            several = Counter(unit.connection for unit in ledger.units if unit.read_us is not None)
            for unit in ledger.units:
                if unit.key and not unit.damaged:
                    started.add(unit.connection)
                if unit.read_us is None or unit.kept_utc_us is not None or unit.number in spoilt:
                    continue
                if several[unit.connection] == 1:
                    continue
                if unit.connection not in started:
                    continue
                excuse = self._excuse(stream, unit)
                if excuse is None and not unit.excused:
                    self.say(f"{stream}: unit {unit.number} shot at {unit.at_us} was received and is not there")
                elif not self._told(stream, unit, errors_us) and not is_due(self._start_us + unit.at_us):
                    why = excuse.why if excuse is not None else unit.excused
                    self.say(f"{stream}: unit {unit.number} shot at {unit.at_us} ({why}) is lost, and nothing tells it")

    def _told(self, stream: str, unit: Sent, errors_us: Sequence[int]) -> bool:
        if any(start <= unit.at_us <= end for start, end in self.doubled):
            return True
        first_us = min((tile.start_us for tile in self.tiles[stream].values()), default=0)
        for error_us in errors_us:
            utc_us = self._start_us + unit.at_us + error_us
            if utc_us < first_us + TIME_SLACK_US:
                return True  # a stream's time begins with the first thing that was kept of it
            for tile in self.tiles[stream].values():
                ends_us = tile.end_us if tile.end_us is not None else utc_us
                if tile.cause and tile.start_us - TIME_SLACK_US <= utc_us <= ends_us + TIME_SLACK_US:
                    return True
        return False

    def explained(self, stream: str, errors_us: Sequence[int]) -> None:
        """Every absence has a cause that something that was done explains.

        It begins where told time ends: for a recorder whose clock once was ahead, that may be anywhere up to there.
        """
        ahead_us = max(0, *errors_us)
        for tile in self.tiles[stream].values():
            if not tile.cause or tile.cause == "recorder-stopped":
                continue
            tellers = ("", stream, f"{stream} only told")
            spans = [
                (self._start_us + one.from_us + error_us, self._start_us + one.to_us + error_us)
                for one in self.excuses if tile.cause in one.causes and one.stream in tellers
                for error_us in errors_us
            ]  # fmt: skip
            ends_us = tile.end_us if tile.end_us is not None else tile.start_us
            if not any(
                (start - TIME_SLACK_US <= ends_us and tile.start_us <= end + TIME_SLACK_US)
                or start <= tile.start_us <= end + ahead_us
                for start, end in spans
            ):
                self.say(f"{stream}: an absence {tile.cause} from {tile.start_us} that nothing explains")


def _at_once(units: Sequence[Sent]) -> bool:
    """Whether units that were shot one after the other arrived together, as after a stall: no disk is that fast."""
    read_us = [unit.read_us for unit in units if unit.read_us is not None]
    for first, last in itertools.pairwise(sorted(read_us)):
        together = [unit.at_us for unit in units if unit.read_us in (first, last)]
        if last - first < TOGETHER_US and max(together) - min(together) > HELD_UP_US:
            return True
    return False


def _held_back(units: Sequence[Sent]) -> set[int]:
    """Units that were read while a missing packet could still come, which the next packet after that time tells."""
    found: set[int] = set()
    until_us = -1
    for before, unit in itertools.pairwise(units):
        if before.connection != unit.connection:
            until_us = -1
        elif (before.damaged or before.moved) and unit.read_us is not None:
            until_us = unit.read_us + HELD_LIMIT_US
        if unit.read_us is not None and unit.read_us < until_us:
            found.add(unit.number)
    return found


def _spoilt(units: Sequence[Sent]) -> set[int]:
    """Units that no decoder could use: from one that lacks a packet to the end of its group."""
    found: set[int] = set()
    since: tuple[int, int] | None = None
    for unit, following in itertools.zip_longest(units, units[1:]):
        if unit.damaged or (unit.moved and unit.kept_utc_us is None):
            since = (unit.connection, unit.group)
        first = unit.number == 0 or units[unit.number - 1].connection != unit.connection
        if first and following is not None and (following.damaged or following.moved):
            found.add(unit.number)  # kept back at the time: nobody can say whose the missing packet was
        if since == (unit.connection, unit.group):
            found.add(unit.number)
    return found
