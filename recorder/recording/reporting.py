"""What recorders owe the keeper: chain heads to sign, and absences for the journal (*collecte*, P-41).

Both may wait while the keeper is away. An absence is journalled once it has ended; what was told last is remembered in
a file, and after a crash an absence may be told twice rather than not at all. Every sealed segment is told too, however
short it was: a hold keeps the segments that the keeper knows of, and no others (P-32).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Mapped
from sqlmodel import col, select

from recorder.recording.writer import Head, StreamWriter
from recorder.segment.rows import StreamId
from recorder.store.local import SEALED, SPOOLED
from vms import logs
from vms.db.engine import read
from vms.errors import GuetError
from vms.model import Absence, Mending, Segment
from vms.vault.files import write_durably

REPORT_S: Final = 5.0
BATCH_LIMIT: Final = 200

log = logs.get("recorder.reporting")


class ReportKeeper(Protocol):
    """What is asked of the keeper."""

    async def put_heads(self, heads: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Sign chain heads."""
        ...

    async def report_gap(self, commune: str, gaps: Sequence[dict[str, Any]]) -> None:
        """Journal absences."""
        ...

    async def report_recovered(self, commune: str, spans: Sequence[dict[str, Any]]) -> None:
        """Journal what was brought back from a camera's card."""
        ...


class Reporter:
    """Reports for the streams of one recorder process."""

    def __init__(self, keeper: ReportKeeper, engine: AsyncEngine, memo: Path) -> None:
        """``memo`` remembers, by stream, the end of the last absence told and the start of the last segment."""
        self._keeper = keeper
        self._engine = engine
        self._memo = memo
        self._heads: dict[str, Head] = {}
        self._streams: dict[StreamId, None] = {}
        self._told: dict[str, int] = _read_memo(memo)

    async def report(self, writers: Iterable[StreamWriter]) -> None:
        """One round. A keeper or database that is away only makes things wait."""
        running = list(writers)
        try:
            self._streams.update({writer.id: None for writer in running})
            await self._report_segments()
            await self._report_edges()
            await self._report_heads(running)
            await self._report_absences(running)
        except (GuetError, SQLAlchemyError) as error:
            log.info("rapport au gardien remis à plus tard", why=str(error)[:200])

    async def _report_segments(self) -> None:
        """The ends of segments sealed since the last round, of cameras that have stopped since too."""
        for stream in self._streams:
            name = f"{stream} segments"
            # Whole, wherever it lies: a segment that goes to the bucket late is not told out of order.
            rows = await self._untold(stream, "live", (SEALED, SPOOLED), col(Segment.start_us), name)
            if rows:
                await self._keeper.put_heads([_head(row) for row in rows])
                await self._remember(name, rows[-1].start_us)

    async def _report_edges(self) -> None:
        """What was brought back from cameras' cards since the last round: heads of its chain, and journal entries."""
        for stream in self._streams:
            name = f"{stream} edge"
            rows = await self._untold(stream, "edge", (SEALED,), col(Segment.sequence), name)
            if rows:
                await self._keeper.put_heads([_head(row) for row in rows])
                await self._keeper.report_recovered(stream.commune, _spans(rows))
                await self._remember(name, rows[-1].sequence)

    async def _untold(
        self, stream: StreamId, origin: str, states: Sequence[str], order: Mapped[int], name: str
    ) -> list[Segment]:
        """The next segments of a stream and origin after what ``name`` remembers, in that order, a batch at most."""
        chosen = (
            select(Segment)
            .where(Segment.camera_id == stream.camera, Segment.stream == stream.stream)
            .where(Segment.origin == origin, col(Segment.state).in_(states), order > self._told.get(name, 0))
            .order_by(order)
            .limit(BATCH_LIMIT)
        )
        async with read(self._engine) as session:
            return list((await session.execute(chosen)).scalars())

    async def _remember(self, name: str, us: int) -> None:
        self._told[name] = us
        await asyncio.to_thread(write_durably, self._memo, json.dumps(self._told).encode())

    async def _report_heads(self, writers: list[StreamWriter]) -> None:
        fresh = {str(writer.id): (writer, writer.head()) for writer in writers}
        new = [(name, writer, head) for name, (writer, head) in fresh.items() if self._heads.get(name) != head]
        for start in range(0, len(new), BATCH_LIMIT):
            batch = new[start : start + BATCH_LIMIT]
            await self._keeper.put_heads(
                [
                    {
                        "camera": writer.id.camera,
                        "stream": writer.id.stream,
                        "sequence": head.sequence,
                        "link": head.link.hex(),
                        "segment": head.segment,
                    }
                    for _, writer, head in batch
                ]
            )
            self._heads.update({name: head for name, _, head in batch})

    async def _report_absences(self, writers: list[StreamWriter]) -> None:
        for writer in writers:
            name, told_us = str(writer.id), self._told.get(str(writer.id), 0)
            async with read(self._engine) as session:
                chosen = (
                    select(Absence)
                    .where(
                        Absence.camera_id == writer.id.camera,
                        Absence.stream == writer.id.stream,
                        col(Absence.end_us) > told_us,
                    )
                    .order_by(col(Absence.end_us))
                    .limit(BATCH_LIMIT)
                )
                found = list((await session.execute(chosen)).scalars())
                # One that a card was asked for is told as it was, whatever of it was brought back since.
                asked = select(Mending).where(
                    Mending.camera_id == writer.id.camera,
                    Mending.stream == writer.id.stream,
                    col(Mending.end_us) > told_us,
                )
                mended = list((await session.execute(asked.order_by(col(Mending.end_us)))).scalars())
            left = [row for row in found if not any(_holds(one, row) for one in mended)]
            rows: list[Absence | Mending] = [*left, *mended]
            if not rows:
                continue
            rows = sorted(rows, key=lambda row: row.end_us or 0)[:BATCH_LIMIT]
            gaps = [
                {"camera": row.camera_id, "from_us": row.start_us, "to_us": row.end_us, "cause": row.cause}
                for row in rows
            ]
            await self._keeper.report_gap(writer.id.commune, gaps)
            await self._remember(name, max(row.end_us or 0 for row in rows))


def _head(row: Segment) -> dict[str, Any]:
    return {
        "camera": row.camera_id,
        "stream": row.stream,
        "sequence": row.sequence + row.groups,
        "link": row.last_link.hex(),
        "segment": row.name,
        "origin": row.origin,
    }


def _holds(mended: Mending, row: Absence) -> bool:
    """Whether the row is a part of an absence that a card was asked for."""
    return mended.start_us <= row.start_us and (row.end_us or 0) <= mended.end_us


def _spans(rows: Sequence[Segment]) -> list[dict[str, Any]]:
    """The times of these segments, those that abut as one."""
    spans: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda row: row.start_us):
        if spans and spans[-1]["to_us"] == row.start_us:
            spans[-1]["to_us"] = row.end_us
        else:
            spans.append({"camera": row.camera_id, "stream": row.stream, "from_us": row.start_us, "to_us": row.end_us})
    return spans


def _read_memo(memo: Path) -> dict[str, int]:
    try:
        data = json.loads(memo.read_bytes())
        return {str(name): int(value) for name, value in data.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        log.warning("mémoire des absences illisible : elles sont redites", memo=memo.name)
        return {}
