"""What people must have been told of clocks by the end of a simulation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.retention.due_clock import DOUBT, FUTURE
from vms.clock import MICRO
from vms.clock_guard import Doubt
from vms.db.engine import read
from vms.model import Incident, Segment

TOLD_LIMIT_US: Final = 120 * MICRO


async def newest_us(engine: AsyncEngine) -> int:
    """Where the newest segment of the index begins."""
    async with read(engine) as session:
        return (await session.execute(select(func.max(Segment.start_us)))).scalar() or 0


async def untold(engine: AsyncEngine, doubt: Doubt | None, now_us: int, found_us: int) -> AsyncIterator[str]:
    """A grave doubt, and time that is told for before it came, when no incident says so.

    ``found_us``: ``newest_us`` at the last recorder's start. It tells of that at once, and once a minute of what it
    adopts later, when another's lease has ended.
    """
    async with read(engine) as session:
        rows = (await session.execute(select(Incident).where(col(Incident.closed_us).is_(None)))).scalars()
        told = {row.kind for row in rows}
    if doubt is not None and doubt.grave and DOUBT not in told:
        yield f"nobody is told of the clock's {doubt.kind}"
    if min(found_us, await newest_us(engine)) > now_us + TOLD_LIMIT_US and FUTURE not in told:
        yield "nobody is told of time that is still to come"
