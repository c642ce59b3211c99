"""Finishing what a crash left of one stream: one function, at each start of its writer and in ``vms fsck --repair``.

What a crash can leave (see the comments in ``writer.py``), and what becomes of it:

1. a row ``open`` with whole groups: a torn group at its end is cut off, the segment is sealed;
2. a row ``open`` with no usable file: the row goes, and its time becomes an absence;
3. a file without a row whose header follows the chain: adopted as a sealed segment (S2);
4. a file without a row that holds no whole group: destroyed, it never held a picture;
5. a file without a row that came from the camera's card: destroyed, it is brought back again;
6. any other file without a row: moved to quarantine unchanged, and counted. It is never destroyed.

Nothing here has a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.recording.bridge import bridge_to
from recorder.recording.scan import Scan, scan_file
from recorder.segment.format import SegmentName
from recorder.segment.progress import Progress, find
from recorder.segment.rows import BeginSegment, DropSegment, Operation, SealSegment, StreamId, Tail, apply, load_tail
from recorder.store.errors import StoreError
from recorder.store.local import SPOOLED, LocalStore, StoredFile
from recorder.store.spared import SparedStore
from vms import logs
from vms.clock import UtcTime
from vms.db.engine import read, write
from vms.db.leases import Held
from vms.errors import Damaged, NotFound
from vms.model import Segment

log = logs.get("recorder.adoption")
# Two processes never write a stream at once, but the day may have turned between a file and the newest row.
LOOK_BACK_DAYS: Final = 1


@dataclass(slots=True)
class Adopted:
    """What was done, for the log and for fsck's report: segment or file names."""

    sealed: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)

    def count(self) -> int:
        """How many things were done."""
        return sum(len(one) for one in (self.sealed, self.adopted, self.cut, self.lost, self.removed, self.quarantined))


@dataclass(frozen=True, slots=True)
class _Index:
    """The rows of one stream, and the lease under which they may be changed."""

    engine: AsyncEngine
    stream: StreamId
    fence: Held | None

    async def apply(self, operations: Sequence[Operation]) -> None:
        async with write(self.engine, alone=False) as session:
            if self.fence is not None:
                await self.fence.guard(session)
            await apply(session, self.stream, operations)


async def adopt(
    engine: AsyncEngine, store: LocalStore, stream: StreamId, fence: Held | None = None, *, at_once: bool = False
) -> Adopted:
    """Finish what a crash left of ``stream``; may itself be killed anywhere. The caller holds the stream's lock.

    With other machines about, ``fence`` is the camera's lease: WrongFence when it has passed to another. ``at_once``:
    the stream is about to be written, if need be on a spare volume, and cannot wait for one that is away; without it
    that is a StoreError, and nothing is decided.
    """
    done = Adopted()
    index = _Index(engine, stream, fence)
    await _finish_open_rows(index, store, done, at_once=at_once)
    await _adopt_files(index, store, done, at_once=at_once)
    if done.count():
        log.info("adopted", stream=str(stream), **{name: len(getattr(done, name)) for name in done.__slots__})
    return done


async def _finish_open_rows(index: _Index, store: LocalStore, done: Adopted, *, at_once: bool) -> None:
    stream = index.stream
    async with read(index.engine) as session:
        chosen = select(Segment).where(
            col(Segment.camera_id) == stream.camera,
            col(Segment.stream) == stream.stream,
            col(Segment.state) == "open",
        )
        rows = list((await session.execute(chosen.order_by(col(Segment.start_us)))).scalars())
    for row in rows:
        try:
            await _finish_open_row(index, store, row, done)
        except StoreError as error:
            if not (at_once and store.has_other_place(error)):
                raise
            # Its volume is away or bad, and the stream goes on at another: it ends at what its row says was durable.
            log.error("segment_out_of_reach", segment=row.name, why=str(error), rule="S3")
            await index.apply([await _end_elsewhere(index.engine, store, row)])
            done.sealed.append(row.name)


async def _finish_open_row(index: _Index, store: LocalStore, row: Segment, done: Adopted) -> None:
    try:
        name = SegmentName.parse(row.name)
    except Damaged as error:  # an altered row: no file has its name
        log.error("row_damaged", segment=row.name[:160], why=str(error), rule="S3")
        await index.apply([DropSegment(row.name)])
        done.lost.append(row.name)
        return
    path = store.path_of(name, row.commune_id)
    if store.ended_state == SPOOLED and not store.is_here(path):
        await index.apply([await _end_elsewhere(index.engine, store, row)])
        done.sealed.append(row.name)
        return
    try:
        scan: Scan | None = await asyncio.to_thread(scan_file, store, path, doubt=True)
    except NotFound:
        scan = None
    except Damaged as error:
        log.error("segment_unreadable", segment=row.name, why=str(error))
        await asyncio.to_thread(store.quarantine, path, path.name)
        done.quarantined.append(row.name)
        scan = None
    operations: list[Operation]
    if scan is None or scan.groups == 0 or scan.first_link != row.first_link:
        if scan is not None:
            await asyncio.to_thread(store.quarantine, path, path.name)
            done.quarantined.append(row.name)
        operations = [DropSegment(row.name)]
        done.lost.append(row.name)
    else:
        await _cut(store, path.name, index.stream, scan, name, done)
        # A crash here leaves an open row over a file of whole groups: done again at the next start.
        operations = [_seal(row.name, scan, store.ended_state)]
        done.sealed.append(row.name)
    await index.apply(operations)


