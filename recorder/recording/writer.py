"""The writer of one stream: takes groups and absences in order, and keeps S3 and S4.

Durable order of a segment (S3), each step done before the next begins:

    1. wrapped hour key with the keeper, or in the spool     crash after: a key that sealed nothing
    2. header and first group, fsync                         crash after: a file that may have no name
    3. folder fsync                                          crash after: a file without a row → adopted
    4. row ``open`` committed, with the end of the absence   crash after: an open row → sealed at its last whole group
    5. each further group, fsync                             crash after: as 4, the group counted
    6. row ``sealed``, in one commit with the next ``open``  crash after: nothing to do

Adoption (``adoption.py``) runs at the start of each writer. Time is tiled (S4): what is not covered by a group is
covered by an absence, which the next group ends. An error of the disk abandons the segment, and the next group tries
a new one; the database being away only makes rows wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from cryptography.utils import Buffer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from recorder.recording.adoption import Adopted, adopt
from recorder.recording.bridge import change_us
from recorder.recording.hour_keys import HourKeys
from recorder.recording.refusals import FENCE_REFUSED, TWO_RECORDERS, tell
from recorder.recording.segment_writer import Group, PictureFormat, SegmentWriter
from recorder.segment.commits import Commits
from recorder.segment.format import GROUP_LIMIT_US, AbsenceRecord, SegmentHeader, SegmentName, genesis, next_link
from recorder.segment.progress import Progress
from recorder.segment.rows import BeginAbsence, DropAbsence, EndAbsence, Operation, StreamId, load_tail
from recorder.store.errors import StoreError
from recorder.store.local import LocalStore
from recorder.stream.sink import SinkRefused
from vms import logs
from vms.clock import Clock, UtcTime
from vms.db.engine import read
from vms.db.leases import Held, WrongFence
from vms.errors import BadInput, Conflict, GuetError, Unavailable
from vms.keys import derive

PENDING_LIMIT_ROWS: Final = 256
LAST_COMMIT_TRIES: Final = 3
# Groups abut to the microsecond as a rule; within this a hole is rounding, and the group covers it.
JOIN_TOLERANCE_US: Final = 100_000
# A group that starts earlier than covered time ends, by more than this, means that the clock went back.
OVERLAP_LIMIT_US: Final = 1_000_000

T = TypeVar("T")

log = logs.get("recorder.writer")


@dataclass(frozen=True, slots=True)
class Head:
    """The durable end of a stream's chain, for the keeper to sign."""

    sequence: int
    link: bytes
    segment: str


