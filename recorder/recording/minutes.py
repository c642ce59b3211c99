"""Recorded frame rate and size, measured on what was kept, minute by minute, against the arrêté (T-04, T-05, T-06).

The configured rate says nothing: what counts is what lies on the disk. A minute is made of whole groups, so that its
rate is exact to the picture; a hole in the recording is another incident's business and starts a new minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from vms import logs
from vms.clock import MICRO
from vms.db.engine import write
from vms.keeper.protocol import CameraPlan
from vms.law.lapse import Lapse
from vms.law.profiles import profile_lapses
from vms.model import Incident, RecordedMinute

MINUTE_US: Final = 60 * MICRO
# Two groups further apart than this have a hole between them.
HOLE_US: Final = MICRO
MINUTES_LIMIT: Final = 60  # kept while the database is away; beyond, the oldest go
# Clocks of camera and machine differ by parts in ten thousand: 11.99 pictures a second are 12.
FPS_DIGITS: Final = 1
KIND: Final = "recorded-short"

log = logs.get("recorder.minutes")


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute as it was kept."""

    start_us: int
    end_us: int
    units: int
    width: int
    height: int

    @property
    def fps(self) -> float:
        """Pictures a second over the whole minute."""
        return round(self.units * MICRO / (self.end_us - self.start_us), FPS_DIGITS)


class MinuteMeter:
    """Adds up the groups of one stream."""

    def __init__(self, commune: str, camera: str, stream: str) -> None:
        self.commune, self.camera, self.stream = commune, camera, stream
        self._open: Minute | None = None
        self._whole: list[Minute] = []

    def add(self, start_us: int, end_us: int, units: int, width: int, height: int) -> None:
        """A group of ``units`` pictures was kept, covering [start, end)."""
        if end_us <= start_us:
            return
        held = self._open
        same = held is not None and (held.width, held.height) == (width, height)
        if held is None or not same or abs(start_us - held.end_us) > HOLE_US:
            held = Minute(start_us, start_us, 0, width, height)
        held = Minute(held.start_us, end_us, held.units + units, width, height)
        if held.end_us - held.start_us >= MINUTE_US:
            self._whole = [*self._whole[-MINUTES_LIMIT + 1 :], held]
            self._open = None
        else:
            self._open = held

    def take(self) -> list[Minute]:
        """The whole minutes since the last call, oldest first."""
        whole, self._whole = self._whole, []
        return whole

    def give_back(self, minutes: list[Minute]) -> None:
        """They could not be written: next time."""
        self._whole = (minutes + self._whole)[-MINUTES_LIMIT:]


def lapse_of(minute: Minute, stream: str, plan: CameraPlan | None) -> Lapse | None:
    """What a minute falls short of, or None; a sub-stream is beside the main one and has the lesser floor."""
    narrow = plan is not None and plan.narrow and stream == "main"
    fast = plan is not None and plan.fast_flows
    return next(iter(profile_lapses(minute.width, minute.height, minute.fps, narrow, fast)), None)


class MinuteBoard:
    """Writes each stream's last minute, and opens or closes its incident."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._short: dict[tuple[str, str], bool] = {}

    async def write(self, meters: Iterable[MinuteMeter], plans: Mapping[str, CameraPlan]) -> int:
        """Write what is new; how many minutes. With the database away they wait."""
        taken = [(meter, minutes) for meter in meters if (minutes := meter.take())]
        if not taken:
            return 0
        try:
            async with write(self._engine, alone=False) as session:
                for meter, minutes in taken:
                    await self._settle(session, meter, minutes, plans.get(meter.camera))
        except SQLAlchemyError as error:
            log.warning("minutes_wait", why=type(error).__name__)
            for meter, minutes in taken:
                meter.give_back(minutes)
            return 0
        return sum(len(minutes) for _, minutes in taken)

    async def _settle(
        self, session: AsyncSession, meter: MinuteMeter, minutes: list[Minute], plan: CameraPlan | None
    ) -> None:
        last = minutes[-1]
        for minute in minutes:
            lapse = lapse_of(minute, meter.stream, plan)
            key = (meter.camera, meter.stream)
            if lapse is not None or self._short.get(key, True):
                await _incident(session, meter, minute, lapse)
            self._short[key] = lapse is not None
        await session.merge(
            RecordedMinute(
                camera_id=meter.camera, stream=meter.stream, commune_id=meter.commune, start_us=last.start_us,
                fps=last.fps, width=last.width, height=last.height, rule=lapse.rule if lapse is not None else "",
            )
        )  # fmt: skip


async def _incident(session: AsyncSession, meter: MinuteMeter, minute: Minute, lapse: Lapse | None) -> None:
    """One open incident per stream while its minutes are short; it closes with the first that is not."""
    kind = KIND if meter.stream == "main" else f"{KIND}-{meter.stream}"
    known = await session.execute(
        select(Incident).where(
            Incident.camera_id == meter.camera, Incident.kind == kind, col(Incident.closed_us).is_(None)
        )
    )
    standing = known.scalars().first()
    if lapse is None:
        if standing is not None:
            standing.closed_us = minute.end_us
        return
    which = "" if meter.stream == "main" else "Flux secondaire. "
    what = f"{which}Enregistrement mesuré sur une minute. {lapse.what}"
    if standing is not None:
        standing.what, standing.rule = what, lapse.rule
        return
    session.add(
        Incident(
            commune_id=meter.commune, camera_id=meter.camera, kind=kind, severity="warn", what=what, todo=lapse.todo,
            rule=lapse.rule, opened_us=minute.start_us,
        )
    )  # fmt: skip
    await session.flush()
