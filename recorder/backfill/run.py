"""Gaps filled from cameras' own cards (Profile G): a reconciler over the absences that the index holds.

Safe to stop anywhere: what is missing stands in the rows, and each recovered segment shortens it in one commit. Each
round looks for absences of cameras that are live again, oldest first, and starts what its bounds allow: few at a time
in a process, one a camera, one mask. What may be kept of the past the keeper says (``past_plan``): nothing from when
the camera was not authorised, nothing that is due, and with the zones then in force.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from recorder.backfill.card import NO_SERVICE, CardLacks, find_card
from recorder.backfill.fill import FORBIDDEN, NOTHING, Filled, Filler
from recorder.backfill.frames import JOIN_LIMIT_US, CardClock, Edge
from recorder.backfill.gaps import Gap, find_gaps, mend, postpone, settle
from recorder.backfill.replay import CardReplay
from recorder.backfill.writer import EdgeWriter
from recorder.camera.camera import CameraRun
from recorder.camera.clock_marks import MarkBook, marks_around
from recorder.camera.fleet import Fleet
from recorder.camera.loop import Gate
from recorder.recording.hour_keys import HourKeys
from recorder.rtsp.drain import Drain
from recorder.store.local import LocalStore
from vms import logs
from vms.clock import MICRO, Clock
from vms.db.engine import read, write
from vms.errors import GuetError
from vms.keeper.protocol import PastSpan
from vms.model import Camera, ClockMark
from vms.services.stream_certificate import pinned

ROUND_S: Final = 1.0
FILLS_LIMIT_COUNT: Final = 2
MASKED_LIMIT_COUNT: Final = 1
# Cameras send a sender report every few seconds: how long the one that dates the gap's end is waited for.
MARK_WAIT_US: Final = 20 * MICRO
NO_CARD_RETRY_US: Final = 3600 * MICRO
NO_ROOM_RETRY_US: Final = 300 * MICRO
RETRY_FIRST_US: Final = 30 * MICRO
RETRY_LIMIT_US: Final = 3600 * MICRO
TRIES_LIMIT_COUNT: Final = 12
# Recovered footage must not eat what live footage needs: this much above the reserve must stay free, or the reserve
# once more where that is less.
FREE_MARGIN_BYTES: Final = 1024 * 1024 * 1024

log = logs.get("recorder.backfill.run")


class PastKeeper(Protocol):
    """What is asked of the keeper."""

    async def past_plan(self, commune: str, camera: str, from_us: int, to_us: int) -> list[PastSpan]:
        """What may be brought back of a past range."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a process gives to its fills."""

    engine: AsyncEngine
    clock: Clock
    gate: Gate
    keys: HourKeys
    keeper: PastKeeper
    store: Callable[[], Awaitable[LocalStore]]
    reserve_bytes: Callable[[], int]  # what must stay free on the volume


