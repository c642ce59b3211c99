"""A camera's units through its mask process, and back as units like any other (P-10, P-11).

Both streams of a camera share one worker. Whatever goes wrong with it darkens both: units are not passed on, the
absence carries the mask's cause, and another worker is started after a pause that grows.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from pydantic import ValidationError

from privacy.masker import MaskWorker
from privacy.units import DroppedUnit, EncodedUnit, MaskedUnit, MaskFailed, StreamSpec
from privacy.zones import PictureSize, ZoneSet
from recorder.access_unit import AccessUnit, StreamFormat, TimedUnit
from recorder.rtsp.errors import ParameterSetsMissing
from recorder.rtsp.h264_sets import parse_sps
from vms import logs
from vms.clock import MICRO, Clock
from vms.errors import BadInput
from vms.keeper.protocol import ZoneView

INPUT_LIMIT_UNITS: Final = 120
RETRY_FIRST_S: Final = 1.0
# How long an interrupted stream's last pictures may take to come out of the worker.
SETTLE_S: Final = 1.0
SETTLE_STEP_S: Final = 0.02
RETRY_LIMIT_S: Final = 30.0

log = logs.get("recorder.masking")


class MaskedOutput(Protocol):
    """Where masked units and the mask's failures go: one stream's pipeline."""

    def push(self, unit: TimedUnit, fmt: StreamFormat | None) -> None:
        """A masked unit."""
        ...

    def fault(self, cause: str, detail: str, *, dark: bool = True) -> None:
        """No masked unit for now."""
        ...


def zone_set_of(view: ZoneView, seen: dict[str, tuple[int, int]]) -> ZoneSet:
    """The masker's zone set for what the keeper's plan says; MaskFailed when it is not one.

    ``seen`` are the sizes at which the set was first applied here, for streams that were validated without a size.
    """
    told = [PictureSize.model_validate(size) for size in view.sizes]
    known = {size.stream for size in told}
    told += [PictureSize(stream=name, width=w, height=h) for name, (w, h) in seen.items() if name not in known]
    try:
        return ZoneSet.model_validate({**view.model_dump(), "sizes": told})
    except (ValidationError, BadInput) as error:
        raise MaskFailed("Le jeu de zones n’est pas utilisable.", where=view.camera) from error


@dataclass(slots=True)
class _Lane:
    """One stream on its way through the worker."""

    output: MaskedOutput
    waiting: asyncio.Queue[TimedUnit]
    inside: dict[int, TimedUnit]
    opened: StreamFormat | None = None
    awaiting_key: bool = True
    ticket: int = 0
    # Outcomes of tickets up to this one belong to a connection that is over: they are left out.
    stale: int = 0
    fmt: StreamFormat | None = None


class CameraMask:
    """The mask of one camera: keeps a worker running, feeds it, hands out what it masked."""

    def __init__(
        self, camera: str, zones: ZoneView, clock: Clock, *,
        make_worker: Callable[[str, ZoneSet], MaskWorker] = MaskWorker, jitter: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self._camera = camera
        self._zones = zones
        self._clock = clock
        self._make_worker = make_worker
        self._jitter = jitter
        self._lanes: dict[str, _Lane] = {}
        # The size each stream had when this zone set was first applied: another one needs another validation (P-11).
        self._sizes: dict[str, tuple[int, int]] = {}
        self._running = False
        self._task: asyncio.Task[None] | None = None

    def add(self, stream: str, output: MaskedOutput) -> None:
        """Announce a stream before ``start``."""
        self._lanes[stream] = _Lane(output, asyncio.Queue(), {})

    def start(self) -> None:
        """Start the worker, and again whenever it ends."""
        self._task = asyncio.get_running_loop().create_task(self._keep(), name=f"mask {self._camera}")

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The task that keeps the worker: it only ends by ``stop``, or by an error that its owner must see."""
        return self._task

    async def stop(self) -> None:
        """End the worker; nothing comes out any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def push(self, stream: str, unit: TimedUnit) -> None:
        """Take a unit of the camera. While the worker is not ready it is left out; nothing of it is kept."""
        lane = self._lanes[stream]
        if unit.unit.lost_before:
            lane.awaiting_key = True
        if not self._running or (lane.awaiting_key and not unit.unit.key):
            return
        if unit.unit.key and unit.unit.fmt is None:
            lane.awaiting_key = True
            lane.output.fault("parameter-sets-missing", "Image clé sans jeux de paramètres.")
            return
        if lane.waiting.qsize() >= INPUT_LIMIT_UNITS:
            lane.awaiting_key = True
            lane.output.fault("mask-failed", "Le masquage ne suit pas le rythme de la caméra.", dark=False)
            return
        if lane.awaiting_key:  # there was a hole: it must show as one behind the mask too (S4)
            unit = replace(unit, unit=replace(unit.unit, lost_before=True))
        lane.awaiting_key = False
        lane.waiting.put_nowait(unit)

    async def interrupt(self, stream: str) -> None:
        """The camera's stream is over for now: wait, briefly, for what is inside; then forget it.

        What follows starts at a key frame, with a fresh decoder.
        """
        lane = self._lanes[stream]
        deadline_us = self._clock.monotonic_us() + round(SETTLE_S * MICRO)
        while self._running and (lane.inside or not lane.waiting.empty()):
            if self._clock.monotonic_us() >= deadline_us:
                break
            await self._clock.sleep(SETTLE_STEP_S)
        self._empty(lane)

    async def _keep(self) -> None:
        wait_s = RETRY_FIRST_S
        while True:
            begun_us = self._clock.monotonic_us()
            failure = await self._work_until_failure()
            for lane in self._lanes.values():
                lane.output.fault(failure.cause, failure.what)
            log.warning("masquage interrompu", camera=self._camera, cause=failure.cause, detail=failure.what)
            lasted_s = (self._clock.monotonic_us() - begun_us) / 1e6
            wait_s = RETRY_FIRST_S if lasted_s > RETRY_LIMIT_S else min(2 * wait_s, RETRY_LIMIT_S)
            await self._clock.sleep(wait_s * (0.5 + self._jitter() / 2))

    async def _work_until_failure(self) -> MaskFailed:
        tasks: list[asyncio.Task[None]] = []
        worker: MaskWorker | None = None
        try:
            worker = self._make_worker(self._camera, zone_set_of(self._zones, self._sizes))
            await worker.start()
            for name, lane in self._lanes.items():
                self._empty(lane)
                tasks.append(asyncio.create_task(self._feed(worker, name, lane), name=f"mask {self._camera} {name}"))
            self._running = True
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except MaskFailed as failure:
            return failure
        finally:
            self._running = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if worker is not None:
                await worker.close()
        return MaskFailed("Le masquage s’est arrêté.", where=self._camera)

    @staticmethod
    def _empty(lane: _Lane) -> None:
        while not lane.waiting.empty():
            lane.waiting.get_nowait()
        lane.inside.clear()
        lane.stale = lane.ticket
        lane.opened = None
        lane.awaiting_key = True

    async def _feed(self, worker: MaskWorker, name: str, lane: _Lane) -> None:
        """Hand units to the worker, in order; the reader starts with the first format."""
        reader: asyncio.Task[None] | None = None
        try:
            while True:
                unit = await self._next_or_failure(lane, reader)
                fmt = unit.unit.fmt
                if unit.unit.key and fmt is not None and fmt != lane.opened:
                    spec = StreamSpec(fmt.codec, fmt.width, fmt.height, fmt.fps, fmt.parameter_sets)
                    await worker.open(name, spec)
                    lane.opened = fmt
                    self._sizes.setdefault(name, fmt.size)
                    if reader is None:
                        reader = asyncio.create_task(self._read(worker, name, lane), name=f"masked {name}")
                if lane.opened is None:
                    continue  # reset meanwhile: a unit of the old connection
                lane.ticket += 1
                lane.inside[lane.ticket] = unit
                shown_us = unit.utc_us + unit.composition_90k * 100 // 9
                await worker.submit(name, EncodedUnit(unit.unit.nals, shown_us, unit.unit.key, lane.ticket))
        finally:
            if reader is not None:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)

    @staticmethod
    async def _next_or_failure(lane: _Lane, reader: asyncio.Task[None] | None) -> TimedUnit:
        if not lane.waiting.empty() and (reader is None or not reader.done()):
            return lane.waiting.get_nowait()
        waiting = asyncio.ensure_future(lane.waiting.get())
        try:
            await asyncio.wait({waiting, reader} if reader else {waiting}, return_when=asyncio.FIRST_COMPLETED)
            if reader is not None and reader.done():
                reader.result()  # raises what the worker failed with
                raise MaskFailed("Le masquage s’est arrêté.")
            return await waiting
        finally:
            waiting.cancel()

    async def _read(self, worker: MaskWorker, name: str, lane: _Lane) -> None:
        async for outcome in worker.outputs(name):
            source = lane.inside.pop(outcome.ticket, None)
            if outcome.ticket <= lane.stale:
                continue
            if source is None:
                raise MaskFailed("Le masquage a rendu une image qui ne lui a pas été confiée.", where=self._camera)
            if isinstance(outcome, DroppedUnit):
                lane.output.fault(outcome.cause, "Image de la caméra indéchiffrable.", dark=False)
            else:
                lane.output.push(self._masked(outcome, source, lane), lane.fmt if outcome.key else None)

    @staticmethod
    def _masked(outcome: MaskedUnit, source: TimedUnit, lane: _Lane) -> TimedUnit:
        if outcome.key and (lane.fmt is None or lane.fmt.parameter_sets != outcome.parameter_sets):
            lane.fmt = masked_format(outcome, source)
        inner = source.unit
        fmt = lane.fmt if outcome.key else None
        unit = AccessUnit.of(outcome.nals, inner.rtp_time, outcome.key, inner.received_us, fmt, inner.lost_before)
        return TimedUnit(unit, source.utc_us, source.duration_90k)


def masked_format(outcome: MaskedUnit, source: TimedUnit) -> StreamFormat:
    """The format of a masked stream: always H.264, whatever the camera sends."""
    sets = outcome.parameter_sets
    if len(sets) < 2:
        raise MaskFailed("Le masquage a rendu une image clé sans jeux de paramètres.")
    try:
        sps = parse_sps(next(nal for nal in sets if nal[0] & 0x1F == 7))
    except (ParameterSetsMissing, StopIteration) as error:
        raise MaskFailed("Le masquage a rendu des jeux de paramètres illisibles.") from error
    fps = sps.fps or (source.unit.fmt.fps if source.unit.fmt else None)
    return StreamFormat("h264", sps.width, sps.height, fps, sets, sps.codec_string)
