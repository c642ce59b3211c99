"""P-30, P-31: when footage is due, on the calendar of Paris."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.clock import UtcTime
from vms.law.dates import DAY_US, add_months, french_date, midnight
from vms.law.retention import HOUR_US, MAX_DAYS, PARIS, due, held, hour_key_due


def us(text: str) -> int:
    """µs of an ISO instant."""
    return UtcTime.parse(text).us


@pytest.mark.parametrize(
    ("recorded", "days", "expected"),
    [
        ("2026-11-09T15:00:00+01:00", 15, "2026-11-24T15:00:00+01:00"),
        # thirty days are more than February's month: the month decides (P-31)
        ("2026-01-31T12:00:00+01:00", 30, "2026-02-28T12:00:00+01:00"),
        ("2026-02-01T12:00:00+01:00", 30, "2026-03-01T12:00:00+01:00"),
        ("2028-01-31T12:00:00+01:00", 30, "2028-02-29T12:00:00+01:00"),
        ("2026-12-15T12:00:00+01:00", 30, "2027-01-14T12:00:00+01:00"),
        ("2026-01-29T12:00:00+01:00", 28, "2026-02-26T12:00:00+01:00"),
        # a day of 25 hours and one of 23: the same local hour, days later
        ("2026-10-20T08:00:00+02:00", 10, "2026-10-30T08:00:00+01:00"),
        ("2026-03-20T08:00:00+01:00", 15, "2026-04-04T08:00:00+02:00"),
        # 02:30 comes twice on 25 October and never on 29 March: the earlier instant
        ("2026-10-15T02:30:00+02:00", 10, "2026-10-25T02:30:00+02:00"),
        ("2026-03-14T02:30:00+01:00", 15, "2026-03-29T02:30:00+02:00"),
        # the second 02:30 of 25 October is not kept longer than the first
        ("2026-10-25T02:30:00+01:00", 1, "2026-10-26T02:30:00+01:00"),
        ("2026-12-31T23:59:59.999999+01:00", 1, "2027-01-01T23:59:59.999999+01:00"),
    ],
)
def test_due(recorded: str, days: int, expected: str) -> None:
    assert UtcTime(due(us(recorded), days)).iso() == UtcTime.parse(expected).iso()


@pytest.mark.parametrize("days", [0, -1, 31, 365])
def test_no_order_asks_for_such_a_retention(days: int) -> None:
    with pytest.raises(ValueError):
        due(0, days)


@given(st.integers(0, 4_000_000_000_000_000), st.integers(1, MAX_DAYS))
def test_due_is_never_late_nor_before_its_days(recorded: int, days: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=recorded)
    end = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=due(recorded, days))
    local, local_end = (one.astimezone(PARIS).replace(tzinfo=None) for one in (moment, end))
    assert end > moment
    assert local_end <= local + timedelta(days=days) + timedelta(hours=1)
    assert (local_end.year * 12 + local_end.month) - (local.year * 12 + local.month) <= 1
    assert end - moment >= timedelta(days=min(days, 28)) - timedelta(hours=1)
    assert due(recorded, days) <= due(recorded, min(days + 1, MAX_DAYS))


@given(st.integers(0, 1_000_000), st.integers(1, MAX_DAYS), st.integers(0, HOUR_US - 1))
def test_an_hour_key_goes_with_its_first_instant(hour: int, days: int, offset: int) -> None:
    assert hour_key_due(hour * HOUR_US + offset, days) == due(hour * HOUR_US, days)
    assert hour_key_due(hour * HOUR_US, days) <= due(hour * HOUR_US + offset, days)


@pytest.mark.parametrize(
    ("start", "end", "expected"), [(0, 10, False), (0, 11, True), (19, 30, True), (20, 30, False), (12, 13, True)]
)
def test_a_hold_touches_a_range(start: int, end: int, expected: bool) -> None:
    assert held(start, end, [(10, 20)]) is expected


def test_months_years_and_days_of_paris() -> None:
    assert add_months(us("2026-01-31T10:00:00+01:00"), 1) == us("2026-02-28T10:00:00+01:00")
    assert add_months(us("2026-11-30T10:00:00+01:00"), -9) == us("2026-02-28T10:00:00+01:00")
    assert add_months(us("2026-07-07T00:00:00+02:00"), 60) == us("2031-07-07T00:00:00+02:00")
    assert midnight(datetime(2026, 7, 7, tzinfo=UTC).date()) == us("2026-07-06T22:00:00Z")
    assert french_date(us("2026-11-24T23:30:00Z")) == "25/11/2026"
    assert DAY_US == 24 * HOUR_US
