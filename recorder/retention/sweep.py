"""What is due is destroyed, what is held stays (P-30…P-38): a property of time, not an act of anybody.

A segment is due when its first instant is (``vms.law.retention``), as its hour key is. Order of a destruction:

    1. spooled hour keys that are due (the others are the keeper's, which destroys its own)
    2. rows marked ``destroying``, committed       crash after: marked rows are finished by the next sweep
    3. files removed, folder synced                crash after: as 2
    4. rows removed, in one commit with the stream's mark and the erasure report (the outbox)

At the reserve of the disk the oldest footage that neither a hold nor the order's minimum protects goes early, as a
documented loss with an alarm (P-35). A wall clock that is in doubt destroys nothing (``due_clock.py``). Without the
communes' policy (never heard from the keeper) nothing is destroyed: held footage cannot be brought back, and the keys
of what is due die with the keeper anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, delete, select

from recorder.recording.adoption import LOOK_BACK_DAYS, adopt
from recorder.recording.hour_keys import KeySpool
from recorder.retention.due_clock import DueClock
from recorder.retention.erasure import Mode, destroy, erased_absences, finish_marked
from recorder.retention.policies import DAY_US, Policies, is_due, spans, term
from recorder.retention.room import RoomKeeper
from recorder.retention.stock import cameras_with
from recorder.segment.format import SegmentName
from recorder.segment.rows import StreamId, load_tail
from recorder.store.errors import StoreError
from recorder.store.local import LocalStore
from vms import logs
from vms.clock import HOUR_US, MICRO, Clock, UtcTime
from vms.db.engine import read, write
from vms.errors import Damaged, GuetError
from vms.keeper.protocol import CameraRetention, DestructionTime
from vms.law.retention import MAX_DAYS, due, held
from vms.model import ErasureReport, Segment

# A calendar month has 28 days at least, and a day of clock change an hour less.
SHORTEST_MONTH_DAYS: Final = 28
SLACK_US: Final = 2 * HOUR_US
# How long a file without a row may be: nobody knows, and a hold on its end keeps it.
STRAY_SPAN_US: Final = 120 * MICRO
BATCH_LIMIT_SEGMENTS: Final = 200
REPORT_LIMIT_ROWS: Final = 100
REPORT_EVERY_US: Final = HOUR_US
SWEEP_PAUSE_S: Final = 60.0
# A hold placed just before this process started may not be in the copy: the first sweep waits this long for the keeper.
FIRST_HEARD_LIMIT_S: Final = 120.0
FIRST_HEARD_POLL_S: Final = 1.0
# A volume fills faster than what is due goes: room is looked at between two sweeps.
ROOM_PAUSE_S: Final = 2.0

log = logs.get("recorder.retention.sweep")


class ErasureSink(Protocol):
    """The keeper, for what retention needs of it."""

    async def retention(self, commune: str) -> list[CameraRetention]:
        """Each camera's days and holds."""
        ...

    async def destruction_time(self, commune: str) -> DestructionTime:
        """By what time the commune's footage may be destroyed."""
        ...

    async def report_erased(self, commune: str, erased: Sequence[dict[str, Any]]) -> None:
        """Journal destructions (*effacement*, P-40)."""
        ...


@dataclass(slots=True)
class Swept:
    """What one sweep destroyed."""

    segments: int = 0
    size_bytes: int = 0
    early: int = 0
    absences: int = 0
    keys: int = 0
    short_bytes: int = 0  # below the reserve, and nothing left that may go


