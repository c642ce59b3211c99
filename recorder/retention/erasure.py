"""The steps of a destruction (P-30): rows are marked, files removed, rows removed; safe to kill between any two.

In the commit that removes the rows, what stays of them is written.
What stays is the stream's mark (until when its past is gone, and the last link of its chain, so that the chain goes on
when no row is left) and the erasure report, which waits here until the keeper has journalled it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, delete, select, update

from recorder.segment.format import SegmentName
from recorder.store.errors import StoreError
from recorder.store.local import LocalStore
from vms import logs
from vms.clock import MICRO
from vms.db.engine import read, write
from vms.errors import Damaged
from vms.model import Absence, ErasureReport, Mending, Segment, StreamMark

Mode = Literal["due", "early"]
MARKED_LIMIT_SEGMENTS: Final = 1000
# Segments of one recording abut; what a hold keeps between two of them is longer than this.
ABUT_US: Final = MICRO

log = logs.get("recorder.retention.erasure")


async def destroy(
    engine: AsyncEngine, store: LocalStore, rows: Sequence[Segment], mode: Mode, now_us: int
) -> list[Segment]:
    """Destroy segments: their bytes, then their rows; which are gone.

    The rows of what lies on a volume that is away stay marked: nobody sees them, and a later sweep finishes them.
    """
    async with write(engine) as session:
        names = [row.name for row in rows]
        await session.execute(update(Segment).where(col(Segment.name).in_(names)).values(state="destroying"))
    # A crash here leaves marked rows with their files: the next sweep finishes them.
    gone = await asyncio.to_thread(_remove, store, rows)
    # A crash here leaves marked rows without files: the same.
    if gone:
        await erased_segments(engine, gone, mode, now_us)
    return gone


def _remove(store: LocalStore, rows: Sequence[Segment]) -> list[Segment]:
    """Remove the files of all rows that are within reach; which rows those are."""
    paths = [(row, _path(store, row)) for row in rows]
    near = store.within_reach([path for _, path in paths if path is not None])
    try:
        store.destroy_all(near)
    except StoreError as error:
        if not store.has_other_place(error):
            raise
        # One of two volumes refuses, for days perhaps: what is due on the other goes.
        near = [path for path in near if _is_removed(store, path)]
    known = set(near)
    gone = [row for row, path in paths if path is None or path in known]
    if len(gone) < len(rows):
        log.error("not_destroyed", segments=len(rows) - len(gone), rule="P-30", severity="grave")
    return gone


def _is_removed(store: LocalStore, path: Path) -> bool:
    try:
        store.destroy(path)
    except StoreError as error:
        log.warning("volume_refuses", segment=path.name, why=error.what)
        return False
    return True


def _path(store: LocalStore, row: Segment) -> Path | None:
    """Where the segment lies; None for a row that was altered: no file has its name, and the others go on."""
    try:
        return store.path_of(SegmentName.parse(row.name), row.commune_id)
    except Damaged as error:
        log.error("row_damaged", segment=row.name[:160], why=str(error), rule="S1")
        return None


async def finish_marked(
    engine: AsyncEngine, store: LocalStore, mode_of: Callable[[Segment], Mode], now_us: int
) -> list[Segment]:
    """Finish the destructions that a crash left half done; which."""
    async with read(engine) as session:
        chosen = select(Segment).where(col(Segment.state) == "destroying").limit(MARKED_LIMIT_SEGMENTS)
        rows = list((await session.execute(chosen)).scalars())
    modes: tuple[Mode, ...] = ("due", "early")
    gone: list[Segment] = []
    for mode in modes:
        marked = [row for row in rows if mode_of(row) == mode]
        if marked:
            gone += await destroy(engine, store, marked, mode, now_us)
    return gone


async def erased_segments(engine: AsyncEngine, rows: Sequence[Segment], mode: Mode, erased_us: int) -> None:
    """Remove the rows of destroyed segments, with their streams' marks and one report per stream."""
    streams: dict[tuple[str, str, str], list[Segment]] = {}
    for row in rows:
        streams.setdefault((row.commune_id, row.camera_id, row.stream), []).append(row)
    async with write(engine) as session:
        for (commune, camera, stream), gone in streams.items():
            # Only live segments are links of the stream's own chain; what came from a card has another.
            heads = [(row.sequence + row.groups, row.last_link) for row in gone if row.origin == "live"]
            end_us = max(row.end_us for row in gone)
            head = max(heads, key=lambda one: one[0], default=(0, b""))
            await _advance_mark(session, (commune, camera, stream), end_us, head)
            report = ErasureReport(
                commune_id=commune,
                camera_id=camera,
                stream=stream,
                from_us=min(row.start_us for row in gone),
                to_us=end_us,
                mode=mode,
                count=len(gone),
                size_bytes=sum(row.size_bytes for row in gone),
                erased_us=erased_us,
            )
            await _report(session, report)
        await session.execute(delete(Segment).where(col(Segment.name).in_([row.name for row in rows])))


async def _report(session: AsyncSession, report: ErasureReport) -> None:
    """Put a report into the outbox; one that waits there and ends where this one begins is made longer instead."""
    chosen = select(ErasureReport).where(
        ErasureReport.camera_id == report.camera_id,
        ErasureReport.stream == report.stream,
        ErasureReport.mode == report.mode,
        col(ErasureReport.to_us) >= report.from_us - ABUT_US,
        col(ErasureReport.to_us) <= report.from_us,
    )
    waiting = (await session.execute(chosen)).scalars().first()
    if waiting is None:
        session.add(report)
        return
    waiting.to_us = report.to_us
    waiting.count += report.count
    waiting.size_bytes += report.size_bytes
    session.add(waiting)


async def erased_absences(engine: AsyncEngine, camera: str, before_us: int, is_due: Callable[[int, int], bool]) -> int:
    """Remove the camera's absences that ended before ``before_us`` and are due; how many.

    They say when nothing was seen, which is also something about a person's day.
    """
    async with read(engine) as session:
        chosen = select(Absence).where(col(Absence.camera_id) == camera, col(Absence.end_us) <= before_us)
        asked = select(Mending).where(col(Mending.camera_id) == camera, col(Mending.end_us) <= before_us)
        found: list[Absence | Mending] = [*(await session.execute(chosen)).scalars()]
        found += (await session.execute(asked)).scalars()
        rows = [
            row
            for row in found
            # An absence is due with its last instant: until then it explains time that is still kept.
            if row.end_us is not None and is_due(row.end_us - 1, row.end_us) and is_due(row.start_us, row.end_us)
        ]
    if not rows:  # as a rule: no lock is taken for nothing
        return 0
    async with write(engine) as session:
        for row in rows:
            stream = (row.commune_id, row.camera_id, row.stream)
            await _advance_mark(session, stream, row.end_us or 0, (row.sequence, row.link))
        for table in (Absence, Mending):
            ids = [row.id for row in rows if isinstance(row, table)]
            await session.execute(delete(table).where(col(table.id).in_(ids)))
    return len(rows)


async def _advance_mark(
    session: AsyncSession, stream: tuple[str, str, str], until_us: int, head: tuple[int, bytes]
) -> None:
    commune, camera, name = stream
    mark = await session.get(StreamMark, (camera, name))
    if mark is None:
        mark = StreamMark(camera_id=camera, stream=name, commune_id=commune)
    mark.destroyed_until_us = max(mark.destroyed_until_us, until_us)
    if head[0] > mark.sequence:
        mark.sequence, mark.link = head
    session.add(mark)
    await session.flush()
