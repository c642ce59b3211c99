"""A recorder process: cameras in, sealed segments and live fragments out.

Put together here, and nowhere else: the keeper's plan, the shared database, the store, the hour keys, the fleet and the
socket ``rec-<index>.sock`` with the stream op ``live`` and the op ``health``. SIGTERM ends every stream, which seals
its segment; the process is gone within the supervisor's 10 s. Process 0 also runs retention for the host, and destroys
the evidence packages whose key is gone.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import Awaitable, Iterable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from recorder.assignment import ConnectGate
from recorder.backfill import Backfill, Means
from recorder.camera import Surroundings
from recorder.deferred_sink import DeferredSink
from recorder.extraction import sweep
from recorder.fleet import Fleet
from recorder.health import HealthBoard
from recorder.hour_keys import HourKeys, KeySpool
from recorder.identity import RecorderIdentity
from recorder.live_service import LiveService
from recorder.minutes import MinuteBoard, MinuteMeter
from recorder.plan_source import PlanSource
from recorder.policies import Policies
from recorder.reporting import REPORT_S, Reporter
from recorder.retention import SWEEP_PAUSE_S, Retention
from recorder.room import RoomKeeper, Stops
from recorder.rtsp.drain import Drain
from recorder.sink import GroupSink
from recorder.store.local import FLOOR_BYTES, LocalStore
from recorder.volume_board import VolumeBoard
from recorder.writer import StreamWriter
from vms import logs
from vms.clock import MICRO, Clock, SystemClock
from vms.db.engine import ensure_schema, open_engine
from vms.errors import GuetError
from vms.keeper.client import KeeperForRecorder
from vms.settings import Settings
from vms.wire import Answer, Args, WireServer

STOP_LIMIT_S: Final = 5.0
FLUSH_S: Final = 5.0
STORE_RETRY_S: Final = 5.0
STOPS_S: Final = 1.0
RESERVE_PART: Final = 10  # of the volume
FLOOR_PART: Final = 4  # of the reserve
MIB: Final = 1024 * 1024

log = logs.get("recorder.service")


class Recorder:
    """One recorder process's parts."""

    def __init__(self, settings: Settings, index: int, engine: AsyncEngine, clock: Clock) -> None:
        self._settings = settings
        self._index = index
        self._engine = engine
        self._clock = clock
        self._store: LocalStore | None = None
        self._keeper = KeeperForRecorder(settings.run_dir / "k-rec.sock")
        self._plans = PlanSource(self._keeper, settings.recorder_dir)
        self._spool = KeySpool(settings.recorder_dir / "keys-waiting.sqlite")
        self._sinks: list[DeferredSink] = []
        self._stops, self._minutes = Stops(engine), MinuteBoard(engine)
        self._preparing: set[asyncio.Task[None]] = set()
        gate = ConnectGate()
        around = Surroundings(clock, Drain(), gate, self._make_sink, self._forget_keys)
        self.fleet = Fleet(
            engine, self._plans, RecorderIdentity(settings.recorder_dir), HealthBoard(engine, clock, index), around,
            index=index, recorders=settings.recorder_count(),
        )  # fmt: skip
        self._keys = HourKeys(self._keeper, self._spool, self.fleet.public_key)
        self._reporter = Reporter(self._keeper, engine, settings.recorder_dir / f"absences-told-{index}.json")
        reserve_bytes = settings.store_reserve_mib * MIB
        self.backfill = Backfill(
            self.fleet, Means(engine, clock, gate, self._keys, self._keeper, self._attached, reserve_bytes)
        )
        self._server = WireServer({"health": self._health}, {"live": LiveService(self.fleet, self._plans, clock).live})

    async def run(self, stop: asyncio.Event) -> None:
        """Record until ``stop``; returns when everything is sealed."""
        self._plans.load()
        await self._server.start(self._settings.run_dir / f"rec-{self._index}.sock")
        work: list[Awaitable[None]] = [self.fleet.run(), self._flush_keys(), self._report(), self._look_at_stops()]
        work.append(self.backfill.run())
        if self._index == 0:
            work += [self._retention(), self._packages()]
        tasks = [asyncio.ensure_future(one) for one in work]
        waiting = asyncio.ensure_future(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {waiting}:
                task.result()  # none of them ends by itself: an error here ends the process, which is started anew
        finally:
            await self._end([*tasks, waiting])

    async def _end(self, tasks: list[asyncio.Future[None] | asyncio.Task[bool]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await self._server.stop()
                await self.fleet.stop()
                await self._reporter.report(self._writers())
        except TimeoutError:
            # What is not sealed now is adopted at the next start.
            log.warning("arrêt incomplet", limit_s=STOP_LIMIT_S)

    def _make_sink(self, commune: str, camera: str, stream: str) -> GroupSink:
        async def make() -> StreamWriter:
            store = await self._attached()
            return StreamWriter(
                camera, stream, commune, store=store, engine=self._engine, keys=self._keys, clock=self._clock
            )

        sink = DeferredSink(make, lambda: not self._stops.holds(camera), MinuteMeter(commune, camera, stream))
        self._sinks.append(sink)
        preparing = asyncio.get_running_loop().create_task(sink.prepare(), name=f"writer {camera}/{stream}")
        self._preparing.add(preparing)
        preparing.add_done_callback(self._preparing.discard)
        return sink

    def _forget_keys(self, camera: str) -> None:
        self._keys.forget(camera)

    async def _attached(self) -> LocalStore:
        """The store; StoreError while its volume is away, or is another one."""
        if self._store is None:
            memo = self._settings.recorder_dir / "store-identity"
            self._store = await asyncio.to_thread(
                LocalStore.attach, self._settings.store_dir, memo, floor_bytes=self._floor_bytes()
            )
        return self._store

    def _writers(self) -> Iterable[StreamWriter]:
        self._sinks = [sink for sink in self._sinks if not sink.closed]
        return [sink.writer for sink in self._sinks if sink.writer is not None]

    async def _flush_keys(self) -> None:
        while True:
            await self._clock.sleep(FLUSH_S)
            try:
                await self._keys.flush()
            except GuetError as error:
                log.warning("clés en attente non transmises", why=str(error))

    async def _report(self) -> None:
        while True:
            await self._clock.sleep(REPORT_S)
            await self._reporter.report(self._writers())
            await self._minutes.write((sink.minutes for sink in self._sinks), self._plans.by_camera())

    async def _look_at_stops(self) -> None:
        """Follow which cameras may not be kept for want of room (P-35)."""
        while True:
            try:
                await self._stops.refresh()
            except SQLAlchemyError as error:
                log.warning("stops_not_read", why=type(error).__name__)
            await self._clock.sleep(STOPS_S)

    async def _retention(self) -> None:
        store = await self._until_attached()
        policies = await asyncio.to_thread(Policies, store, self._settings.recorder_dir / "retention.json")
        engine, clock, longest = self._engine, self._clock, self._settings.store_keep_longest
        reserve_bytes = self._reserve_bytes()
        room = RoomKeeper(
            engine, store, policies, clock, reserve_bytes,
            floor_bytes=self._floor_bytes(), cameras=self._recorded, keep_longest=longest,
        )  # fmt: skip
        board = VolumeBoard(engine, store, policies, clock, reserve_bytes, self._recorded, longest)
        retention = Retention(engine, store, self._spool, policies, clock, room)
        await asyncio.gather(retention.run(self._keeper, self._communes), board.run())

    def _reserve_bytes(self) -> int:
        """The operator's reserve, at most a tenth of the volume: a larger one would stop recording for nothing."""
        total_bytes = shutil.disk_usage(self._settings.store_dir).total
        return min(self._settings.store_reserve_mib * MIB, total_bytes // RESERVE_PART)

    def _floor_bytes(self) -> int:
        """Below this no segment is begun; a small volume has a small floor."""
        return min(FLOOR_BYTES, self._reserve_bytes() // FLOOR_PART)

    def _recorded(self) -> list[tuple[str, str]]:
        """(commune, camera) of all that the plan lets this host record."""
        plan = self._plans.plan
        return [(one.commune, one.camera) for one in plan.cameras if one.record] if plan is not None else []

    async def _packages(self) -> None:
        """Each minute, destroy the sealed packages whose key the keeper has destroyed (P-33)."""
        folder = self._settings.home / "packages"
        while True:
            for commune in self._communes():
                try:
                    live = await self._keeper.packages(commune)
                    # The files' dates are the machine's, whatever clock footage goes by.
                    gone = await asyncio.to_thread(sweep, folder, commune, live, SystemClock().utc().us / MICRO)
                except (GuetError, OSError) as error:
                    log.warning("paquets non relus", commune=commune, why=str(error), rule="P-33")
                    continue
                if gone:
                    log.info("paquets détruits", commune=commune, count=gone, rule="P-33")
            await self._clock.sleep(SWEEP_PAUSE_S)

    async def _until_attached(self) -> LocalStore:
        while True:
            try:
                return await self._attached()
            except (GuetError, OSError) as error:
                log.error("volume d’enregistrement absent", why=str(error), rule="P-35")
            await self._clock.sleep(STORE_RETRY_S)

    def _communes(self) -> Iterable[str]:
        plan = self._plans.plan
        return tuple(plan.communes) if plan is not None else ()

    async def _health(self, args: Args, body: bytes) -> Answer:
        """The op ``health``: what every stream of this process does now."""
        streams = [
            {"camera": run.spec.camera, "stream": stream, "state": health.state, "cause": health.cause,
             "last_unit_us": health.last_unit_us, "fps": health.fps, "kbps": health.kbps}
            for run in self.fleet.runs()
            for stream, health in run.health().items()
        ]  # fmt: skip
        return {"recorder": self._index, "keeper_away": self._plans.keeper_away, "streams": streams}


async def run(settings: Settings, index: int, stop: asyncio.Event | None = None) -> None:
    """Run recorder process ``index`` until SIGTERM, SIGINT or ``stop``."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings.make_dirs()
    clock = SystemClock(settings.test_clock_offset_s)
    engine = open_engine(settings.database_url)
    try:
        await ensure_schema(engine)
        log.info("enregistreur démarré", index=index)
        await Recorder(settings, index, engine, clock).run(stop)
    finally:
        await engine.dispose()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    log.info("enregistreur arrêté", index=index)
