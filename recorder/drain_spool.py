"""What waits in this machine's spool goes to the bucket, oldest first: the second half of S3 on many machines.

    1. the segment is whole: its row says ``spooled``, its file ends where the row says     else: cut, or set aside
    2. object put, and seen to be there                 crash after: put again, to the same effect
    3. row ``sealed`` committed                         crash after: the spool file is found, and removed
    4. spool file removed

One process of a machine drains, whichever has the spool's lock. While the bucket is away nothing is removed; the wait
between tries grows, and an incident says so. A row that is being destroyed takes its spool file with it (P-30).
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select, update

from recorder.recording.scan import scan_file
from recorder.retention.due_clock import DueClock
from recorder.retention.sweep import quarantine_due
from recorder.store.disk import try_lock
from recorder.store.errors import StoreError
from recorder.store.local import SEALED, SPOOLED, StoredFile
from recorder.store.s3 import SpooledStore
from vms import logs
from vms.clock import MICRO, Clock
from vms.db.engine import read, write
from vms.errors import Damaged, GuetError, NotFound
from vms.law.retention import MAX_DAYS, due
from vms.model import Incident, Segment

PAUSE_S: Final = 1.0
RETRY_FIRST_S: Final = 1.0
RETRY_LIMIT_S: Final = 30.0
BATCH_LIMIT_SEGMENTS: Final = 200
UPLOADS_LIMIT_COUNT: Final = 4
# A bucket that does not answer for this long is told to people; a short absence is only logged.
TELL_AFTER_S: Final = 60.0
# An extraction reads its copy within minutes.
FETCHED_LIMIT_S: Final = 86_400.0
AWAY: Final = "bucket-away"

log = logs.get("recorder.drain")


class SpoolDrain:
    """Drains one machine's spool."""

    def __init__(
        self, engine: AsyncEngine, store: SpooledStore, clock: Clock, memo: Path, time: DueClock | None = None
    ) -> None:
        """``memo`` remembers which bucket is ours; ``time`` is what the host knows of the time, by which things go."""
        self._engine, self._store, self._clock, self._memo = engine, store, clock, memo
        self._time = time or DueClock(clock)
        self._known = False
        self._away_since_us: int | None = None
        self._told = False

    async def run(self) -> None:
        """Drain until cancelled; another process of this machine may be at it already."""
        wait_s = RETRY_FIRST_S
        lock: int | None = None
        while True:
            if lock is None:
                lock = await asyncio.to_thread(try_lock, self._store.root / ".drain.lock")
            try:
                await asyncio.to_thread(self._store.measure)
                if lock is not None:
                    await asyncio.to_thread(self._tidy)
                    await self.round()
                wait_s = RETRY_FIRST_S
            except (GuetError, OSError, SQLAlchemyError) as error:
                log.warning("tampon non vidé", why=str(error)[:300], wait_s=wait_s)
                await self._clock.sleep(wait_s)
                wait_s = min(wait_s * 2, RETRY_LIMIT_S)
                continue
            await self._clock.sleep(PAUSE_S)

    def _tidy(self) -> None:
        """What must not stay on this disk: quarantine past its month, copies fetched for an extraction (S5)."""
        due_us = self._time.earliest_us()
        for path in self._store.quarantined_here():
            if quarantine_due(path, due_us):
                self._store.forget(path)
        now_us = self._clock.utc().us  # a copy is dated by the machine, and made again when it is missed
        for path in self._store.fetched():
            if now_us - path.stat().st_mtime_ns // 1000 > FETCHED_LIMIT_S * MICRO:
                self._store.forget(path)

    async def round(self) -> int:
        """Everything that may go now; how many segments went. StoreError while the bucket is away."""
        try:
            if not self._known:
                await self._know_bucket()
            done = await self._drain()
        except StoreError as error:
            await self._note_away(error)
            raise
        await self._note_back()
        return done

    async def _know_bucket(self) -> None:
        """Two machines that find a new bucket at once must not give it two identities: one waits for the other."""
        async with contextlib.AsyncExitStack() as alone:
            if await asyncio.to_thread(self._store.is_nameless, self._memo):
                await alone.enter_async_context(write(self._engine))
            await asyncio.to_thread(self._store.check_bucket, self._memo)
        self._known = True

    async def _drain(self) -> int:
        files = await asyncio.to_thread(self._store.waiting)
        done = 0
        for start in range(0, len(files), BATCH_LIMIT_SEGMENTS):
            batch = files[start : start + BATCH_LIMIT_SEGMENTS]
            rows = await self._rows([str(file.name) for file in batch])
            for at in range(0, len(batch), UPLOADS_LIMIT_COUNT):
                moved = await asyncio.gather(
                    *(self._one(file, rows.get(str(file.name))) for file in batch[at : at + UPLOADS_LIMIT_COUNT])
                )
                done += sum(moved)
        return done

    async def _rows(self, names: list[str]) -> dict[str, Segment]:
        async with read(self._engine) as session:
            rows = (await session.execute(select(Segment).where(col(Segment.name).in_(names)))).scalars()
            return {row.name: row for row in rows}

    async def _one(self, file: StoredFile, row: Segment | None) -> bool:
        """Do what is next for one file of the spool; whether it left."""
        if row is None:
            return await self._stray(file)
        if row.state == SPOOLED:
            try:
                return await self._move(file.path, row)
            except NotFound:
                return False  # set aside or destroyed meanwhile
        if row.state in (SEALED, "destroying"):
            # A crash after the row; or retention runs on another machine, and cannot reach this disk.
            return await asyncio.to_thread(self._store.forget, file.path)
        return False  # open: being written, or for adoption

    async def _stray(self, file: StoredFile) -> bool:
        """A file without a row is its writer's, or adoption's; past the law's month no key opens it (S5).

        By a clock that is in doubt nothing goes: its row may only be on its way.
        """
        name = file.name
        if name is None or due(name.start.us, MAX_DAYS) > self._time.earliest_us():
            return False
        log.warning("stray_destroyed", segment=str(name), rule="P-30")
        return await asyncio.to_thread(self._store.forget, file.path)

    async def _move(self, path: Path, row: Segment) -> bool:
        if not await asyncio.to_thread(self._ready, path, row):
            return False
        await asyncio.to_thread(self._store.upload, path)
        # A crash here leaves an object without its row: it is put again.
        async with write(self._engine, alone=False) as session:
            changed = await session.execute(
                update(Segment)
                .where(col(Segment.name) == row.name, col(Segment.state) == SPOOLED)
                .values(state=SEALED)
                .returning(col(Segment.name))
            )
            sealed = changed.first() is not None
        if not sealed:
            # Destroyed while we were at it: the object must not outlive its row.
            await asyncio.to_thread(self._store.destroy, path)
            return True
        # A crash here leaves the spool file of a sealed segment: the next round removes it.
        await asyncio.to_thread(self._store.forget, path)
        return True

    def _ready(self, path: Path, row: Segment) -> bool:
        """Whether the file is what the row says; what another recorder's absence covers is cut off first (S4)."""
        size = path.stat().st_size if path.exists() else 0
        if size > row.size_bytes:
            self._store.quarantine_tail(path, row.size_bytes)
            self._store.cut(path, row.size_bytes)
        try:
            scan = scan_file(self._store, path)
        except Damaged as error:
            log.error("spool_damaged", segment=row.name, why=str(error), rule="S1")
            return False
        if (scan.sound_bytes, scan.groups, scan.last_link) == (row.size_bytes, row.groups, row.last_link):
            return True
        log.error("spool_differs", segment=row.name, groups=scan.groups, said=row.groups, rule="S1")
        return False

    async def _note_away(self, error: StoreError) -> None:
        now_us = self._clock.monotonic_us()
        if self._away_since_us is None:
            self._away_since_us = now_us
        if self._told or now_us - self._away_since_us < TELL_AFTER_S * MICRO:
            return
        waiting = await asyncio.to_thread(self._store.waiting)
        communes = sorted({file.commune for file in waiting})
        async with write(self._engine) as session:
            for commune in communes:
                session.add(
                    Incident(
                        commune_id=commune, kind=AWAY, severity="grave",
                        what=f"Le magasin d’objets ne prend rien : {len(waiting)} segments attendent sur une machine.",
                        todo="Rétablissez-le : tout sera versé dans l’ordre, tant que le tampon suffit.",
                        rule="P-35", opened_us=self._clock.utc().us,
                    )
                )  # fmt: skip
        self._told = bool(communes)

    async def _note_back(self) -> None:
        self._away_since_us = None
        if not self._told:
            return
        async with write(self._engine) as session:
            ended = update(Incident).where(col(Incident.kind) == AWAY, col(Incident.closed_us).is_(None))
            await session.execute(ended.values(closed_us=self._clock.utc().us))
        self._told = False