class StreamWriter:
    """Writes one stream: ``start`` first, ``close`` last. It is the ``GroupSink`` of a camera's pipeline."""

    def __init__(
        self,
        camera: str,
        stream: str,
        commune: str,
        *,
        store: LocalStore,
        engine: AsyncEngine,
        keys: HourKeys,
        clock: Clock,
        fence: Held | None = None,
        origin: str = "live",
        commits: Commits | None = None,
    ) -> None:
        """``commits`` are shared by the streams of a process."""
        self.id = StreamId(commune, camera, stream)
        self.sealed_groups = 0
        self.lost_groups = 0
        self.cause = ""  # of the absence that is open now; empty while pictures are written
        self.fenced = False  # another recorder has taken the camera: nothing of ours is kept from then on
        self._store, self._engine, self._keys, self._clock = store, engine, keys, clock
        self._fence, self._origin = fence, origin
        self._commits = commits or Commits(engine)
        self._turn = asyncio.Lock()  # one group or absence at a time, in the order they came
        self._lock: int | None = None
        self._covered_us: int | None = None
        self._sequence = 0
        self._link = genesis(camera, stream)
        self._absence: BeginAbsence | None = None
        self._segment: SegmentWriter | None = None
        self._relieves = False
        self._undeclared = "recorder-stopped"  # cause of a hole that nobody declared: before our first group, our start
        self._pending: list[Operation] = []

    async def start(self, *, relieves: bool = False) -> Adopted:
        """Take the stream's lock, finish what a crash left, and be ready.

        ``relieves``: pictures were taken in while another recorder still wrote, so that the first group may begin
        well before the last one left. Without it such a group means a clock set back: that time is told for already.
        Conflict when another process writes the stream; StoreError when the store is not the one we know.
        """
        # Before anything is made below the root: it may be the empty mount point of a volume that is away.
        await asyncio.to_thread(self._store.check_ready)
        self._lock = await asyncio.to_thread(self._store.lock, self.id.commune, self.id.camera, self.id.stream)
        if self._lock is None:
            await tell(self._engine, self._clock, TWO_RECORDERS, [(self.id.commune, self.id.camera)])
            raise Conflict(
                "Un autre enregistreur écrit déjà ce flux.", where=str(self.id), todo="Arrêtez l’autre processus."
            )
        try:
            adopted = await adopt(self._engine, self._store, self.id, self._fence, at_once=True)
            async with read(self._engine) as session:
                tail = await load_tail(session, self.id)
        except BaseException:
            self._release()
            raise
        self._relieves = relieves
        self._covered_us, self._sequence, self._link, self._absence = (
            tail.covered_us, tail.sequence, tail.link, tail.absence,
        )  # fmt: skip
        if self._absence is None and self._covered_us is not None and self._clock.utc().us > self._covered_us:
            self._declare(self._covered_us, "recorder-stopped", "")
        self.cause = self._absence.cause if self._absence else ""
        await self._commit()
        if self.fenced:
            self._release()
            raise WrongFence(self.id.camera, self._fence.fence if self._fence else 0)
        return adopted

    async def group(
        self,
        plaintext: Sequence[Buffer],
        start: UtcTime,
        end: UtcTime,
        units: int,
        fmt: PictureFormat,
        zone_set: str | None = None,
    ) -> None:
        """Keep a group of ``units`` pictures that covers [start, end); durable on return.

        SinkRefused when it was not kept; the segment is sealed before it, and an error of the disk has begun an
        absence with the error's cause. What has begun is finished even when the caller is cancelled.
        """
        refused = await _to_its_end(self._keep(Group(plaintext, start, end, units, fmt, zone_set or "")))
        if refused is not None:
            raise refused

    async def absence(self, start: UtcTime, cause: str, detail: str = "") -> None:
        """From ``start`` on there are no pictures, because of ``cause``; the next group ends the absence."""
        await _to_its_end(self._be_absent(start, cause, detail))

    async def resume(self, at: UtcTime) -> None:
        """Pictures come again from ``at``: the absence ends with the group that starts there, once it is durable."""

    async def close(self) -> None:
        """Seal the segment and let go of the stream; without an absence so far, ``recorder-stopped`` begins."""
        await _to_its_end(self._close())

    async def _keep(self, group: Group) -> SinkRefused | None:
        async with self._turn:
            self._require_started()
            refused = await self._take(group)
            await self._commit()
        return refused

    async def _be_absent(self, start: UtcTime, cause: str, detail: str) -> None:
        async with self._turn:
            self._require_started()
            self._declare(start.us, cause, detail)
            await self._commit()

    async def _close(self) -> None:
        async with self._turn:
            if self._lock is None:
                return
            try:
                if self._absence is None and (self._segment is not None or self._covered_us is not None):
                    self._declare(self._clock.utc().us, "recorder-stopped", "")
                for _ in range(LAST_COMMIT_TRIES):
                    if await self._commit():
                        break
                    # What cannot be committed now is adopted at the next start: the files say it all.
            finally:
                self._release()

    def head(self) -> Head:
        """The durable end of the chain."""
        if self._segment is not None:
            return Head(
                self._segment.header.sequence + self._segment.groups, self._segment.last_link, self._segment.name
            )
        return Head(self._sequence, self._link, "")

    def progress(self) -> Progress | None:
        """How far the open segment is durable; None between segments."""
        return self._segment.progress() if self._segment is not None else None

    def _require_started(self) -> None:
        if self._lock is None:
            raise Unavailable("L’écriture de ce flux n’est pas en marche.", where=str(self.id))

    async def _take(self, group: Group) -> SinkRefused | None:
        if self.fenced or (self._fence is not None and not self._fence.may_write()):
            self.lost_groups += 1
            return SinkRefused(
                "Cette caméra est passée à un autre enregistreur.", cause="recorder-stopped", where=str(self.id)
            )
        placed = self._place(group)
        if isinstance(placed, SinkRefused):
            self.lost_groups += 1
            return placed
        try:
            await self._put(placed)
        except GuetError as error:
            return await self._abandon(placed, error)
        self.sealed_groups += 1
        self.cause, self._undeclared = "", "stream-damaged"
        return None

    async def _put(self, group: Group) -> None:
        """Into the open segment, or a new one: when the format or the hour says so, or its volume takes no more."""
        if self._segment is not None and not self._segment.fits(group):
            self._seal()
        if self._segment is not None:
            try:
                await asyncio.to_thread(self._segment.append, group)
                return
            except StoreError as error:
                if not self._store.has_other_place(error):
                    raise
                log.error("segment_left", stream=str(self.id), why=str(error), rule="P-35")
                # A crash here leaves an open row whose file ends with a torn group: adoption, as ever.
                await asyncio.to_thread(self._segment.abandon)
                self._seal()
        await self._begin(group)

    def _place(self, group: Group) -> Group | SinkRefused:
        """The group moved to where covered time ends; refused when it has no time of its own left (S4)."""
        if len(self._pending) > PENDING_LIMIT_ROWS:
            return SinkRefused("L’index est absent depuis trop longtemps.", cause="disk-wrong", where=str(self.id))
        covered_us = self._segment.end_us if self._segment is not None else self._covered_us
        if covered_us is None:
            return group
        hole_us = group.start.us - covered_us
        overlap_us = GROUP_LIMIT_US if self._relieves and not self.sealed_groups else OVERLAP_LIMIT_US
        if hole_us < -overlap_us or group.end.us <= covered_us:
            what = f"Ce groupe commence {-hole_us} µs avant la fin du temps déjà couvert."
            return SinkRefused(what, cause="clock", where=str(self.id), todo="Vérifiez l’horloge de la machine.")
        if hole_us <= (0 if self._absence is not None else JOIN_TOLERANCE_US):
            return replace(group, start=UtcTime(covered_us))
        if self._absence is None:
            self._declare(covered_us, self._undeclared, "écart sans cause déclarée")
        return group

    async def _begin(self, group: Group) -> None:
        key = await self._keys.key_for(self.id.commune, self.id.camera, group.start)
        sequence, link, operations = self._after_absence(group.start.us)
        fence = self._fence.fence if self._fence is not None else 0
        name = SegmentName(self.id.camera, self.id.stream, group.start, key.id, fence)
        header = SegmentHeader(
            name,
            self.id.commune,
            group.fmt.codec_string,
            group.fmt.width,
            group.fmt.height,
            group.zone_set_id,
            self._origin,
            sequence + 1,
            link,
        )
        segment_key = derive.segment_key(key.key, str(name))
        self._segment = await asyncio.to_thread(SegmentWriter.begin, self._store, header, segment_key, group)
        self._absence = None
        self._pending += [*operations, self._segment.begun()]

    def _after_absence(self, at_us: int) -> tuple[int, bytes, list[Operation]]:
        """The chain and the operations once the open absence, if any, ends at ``at_us``; changes nothing here."""
        absence = self._absence
        if absence is None:
            return self._sequence, self._link, []
        if absence.start_us == at_us:
            return self._sequence, self._link, [DropAbsence(at_us)]
        record = AbsenceRecord(
            self.id.camera, self.id.stream, self._sequence + 1, absence.start_us, at_us, absence.cause
        )
        link = next_link(self._link, record.encode())
        return record.sequence, link, [EndAbsence(absence.start_us, at_us, record.sequence, link)]

    def _seal(self) -> None:
        segment = self._segment
        if segment is None:
            return
        segment.close()
        self._pending.append(replace(segment.sealed(), state=self._store.ended_state))
        self._covered_us = segment.end_us
        self._sequence, self._link = segment.header.sequence + segment.groups, segment.last_link
        self._segment = None

    def _declare(self, start_us: int, cause: str, detail: str) -> None:
        """Open an absence where covered time ends; one that is open with another cause ends at ``start_us``."""
        self._seal()
        if self._absence is not None:
            if self._absence.cause == cause:
                return
            at_us = change_us(self._absence.start_us, start_us)
            self._sequence, self._link, operations = self._after_absence(at_us)
            self._pending += operations
        else:
            at_us = start_us if self._covered_us is None else self._covered_us
        self._absence = BeginAbsence(at_us, cause, detail)
        self._covered_us = at_us
        self.cause = cause
        self._pending.append(self._absence)

    async def _abandon(self, group: Group, error: GuetError) -> SinkRefused:
        """Give up the segment at its last durable group, and the group that failed with it."""
        cause = error.cause if isinstance(error, StoreError) else "disk-wrong"
        if isinstance(error, BadInput):
            cause = "stream-damaged"
        self.lost_groups += 1
        log.error("group_lost", stream=str(self.id), cause=cause, why=str(error))
        if self._segment is not None:
            await asyncio.to_thread(self._segment.abandon)
        self._declare(group.start.us, cause, error.what)
        return SinkRefused(error.what, cause=cause, where=error.where, todo=error.todo)

    async def _commit(self) -> bool:
        """Commit the rows that wait; False when the database is away: they wait on, in order."""
        if not self._pending:
            return True
        try:
            await self._commits.commit(self.id, self._pending, self._fence)
        except WrongFence as error:
            # Another has taken the camera: its rows say what is so. Our file stays, and is set aside as a stray.
            log.error(
                "fence_refused", stream=str(self.id), fence=self._fence.fence if self._fence else 0, why=str(error)
            )
            self.fenced = True
            self._pending.clear()
            await tell(self._engine, self._clock, FENCE_REFUSED, [(self.id.commune, self.id.camera)])
            return True
        except SQLAlchemyError as error:
            log.warning("rows_wait", stream=str(self.id), rows=len(self._pending), why=type(error).__name__)
            return False
        # A crash before this line repeats nothing: the operations are in the rows, and the rows are read at start.
        self._pending.clear()
        return True

    def _release(self) -> None:
        if self._lock is not None:
            self._store.unlock(self._lock)
            self._lock = None


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Await ``work``; when the caller is cancelled meanwhile, the work goes on to its end before the caller knows.

    A thread cannot be cancelled: a writer that went on beside one would use a file that is still being written.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
