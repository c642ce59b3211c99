"""The pipeline: groups cut and bounded, an absence for every hole, a slow or refusing sink."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from recorder.access_unit import AccessUnit, TimedUnit
from recorder.stream.live_hub import Hub
from recorder.stream.pipeline import GROUP_LIMIT_US, QUEUE_LIMIT_US, STALLED_US, Pipeline
from tests.fakes.memory_sink import MemorySink
from tests.fakes.small_clip import small_clip
from tests.fakes.timed_units import START, format_of, timed_units
from vms.clock import ManualClock

CLIP = small_clip()
UNITS = timed_units(CLIP)
FMT = format_of(CLIP)


# What may happen to a unit on its way: a hole before it, a key frame that is none, or one without its format.
ODD: list[Callable[[AccessUnit], AccessUnit]] = [
    lambda unit: replace(unit, lost_before=True),
    lambda unit: replace(unit, key=False, fmt=None),
    lambda unit: replace(unit, fmt=None),
]


class Line:
    """A pipeline, its sink, a clock that follows the units."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.sink = MemorySink()
        self.hub = Hub()
        self.pipeline = Pipeline("c/main", self.clock, self.hub, self.sink, "zones-1")

    def push(self, *units: TimedUnit) -> None:
        for unit in units:
            behind_us = unit.utc.since(self.clock.utc())
            if behind_us > 0:
                self.clock.advance(seconds=behind_us / 1e6)
            self.pipeline.push(unit, unit.unit.fmt)

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    made = Line()
    yield made
    await made.pipeline.close("recorder-stopped", "")


async def test_groups_tile_time_from_key_frame_to_key_frame(line: Line) -> None:
    line.push(*UNITS)
    await line.settle()
    assert [(kept.start, kept.end) for kept in line.sink.groups] == [
        (UNITS[n].utc, UNITS[n + 10].utc) for n in (0, 10, 20, 30)
    ]
    assert {kept.zone_set for kept in line.sink.groups} == {"zones-1"}
    await line.pipeline.close("recorder-stopped", "")
    assert line.sink.groups[-1].end == UNITS[-1].utc.plus(us=40_000)
    assert line.sink.holes[-1].start == line.sink.groups[-1].end


async def read_by_read(units: list[TimedUnit], sizes: list[int], *, together: bool) -> tuple[object, ...]:
    """What the sink and a viewer get of units that come several to a read, pushed together or one by one."""
    line = Line()
    viewer = line.hub.join()
    at = 0
    for size in sizes:
        read = units[at : at + size]
        at += size
        if not read:
            break
        line.clock.advance(seconds=max(0, read[-1].utc.since(line.clock.utc())) / 1e6)
        if together:
            line.pipeline.push_all(read)
        else:
            for unit in read:
                line.pipeline.push(unit, unit.unit.fmt)
        await line.settle()
    late = line.hub.join()
    await line.pipeline.close("recorder-stopped", "")
    return line.sink.groups, line.sink.holes, list(viewer._queue), list(late._queue), line.pipeline.last_unit


@pytest.mark.parametrize("limit_bytes", [30_000, 8 * 1024 * 1024])
@pytest.mark.parametrize("apart_us", [40_000, 700_000])
async def test_units_pushed_together_are_what_they_are_one_by_one(
    monkeypatch: pytest.MonkeyPatch, limit_bytes: int, apart_us: int
) -> None:
    monkeypatch.setattr("recorder.stream.pipeline.GROUP_LIMIT_BYTES", limit_bytes)
    dice = random.Random(limit_bytes + apart_us)
    for _ in range(20):
        units = [replace(unit, utc_us=START.us + n * apart_us) for n, unit in enumerate(UNITS)]
        for number in dice.sample(range(len(units)), dice.randrange(4)):
            units[number] = replace(units[number], unit=dice.choice(ODD)(units[number].unit))
        sizes = [dice.choice([1, 2, 5, 7]) for _ in units]  # the queue for the disk holds eight
        alone, together = [await read_by_read(units, sizes, together=how) for how in (False, True)]
        assert together == alone


async def test_nothing_is_kept_before_the_first_key_frame(line: Line) -> None:
    line.push(*UNITS[5:21])
    await line.settle()
    assert [kept.start for kept in line.sink.groups] == [UNITS[10].utc]
    assert line.sink.causes() == []


async def test_a_long_group_is_handed_over_in_parts_that_decode_in_turn(line: Line) -> None:
    long = [replace(unit, utc_us=START.us + n * 400_000) for n, unit in enumerate(UNITS)]
    only_first_key = [
        long[0], *(replace(unit, unit=replace(unit.unit, key=False, fmt=None)) for unit in long[1:]),
    ]  # fmt: skip
    line.push(*only_first_key)
    await line.settle()
    assert [kept.units for kept in line.sink.groups] == [26]  # just over ten seconds
    assert line.sink.groups[0].end == only_first_key[26].utc
    await line.pipeline.close("recorder-stopped", "")
    assert sum(kept.units for kept in line.sink.groups) == 50
    assert line.sink.causes() == ["recorder-stopped"]