class Retention:
    """Sweeps one store and its index. One process of a host runs it."""

    def __init__(
        self,
        engine: AsyncEngine,
        store: LocalStore,
        spool: KeySpool,
        policies: Policies,
        clock: Clock,
        room: RoomKeeper,
        time: DueClock | None = None,
    ) -> None:
        self._engine, self._store, self._spool, self._policies = engine, store, spool, policies
        self._clock, self._room, self._time = clock, room, time or DueClock(clock)
        self._told_us: dict[tuple[str, str], int] = {}

    async def run(self, keeper: ErasureSink, communes: Callable[[], Iterable[str]]) -> None:
        """Learn, sweep and report each minute, until cancelled. A failing sweep is logged as grave and tried again."""
        await self._first_heard(keeper, communes)
        while True:
            try:
                await self.learn(keeper, communes())
                await self.sweep()
                await self.report(keeper)
                await self._time.tell(self._engine, await self._cameras(), communes())
            except (GuetError, OSError, SQLAlchemyError) as error:
                log.error("sweep_failed", why=str(error), severity="grave", rule="P-30")
            for _ in range(int(SWEEP_PAUSE_S / ROOM_PAUSE_S)):
                await self._clock.sleep(ROOM_PAUSE_S)
                await self._look_at_room()

    async def _look_at_room(self) -> None:
        try:
            await self._room.look()
        except (GuetError, OSError, SQLAlchemyError) as error:
            log.error("room_not_looked_at", why=str(error), severity="grave", rule="P-35")

    async def _first_heard(self, keeper: ErasureSink, communes: Callable[[], Iterable[str]]) -> None:
        """Wait for the keeper, which starts beside us: what is held must not go for an older copy's sake (P-32)."""
        for _ in range(int(FIRST_HEARD_LIMIT_S / FIRST_HEARD_POLL_S)):
            if await self.learn(keeper, communes()):
                return
            await self._clock.sleep(FIRST_HEARD_POLL_S)
        log.warning("retention_from_copy", limit_s=FIRST_HEARD_LIMIT_S)

    async def learn(self, keeper: ErasureSink, communes: Iterable[str]) -> bool:
        """Ask the keeper for each commune's days and holds; what it does not say now stays as last heard.

        Whether every commune, of one at least, was heard.
        """
        heard = []
        for commune in communes:
            try:
                cameras = await keeper.retention(commune)
            except GuetError as error:
                log.info("retention_not_heard", commune=commune, why=str(error))
                heard.append(False)
                continue
            await asyncio.to_thread(self._policies.learn, commune, cameras)
            heard.append(await self._hear_time(keeper, commune))
        return bool(heard) and all(heard)

    async def _hear_time(self, keeper: ErasureSink, commune: str) -> bool:
        try:
            self._time.hear(commune, await keeper.destruction_time(commune))
        except GuetError as error:
            log.info("time_not_heard", commune=commune, why=str(error))
            return False
        return True

    async def sweep(self) -> Swept:
        """Destroy everything that is due now; safe to kill anywhere and run again."""
        await asyncio.to_thread(self._time.keep)
        swept, now_us = Swept(), self._time.earliest_us()
        _count(swept, await finish_marked(self._engine, self._store, partial(self._policies.mode_of, now_us), now_us))
        swept.keys = await asyncio.to_thread(self._spool.destroy_where, partial(self._key_due, now_us=now_us))
        for commune, camera in await self._cameras():
            policy = self._policies.of(commune, camera)
            if policy is None:
                log.error("retention_unknown", commune=commune, camera=camera, rule="P-30")
                continue
            now_us = self._time.now_us(commune)
            await self._end_left_open(commune, camera, _newest_due(policy, now_us))
            while batch := await self._due(camera, policy, now_us):
                await self._destroy(batch, "due", swept)
            swept.absences += await erased_absences(
                self._engine, camera, _newest_due(policy, now_us), partial(is_due, policy, now_us=now_us)
            )
        await self._make_room(swept)
        await asyncio.to_thread(self._purge_quarantine, self._time.earliest_us())
        await self._purge_strays(self._time.earliest_us())
        if swept.segments or swept.short_bytes:
            log.info("swept", segments=swept.segments, size_bytes=swept.size_bytes, early=swept.early)
        return swept

    async def report(self, keeper: ErasureSink) -> int:
        """Hand the outbox to the keeper's journal, oldest first; how many entries. Stops while it is away.

        A stream that loses a segment each minute has an entry an hour, not sixty: what is not told yet waits in the
        outbox, where it grows. Early losses are told at once (P-35).
        """
        done = 0
        while batch := await self._ready():
            try:
                await keeper.report_erased(batch[0].commune_id, [_report(row) for row in batch])
            except GuetError as error:
                log.info("erasures_wait", reports=len(batch), why=str(error))
                return done
            # A crash here journals the same destruction twice: said twice is better than not at all.
            async with write(self._engine) as session:
                await session.execute(delete(ErasureReport).where(col(ErasureReport.id).in_([row.id for row in batch])))
            self._told_us |= {(row.camera_id, row.stream): self._clock.utc().us for row in batch}
            done += len(batch)
        return done

    async def _ready(self) -> list[ErasureReport]:
        """The oldest reports that may be told now, of one commune."""
        now_us = self._clock.utc().us
        async with read(self._engine) as session:
            ids = []
            commune = ""
            facts = sqlalchemy.select(
                col(ErasureReport.id), col(ErasureReport.commune_id), col(ErasureReport.camera_id),
                col(ErasureReport.stream), col(ErasureReport.mode),
            )  # fmt: skip
            for number, one, camera, stream, mode in await session.execute(facts.order_by(col(ErasureReport.id))):
                if mode == "due" and 0 <= now_us - self._told_us.get((camera, stream), 0) < REPORT_EVERY_US:
                    continue
                commune = commune or one
                if one == commune:
                    ids.append(number)
                if len(ids) == REPORT_LIMIT_ROWS:
                    break
            chosen = select(ErasureReport).where(col(ErasureReport.id).in_(ids)).order_by(col(ErasureReport.id))
            return list((await session.execute(chosen)).scalars())

    def _key_due(self, camera: str, hour_us: int, now_us: int) -> bool:
        policy = self._policies.of_camera(camera)
        if policy is None:
            # Nobody knows of holds: the law's month, once the keeper was heard at all.
            return self._policies.heard() and term(None, hour_us) <= now_us
        kept = held(hour_us, hour_us + HOUR_US, spans(policy, now_us))
        return term(policy, hour_us) <= now_us and not kept

    async def _cameras(self) -> list[tuple[str, str]]:
        async with read(self._engine) as session:
            found = {*await cameras_with(session, "segment"), *await cameras_with(session, "absence")}
        return sorted(found)

    async def _end_left_open(self, commune: str, camera: str, newest_us: int) -> None:
        """Seal what a crash left open and nobody goes on writing.

        Of an open segment the row knows the first group alone: by that span a hold on the rest would be overlooked
        (P-32), and the mark of what was destroyed would end too early (S4). One that is being written is not due.
        """
        async with read(self._engine) as session:
            chosen = select(Segment.stream).where(
                col(Segment.camera_id) == camera, col(Segment.state) == "open", col(Segment.start_us) <= newest_us
            )
            streams = sorted(set((await session.execute(chosen)).scalars()))
        for stream in streams:
            lock = await asyncio.to_thread(self._store.lock, commune, camera, stream)
            if lock is None:
                continue
            try:
                await adopt(self._engine, self._store, StreamId(commune, camera, stream))
            except StoreError as error:  # its volume is away: it stays open, and undecided, until that is back
                log.warning("left_open", camera=camera, stream=stream, why=error.what, rule="P-32")
            finally:
                self._store.unlock(lock)

    async def _due(self, camera: str, policy: CameraRetention, now_us: int) -> list[Segment]:
        newest_us = _newest_due(policy, now_us)
        async with read(self._engine) as session:
            # What is marked already waits for its volume: the next sweep begins with it.
            chosen = select(Segment).where(
                col(Segment.camera_id) == camera, col(Segment.start_us) <= newest_us,
                col(Segment.state).not_in(("open", "destroying")),
            )  # fmt: skip
            rows = (await session.execute(chosen.order_by(col(Segment.start_us)))).scalars()
            return [row for row in rows if is_due(policy, row.start_us, row.end_us, now_us)][:BATCH_LIMIT_SEGMENTS]

    async def _destroy(self, rows: Sequence[Segment], mode: Mode, swept: Swept) -> None:
        gone = await destroy(self._engine, self._store, rows, mode, self._clock.utc().us)
        _count(swept, gone)
        swept.early += len(gone) if mode == "early" else 0

    async def _make_room(self, swept: Swept) -> None:
        made = await self._room.look()
        swept.segments += made.segments
        swept.size_bytes += made.size_bytes
        swept.early += made.segments
        swept.short_bytes = made.short_bytes

    async def _purge_strays(self, now_us: int) -> None:
        """Files without a row that are past any due date: their keys are gone, and so must they be (S5)."""
        last_day = UtcTime(max(0, now_us - (SHORTEST_MONTH_DAYS * DAY_US))).iso()[:10]
        for file in await asyncio.to_thread(self._store.files_until, last_day):
            policy = self._policies.of(file.commune, file.name.camera) if file.name is not None else None
            if file.name is None or policy is None:
                continue
            stream, start_us = StreamId(file.commune, file.name.camera, file.name.stream), file.name.start.us
            async with read(self._engine) as session:
                known = await session.get(Segment, str(file.name)) is not None
                tail = await load_tail(session, stream)
            if known or not is_due(policy, start_us, start_us + STRAY_SPAN_US, now_us):
                continue
            # A writer that starts just now may be adopting it: that looks back by a day from the stream's end, no more.
            lock = await asyncio.to_thread(self._store.lock, stream.commune, stream.camera, stream.stream)
            if lock is None and start_us >= (tail.covered_us or 0) - LOOK_BACK_DAYS * DAY_US:
                continue
            try:
                log.warning("stray_destroyed", segment=str(file.name), rule="P-30")
                await asyncio.to_thread(self._store.destroy, file.path)
            finally:
                if lock is not None:
                    self._store.unlock(lock)

    def _purge_quarantine(self, now_us: int) -> None:
        for path in self._store.quarantined():
            if quarantine_due(path, now_us):
                self._store.destroy(path)


def quarantine_due(path: Path, now_us: int) -> bool:
    """Whether a quarantined file must go: a month after the start its name says, or else after it was last changed."""
    try:
        recorded_us = SegmentName.parse(path.name.partition(".seg")[0]).start.us
    except Damaged:
        recorded_us = path.stat().st_mtime_ns // 1000
    return due(recorded_us, MAX_DAYS) <= now_us


def _newest_due(policy: CameraRetention, now_us: int) -> int:
    """Nothing that starts after this can be due: a bound for queries, not a rule."""
    return now_us - min(policy.max_days, SHORTEST_MONTH_DAYS) * DAY_US + SLACK_US


def _count(swept: Swept, rows: Sequence[Segment]) -> None:
    swept.segments += len(rows)
    swept.size_bytes += sum(row.size_bytes for row in rows)


def _report(row: ErasureReport) -> dict[str, Any]:
    return {
        "camera": row.camera_id,
        "from_us": row.from_us,
        "to_us": row.to_us,
        "mode": row.mode,
        "count": row.count,
        "bytes": row.size_bytes,
    }
