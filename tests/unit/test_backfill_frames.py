"""Where a card's pictures belong: clocks, edges, holes, groups."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.access_unit import AccessUnit, StreamFormat
from recorder.backfill.card import Card
from recorder.backfill.fill import may_hold
from recorder.backfill.frames import CardClock, Edge, EdgeGroup, Grouper, Placed, Placer
from recorder.backfill.gaps import Gap
from recorder.rtsp.replay import Stamp
from recorder.segment.rows import StreamId
from vms.clock import MICRO, UtcTime

FMT = StreamFormat("h264", 320, 240, 25.0, (b"\x67", b"\x68"), "avc1.64001F")
START = 1_800_000_000 * MICRO
STEP = 40_000
GOP = 10


def unit(number: int, *, key: bool | None = None) -> AccessUnit:
    is_key = number % GOP == 0 if key is None else key
    return AccessUnit.of((bytes((number % 251,)),), number * 3600, is_key, 0, FMT if is_key else None)


def stamp(camera_us: int, *, ends: bool = False, terminal: bool = False) -> Stamp:
    return Stamp(camera_us, False, ends, False, terminal)


def replay(placer: Placer, first: int, count: int, offset_us: int, lost: range = range(0)) -> list[tuple[int, Placed]]:
    """Pictures ``first``… of a camera that takes one each 40 ms, whose clock is off; those that have a place."""
    found = []
    for number in range(first, first + count):
        if number in lost:
            continue
        placed = placer.place(unit(number), stamp(START + number * STEP + offset_us, ends=number + 1 in lost))
        if placed is not None:
            found.append((number, placed))
        if placer.done:
            break
    return found


def groups_of(found: list[tuple[int, Placed]], start_us: int, end_us: int, *, goes_on: bool) -> list[EdgeGroup]:
    grouper = Grouper(start_us, end_us, goes_on=goes_on)
    closed = []
    for _, placed in found:
        if placed.wanted:
            closed += grouper.push(placed.timed, placed.fmt, hole=placed.hole)
    return closed + grouper.finish()


@pytest.mark.parametrize("offset_us", [0, -3600 * MICRO, 987_654_321])
@pytest.mark.parametrize("skew_us", [0, 15_000, -15_000, 400_000, -400_000])
def test_exactly_the_pictures_between_the_edges(offset_us: int, skew_us: int) -> None:
    """The card's copies of the last and the first picture that we have are left out, their neighbours taken."""
    left, right = 13, 47  # the last picture kept before, the first one after
    start_us, end_us = START + (left + 1) * STEP, START + right * STEP + skew_us
    clock = CardClock(Edge(START + left * STEP, offset_us), Edge(end_us, offset_us - skew_us))
    found = replay(Placer(start_us, end_us, clock), 10, 60, offset_us)
    wanted = [number for number, placed in found if placed.wanted]
    assert wanted == list(range(left + 1, right))
    assert [number for number, placed in found if not placed.wanted] == [10, 11, 12, 13]
    closed = groups_of(found, start_us, end_us, goes_on=True)
    assert (closed[0].start_us, closed[-1].end_us) == (start_us, end_us)
    assert all(one.end_us == two.start_us for one, two in itertools.pairwise(closed))
    assert sum(len(group.units) for group in closed) == right - left - 1
    assert [group.units[0].unit.key for group in closed] == [False, True, True, True]


@pytest.mark.parametrize(
    ("first_s", "last_s", "asked"),
    [(-60, 60, True), (-60, -10, False), (50, 60, False), (None, None, True), (None, -10, False), (3590, -20, True)],
)
def test_a_card_is_asked_unless_it_says_that_it_holds_nothing_of_the_gap(
    first_s: int | None, last_s: int | None, *, asked: bool
) -> None:
    """The last row: a camera whose clock was set back by an hour says that its recording ends before it begins."""
    first, last = (UtcTime(START + at * MICRO) if at is not None else None for at in (first_s, last_s))
    gap = Gap(StreamId("valclair", "valclair-c01", "main"), START, START + 5 * MICRO, fresh=True)
    assert may_hold(Card("rtsp://127.0.0.1/1", first, last), CardClock(None, None), gap) is asked