async def _end_elsewhere(engine: AsyncEngine, store: LocalStore, row: Segment) -> Operation:
    """The end of a segment that is out of reach: as far as its recorder, or its row, told that it was durable.

    What was written after the last telling lies in time that the absence after it covers; it is set aside when the
    other machine's spool is drained, or by ``vms fsck --repair`` when the volume is back.
    """
    told = store.told(row.name) if isinstance(store, SparedStore) else await find(engine, row.name)
    if told is None or told.groups < row.groups:
        told = Progress(row.name, row.end_us, row.size_bytes, row.groups, row.last_link)
    return SealSegment(told.name, told.end_us, told.size_bytes, told.groups, told.last_link, store.ended_state)


async def _cut(store: LocalStore, label: str, stream: StreamId, scan: Scan, name: SegmentName, done: Adopted) -> None:
    """Cut off what follows the last whole group; what we do not understand is copied to quarantine first.

    What stays becomes durable, whether anything was cut or not: a process that was killed had perhaps not yet synced
    the group that we found whole, and the row that counts it must not outlive it when the power goes next (S3). It was
    read from the volume, not from memory, which after a failed sync shows groups that no later sync would write (S1).
    """
    path = store.path_of(name, stream.commune)
    if scan.rest == "damaged":
        await asyncio.to_thread(store.quarantine_tail, path, scan.sound_bytes)
        done.quarantined.append(label)
    await asyncio.to_thread(store.cut, path, scan.sound_bytes)
    if scan.rest:
        done.cut.append(label)


async def _adopt_files(index: _Index, store: LocalStore, done: Adopted, *, at_once: bool) -> None:
    stream = index.stream
    async with read(index.engine) as session:
        tail = await load_tail(session, stream)
    since = UtcTime(max(0, (tail.covered_us or 0) - LOOK_BACK_DAYS * 86_400_000_000))
    files = await asyncio.to_thread(store.files_since, stream.commune, stream.camera, stream.stream, since)
    async with read(index.engine) as session:
        chosen = select(Segment.name).where(
            col(Segment.camera_id) == stream.camera,
            col(Segment.stream) == stream.stream,
            col(Segment.start_us) >= since.us - LOOK_BACK_DAYS * 86_400_000_000,
        )
        known = set((await session.execute(chosen)).scalars())
    lock = await asyncio.to_thread(lock_edge, store, stream)
    try:
        for file in files:
            # While its card's footage is brought back, what lies before the end of the stream may be just that.
            busy = lock is None and file.name is not None and file.name.start.us < (tail.covered_us or 0)
            if str(file.name) in known or busy:
                continue
            try:
                tail = await _adopt_file(index, store, tail, file, done)
            except StoreError as error:
                if not (at_once and store.has_other_place(error)):
                    raise
                log.error("file_out_of_reach", segment=str(file.name), why=str(error), rule="S2")
    finally:
        if lock is not None:
            store.unlock(lock)


def lock_edge(store: LocalStore, stream: StreamId) -> int | None:
    """The lock of the one process that brings a stream's footage back; None when another has it."""
    return store.lock(stream.commune, stream.camera, f"{stream.stream}-edge")


async def _adopt_file(index: _Index, store: LocalStore, tail: Tail, file: StoredFile, done: Adopted) -> Tail:
    stream = index.stream
    try:
        scan = await asyncio.to_thread(scan_file, store, file.path, doubt=True)
    except NotFound:
        return tail
    except Damaged as error:
        torn = bool(getattr(error, "torn", False))
        await _put_aside(store, file, done, destroy=torn)
        return tail
    if scan.groups == 0:
        await _put_aside(store, file, done, destroy=scan.rest != "damaged")
        return tail
    if scan.header.origin == "edge":
        # Its row would have come with what it covers: the absence still stands, and the card still has the pictures.
        await _put_aside(store, file, done, destroy=True)
        return tail
    bridge = await asyncio.to_thread(bridge_to, tail, stream, scan)
    if bridge is None or scan.header.commune != stream.commune:
        await _put_aside(store, file, done, destroy=False)
        return tail
    await _cut(store, file.path.name, stream, scan, scan.header.name, done)
    begin = BeginSegment(scan.header, scan.end_us, scan.first_link, scan.sound_bytes, scan.last_link)
    await index.apply([*bridge, begin, _seal(str(scan.header.name), scan, store.ended_state)])
    done.adopted.append(str(scan.header.name))
    return Tail(scan.end_us, scan.header.sequence + scan.groups, scan.last_link, None)


async def _put_aside(store: LocalStore, file: StoredFile, done: Adopted, *, destroy: bool) -> None:
    if destroy:
        await asyncio.to_thread(store.destroy, file.path)
        done.removed.append(file.path.name)
    else:
        await asyncio.to_thread(store.quarantine, file.path, file.path.name)
        done.quarantined.append(file.path.name)


def _seal(name: str, scan: Scan, state: str) -> SealSegment:
    return SealSegment(name, scan.end_us, scan.sound_bytes, scan.groups, scan.last_link, state)
