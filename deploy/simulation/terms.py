"""When recordings are due, apart from ``vms.law``: the earlier of the days and one month, on Paris's calendar."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from deploy.simulation.inspection import Opened
from deploy.simulation.keeper import Keeper
from vms.clock import MICRO, UtcTime

PARIS = ZoneInfo("Europe/Paris")


def term_us(start_us: int, days: int) -> int:
    """The instant from which what began then may not exist any more, UTC µs (P-30, P-31)."""
    wall = UtcTime(start_us).datetime().astimezone(PARIS).replace(tzinfo=None)
    month = wall.month % 12 + 1
    year = wall.year + (wall.month == 12)
    later = wall.replace(year=year, month=month, day=min(wall.day, calendar.monthrange(year, month)[1]))
    return min(_earliest(wall + timedelta(days=days)), _earliest(later))


def _earliest(wall: datetime) -> int:
    stamps = [wall.replace(tzinfo=PARIS, fold=fold).timestamp() for fold in (0, 1)]
    return round(min(stamps) * MICRO)


def gone_too_early(gone: Mapping[int, Opened], keeper: Keeper, now_us: int) -> Iterator[tuple[int, str]]:
    """Units that were there and are not, though they are not due, or though a hold keeps them (P-30, P-32)."""
    for number, group in gone.items():
        begun_us = UtcTime.parse(_iso(group.segment)).us
        held = any(one.from_us < group.end_us and group.start_us < one.to_us for one in keeper.holds)
        if held or term_us(begun_us, keeper.days) > now_us:
            yield number, f"unit {number} of {group.segment} is gone, {'held' if held else 'before it was due'}"


def _iso(segment: str) -> str:
    text = segment.split(".")[2]
    return f"{text[:4]}-{text[4:6]}-{text[6:11]}:{text[11:13]}:{text[13:15]}.{text[15:21]}+00:00"