class Backfill:
    """The fills of one recorder process."""

    def __init__(self, fleet: Fleet, means: Means) -> None:
        self._fleet, self._means = fleet, means
        self._marks = MarkBook(means.engine, means.clock)
        self._drain = Drain()
        self._fills: dict[str, asyncio.Task[None]] = {}
        self._masked: set[str] = set()
        self._not_before: dict[str, int] = {}
        self.done: list[Filled] = []

    async def run(self) -> None:
        """Look and start until cancelled; fills under way are then given up where they are."""
        try:
            while True:
                await self._means.clock.sleep(ROUND_S)
                try:
                    await self.round()
                except (SQLAlchemyError, GuetError) as error:
                    log.warning("rattrapage remis à plus tard", why=str(error)[:200])
        finally:
            for task in self._fills.values():
                task.cancel()
            await asyncio.gather(*self._fills.values(), return_exceptions=True)

    async def round(self) -> None:
        """Keep the clock marks of every stream, then start the fills that may start now."""
        runs = {run.spec.camera: run for run in self._fleet.runs()}
        await self._marks.keep(
            {(camera, stream): marks for camera, run in runs.items() for stream, marks in run.marks().items()}
        )
        self._fills = {camera: task for camera, task in self._fills.items() if not task.done()}
        self._masked &= self._fills.keys()
        now_us = self._means.clock.monotonic_us()
        ready = [
            camera
            for camera, run in runs.items()
            if run.spec.record and camera not in self._fills and self._not_before.get(camera, 0) <= now_us
        ]
        if not ready or len(self._fills) >= FILLS_LIMIT_COUNT:
            return
        async with read(self._means.engine) as session:
            gaps = await find_gaps(session, ready, self._means.clock.utc().us)
        for gap in gaps:
            self._start(gap, runs[gap.stream.camera])

    def _start(self, gap: Gap, run: CameraRun) -> None:
        """Start one fill, unless a bound is reached or the stream is not live."""
        camera, health = gap.stream.camera, run.health().get(gap.stream.stream)
        row = self._fleet.row_of(camera)
        masked = run.spec.treatment == "mask"
        if row is None or not row.onvif_url or health is None or health.state != "live" or camera in self._fills:
            return
        if len(self._fills) >= FILLS_LIMIT_COUNT or (masked and len(self._masked) >= MASKED_LIMIT_COUNT):
            return
        if masked:
            self._masked.add(camera)
        self._fills[camera] = asyncio.create_task(self._try(gap, run, row), name=f"backfill {gap.stream}")

    async def _try(self, gap: Gap, run: CameraRun, row: Camera) -> None:
        """One try at one gap: filled and settled, or put off, or known to be hopeless."""
        engine = self._means.engine
        try:
            clock = await self._card_clock(gap, row)
            if clock is None:
                return
            await self._fill(gap, run, row, clock)
        except CardLacks as lack:
            if lack.kind == NO_SERVICE:
                self._not_before[gap.stream.camera] = self._means.clock.monotonic_us() + NO_CARD_RETRY_US
                return
            async with write(engine) as session:
                await mend(session, gap)
                await settle(session, gap, lambda _, what=lack.what: what)  # type: ignore[misc]
            log.info("carte sans secours", stream=str(gap.stream), why=lack.what)
        except GuetError as error:
            await self._put_off(gap, error)
        except Exception as error:  # a process's edge, as far as one camera's past goes
            log.exception("rattrapage interrompu", stream=str(gap.stream), why=repr(error))

    async def _fill(self, gap: Gap, run: CameraRun, row: Camera, clock: CardClock) -> None:
        means, account = self._means, run.spec.credentials
        known = clock.right or clock.left
        store = await means.store()
        if not await self._has_room(store):
            self._not_before[gap.stream.camera] = means.clock.monotonic_us() + NO_ROOM_RETRY_US
            log.warning("rattrapage sans place", stream=str(gap.stream), rule="P-35")
            return
        card = await find_card(
            row, gap.stream.stream, account, means.clock, known.difference_us if known is not None else 0
        )
        spans = await means.keeper.past_plan(gap.stream.commune, gap.stream.camera, gap.start_us, gap.end_us)
        async with write(means.engine) as session:
            await mend(session, gap)
        writer = EdgeWriter(gap.stream, store=store, engine=means.engine, keys=means.keys, fence=run.spec.fence)
        profile = row.main_profile if gap.stream.stream == "main" else row.sub_profile
        replay = CardReplay(card.url, account, means.clock, self._drain, means.gate, pinned(profile))
        camera = gap.stream.camera
        filler = Filler(means.engine, means.clock, writer, replay.units, lambda: self._fleet.run_of(camera) is run)
        try:
            await writer.start()
            filled = await filler.fill(gap, spans, card, clock)
        finally:
            await writer.close()
        async with write(means.engine) as session:
            cuts = [at for span in spans for at in (span.from_us, span.to_us)]
            await settle(session, gap, lambda at: _why(spans, at), cuts)
        self.done.append(filled)
        del self.done[:-FILLS_LIMIT_COUNT]
        log.info(
            "absence complétée", stream=str(gap.stream), gap_s=(gap.end_us - gap.start_us) / MICRO, units=filled.units,
            footage_s=filled.footage_us / MICRO, took_s=filled.took_us / MICRO, undecodable=filled.undecodable,
        )  # fmt: skip

    async def _has_room(self, store: LocalStore) -> bool:
        """Whether the volume has more than live footage will need: recovered footage must not cost any (P-35)."""
        reserve_bytes = self._means.reserve_bytes()
        margin_bytes = min(FREE_MARGIN_BYTES, reserve_bytes)
        return await asyncio.to_thread(store.free_bytes) >= reserve_bytes + margin_bytes

    async def _card_clock(self, gap: Gap, row: Camera) -> CardClock | None:
        """The camera's clock beside ours at both edges; None while the report that tells the right one may yet come.

        Without any report ever, what was measured at enrolment stands in for the left edge (A-10).
        """
        async with read(self._means.engine) as session:
            left, right = await marks_around(session, gap.stream.camera, gap.stream.stream, gap.start_us, gap.end_us)
        close = right is not None and right.at_us - gap.end_us <= JOIN_LIMIT_US
        if not close and self._means.clock.utc().us - gap.end_us < MARK_WAIT_US:
            return None
        if left is None and right is None:
            return CardClock(Edge(gap.start_us, row.clock_offset_ms * 1000), None)
        return CardClock(_edge(left), _edge(right))

    async def _put_off(self, gap: Gap, error: GuetError) -> None:
        now_us = self._means.clock.utc().us
        try:
            async with write(self._means.engine) as session:
                await mend(session, gap)
                tries = await postpone(session, gap, lambda tries: now_us + _delay_us(tries))
                if tries >= TRIES_LIMIT_COUNT:
                    await settle(session, gap, lambda _: error.what)
        except SQLAlchemyError as failure:
            log.warning("rattrapage non noté", stream=str(gap.stream), why=type(failure).__name__)
            return
        log.warning("rattrapage à reprendre", stream=str(gap.stream), tries=tries, why=str(error))


def _delay_us(tries: int) -> int:
    """How long to wait after that many tries."""
    return int(min(RETRY_FIRST_US << min(tries - 1, 16), RETRY_LIMIT_US))


def _edge(mark: ClockMark | None) -> Edge | None:
    return Edge(mark.at_us, mark.difference_us) if mark is not None else None


def _why(spans: list[PastSpan], at_us: int) -> str:
    """Why what starts at that instant is still missing after the card was asked."""
    return NOTHING if any(span.from_us <= at_us < span.to_us for span in spans) else FORBIDDEN
