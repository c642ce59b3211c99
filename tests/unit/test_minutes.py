"""Each minute kept is measured; a short one is an incident with its rule until a minute is right (T-04, T-05, T-06)."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from recorder.recording.minutes import Minute, MinuteBoard, MinuteMeter, lapse_of
from tests.fakes.recorder_keeper import camera_plan
from vms.clock import MICRO
from vms.db.engine import ensure_schema, open_engine, read
from vms.model import Incident, RecordedMinute

CAMERA = "valclair-c01"


def feed(
    meter: MinuteMeter, fps: float, seconds: int, *, start_s: float = 0, size: tuple[int, int] = (1920, 1080)
) -> float:
    """Groups of two seconds; where they end."""
    for number in range(seconds // 2):
        begin = round((start_s + 2 * number) * MICRO)
        meter.add(begin, begin + 2 * MICRO, round(2 * fps), *size)
    return start_s + seconds


def meter() -> MinuteMeter:
    return MinuteMeter("valclair", CAMERA, "main")


def test_a_minute_is_made_of_whole_groups_and_exact() -> None:
    one = meter()
    feed(one, 12.5, 130)
    first, second = one.take()
    assert (first.units, first.fps, second.fps) == (750, 12.5, 12.5)
    assert one.take() == []


def test_a_hole_or_another_size_starts_a_new_minute() -> None:
    one = meter()
    end = feed(one, 25, 40)
    end = feed(one, 25, 40, start_s=end + 30)
    assert one.take() == []
    end = feed(one, 25, 20, start_s=end)
    assert [minute.fps for minute in one.take()] == [25]
    feed(one, 25, 40, start_s=end)
    feed(one, 25, 40, start_s=end + 40, size=(640, 360))
    assert one.take() == []


@pytest.mark.parametrize(
    ("fps", "size", "narrow", "fast", "rule"),
    [
        (6, (352, 288), False, False, ""),
        (5.9, (352, 288), False, False, "T-06"),
        (25, (320, 240), False, False, "T-05"),
        (25, (640, 480), True, False, "T-04"),
        (11.9, (704, 576), True, True, "T-06"),
        (12, (704, 576), True, True, ""),
        (6, (704, 576), False, True, ""),
    ],
)
def test_the_floor_is_the_one_of_the_cameras_framing(
    fps: float, size: tuple[int, int], narrow: bool, fast: bool, rule: str
) -> None:
    plan = camera_plan(CAMERA, narrow=narrow, fast_flows=fast)
    found = lapse_of(Minute(0, 60 * MICRO, round(60 * fps), *size), "main", plan)
    assert (found.rule if found else "") == rule


def test_clocks_that_differ_by_parts_in_ten_thousand_are_no_lapse() -> None:
    plan = camera_plan(CAMERA, narrow=True, fast_flows=True)
    assert lapse_of(Minute(0, 60_030_000, 720, 704, 576), "main", plan) is None


async def test_a_short_minute_opens_one_incident_and_a_right_one_closes_it(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'g.sqlite'}")
    await ensure_schema(engine)
    board, one, plans = MinuteBoard(engine), meter(), {CAMERA: camera_plan(CAMERA)}

    async def incidents() -> list[tuple[str, bool]]:
        async with read(engine) as session:
            return [(row.rule, row.closed_us is None) for row in (await session.execute(select(Incident))).scalars()]

    end = feed(one, 4, 120)
    assert await board.write([one], plans) == 2
    assert await incidents() == [("T-06", True)]
    feed(one, 25, 60, start_s=end)
    await board.write([one], plans)
    assert await incidents() == [("T-06", False)]
    async with read(engine) as session:
        (row,) = (await session.execute(select(RecordedMinute))).scalars()
    assert (row.fps, row.width, row.rule) == (25, 1920, "")
    await engine.dispose()


async def test_a_restart_closes_what_an_earlier_life_opened_and_a_database_away_loses_nothing(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'g.sqlite'}")
    one = meter()
    end = feed(one, 4, 60)
    assert await MinuteBoard(engine).write([one], {}) == 0  # no tables yet: the database is as good as away
    await ensure_schema(engine)
    assert await MinuteBoard(engine).write([one], {}) == 1
    feed(one, 25, 60, start_s=end)
    await MinuteBoard(engine).write([one], {})
    async with read(engine) as session:
        assert [row.closed_us is None for row in (await session.execute(select(Incident))).scalars()] == [False]
    await engine.dispose()
