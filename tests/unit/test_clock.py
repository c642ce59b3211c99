"""Instants and clocks."""

from __future__ import annotations

import asyncio
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.clock import LATEST_US, ManualClock, SystemClock, UtcTime, paris_date
from vms.errors import BadInput


@given(st.integers(0, LATEST_US))
def test_iso_form_round_trips(us: int) -> None:
    assert UtcTime.parse(UtcTime(us).iso()) == UtcTime(us)


@pytest.mark.parametrize("text", ["", "hier", "2026-11-24T14:12:36", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        UtcTime.parse(text)


def test_an_offset_is_honoured() -> None:
    assert UtcTime.parse("2026-11-24T15:00:00+01:00") == UtcTime.parse("2026-11-24T14:00:00Z")


def test_a_naive_datetime_is_no_instant() -> None:
    with pytest.raises(BadInput):
        UtcTime.at(datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_paris_day_starts_before_the_utc_day() -> None:
    assert paris_date(UtcTime.parse("2026-11-24T23:30:00Z")) == date(2026, 11, 25)
    assert paris_date(UtcTime.parse("2026-07-24T22:00:00Z")) == date(2026, 7, 25)


def test_hours_are_utc_hours_through_both_changes_of_time() -> None:
    # 25 Oct 2026: 3 o'clock becomes 2 o'clock again in Paris; UTC goes on.
    assert UtcTime.parse("2026-10-25T00:59:59Z").hour() == UtcTime.parse("2026-10-25T00:00:00Z")
    assert (
        UtcTime.parse("2026-10-25T01:00:00Z").hour().us - UtcTime.parse("2026-10-25T00:59:59Z").hour().us
        == 3_600_000_000
    )


async def test_the_manual_clock_wakes_in_order_and_ignores_steps() -> None:
    clock = ManualClock(UtcTime.parse("2026-01-01T00:00:00Z"))
    woken: list[int] = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleeper(s)) for s in (3, 1, 2)]
    await asyncio.sleep(0)
    clock.step(seconds=3600)
    await asyncio.sleep(0)
    assert woken == []
    clock.advance(seconds=2)
    await asyncio.sleep(0)
    assert woken == [1, 2]
    clock.advance(seconds=2)
    await asyncio.gather(*tasks)
    assert clock.monotonic_us() == 4_000_000
    assert clock.utc() == UtcTime.parse("2026-01-01T01:00:04Z")


def test_the_test_offset_moves_the_wall_clock_only() -> None:
    moved, real = SystemClock(86400), SystemClock()
    assert moved.utc().since(real.utc()) > 86_000_000_000
    assert real.monotonic_us() <= moved.monotonic_us() <= real.monotonic_us()
