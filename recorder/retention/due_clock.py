"""By what time a host's footage is destroyed (P-30): the keeper's, as last heard; our own guard's while it is silent.

The keeper decides, since a person can tell it that the time is right; a recorder whose own clock is wrong destroys
nothing by it. What people should know of clocks is written as incidents, a commune each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from sqlalchemy import func
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.retention.stock import STREAMS
from recorder.store.disk import Disk, write_atomic
from vms import logs
from vms.clock import HOUR_US, MICRO, Clock, UtcTime
from vms.clock_guard import TOLERANCE_US, ClockGuard, known_time_of
from vms.db.engine import read, write
from vms.errors import GuetError
from vms.keeper.protocol import DestructionTime
from vms.model import Incident, Segment

# For how long what the keeper said is carried on by the monotonic clock.
HEARD_LIMIT_US: Final = HOUR_US
# Recorders of one host give a stream its time each on their own.
FUTURE_LIMIT_US: Final = 60 * MICRO
DOUBT: Final = "clock-doubt"
FUTURE: Final = "clock-future"
EVIDENCE_RETRY_S: Final = 5.0

log = logs.get("recorder.retention.due_clock")


class DueClock:
    """One process of a host has it; without ``memo`` nothing outlives the process."""

    def __init__(self, clock: Clock, disk: Disk | None = None, memo: Path | None = None, evidence_us: int = 0) -> None:
        """Blocks. ``evidence_us``: the newest instant on record, for a host that has no memo yet."""
        self._clock, self._disk, self._memo = clock, disk, memo
        known = known_time_of(memo.read_bytes()) if memo is not None and memo.exists() else None
        self.guard = ClockGuard(clock, known, evidence_us)
        self._heard: dict[str, tuple[DestructionTime, int]] = {}

    def hear(self, commune: str, said: DestructionTime) -> None:
        """What the keeper has just said about a commune."""
        self._heard[commune] = (said, self._clock.monotonic_us())
        if not said.what and abs(said.now_us - self._clock.utc().us) <= TOLERANCE_US:
            self.guard.believe()

    def now_us(self, commune: str) -> int:
        """By what time a commune's footage may be destroyed, UTC µs."""
        said, age_us = self._fresh(commune)
        return self.guard.now_us() if said is None else said.now_us + age_us

    def earliest_us(self) -> int:
        """The earliest of all communes' times, for what belongs to none that is known."""
        return min((self.now_us(commune) for commune in self._heard), default=self.guard.now_us())

    def keep(self) -> None:
        """Write down what is known of the time, if it is time to; what fails is tried again. Blocks."""
        self.guard.look()
        known = self.guard.to_keep()
        if known is None or self._disk is None or self._memo is None:
            return
        try:
            write_atomic(self._disk, self._memo, known.dumps().encode())
        except (GuetError, OSError) as error:
            log.warning("time_not_kept", why=str(error), rule="P-30")
        else:
            self.guard.kept(known)

    def _fresh(self, commune: str) -> tuple[DestructionTime | None, int]:
        said, at_us = self._heard.get(commune, (None, 0))
        age_us = self._clock.monotonic_us() - at_us
        return (said, age_us) if age_us <= HEARD_LIMIT_US else (None, 0)

    async def tell(self, engine: AsyncEngine, cameras: Collection[tuple[str, str]], communes: Iterable[str]) -> None:
        """Open and close the incidents about clocks, so that they say what is so now."""
        wanted: dict[tuple[str, str], tuple[str, str, str]] = {}
        for commune in {*communes, *(one for one, _ in cameras)}:
            said, _ = self._fresh(commune)
            doubt = self.guard.doubt
            if said is not None and said.what:
                wanted[commune, DOUBT] = (said.what, said.todo, "P-30")
            elif said is None and doubt is not None and doubt.grave:
                wanted[commune, DOUBT] = (doubt.what, doubt.todo, "P-30")
        for commune, until_us in (await _told_ahead(engine, cameras, self._clock.utc().us)).items():
            wanted[commune, FUTURE] = _future(until_us)
        await _settle(engine, wanted, self._clock.utc().us)


async def _newest_us(engine: AsyncEngine) -> int:
    """Where the newest segment ends: the evidence of a host that has written nothing else down."""
    async with read(engine) as session:
        return (await session.execute(select(func.max(Segment.end_us)))).scalar() or 0


async def _told_ahead(engine: AsyncEngine, cameras: Collection[tuple[str, str]], now_us: int) -> dict[str, int]:
    """Per commune, until when footage bears times that are still to come."""
    found: dict[str, int] = {}
    async with read(engine) as session:
        for commune, camera in cameras:
            for stream in STREAMS:
                asked = select(func.max(Segment.start_us)).where(
                    col(Segment.camera_id) == camera, col(Segment.stream) == stream
                )
                start_us = (await session.execute(asked)).scalar() or 0
                if start_us > now_us + FUTURE_LIMIT_US:
                    found[commune] = max(start_us, found.get(commune, 0))
    return found


def _future(until_us: int) -> tuple[str, str, str]:
    when = UtcTime(until_us).iso()[:16].replace("T", " à ")
    what = f"Des images portent une heure à venir, jusqu’au {when} (UTC) : un flux qui repart n’est pas gardé d’ici là."
    todo = "Vérifiez l’heure de la machine. Si elle retarde, réglez-la ; si elle avançait, prévenez l’hébergeur."
    return what, todo, "A-10"


async def _settle(engine: AsyncEngine, wanted: dict[tuple[str, str], tuple[str, str, str]], now_us: int) -> None:
    query = select(Incident).where(col(Incident.kind).in_((DOUBT, FUTURE)), col(Incident.closed_us).is_(None))
    async with read(engine) as session:
        if not wanted and (await session.execute(query)).first() is None:
            return  # as a rule: no lock is taken for nothing
    async with write(engine) as session:
        standing = {(one.commune_id, one.kind): one for one in (await session.execute(query)).scalars()}
        for key, incident in standing.items():
            if key not in wanted:
                incident.closed_us = now_us
        for (commune, kind), (what, todo, rule) in sorted(wanted.items()):
            known = standing.get((commune, kind))
            if known is not None:
                known.what, known.todo = what, todo
                continue
            session.add(
                Incident(
                    commune_id=commune, kind=kind, severity="grave", what=what, todo=todo, rule=rule, opened_us=now_us
                )
            )


async def due_clock(engine: AsyncEngine, clock: Clock, disk: Disk, memo: Path) -> DueClock:
    """The host's clock of destructions, with what was written down of the time; waits for a database that is away."""
    evidence_us = None if not await asyncio.to_thread(memo.exists) else 0
    while evidence_us is None:
        try:
            evidence_us = await _newest_us(engine)
        except SQLAlchemyError as error:
            log.warning("time_evidence_awaited", why=type(error).__name__)
            await clock.sleep(EVIDENCE_RETRY_S)
    return await asyncio.to_thread(DueClock, clock, disk, memo, evidence_us)
