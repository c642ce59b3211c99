"""The private zones of footage brought back: a mask process of its own, or nothing where no zone was in force (P-10).

Pictures come out in order, each at the instant it went in. Those before the gap are only decoded, so that the first one
that comes out is a key picture of our own encoder and the gap starts on the very picture it should.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Protocol

from privacy.units import DroppedUnit, EncodedUnit, MaskedUnit, MaskFailed, Outcome, StreamSpec
from recorder.access_unit import AccessUnit, StreamFormat, TimedUnit
from recorder.backfill.frames import Placed
from vms.keeper.protocol import ZoneView

INSIDE_LIMIT_UNITS: Final = 48
SETTLE_LIMIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that may be kept, with the format to decode it; ``hole`` says that something is missing before it."""

    timed: TimedUnit
    fmt: StreamFormat
    hole: bool


class Treatment(Protocol):
    """What must happen to pictures before they are kept."""

    async def push(self, placed: Placed) -> list[Shown]:
        """Take the next picture; those that are ready to be kept. MaskFailed."""
        ...

    async def finish(self) -> list[Shown]:
        """The last pictures, once no more come. MaskFailed."""
        ...

    async def close(self) -> None:
        """Let go; nothing comes out any more."""
        ...


class Clear:
    """For a camera without zones to mask: pictures are kept as they came."""

    async def push(self, placed: Placed) -> list[Shown]:
        """The picture itself, unless it lies before the gap."""
        return [Shown(placed.timed, placed.fmt, placed.hole)] if placed.wanted else []

    async def finish(self) -> list[Shown]:
        """Nothing waits here."""
        return []

    async def close(self) -> None:
        """Nothing to let go of."""


class Masked:
    """Through a mask worker with the zone set that was in force."""

    def __init__(self, camera: str, stream: str, zones: ZoneView, size: tuple[int, int] | None) -> None:
        """``size`` is what the stream's pictures had when the zones were first applied, if that is known (P-11)."""
        from privacy.masker import MaskWorker  # decoders are loaded only where a camera is masked
        from recorder.stream.masking import zone_set_of

        self._stream = stream
        self._worker = MaskWorker(camera, zone_set_of(zones, {stream: size} if size is not None else {}))
        self._spec: StreamSpec | None = None
        self._inside: dict[int, tuple[TimedUnit, bool]] = {}
        self._outcomes: AsyncIterator[Outcome] | None = None
        self._ticket = 0
        self._fmt: StreamFormat | None = None
        self._hole = False
        self._started = False

    async def push(self, placed: Placed) -> list[Shown]:
        """Mask it; what came out meanwhile. Waits when too many pictures are inside."""
        found: list[Shown] = []
        unit = placed.timed.unit
        fmt = placed.fmt
        spec = StreamSpec(fmt.codec, fmt.width, fmt.height, fmt.fps, fmt.parameter_sets)
        if not self._started:
            await self._worker.start()
            self._started = True
        if unit.key and spec != self._spec:
            found += await self._drained()
            await self._worker.open(self._stream, spec)
            self._spec = spec
        self._ticket += 1
        coded = EncodedUnit(unit.nals, placed.timed.utc_us, unit.key, self._ticket)
        if not placed.wanted:
            await self._worker.prime(self._stream, coded)
            return found
        self._inside[self._ticket] = (placed.timed, placed.hole)
        await self._worker.submit(self._stream, coded)
        while len(self._inside) > INSIDE_LIMIT_UNITS:
            found += await self._next()
        return found

    async def finish(self) -> list[Shown]:
        """What is still inside; a decoder that holds pictures back gives them when its stream begins anew."""
        return await self._drained()

    async def close(self) -> None:
        """End the worker."""
        await self._worker.close()

    async def _drained(self) -> list[Shown]:
        found: list[Shown] = []
        if self._spec is not None and self._inside:
            await self._worker.open(self._stream, self._spec)
        try:
            async with asyncio.timeout(SETTLE_LIMIT_S):
                while self._inside:
                    found += await self._next()
        except TimeoutError as error:
            raise MaskFailed("Le masquage n’a pas rendu toutes les images.") from error
        return found

    async def _next(self) -> list[Shown]:
        if self._outcomes is None:
            self._outcomes = self._worker.outputs(self._stream)
        try:
            outcome = await anext(self._outcomes)
        except StopAsyncIteration as error:
            raise MaskFailed("Le masquage s’est arrêté.") from error
        source, hole = self._inside.pop(outcome.ticket)
        self._hole = self._hole or hole
        if isinstance(outcome, DroppedUnit):
            self._hole = True
            return []
        shown = self._shown(outcome, source)
        self._hole = False
        return [shown]

    def _shown(self, outcome: MaskedUnit, source: TimedUnit) -> Shown:
        if outcome.key and (self._fmt is None or self._fmt.parameter_sets != outcome.parameter_sets):
            from recorder.stream.masking import masked_format

            self._fmt = masked_format(outcome, source)
        if self._fmt is None:
            raise MaskFailed("Le masquage a rendu une image sans image clé avant elle.")
        inner = source.unit
        fmt = self._fmt if outcome.key else None
        unit = AccessUnit.of(outcome.nals, inner.rtp_time, outcome.key, inner.received_us, fmt)
        return Shown(TimedUnit(unit, source.utc_us, source.duration_90k), self._fmt, self._hole)


def treatment_of(camera: str, stream: str, zones: ZoneView, size: tuple[int, int] | None) -> Treatment | None:
    """What a zone set asks for; None for one that says nothing: then nothing may be kept (P-10)."""
    if zones.polygons:
        return Masked(camera, stream, zones, size)
    return Clear() if zones.no_dwelling else None
