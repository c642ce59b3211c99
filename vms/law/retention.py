"""When a recording must be gone: the earlier of the order's days and one calendar month, in Europe/Paris
(P-30, P-31).

Thirty days are longer than a month in February, and a day of clock change has 23 or 25 hours: both limits
are counted on the calendar of Paris, and where local time is ambiguous or does not exist the earlier
instant is taken.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

PARIS: Final = ZoneInfo("Europe/Paris")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_US: Final = 3_600_000_000
MIN_DAYS: Final = 1
MAX_DAYS: Final = 30  # P-31: an order can ask for less, never for more


def due(recorded_us: int, days: int) -> int:
    """The instant (µs since 1970, UTC) from which what was recorded at ``recorded_us`` may not exist any
    more.

    ``days`` is the order's retention; ValueError outside 1…30. Not monotonic: the 29th, 30th and 31st of
    January are all due on the last day of February at their own hour (P-30, P-31).
    """
    if not MIN_DAYS <= days <= MAX_DAYS:
        raise ValueError(f"retention must be {MIN_DAYS} to {MAX_DAYS} days, not {days}")
    local = (EPOCH + timedelta(microseconds=recorded_us)).astimezone(PARIS).replace(tzinfo=None, fold=0)
    return min(_instant(local + timedelta(days=days)), _instant(_next_month(local)))


def hour_key_due(hour_us: int, days: int) -> int:
    """When the camera-hour key of the UTC hour starting at ``hour_us`` is destroyed: as its first instant
    is (P-38).
    """
    return due(hour_us - hour_us % HOUR_US, days)


def held(start_us: int, end_us: int, holds: list[tuple[int, int]]) -> bool:
    """Whether any hold ``(from_us, to_us)`` touches the half-open range ``[start_us, end_us)`` (P-32)."""
    return any(hold_from < end_us and start_us < hold_to for hold_from, hold_to in holds)


def _next_month(local: datetime) -> datetime:
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)
    return local.replace(year=year, month=month, day=min(local.day, monthrange(year, month)[1]))


def _instant(local: datetime) -> int:
    """The earlier of the instants that a naive Paris time may stand for, in µs since 1970."""
    moments = (local.replace(tzinfo=PARIS, fold=fold).astimezone(UTC) for fold in (0, 1))
    return min((moment - EPOCH) // timedelta(microseconds=1) for moment in moments)
