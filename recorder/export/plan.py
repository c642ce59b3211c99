"""Which groups an extraction takes, and the chain that proves them: read from the index and from group headers.

Nothing here opens a group. The plan is data that a worker process carries out; it names files, since the worker reads
them itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.export.order import Piece, StreamPlan
from recorder.recording.scan import read_index
from recorder.segment.format import AbsenceRecord, SegmentHeader, SegmentName
from recorder.store.local import LocalStore
from vms import logs
from vms.db.engine import read
from vms.errors import BadInput, Damaged, NotFound
from vms.model import Absence as AbsenceRow
from vms.model import Mending, Segment

log = logs.get("recorder.export.plan")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to plan: a stream of a camera of a commune, named as the reader will see it, over [from, to)."""

    commune: str
    camera: str
    name: str
    place: str
    stream: str
    from_us: int
    to_us: int


async def plan_stream(engine: AsyncEngine, store: LocalStore, wanted: Wanted, now_us: int) -> StreamPlan:
    """The plan of one stream; BadInput for a range that ends before it begins or lies ahead of ``now_us``.

    A segment that is gone or not sound is left out: the chain then has a break, and its time is declared absent.
    """
    if not wanted.from_us < wanted.to_us <= now_us:
        raise BadInput("La plage finit avant de commencer, ou n’est pas encore passée.", where=wanted.camera)
    rows, absences, mended = await _rows(engine, wanted)
    pieces: list[Piece] = []
    headers: list[SegmentHeader] = []
    for row in rows:
        try:
            found = await asyncio.to_thread(_piece, store, row, wanted)
        except (NotFound, Damaged) as error:
            log.warning("segment écarté d’une extraction", segment=row.name, what=error.what)
            continue
        if found is not None:
            headers.append(found[0])
            pieces.append(found[1])
    live = [header.sequence for header in headers if header.origin == "live"]
    first, last = (live[0], live[-1]) if live else (0, -1)
    # Absences that a card was asked for are links still, though what is missing of them stands in other rows.
    links: list[AbsenceRow | Mending] = [*absences, *mended]
    closed = [row for row in links if row.end_us is not None and first < row.sequence < last]
    return StreamPlan(
        camera=wanted.camera,
        commune=wanted.commune,
        name=wanted.name,
        place=wanted.place,
        stream=wanted.stream,
        from_us=wanted.from_us,
        to_us=wanted.to_us,
        pieces=tuple(pieces),
        absence_records=tuple((row.sequence, _record(row).hex()) for row in closed),
        absences=tuple((row.start_us, row.end_us or wanted.to_us, row.cause) for row in absences),
    )


async def _rows(engine: AsyncEngine, wanted: Wanted) -> tuple[list[Segment], list[AbsenceRow], list[Mending]]:
    async with read(engine) as session:
        chosen = select(Segment).where(
            col(Segment.commune_id) == wanted.commune,
            col(Segment.camera_id) == wanted.camera,
            col(Segment.stream) == wanted.stream,
            col(Segment.state) != "destroying",
            col(Segment.start_us) < wanted.to_us,
            # An open segment's row knows its first group only.
            (col(Segment.end_us) > wanted.from_us) | (col(Segment.state) == "open"),
        )
        segments = list((await session.execute(chosen.order_by(col(Segment.start_us)))).scalars())
        missing = select(AbsenceRow).where(
            col(AbsenceRow.commune_id) == wanted.commune,
            col(AbsenceRow.camera_id) == wanted.camera,
            col(AbsenceRow.stream) == wanted.stream,
            col(AbsenceRow.start_us) < wanted.to_us,
            (col(AbsenceRow.end_us) > wanted.from_us) | col(AbsenceRow.end_us).is_(None),
        )
        absences = list((await session.execute(missing.order_by(col(AbsenceRow.start_us)))).scalars())
        asked = select(Mending).where(
            col(Mending.commune_id) == wanted.commune,
            col(Mending.camera_id) == wanted.camera,
            col(Mending.stream) == wanted.stream,
            col(Mending.start_us) < wanted.to_us,
            col(Mending.end_us) > wanted.from_us,
        )
        mended = list((await session.execute(asked.order_by(col(Mending.start_us)))).scalars())
    return segments, absences, mended


def _piece(store: LocalStore, row: Segment, wanted: Wanted) -> tuple[SegmentHeader, Piece] | None:
    """The header and piece of one segment, or None when no group of it touches the range."""
    path = store.path_of(SegmentName.parse(row.name), row.commune_id)
    header, placed = read_index(store, path)
    if row.state != "open":
        # Beyond its end may stand what a failing disk refused and could not be rid of: no link follows from it.
        placed = [one for one in placed if one.end <= row.size_bytes]
    touching = [
        one.header.number for one in placed if one.header.utc_us < wanted.to_us and one.header.end_us > wanted.from_us
    ]
    if not touching:
        return None
    return header, Piece(row.name, str(store.local(path)), placed[-1].end, touching[0], len(touching))


def _record(row: AbsenceRow | Mending) -> bytes:
    end_us = row.end_us if row.end_us is not None else row.start_us + 1
    return AbsenceRecord(row.camera_id, row.stream, row.sequence, row.start_us, end_us, row.cause).encode()
