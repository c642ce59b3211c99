"""Room on the volume of footage: never lost in silence (P-35).

    above the reserve                nothing happens; the forecast says until when
    at the reserve                   the oldest footage that neither a hold nor the order's minimum protects goes early
    only protected footage is left   recording stops camera by camera, in the operator's order, with a gap `disk-full`
    more room again                  the cameras come back in the other order

Each step is an incident, and stands in the shared database for pages, metrics and the operator's e-mail. One process
of a host looks after the room; every recorder process reads there which cameras it may not keep now.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from recorder.retention.due_clock import DueClock
from recorder.retention.erasure import destroy
from recorder.retention.policies import DAY_US, Policies, may_go_early
from recorder.retention.stock import STREAMS, cameras_with
from recorder.retention.stop_order import Room, in_order, stopped
from recorder.store.local import LocalStore
from vms import logs
from vms.clock import Clock
from vms.db.engine import read, write
from vms.model import Incident, RecordingStop, Segment

# Early destruction frees this much more than the reserve asks for, so as not to run at each look.
EARLY_MARGIN_BYTES: Final = 256 * 1024 * 1024
EARLY_MARGIN_PART: Final = 8  # of the reserve, when that is less
BATCH_LIMIT_SEGMENTS: Final = 200
CHUNK_LIMIT_SEGMENTS: Final = 500
EARLY: Final = "early-destruction"

log = logs.get("recorder.retention.room")


@dataclass(slots=True)
class Made:
    """What one look at the room did."""

    segments: int = 0
    size_bytes: int = 0
    short_bytes: int = 0  # below the reserve, and nothing left that may go
    stopped: frozenset[str] = frozenset()


class RoomKeeper:
    """Looks after the room of one store."""

    def __init__(
        self,
        engine: AsyncEngine,
        store: LocalStore,
        policies: Policies,
        clock: Clock,
        reserve_bytes: int,
        *,
        floor_bytes: int = 0,
        cameras: Callable[[], Collection[tuple[str, str]]] = tuple,
        keep_longest: Sequence[str] = (),
        time: DueClock | None = None,
    ) -> None:
        """``cameras``: (commune, camera) of all that are to be recorded; ``keep_longest``: the operator's order."""
        self.reserve_bytes = reserve_bytes
        self._engine, self._store, self._policies, self._clock = engine, store, policies, clock
        self._time = time or DueClock(clock)  # minimum and holds, too, end by a clock that is not in doubt
        self._floor_bytes, self._cameras, self._keep_longest = floor_bytes, cameras, tuple(keep_longest)
        self._lost: dict[str, int] = {}

    async def look(self) -> Made:
        """Make room if it takes any, and decide which cameras go on; safe to kill anywhere and run again."""
        made, now_us = Made(), self._clock.utc().us
        if await asyncio.to_thread(self._store.is_away):
            return made  # the room of an empty mount point says nothing of footage
        free_bytes = await asyncio.to_thread(self._store.free_bytes)
        short_bytes = self.reserve_bytes - free_bytes
        if short_bytes > 0:
            margin = min(EARLY_MARGIN_BYTES, self.reserve_bytes // EARLY_MARGIN_PART)
            await self._make(made, short_bytes + margin, now_us)
            made.short_bytes = max(0, short_bytes - made.size_bytes)
        elif self._lost:
            await self._close_alarms(now_us)
        if made.short_bytes:
            log.error("only_protected_left", short_bytes=made.short_bytes, rule="P-35", severity="grave")
        room = Room(free_bytes + made.size_bytes, self.reserve_bytes, self._floor_bytes)
        made.stopped = frozenset(await self._decide(room, now_us, may_go=not made.short_bytes))
        return made

    async def _make(self, made: Made, wanted_bytes: int, now_us: int) -> None:
        """Destroy early, oldest first, until ``wanted_bytes`` are free or nothing more may go."""
        while made.size_bytes < wanted_bytes:
            batch = await self._oldest(wanted_bytes - made.size_bytes)
            if not batch:
                return
            await destroy(self._engine, self._store, batch, "early", self._clock.utc().us)
            made.segments += len(batch)
            made.size_bytes += sum(row.size_bytes for row in batch)
            await self._alarm(batch, now_us)

    async def _oldest(self, wanted_bytes: int) -> list[Segment]:
        """The oldest segments that may go early, up to ``wanted_bytes`` and a batch."""
        async with read(self._engine) as session:
            streams = []
            for commune, camera in await cameras_with(session, "segment"):
                for stream in STREAMS:
                    rows, more = await self._candidates(session, commune, camera, stream)
                    if rows:
                        streams.append((rows, more))
        # Beyond the last row read of a stream that has more, another stream's row may not be the oldest.
        known_until = min((rows[-1].start_us for rows, more in streams if more), default=None)
        chosen: list[Segment] = []
        total = 0
        for row in heapq.merge(*(rows for rows, _ in streams), key=lambda one: one.start_us):
            if total >= wanted_bytes or len(chosen) >= BATCH_LIMIT_SEGMENTS:
                break
            if known_until is not None and row.start_us > known_until:
                break
            chosen.append(row)
            total += row.size_bytes
        return chosen

    async def _candidates(
        self, session: AsyncSession, commune: str, camera: str, stream: str
    ) -> tuple[list[Segment], bool]:
        """The oldest segments of a stream that may go early, and whether it has more of them."""
        policy, now_us = self._policies.of(commune, camera), self._time.now_us(commune)
        if policy is None:
            return [], False
        youngest_us = now_us - (policy.min_days or 0) * DAY_US
        query = (
            select(Segment)
            .where(col(Segment.camera_id) == camera, col(Segment.stream) == stream)
            .where(col(Segment.state) == "sealed", col(Segment.start_us) < youngest_us)
            .order_by(col(Segment.start_us))
        )
        found: list[Segment] = []
        rows = await session.stream_scalars(query.execution_options(yield_per=CHUNK_LIMIT_SEGMENTS))
        async for row in rows:
            if may_go_early(policy, row.start_us, row.end_us, now_us) and not self._lies_apart(row):
                found.append(row)
            if len(found) > BATCH_LIMIT_SEGMENTS:
                await rows.close()
                return found, True
        return found, False

    def _lies_apart(self, row: Segment) -> bool:
        return self._store.lies_apart(row.name, row.commune_id)

    async def _alarm(self, rows: Sequence[Segment], now_us: int) -> None:
        """One incident per camera for as long as room is lacking, which counts what was lost (P-35)."""
        lost: dict[tuple[str, str], int] = {}
        for row in rows:
            place = (row.commune_id, row.camera_id)
            lost[place] = lost.get(place, 0) + 1
        async with write(self._engine) as session:
            for (commune, camera), count in sorted(lost.items()):
                known = await session.execute(_open(EARLY).where(Incident.camera_id == camera))
                incident = known.scalars().first()
                self._lost[camera] = self._lost.get(camera, 0) + count
                what = f"Faute de place, {self._lost[camera]} segments ont été détruits avant leur échéance."
                if incident is not None:
                    incident.what = what
                    continue
                session.add(
                    Incident(
                        commune_id=commune,
                        camera_id=camera,
                        kind=EARLY,
                        severity="grave",
                        what=what,
                        todo="Agrandissez le volume ou réduisez la durée de conservation ; la perte est au journal.",
                        rule="P-35",
                        opened_us=now_us,
                    )
                )

    async def _close_alarms(self, now_us: int) -> None:
        async with write(self._engine) as session:
            for incident in (await session.execute(_open(EARLY))).scalars():
                incident.closed_us = now_us
        self._lost.clear()

    async def _decide(self, room: Room, now_us: int, *, may_go: bool) -> set[str]:
        """Write down which cameras may not be recorded now."""
        async with read(self._engine) as session:
            standing = {row.camera_id for row in (await session.execute(select(RecordingStop))).scalars()}
        order = in_order(self._cameras(), self._keep_longest)
        wanted = stopped(order, room, standing, may_go=may_go)
        if wanted == standing:
            return wanted
        communes = {place.camera: place.commune for place in order}
        async with write(self._engine) as session:
            await session.execute(delete(RecordingStop).where(col(RecordingStop.camera_id).in_(standing - wanted)))
            for camera in sorted(wanted - standing):
                session.add(RecordingStop(camera_id=camera, commune_id=communes[camera], since_us=now_us))
        for camera in sorted(wanted - standing):
            log.error("recording_stopped", camera=camera, free_bytes=room.free_bytes, rule="P-35", severity="grave")
        for camera in sorted(standing - wanted):
            log.info("recording_may_resume", camera=camera, free_bytes=room.free_bytes)
        return wanted


def _open(kind: str) -> SelectOfScalar[Incident]:
    return select(Incident).where(Incident.kind == kind, col(Incident.closed_us).is_(None))


class Stops:
    """A recorder process's view of the cameras that may not be recorded for want of room."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._cameras: frozenset[str] = frozenset()

    async def refresh(self) -> None:
        """Read again."""
        async with read(self._engine) as session:
            self._cameras = frozenset(row.camera_id for row in (await session.execute(select(RecordingStop))).scalars())

    def holds(self, camera: str) -> bool:
        """Whether the camera may not be recorded now."""
        return camera in self._cameras
