"""Calendar arithmetic of the law: months and years in Europe/Paris, on instants in µs since 1970."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

from vms.law.retention import EPOCH, PARIS

DAY_US = 86_400_000_000


def add_months(moment_us: int, months: int) -> int:
    """The same local time ``months`` later, or the last day of that month when it is shorter."""
    local = (EPOCH + timedelta(microseconds=moment_us)).astimezone(PARIS)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    moved = local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]), fold=0)
    return (moved.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def midnight(day: date) -> int:
    """The first instant of a day in Europe/Paris."""
    return (datetime.combine(day, time(), PARIS).astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def french_date(moment_us: int) -> str:
    """The day of an instant in Paris, as people read it: ``24/11/2026``."""
    return (EPOCH + timedelta(microseconds=moment_us)).astimezone(PARIS).strftime("%d/%m/%Y")
