"""Segments of footage brought back from a camera's card: sealed like live ones, on a chain of their own.

Durable order of a segment: wrapped hour key, bytes, folder, then *one* commit with the sealed row, what is left of the
absences it covers, and the head of the edge chain. A crash before that commit leaves a file without a row, which
adoption destroys: the card still has the pictures. So there is never an open edge row, and time is covered once (S4)
before and after each commit.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from recorder.backfill.frames import EdgeGroup
from recorder.recording.adoption import lock_edge
from recorder.recording.hour_keys import HourKeys
from recorder.recording.segment_writer import Group, SegmentWriter
from recorder.segment.format import SegmentHeader, SegmentName, edge_genesis
from recorder.segment.rows import StreamId, apply
from recorder.store.local import LocalStore
from recorder.stream.fragmenter import playable
from vms import logs
from vms.clock import UtcTime
from vms.db.engine import read, write
from vms.errors import Conflict
from vms.keys import derive
from vms.model import Absence, EdgeHead

EDGE: Final = "edge"

log = logs.get("recorder.backfill.run")


class EdgeWriter:
    """Writes one stream's recovered groups: ``start`` first, ``seal`` wherever they stop, ``close`` last."""

    def __init__(
        self, stream: StreamId, *, store: LocalStore, engine: AsyncEngine, keys: HourKeys, fence: int = 0
    ) -> None:
        self.id = stream
        self.groups = 0
        self.units = 0
        self._store, self._engine, self._keys, self._fence = store, engine, keys, fence
        self._lock: int | None = None
        self._sequence = 0
        self._link = edge_genesis(stream.camera, stream.stream)
        self._segment: SegmentWriter | None = None
        self._numbers = 0

    async def start(self) -> None:
        """Take the edge lock of the stream and read its chain's head; Conflict when another process fills it."""
        await asyncio.to_thread(self._store.check_identity)
        self._lock = await asyncio.to_thread(lock_edge, self._store, self.id)
        if self._lock is None:
            raise Conflict("Un autre processus complète déjà ce flux.", where=str(self.id))
        async with read(self._engine) as session:
            head = await session.get(EdgeHead, (self.id.camera, self.id.stream))
        if head is not None:
            self._sequence, self._link = head.sequence, head.link

    async def group(self, group: EdgeGroup, zone_set: str) -> None:
        """Keep one group; durable once its segment is sealed. StoreError; BadInput outside the format's limits."""
        self._numbers += 1
        end = UtcTime(group.end_us)
        plaintext = playable(group.units, group.fmt, self._numbers, end)
        given = Group(plaintext, UtcTime(group.start_us), end, len(group.units), group.fmt, zone_set)
        segment = self._segment
        if segment is not None and (segment.end_us != group.start_us or not segment.fits(given)):
            await self.seal()
        if self._segment is None:
            await self._begin(given)
        else:
            await asyncio.to_thread(self._segment.append, given)
        self.groups += 1
        self.units += len(group.units)

    async def seal(self) -> None:
        """Close the segment at hand and commit it; Conflict when its time is not missing any more."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        segment.close()
        sealed = replace(segment.sealed(), state=self._store.ended_state)
        head = (segment.header.sequence + segment.groups, segment.last_link)
        try:
            async with write(self._engine) as session:
                await _carve(session, self.id, segment.header.name.start.us, sealed.end_us)
                await apply(session, self.id, [segment.begun(), sealed])
                await session.merge(
                    EdgeHead(
                        camera_id=self.id.camera, stream=self.id.stream, commune_id=self.id.commune, sequence=head[0],
                        link=head[1],
                    )
                )  # fmt: skip
        except BaseException:
            await asyncio.to_thread(self._forget, segment)
            raise
        self._sequence, self._link = head
        log.info("segment_recovered", segment=segment.name, groups=segment.groups)

    async def close(self) -> None:
        """Let go of the stream; a segment that was not sealed is forgotten, as after a crash."""
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()
            await asyncio.to_thread(self._forget, segment)
        if self._lock is not None:
            self._store.unlock(self._lock)
            self._lock = None

    async def _begin(self, group: Group) -> None:
        key = await self._keys.key_for(self.id.commune, self.id.camera, group.start)
        name = SegmentName(self.id.camera, self.id.stream, group.start, key.id, self._fence)
        header = SegmentHeader(
            name, self.id.commune, group.fmt.codec_string, group.fmt.width, group.fmt.height, group.zone_set_id, EDGE,
            self._sequence + 1, self._link,
        )  # fmt: skip
        segment_key = derive.segment_key(key.key, str(name))
        self._segment = await asyncio.to_thread(SegmentWriter.begin, self._store, header, segment_key, group)

    def _forget(self, segment: SegmentWriter) -> None:
        self._store.destroy(self._store.path_of(segment.header.name, self.id.commune))


async def _carve(session: AsyncSession, stream: StreamId, start_us: int, end_us: int) -> None:
    """Take [start, end) out of the absences that the card was asked for; Conflict when they do not cover it whole."""
    chosen = select(Absence).where(
        col(Absence.camera_id) == stream.camera,
        col(Absence.stream) == stream.stream,
        col(Absence.sequence) == 0,
        col(Absence.start_us) < end_us,
        col(Absence.end_us) > start_us,
    )
    covered_us = start_us
    for row in (await session.execute(chosen.order_by(col(Absence.start_us)))).scalars():
        if row.end_us is None or row.start_us > covered_us:
            break
        covered_us = row.end_us
        for low, high in ((row.start_us, start_us), (end_us, row.end_us)):
            if low < high:
                session.add(piece(row, low, high))
        await session.delete(row)
    if covered_us < end_us:
        raise Conflict("Ce temps n’est plus manquant.", where=f"{stream} {UtcTime(start_us).iso()}")
    await session.flush()


def piece(row: Absence, start_us: int, end_us: int) -> Absence:
    """A part of an absence, without a link."""
    return Absence(
        commune_id=row.commune_id, camera_id=row.camera_id, stream=row.stream, start_us=start_us, end_us=end_us,
        cause=row.cause, detail=row.detail,
    )  # fmt: skip
