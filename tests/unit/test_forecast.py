"""Days left: from what is stored, what comes in and what falls due; never a division of room by rate (P-35)."""

from __future__ import annotations

import pytest

from recorder.retention.forecast import WARN_DAYS, CameraStock, Forecast, Stored, forecast
from recorder.retention.policies import DAY_US
from recorder.retention.volume_board import in_days
from vms.clock import UtcTime
from vms.keeper.protocol import CameraRetention, HeldRange

NOW = UtcTime.parse("2026-11-24T12:00:00Z").us
RATE = 500_000.0
DAY_BYTES = round(RATE * 86_400)


def stock(
    days_stored: int = 0, *, max_days: int = 30, min_days: int | None = None, holds: tuple[HeldRange, ...] = ()
) -> CameraStock:
    """A camera that has recorded whole days up to now at RATE."""
    stored = tuple(Stored(NOW - (n + 1) * DAY_US, NOW - n * DAY_US, DAY_BYTES) for n in reversed(range(days_stored)))
    policy = CameraRetention(camera="valclair-c01", max_days=max_days, min_days=min_days, holds=holds)
    return CameraStock("valclair-c01", "valclair", RATE, stored, policy)


def days(at_us: int | None) -> float | None:
    return None if at_us is None else (at_us - NOW) / DAY_US


def test_a_volume_that_holds_its_term_is_never_full_though_the_rate_goes_on() -> None:
    full_term = stock(30, max_days=30)
    ahead = forecast([full_term], free_bytes=2 * DAY_BYTES, reserve_bytes=0, now_us=NOW)
    assert (ahead.reserve_us, ahead.stop_us) == (None, None)
    assert ahead.level(NOW) == "ok"
    assert ahead.needed_bytes == 30 * DAY_BYTES


def test_a_new_camera_fills_what_is_left_at_its_measured_rate() -> None:
    ahead = forecast([stock(0)], free_bytes=round(10.5 * DAY_BYTES), reserve_bytes=DAY_BYTES // 2, now_us=NOW)
    assert days(ahead.reserve_us) == pytest.approx(10, abs=0.01)
    assert ahead.stop_us is None, "nothing is protected: the oldest can always go"


def test_a_short_term_frees_in_time_and_a_day_more_does_not() -> None:
    room = 8 * DAY_BYTES
    assert forecast([stock(0, max_days=7)], room, 0, NOW).reserve_us is None
    ahead = forecast([stock(0, max_days=9)], room, 0, NOW)
    assert days(ahead.reserve_us) == pytest.approx(8, abs=0.01)


def test_the_orders_minimum_decides_when_recording_stops() -> None:
    one = stock(3, max_days=30, min_days=20)
    ahead = forecast([one], free_bytes=5 * DAY_BYTES, reserve_bytes=0, now_us=NOW)
    assert days(ahead.reserve_us) == pytest.approx(5, abs=0.01)
    # 8 days of room in all, and a minimum of 20: after 5 more days everything there is protected.
    assert days(ahead.stop_us) == pytest.approx(5, abs=0.05)
    assert ahead.level(NOW) == "warn"


def test_the_room_of_a_minimum_that_fits_never_stops_recording() -> None:
    ahead = forecast([stock(10, max_days=30, min_days=8)], 2 * DAY_BYTES, 0, NOW)
    assert days(ahead.reserve_us) == pytest.approx(2, abs=0.01)
    assert ahead.stop_us is None


def test_held_footage_does_not_leave_when_it_is_due() -> None:
    hold = HeldRange(id="h", from_us=NOW - 30 * DAY_US, to_us=NOW - 20 * DAY_US, until_us=NOW + 300 * DAY_US)
    free = forecast([stock(30)], 3 * DAY_BYTES, 0, NOW)
    kept = forecast([stock(30, holds=(hold,))], 3 * DAY_BYTES, 0, NOW)
    assert free.reserve_us is None
    assert days(kept.reserve_us) == pytest.approx(3, abs=0.1)
    assert kept.needed_bytes == free.needed_bytes + 10 * DAY_BYTES


def test_without_a_policy_everything_is_protected() -> None:
    unheard = CameraStock("valclair-c01", "valclair", RATE, stock(5).stored, None)
    assert unheard.protected_bytes(NOW) == 5 * DAY_BYTES
    ahead = forecast([unheard], DAY_BYTES, 0, NOW)
    assert days(ahead.stop_us) == pytest.approx(1, abs=0.05)


def test_below_the_reserve_it_is_now() -> None:
    ahead = forecast([stock(1)], free_bytes=10, reserve_bytes=20, now_us=NOW)
    assert ahead.reserve_us == NOW


@pytest.mark.parametrize(("ahead_days", "level"), [(WARN_DAYS - 0.1, "warn"), (WARN_DAYS + 0.1, "ok")])
def test_the_warning_comes_days_ahead(ahead_days: float, level: str) -> None:
    at_us = NOW + round(ahead_days * DAY_US)
    assert Forecast(at_us, None, RATE, 0, 0).level(NOW) == level
    assert Forecast(None, at_us, RATE, 0, 0).level(NOW) == level


@pytest.mark.parametrize(
    ("days", "said"),
    [(-1, "dans moins d’un jour"), (0.9, "dans moins d’un jour"), (1.5, "dans un jour"), (2, "dans 2 jours")],
)
def test_a_warning_says_how_many_days_ahead_as_people_do(days: float, said: str) -> None:
    assert in_days(round(days * DAY_US)) == said
