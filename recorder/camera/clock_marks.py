"""How a camera's clock stood beside ours where recording broke off and began again (A-10), and lately.

A camera says in its sender reports what its clock showed at a media time. A report may come seconds after the first
picture of a connection, so the first picture after an absence is remembered until one has come. Kept in the shared
database by ``MarkBook``: what is brought back from the camera's card is placed by these (docs/decisions/0008).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, delete, select

from recorder.access_unit import TimedUnit
from vms.clock import MICRO, Clock
from vms.db.engine import write
from vms.model import ClockMark

LATEST_S: Final = 5.0
# A steady clock is told once: a later mark would say the same to within this.
STEADY_US: Final = 2_000
PENDING_LIMIT_COUNT: Final = 64
KEPT_DAYS: Final = 33
DAY_US: Final = 86_400 * MICRO


@dataclass(frozen=True, slots=True)
class Mark:
    """The camera's clock minus ours at a picture of ours; ``lasting`` unless a later one replaces it."""

    at_us: int
    difference_us: int
    lasting: bool


class Kept(Protocol):
    """The pipeline, as far as marks go: what it kept last, and with which picture an absence ended."""

    last_unit: TimedUnit | None
    resumed: TimedUnit | None


class ClockMarks:
    """The marks of one stream, made as its pictures come."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._claim: tuple[int, int] | None = None
        self._before: TimedUnit | None = None
        self._found: list[Mark] = []
        self._latest_us = 0
        self._told_us: int | None = None

    def restart(self, kept: Kept) -> None:
        """A new connection: media times start anew, and nothing kept before can be read by them."""
        self._claim, self._told_us, self._before, kept.resumed = None, None, kept.last_unit, None

    def claim(self, media_90k: int, utc_us: int) -> None:
        """A sender report: the camera's clock showed ``utc_us`` at that media time."""
        self._claim = (media_90k, utc_us)

    def look(self, kept: Kept, *, ended: bool = False) -> None:
        """Note what can be noted by now; ``ended``: the stream broke off, and its last picture is an edge."""
        if self._claim is None:
            return
        resumed, last = kept.resumed, kept.last_unit
        if resumed is not None:
            self._note(resumed, lasting=True)
            kept.resumed = None
        now_us = self._clock.monotonic_us()
        if last is None or last is self._before:
            return
        if not ended and now_us - self._latest_us < LATEST_S * MICRO:
            return
        self._latest_us = now_us
        if ended or self._told_us is None or abs(self._difference(last) - self._told_us) > STEADY_US:
            self._note(last, lasting=ended)

    def take(self) -> list[Mark]:
        """What was noted since the last call."""
        found, self._found = self._found, []
        return found

    def _note(self, timed: TimedUnit, *, lasting: bool) -> None:
        self._told_us = self._difference(timed)
        if len(self._found) < PENDING_LIMIT_COUNT:
            self._found.append(Mark(timed.utc_us, self._told_us, lasting))

    def _difference(self, timed: TimedUnit) -> int:
        media, claimed_us = self._claim or (timed.unit.rtp_time, timed.utc_us)
        return claimed_us + (timed.unit.rtp_time - media) * 100 // 9 - timed.utc_us


class MarkBook:
    """Keeps marks of the streams of one process in the shared database; the latest one of a stream replaces itself."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self._passing: dict[tuple[str, str], int] = {}

    async def keep(self, marks: Mapping[tuple[str, str], list[Mark]]) -> None:
        """Write marks by (camera, stream); SQLAlchemyError when the database is away, and they are lost."""
        due = {key: found for key, found in marks.items() if found}
        if not due:
            return
        async with write(self._engine, alone=False) as session:
            for (camera, stream), found in due.items():
                await self._keep(session, camera, stream, found)

    async def _keep(self, session: AsyncSession, camera: str, stream: str, found: list[Mark]) -> None:
        for mark in found:
            passing = self._passing.pop((camera, stream), None)
            if passing is not None and not mark.lasting:
                await session.execute(delete(ClockMark).where(col(ClockMark.id) == passing))
            row = ClockMark(camera_id=camera, stream=stream, at_us=mark.at_us, difference_us=mark.difference_us)
            session.add(row)
            await session.flush()
            if not mark.lasting and row.id is not None:
                self._passing[camera, stream] = row.id
        old = self._clock.utc().us - KEPT_DAYS * DAY_US
        await session.execute(delete(ClockMark).where(col(ClockMark.camera_id) == camera, col(ClockMark.at_us) < old))


async def marks_around(
    session: AsyncSession, camera: str, stream: str, start_us: int, end_us: int
) -> tuple[ClockMark | None, ClockMark | None]:
    """The last mark before ``start_us`` and the first one from ``end_us`` on, each None when there is none."""
    mine = select(ClockMark).where(col(ClockMark.camera_id) == camera, col(ClockMark.stream) == stream)
    before = mine.where(col(ClockMark.at_us) < start_us).order_by(col(ClockMark.at_us).desc()).limit(1)
    after = mine.where(col(ClockMark.at_us) >= end_us).order_by(col(ClockMark.at_us)).limit(1)
    return (await session.execute(before)).scalars().first(), (await session.execute(after)).scalars().first()
