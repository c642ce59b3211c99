"""What each camera has on disk, by day, and how fast it grows: read from the index, cheaply enough for every minute.

Whole days of the past only shrink by destruction: they are counted again every few hours, and whenever footage went
early; today and yesterday are counted each time. Cameras are found by stepping through the index, never by a scan.
The index has an open segment at its first group: what has grown since is read from the file, where it lies here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import func, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from recorder.retention.forecast import CameraStock, Stored
from recorder.retention.policies import DAY_US, Policies
from recorder.segment.format import SegmentName
from recorder.store.local import LocalStore
from vms.clock import HOUR_US, MICRO
from vms.db.engine import read
from vms.errors import Damaged
from vms.model import CameraHealth, Segment

RATE_WINDOW_US: Final = 24 * HOUR_US
RECOUNT_US: Final = 6 * HOUR_US
# An open segment began less than an hour ago (it stays within its hour): an older one was left by a crash.
OPEN_SINCE_US: Final = HOUR_US
# A rate taken over less than this says little: what the stream does just now says more.
RATE_LEAST_US: Final = 10 * 60 * MICRO
STREAMS: Final = ("main", "sub")
CAMERAS_WITH: Final = {
    "segment": text(
        "WITH RECURSIVE one(id) AS (SELECT min(camera_id) FROM segment UNION ALL "
        "SELECT (SELECT min(camera_id) FROM segment WHERE camera_id > one.id) FROM one WHERE one.id IS NOT NULL) "
        "SELECT id, (SELECT commune_id FROM segment WHERE camera_id = one.id LIMIT 1) FROM one WHERE id IS NOT NULL"
    ),
    "absence": text(
        "WITH RECURSIVE one(id) AS (SELECT min(camera_id) FROM absence UNION ALL "
        "SELECT (SELECT min(camera_id) FROM absence WHERE camera_id > one.id) FROM one WHERE one.id IS NOT NULL) "
        "SELECT id, (SELECT commune_id FROM absence WHERE camera_id = one.id LIMIT 1) FROM one WHERE id IS NOT NULL"
    ),
}


async def cameras_with(session: AsyncSession, table: str) -> list[tuple[str, str]]:
    """(commune, camera) of every camera with a row in ``segment`` or ``absence``: one index step per camera."""
    return [(row[1], row[0]) for row in await session.execute(CAMERAS_WITH[table])]


@dataclass(slots=True)
class _Counted:
    whole_us: int
    days: dict[int, Stored]


class Stock:
    """The stock of one volume, remembered between looks."""

    def __init__(self, engine: AsyncEngine, store: LocalStore, policies: Policies) -> None:
        self._engine, self._store, self._policies = engine, store, policies
        self._known: dict[str, _Counted] = {}
        self.being_written: Sequence[Segment] = ()  # at the last look

    def forget(self) -> None:
        """Footage went early: count everything again at the next look."""
        self._known.clear()

    async def look(self, now_us: int) -> list[CameraStock]:
        """Every camera that has segments, with its rate and its policy."""
        found: list[CameraStock] = []
        still_open: list[Segment] = []
        async with read(self._engine) as session:
            health = {
                (row.camera_id, row.stream): row.kbps * 125
                for row in (await session.execute(select(CameraHealth))).scalars()
            }
            cameras = await cameras_with(session, "segment")
            for commune, camera in cameras:
                days = await self._days(session, camera, now_us)
                rate = await self._rate(session, camera, health, now_us)
                found.append(CameraStock(camera, commune, rate, days, self._policies.of(commune, camera)))
                still_open += await _still_open(session, camera, now_us)
        gone = set(self._known) - {camera for _, camera in cameras}
        for camera in gone:
            del self._known[camera]
        self.being_written = still_open
        grown = await asyncio.to_thread(self._grown, still_open)
        return [replace(one, stored=(*one.stored, *grown.get(one.camera, ()))) for one in found]

    def _grown(self, rows: Sequence[Segment]) -> dict[str, list[Stored]]:
        """By camera, what open segments have on disk beyond what the index says; nothing for another machine's."""
        found: dict[str, list[Stored]] = {}
        for row in rows:
            try:
                size_bytes = self._store.path_of(SegmentName.parse(row.name), row.commune_id).stat().st_size
            except (OSError, Damaged):
                continue
            if size_bytes > row.size_bytes:
                more = Stored(row.start_us, row.end_us, size_bytes - row.size_bytes)
                found.setdefault(row.camera_id, []).append(more)
        return found

    async def _days(self, session: AsyncSession, camera: str, now_us: int) -> tuple[Stored, ...]:
        known = self._known.get(camera)
        if known is None or now_us - known.whole_us > RECOUNT_US or now_us < known.whole_us:
            known = self._known[camera] = _Counted(now_us, {})
            since_us = 0
        else:
            since_us = now_us - now_us % DAY_US - DAY_US
        day = col(Segment.start_us) // DAY_US
        rows = await session.execute(
            select(day, func.sum(col(Segment.size_bytes)), func.min(col(Segment.start_us)), func.max(Segment.end_us))
            .where(col(Segment.camera_id) == camera, col(Segment.stream).in_(STREAMS))
            .where(col(Segment.start_us) >= since_us)
            .group_by(day)
        )
        known.days = {number: one for number, one in known.days.items() if number * DAY_US < since_us}
        for number, size, start_us, end_us in rows:
            if size:
                known.days[int(number)] = Stored(start_us, end_us, int(size))
        return tuple(known.days[number] for number in sorted(known.days))

    async def _rate(
        self, session: AsyncSession, camera: str, health: dict[tuple[str, str], float], now_us: int
    ) -> float:
        """Bytes a second while the camera records: of what was kept in the last day, of its streams now if newer."""
        rows = await session.execute(
            select(
                col(Segment.stream),
                func.sum(col(Segment.size_bytes)),
                func.sum(col(Segment.end_us) - col(Segment.start_us)),
            )
            .where(col(Segment.camera_id) == camera, col(Segment.stream).in_(STREAMS))
            .where(col(Segment.start_us) >= now_us - RATE_WINDOW_US, col(Segment.state) != "open")
            .group_by(col(Segment.stream))
        )
        kept: dict[str, tuple[int, int]] = {row[0]: (int(row[1]), int(row[2])) for row in rows}
        return sum(_rate_of(kept.get(stream, (0, 0)), health.get((camera, stream), 0.0)) for stream in STREAMS)


async def _still_open(session: AsyncSession, camera: str, now_us: int) -> Sequence[Segment]:
    rows = await session.execute(
        select(Segment)
        .where(col(Segment.camera_id) == camera, col(Segment.stream).in_(STREAMS))
        .where(col(Segment.start_us) >= now_us - OPEN_SINCE_US, col(Segment.state) == "open")
    )
    return rows.scalars().all()


def _rate_of(kept: tuple[int, int], now: float) -> float:
    size_bytes, covered_us = kept
    if covered_us <= 0:
        return now
    measured = size_bytes * MICRO / covered_us
    return measured if covered_us >= RATE_LEAST_US or not now else max(measured, now)
