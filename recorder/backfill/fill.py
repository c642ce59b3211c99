"""Filling one gap from the camera's card: what may be kept, replayed, placed, masked, grouped, sealed.

Each sealed segment shortens the gap in one commit, so that an interruption anywhere leaves a smaller gap and nothing
else. The speed is bounded (``SPEED_LIMIT_RATIO``): a replay as fast as the card gives it would take a core from live
cameras, which come first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from recorder.backfill.card import Card, CardLacks
from recorder.backfill.frames import CardClock, EdgeGroup, Grouper, Placer
from recorder.backfill.gaps import Gap, missing, sizes_beside
from recorder.backfill.mask import Shown, treatment_of
from recorder.backfill.replay import Stamped
from recorder.backfill.writer import EdgeWriter
from vms.clock import MICRO, Clock, UtcTime
from vms.db.engine import read
from vms.errors import Unavailable
from vms.keeper.protocol import PastSpan

# Sixty times real time costs a process some 10 % of a core at 4 Mbit/s.
SPEED_LIMIT_RATIO: Final = 60
# Asked for beyond the gap, to see a picture past its end instead of waiting for one.
BEYOND_US: Final = 3 * MICRO
BEFORE_US: Final = 200_000
OTHER_FORMAT: Final = "other-format"
NOTHING: Final = "rien d’enregistré à cet instant"
FORBIDDEN: Final = "enregistrement non autorisé à cet instant"

Source = Callable[[UtcTime, UtcTime], AsyncGenerator[Stamped, None]]


class Interrupted(Unavailable):
    """The camera stopped or changed meanwhile: what is left is tried again by its next run."""


@dataclass(slots=True)
class Filled:
    """What a fill brought back."""

    footage_us: int = 0
    units: int = 0
    undecodable: int = 0
    unstamped: int = 0
    took_us: int = 0


class Filler:
    """Fills the gaps of one stream, one call at a time."""

    def __init__(
        self, engine: AsyncEngine, clock: Clock, writer: EdgeWriter, source: Source, still: Callable[[], bool]
    ) -> None:
        """``source`` replays a range of the camera's own time; ``still`` says whether the camera runs as it did."""
        self._engine, self._clock, self._writer = engine, clock, writer
        self._source, self._still = source, still
        self.filled = Filled()

    async def fill(self, gap: Gap, spans: Sequence[PastSpan], card: Card, clock: CardClock) -> Filled:
        """Bring back what the card has of the gap within ``spans``; durable on return, and at each segment before.

        CardLacks when the card's pictures are not the stream's; RtspError, StoreError, MaskFailed, Interrupted.
        """
        begun_us = self._clock.monotonic_us()
        async with read(self._engine) as session:
            stretches = await missing(session, gap)
        try:
            for low, high in stretches:
                for span in spans:
                    part = dataclasses.replace(gap, start_us=max(low, span.from_us), end_us=min(high, span.to_us))
                    if part.start_us < part.end_us and may_hold(card, clock, part):
                        await self._part(part, span, clock)
        finally:
            self.filled.took_us = self._clock.monotonic_us() - begun_us
        return self.filled

    async def _part(self, gap: Gap, span: PastSpan, clock: CardClock) -> None:
        async with read(self._engine) as session:
            sizes, goes_on = await sizes_beside(session, gap)
        size = next(iter(sizes)) if len(sizes) == 1 else None
        treatment = treatment_of(gap.stream.camera, gap.stream.stream, span.zone_set, size)
        if treatment is None:
            return  # a zone set that says nothing: nothing may be kept (P-10)
        placer = Placer(gap.start_us, gap.end_us, clock)
        grouper = Grouper(gap.start_us, gap.end_us, goes_on=goes_on)
        pace = _Pace(self._clock)
        low_us, high_us = clock.range_on_camera(gap.start_us, gap.end_us)
        begin, end = UtcTime(max(0, low_us - BEFORE_US)), UtcTime(max(1, high_us + BEYOND_US))
        try:
            async with aclosing(self._source(begin, end)) as units:
                async for unit, stamp in units:
                    placed = placer.place(unit, stamp)
                    if placed is not None:
                        if sizes and placed.fmt.size not in sizes:
                            raise CardLacks(OTHER_FORMAT, "images d’une autre taille")
                        await self._keep(await treatment.push(placed), grouper, span, pace)
                    if placer.done:
                        break
            await self._keep(await treatment.finish(), grouper, span, pace)
            for group in grouper.finish():
                await self._store(group, span, pace)
        finally:
            await treatment.close()
            self.filled.undecodable += grouper.undecodable
            self.filled.unstamped += placer.unstamped
        await self._writer.seal()

    async def _keep(self, shown: list[Shown], grouper: Grouper, span: PastSpan, pace: _Pace) -> None:
        for one in shown:
            for group in grouper.push(one.timed, one.fmt, hole=one.hole):
                await self._store(group, span, pace)

    async def _store(self, group: EdgeGroup, span: PastSpan, pace: _Pace) -> None:
        if not self._still():
            raise Interrupted("La caméra a changé pendant le rattrapage.", where=str(self._writer.id))
        await self._writer.group(group, span.zone_set.id)
        self.filled.footage_us += group.end_us - group.start_us
        self.filled.units += len(group.units)
        await pace.after(group.end_us - group.start_us)


class _Pace:
    """Keeps a fill below the speed limit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun_us = clock.monotonic_us()
        self._footage_us = 0

    async def after(self, footage_us: int) -> None:
        """Wait, if need be, after that much footage was kept."""
        self._footage_us += footage_us
        due_us = self._begun_us + self._footage_us // SPEED_LIMIT_RATIO
        await self._clock.sleep(max(0, due_us - self._clock.monotonic_us()) / MICRO)


def may_hold(card: Card, clock: CardClock, gap: Gap) -> bool:
    """Whether the recording, by what it says of itself, reaches into the gap.

    One that says it ends before it begins is of a camera whose clock was set back: it says nothing, and is asked.
    """
    if card.start is not None and card.end is not None and card.end < card.start:
        return True
    low_us, high_us = clock.range_on_camera(gap.start_us, gap.end_us)
    if card.start is not None and card.start.us > high_us:
        return False
    return card.end is None or card.end.us >= low_us
