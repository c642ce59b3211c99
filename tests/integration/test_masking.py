"""The mask between camera and everything else: whatever happens to it, no clear picture comes out (P-10, P-11)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from privacy.masker import MaskWorker
from privacy.units import MaskFailed
from privacy.zones import ZoneSet
from recorder.access_unit import StreamFormat, TimedUnit
from recorder.stream.masking import CameraMask, zone_set_of
from tests.fakes.recorder_keeper import zones
from tests.fakes.small_clip import small_clip
from tests.fakes.timed_units import timed_units
from vms.clock import SystemClock

CAMERA = "valclair-c01"
ZONE: dict[str, Any] = {"points": [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]], "reason": "entrance"}
UNITS = timed_units(small_clip("h264", 320, 240, 100))
SENT = {nal for unit in UNITS for nal in unit.unit.nals if nal[0] & 0x1F in (1, 5)}


@dataclass
class Output:
    """What came out, and what was said to be missing."""

    units: list[TimedUnit] = field(default_factory=list)
    formats: list[StreamFormat] = field(default_factory=list)
    faults: list[tuple[str, bool]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def push(self, unit: TimedUnit, fmt: StreamFormat | None) -> None:
        assert SENT.isdisjoint(unit.unit.nals), "a clear picture"
        self.units.append(unit)
        if fmt is not None and (not self.formats or self.formats[-1] != fmt):
            self.formats.append(fmt)
        self.changed.set()

    def fault(self, cause: str, detail: str, *, dark: bool = True) -> None:
        self.faults.append((cause, dark))
        self.changed.set()

    async def until(self, units: int = 0, faults: int = 0) -> None:
        async with asyncio.timeout(60):
            while len(self.units) < units or len(self.faults) < faults:
                self.changed.clear()
                await self.changed.wait()


@dataclass
class Made:
    mask: CameraMask
    main: Output
    sub: Output
    workers: list[MaskWorker]

    async def replaced(self, count: int) -> None:
        """Wait until that many workers have been made."""
        deadline = asyncio.get_running_loop().time() + 60
        while len(self.workers) < count:
            assert asyncio.get_running_loop().time() < deadline, "no other worker"
            await asyncio.sleep(0.05)

    async def feed(self, stream: str, units: list[TimedUnit], *, until: int) -> None:
        """Feed in a loop, as a camera would, until that many came out."""
        output = self.main if stream == "main" else self.sub
        async with asyncio.timeout(60):
            while len(output.units) < until:
                for unit in units:
                    self.mask.push(stream, unit)
                    await asyncio.sleep(0.005)


@pytest.fixture
async def made() -> AsyncIterator[Made]:
    workers: list[MaskWorker] = []

    def make(camera: str, zone_set: ZoneSet) -> MaskWorker:
        workers.append(MaskWorker(camera, zone_set))
        return workers[-1]

    mask = CameraMask(CAMERA, zones(CAMERA, "z", ZONE), SystemClock(), make_worker=make, jitter=lambda: 0.0)
    main, sub = Output(), Output()
    mask.add("main", main)
    mask.add("sub", sub)
    mask.start()
    yield Made(mask, main, sub, workers)
    await mask.stop()


async def test_masked_units_keep_their_times_keys_and_order(made: Made) -> None:
    await made.feed("main", UNITS[:50], until=30)
    found = made.main.units[:30]
    first = next(n for n, unit in enumerate(UNITS) if unit.utc == found[0].utc)
    assert [unit.utc for unit in found] == [UNITS[(first + n) % 50].utc for n in range(30)]
    assert [unit.unit.key for unit in found] == [UNITS[(first + n) % 50].unit.key for n in range(30)]
    assert found[0].unit.key
    assert made.main.formats[0].codec == "h264"
    assert made.main.formats[0].size == (320, 240)
    assert made.main.faults == []


async def test_a_worker_that_dies_darkens_both_streams_and_is_replaced(made: Made) -> None:
    small = timed_units(small_clip("h264", 160, 120, 50))
    SENT.update(nal for unit in small for nal in unit.unit.nals if nal[0] & 0x1F in (1, 5))
    await made.feed("main", UNITS, until=5)
    await made.feed("sub", small, until=5)
    pid = made.workers[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await asyncio.gather(made.main.until(faults=1), made.sub.until(faults=1))
    assert made.main.faults == made.sub.faults == [("mask-failed", True)]
    before = len(made.main.units)
    await made.feed("main", UNITS, until=before + 5)
    assert made.main.units[before].unit.key
    assert len(made.workers) == 2


async def test_units_before_the_worker_is_ready_are_left_out(made: Made) -> None:
    for unit in UNITS[:10]:
        made.mask.push("main", unit)
    await made.feed("main", UNITS[10:20], until=5)
    assert made.main.units[0].unit.key


async def test_another_size_is_dark_until_the_old_one_is_back(made: Made) -> None:
    other = timed_units(small_clip("h264", 352, 288, 20))
    SENT.update(nal for unit in other for nal in unit.unit.nals if nal[0] & 0x1F in (1, 5))
    await made.feed("main", UNITS[:20], until=5)
    for unit in other:
        made.mask.push("main", unit)
    await made.main.until(faults=1)
    assert made.main.faults[0] == ("picture-size-changed", True)
    before = len(made.main.units)
    await made.replaced(2)
    for unit in other:  # another worker, and still the size is not the one these zones were applied to
        made.mask.push("main", unit)
        await asyncio.sleep(0.02)
    assert len(made.main.units) == before
    await made.feed("main", UNITS[:20], until=before + 5)
    assert {fmt.size for fmt in made.main.formats} == {(320, 240)}


async def test_what_was_inside_when_the_camera_went_does_not_come_out_afterwards(made: Made) -> None:
    await made.feed("main", UNITS, until=5)
    for unit in UNITS[:20]:
        made.mask.push("main", unit)
    await made.mask.interrupt("main")
    after = len(made.main.units)
    await asyncio.sleep(0.5)
    assert len(made.main.units) == after
    await made.feed("main", UNITS, until=after + 3)
    assert made.main.units[after].unit.key


async def test_a_hole_and_a_missing_format_wait_for_the_next_key_frame(made: Made) -> None:
    await made.feed("main", UNITS, until=5)
    await made.mask.interrupt("main")
    before = len(made.main.units)
    keyless = replace(UNITS[0], unit=replace(UNITS[0].unit, fmt=None))
    holed = replace(UNITS[12], unit=replace(UNITS[12].unit, lost_before=True))
    for unit in (keyless, UNITS[1], UNITS[10], UNITS[11], holed, UNITS[13], UNITS[20], UNITS[21]):
        made.mask.push("main", unit)
    await made.main.until(units=before + 4, faults=1)
    found = made.main.units[before:]
    assert [unit.utc for unit in found] == [UNITS[n].utc for n in (10, 11, 20, 21)]
    assert [unit.unit.lost_before for unit in found] == [True, False, True, False]
    assert made.main.faults == [("parameter-sets-missing", True)]


def test_a_zone_set_that_is_none_fails_closed() -> None:
    crossing = {"points": [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]], "reason": "entrance"}
    with pytest.raises(MaskFailed):
        zone_set_of(zones(CAMERA, "z", crossing), {})
    with pytest.raises(MaskFailed):
        zone_set_of(zones(CAMERA, "z"), {})  # neither zones nor anybody's word that none is needed


def test_validated_sizes_count_before_seen_ones() -> None:
    told = zones(CAMERA, "z", ZONE, sizes=({"stream": "main", "width": 800, "height": 600},))
    made = zone_set_of(told, {"main": (1, 1), "sub": (160, 120)})
    assert (made.size_of("main"), made.size_of("sub")) == ((800, 600), (160, 120))