async def test_a_heavy_group_is_handed_over_in_parts(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.stream.pipeline.GROUP_LIMIT_BYTES", 30_000)
    line.push(*UNITS[:10])
    await line.settle()
    assert len(line.sink.groups) >= 2
    assert all(len(kept.plaintext) < 90_000 for kept in line.sink.groups)


async def test_where_each_picture_is_a_key_picture_a_group_takes_several(line: Line) -> None:
    every = [
        replace(UNITS[0], utc_us=START.us + 40_000 * number, unit=replace(UNITS[0].unit, rtp_time=3600 * number))
        for number in range(51)
    ]
    line.push(*every)
    await line.pipeline.close("recorder-stopped", "")
    assert [kept.units for kept in line.sink.groups] == [8] * 6 + [3]
    assert line.sink.groups[1].start == line.sink.groups[0].end == every[8].utc


async def test_a_group_lasts_by_the_camera_s_clock_where_the_first_pictures_come_late_and_at_once(line: Line) -> None:
    every = [
        replace(UNITS[0], utc_us=START.us + 100 * number, unit=replace(UNITS[0].unit, rtp_time=90_000 * number))
        for number in range(4)
    ]
    line.push(*every)
    await line.pipeline.close("recorder-stopped", "")
    assert [kept.units for kept in line.sink.groups] == [1, 1, 1, 1]


async def test_key_pictures_that_come_all_at_once_overflow_nothing(line: Line) -> None:
    every = [replace(UNITS[0], utc_us=START.us + 40_000 * number) for number in range(200)]
    line.pipeline.push_all(every)  # one read: the disk has had no turn
    await line.pipeline.close("recorder-stopped", "")
    assert (sum(kept.units for kept in line.sink.groups), line.sink.causes()) == (200, ["recorder-stopped"])


async def test_a_hole_runs_from_the_last_unit_to_the_next_key_frame(line: Line) -> None:
    broken = replace(UNITS[15], unit=replace(UNITS[15].unit, lost_before=True))
    line.push(*UNITS[:14], broken, *UNITS[16:31])
    await line.settle()
    (hole,) = line.sink.holes
    assert hole.cause == "stream-damaged"
    assert hole.start == UNITS[13].utc.plus(us=40_000)
    assert hole.end == UNITS[20].utc
    assert [kept.units for kept in line.sink.groups] == [10, 4, 10]


async def test_a_key_frame_after_a_hole_is_kept_though_it_comes_before_it_was_expected(line: Line) -> None:
    """Pictures come a little sooner or later than their predecessors let expect."""
    key = replace(
        UNITS[20], unit=replace(UNITS[20].unit, lost_before=True), utc_us=UNITS[19].utc_us + 33_000
    )  # fmt: skip
    line.push(*UNITS[:20], key, *UNITS[21:])
    await line.settle()
    (hole,) = line.sink.holes
    assert (hole.cause, hole.start, hole.end) == ("stream-damaged", key.utc, key.utc)
    await line.pipeline.close("recorder-stopped", "")
    assert sum(kept.units for kept in line.sink.groups) == len(UNITS)


async def test_a_key_frame_after_a_loss_still_leaves_a_hole(line: Line) -> None:
    key = replace(UNITS[20], unit=replace(UNITS[20].unit, lost_before=True))
    line.push(*UNITS[:18], key, *UNITS[21:31])
    await line.settle()
    (hole,) = line.sink.holes
    assert (hole.start, hole.end) == (UNITS[17].utc.plus(us=40_000), UNITS[20].utc)


async def test_a_key_frame_without_parameter_sets_is_an_absence_and_dark(line: Line) -> None:
    viewer = line.hub.join()
    line.push(*UNITS[:10], replace(UNITS[10], unit=replace(UNITS[10].unit, fmt=None)), *UNITS[11:20], *UNITS[20:31])
    await line.settle()
    assert line.sink.causes() == ["parameter-sets-missing"]
    assert line.sink.holes[0].end == UNITS[20].utc
    kinds = [(await viewer.next()).kind for _ in range(12)]
    assert kinds[-1] == "dark"


async def test_a_cause_that_changes_splits_the_absence(line: Line) -> None:
    line.push(*UNITS[:12])
    line.pipeline.fault("stream-stalled", "")
    line.pipeline.fault("stream-stalled", "again")
    line.clock.advance(seconds=5)
    line.pipeline.fault("camera-unreachable", "")
    await line.settle()
    assert line.sink.causes() == ["stream-stalled", "camera-unreachable"]
    assert line.sink.holes[0].end == line.sink.holes[1].start == line.clock.utc()


async def test_a_late_key_frame_does_not_reach_into_time_that_is_told_for(line: Line) -> None:
    """Pictures held back by a busy machine come with times before the moment at which the cause changed."""
    line.push(*UNITS[:12])
    line.pipeline.fault("stream-stalled", "")
    line.clock.advance(seconds=0.5)
    line.pipeline.fault("camera-unreachable", "")
    changed = line.clock.utc()
    assert line.pipeline.covered_until == changed
    line.push(*UNITS[20:])
    await line.settle()
    assert line.sink.holes[-1].end == UNITS[30].utc > changed > UNITS[20].utc


async def test_a_refusing_sink_is_one_absence_until_it_takes_again(line: Line) -> None:
    line.push(*UNITS[:11])
    await line.settle()
    line.sink.refuse = "disk-full"
    line.push(*UNITS[11:41])
    await line.settle()
    assert line.sink.causes() == ["disk-full"]
    assert line.pipeline.unkept_cause == "disk-full"
    line.sink.refuse = ""
    line.clock.advance(seconds=6)
    more = [replace(unit, utc_us=unit.utc_us + 10_000_000) for unit in UNITS]
    line.push(*more[:21])
    await line.settle()
    assert line.pipeline.unkept_cause == ""
    assert line.sink.holes[-1].end is not None
    assert line.sink.groups[-1].start == more[10].utc or line.sink.groups[-1].start == more[0].utc


class StuckSink(MemorySink):
    """A disk that hangs until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()

    async def group(self, *args: object, **more: object) -> None:
        await self.free.wait()
        await super().group(*args, **more)  # type: ignore[arg-type]


async def test_a_disk_that_hangs_costs_bounded_memory_and_leaves_one_absence() -> None:
    line = Line()
    line.sink = StuckSink()
    line.pipeline = Pipeline("c/main", line.clock, line.hub, line.sink, None)
    told: list[str] = []
    for round_ in range(10):
        line.push(*(replace(unit, utc_us=unit.utc_us + 2_000_000 * round_) for unit in UNITS))
        await line.settle()
        told.append(line.pipeline.unkept_cause)
    assert (told[0], told[-1]) == ("", "store-stalled")
    assert line.pipeline._queued_us <= QUEUE_LIMIT_US + GROUP_LIMIT_US
    assert isinstance(line.sink, StuckSink)
    line.sink.free.set()
    await line.pipeline.close("recorder-stopped", "")
    assert sum(kept.end.since(kept.start) for kept in line.sink.groups) <= QUEUE_LIMIT_US + GROUP_LIMIT_US
    assert line.sink.causes()[0] == "store-stalled"


async def test_a_disk_that_hangs_is_told_while_it_hangs_before_anything_is_lost() -> None:
    line = Line()
    line.sink = StuckSink()
    line.pipeline = Pipeline("c/main", line.clock, line.hub, line.sink, None)
    line.push(*UNITS[:11])
    await line.settle()
    assert line.pipeline.unkept_cause == ""
    line.clock.advance(seconds=STALLED_US / 1e6)
    assert line.pipeline.unkept_cause == "store-stalled"
    assert isinstance(line.sink, StuckSink)
    line.sink.free.set()
    await line.settle()
    assert (line.pipeline.unkept_cause, len(line.sink.groups)) == ("", 1)
    await line.pipeline.close("recorder-stopped", "")


async def test_a_pipeline_without_a_sink_shows_and_keeps_nothing() -> None:
    hub = Hub()
    pipeline = Pipeline("c/framing", ManualClock(START), hub, None, None)
    viewer = hub.join()
    for unit in UNITS:
        pipeline.push(unit, unit.unit.fmt)
    assert [(await viewer.next()).kind for _ in range(3)] == ["stream", "fragment", "fragment"]
    assert pipeline._units == []
    await pipeline.close("not-authorised", "")


async def test_an_error_of_the_sink_that_nobody_foresaw_ends_the_task_loudly(line: Line) -> None:
    async def fail(*args: object) -> None:
        raise ZeroDivisionError

    line.sink.group = fail  # type: ignore[method-assign, assignment]
    line.push(*UNITS[:11])
    task = line.pipeline.task
    assert task is not None
    with pytest.raises(ZeroDivisionError):
        await task
    with pytest.raises(ZeroDivisionError):
        await line.pipeline.close("recorder-stopped", "")
    assert line.sink.closed
    line.pipeline = Pipeline("c/main", line.clock, line.hub, None, None)