def test_without_the_head_of_the_group_a_gap_starts_at_the_next_key_picture() -> None:
    start_us, end_us = START + 14 * STEP, START + 50 * STEP
    found = replay(Placer(start_us, end_us, CardClock(None, None)), 10, 60, 0)
    closed = groups_of(found, start_us, end_us, goes_on=False)
    assert closed[0].start_us == START + 20 * STEP
    assert closed[-1].end_us == end_us


def test_a_hole_on_the_card_stays_one() -> None:
    start_us, end_us = START + 10 * STEP, START + 100 * STEP
    found = replay(Placer(start_us, end_us, CardClock(None, None)), 10, 100, 0, lost=range(25, 60))
    closed = groups_of(found, start_us, end_us, goes_on=False)
    seams = [(one.end_us, two.start_us) for one, two in itertools.pairwise(closed) if one.end_us != two.start_us]
    assert seams == [(START + 25 * STEP, START + 60 * STEP)]


def test_a_clock_that_was_set_meanwhile_is_followed_at_its_jump() -> None:
    """Ten minutes behind before, right after: the jump in the card's own times tells where."""
    start_us, end_us = START + 10 * STEP, START + 60 * STEP
    clock = CardClock(Edge(START + 9 * STEP, -600 * MICRO), Edge(end_us, 0))
    assert clock.stepped
    placer = Placer(start_us, end_us, clock)
    found = replay(placer, 10, 20, -600 * MICRO) + replay(placer, 30, 40, 0)
    assert [number for number, placed in found if placed.wanted] == list(range(10, 60))
    times = [placed.timed.utc.us for _, placed in found]
    assert times == [START + number * STEP for number in range(10, 60)]


def test_a_picture_without_a_time_breaks_its_group() -> None:
    placer = Placer(START, START + 100 * STEP, CardClock(None, None))
    assert placer.place(unit(0), stamp(START)) is not None
    assert placer.place(unit(1), None) is None
    assert placer.place(unit(2), stamp(START + 2 * STEP)) is None
    assert placer.place(unit(10), stamp(START + 10 * STEP)) is not None
    assert placer.unstamped == 1


def test_the_terminal_picture_ends_the_replay() -> None:
    placer = Placer(START, START + 100 * STEP, CardClock(None, None))
    placer.place(unit(0), stamp(START, terminal=True))
    assert placer.done


@given(
    jitters=st.lists(st.integers(-15_000, 15_000), min_size=30, max_size=80),
    lost=st.sets(st.integers(0, 79), max_size=40),
    left=st.integers(0, 20),
    goes_on=st.booleans(),
    offset_us=st.integers(-10_000 * MICRO, 10_000 * MICRO),
)
def test_groups_never_overlap_and_never_leave_the_gap(
    jitters: list[int], lost: set[int], left: int, goes_on: bool, offset_us: int
) -> None:
    """S4, whatever the card's times do: groups in order, apart, within the gap, each with a key picture or a head."""
    start_us, end_us = START + left * STEP, START + len(jitters) * STEP
    clock = CardClock(Edge(start_us, offset_us), None)
    placer, grouper = Placer(start_us, end_us, clock), Grouper(start_us, end_us, goes_on=goes_on)
    closed: list[EdgeGroup] = []
    for number, jitter in enumerate(jitters):
        if number in lost:
            continue
        placed = placer.place(unit(number), stamp(START + number * STEP + jitter + offset_us))
        if placed is not None and placed.wanted:
            closed += grouper.push(placed.timed, placed.fmt, hole=placed.hole)
    closed += grouper.finish()
    assert all(start_us <= one.start_us < one.end_us <= end_us for one in closed)
    assert all(one.end_us <= two.start_us for one, two in itertools.pairwise(closed))
    for number, group in enumerate(closed):
        assert group.units[0].unit.key or (number == 0 and goes_on) or closed[number - 1].end_us == group.start_us
        times = [one.utc.us for one in group.units]
        assert times == sorted(set(times))
        assert times[0] >= group.start_us
