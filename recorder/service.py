"""A recorder process: cameras in, sealed segments and live fragments out.

Put together here, and nowhere else: the keeper's plan, the shared database, the store, the hour keys, the fleet and the
socket ``rec-<index>.sock`` with the stream op ``live`` and the op ``health``. SIGTERM ends every stream, which seals
its segment; the process is gone within the supervisor's 10 s. Process 0 also runs retention for the host, and destroys
the evidence packages whose key is gone.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Iterable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from recorder import heap
from recorder.backfill.run import Backfill, Means
from recorder.camera.assignment import ConnectGate, FixedShare
from recorder.camera.camera import Surroundings
from recorder.camera.capacity import Capacity
from recorder.camera.deferred_sink import DeferredSink
from recorder.camera.events import CameraEvents
from recorder.camera.fleet import Fleet
from recorder.camera.health import HealthBoard
from recorder.camera.leases import LeasedCameras
from recorder.camera.mask_watch import MaskWatches
from recorder.camera.plan_source import PlanSource
from recorder.drain_spool import SpoolDrain
from recorder.export.extraction import sweep
from recorder.identity import RecorderIdentity
from recorder.live.relay import advertised
from recorder.live.service import LiveService
from recorder.recording.hour_keys import HourKeys, KeySpool
from recorder.recording.minutes import MinuteBoard, MinuteMeter
from recorder.recording.refusals import DUPLICATE_START, tell
from recorder.recording.reporting import REPORT_S, Reporter
from recorder.recording.writer import StreamWriter
from recorder.retention.due_clock import due_clock
from recorder.retention.policies import Policies
from recorder.retention.room import RoomKeeper, Stops
from recorder.retention.sweep import SWEEP_PAUSE_S, Retention
from recorder.retention.volume_board import VolumeBoard
from recorder.rtsp.drain import Drain
from recorder.segment.commits import Commits
from recorder.segment.progress import Progress
from recorder.store.attached import attach
from recorder.store.disk import try_lock
from recorder.store.local import FLOOR_BYTES, LocalStore
from recorder.store.s3 import SpooledStore
from recorder.store.spared import TELL_S, SparedStore
from recorder.stream.sink import GroupSink
from vms import logs
from vms.clock import MICRO, Clock, SystemClock
from vms.db.engine import ensure_schema, open_engine
from vms.db.leases import Leases
from vms.errors import Conflict, GuetError
from vms.keeper.clients.audiences import KeeperForRecorder, way_to_keeper
from vms.keeper.protocol import RECORDER_SOCKET
from vms.settings import Settings
from vms.wire import Answer, Args, WireServer
from vms.wire_tls import machine_identity

STOP_LIMIT_S: Final = 5.0
FLUSH_S: Final = 5.0
STORE_RETRY_S: Final = 5.0
STOPS_S: Final = 1.0
KNOWN_TIME: Final = "known-time.json"
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
        self._attaching = asyncio.Lock()
        self._keeper = KeeperForRecorder(way_to_keeper(settings, RECORDER_SOCKET))
        self._plans = PlanSource(self._keeper, settings.recorder_dir)
        self._spool = KeySpool(settings.recorder_dir / "keys-waiting.sqlite")
        self._sinks: list[DeferredSink] = []
        self._stops, self._minutes, self._commits = Stops(engine), MinuteBoard(engine), Commits(engine)
        self._preparing: set[asyncio.Task[None]] = set()
        gate = ConnectGate()
        around = Surroundings(clock, Drain(), gate, self._make_sink, self._forget_keys)
        self._leased: LeasedCameras | None = None
        if settings.shared:
            capacity = Capacity(clock, settings.recorder_cameras)
            leases = Leases(
                engine, clock, f"{settings.machine}/{index}", capacity.cameras, address=advertised(settings, index)
            )
            self._leased = LeasedCameras(leases, capacity, clock, self._progress)
        identity = RecorderIdentity(settings.recorder_identity_dir)
        self.fleet = Fleet(
            engine, self._plans, identity, HealthBoard(engine, clock, index), around,
            self._leased or FixedShare(index, settings.recorder_count()),
        )  # fmt: skip
        self._keys = HourKeys(self._keeper, self._spool, self.fleet.public_key)
        self._reporter = Reporter(self._keeper, engine, settings.recorder_dir / f"absences-told-{index}.json")
        self.backfill = Backfill(
            self.fleet, Means(engine, clock, gate, self._keys, self._keeper, self._attached, self._reserve_bytes)
        )
        self._events = CameraEvents(self.fleet, engine, clock)
        self._masks = MaskWatches(self.fleet, self._plans, self._keeper, engine, clock)
        live = LiveService(self.fleet, self._plans, clock).live
        self._server = WireServer({"health": self._health}, {"live": live})
        # Other machines get pictures for a permit, and nothing else.
        self._relayed = WireServer({}, {"live": live})

    async def run(self, stop: asyncio.Event) -> None:
        """Record until ``stop``; returns when everything is sealed."""
        self._plans.load()
        await self._listen()
        work: list[Awaitable[None]] = [self.fleet.run(), self._flush_keys(), self._report(), self._look_at_stops()]
        work += [self.backfill.run(), self._events.run(), self._masks.run(), heap.look_after(self._clock)]
        if self._leased is not None:
            work += [self._leased.run(), self._leased.while_held("retention", self._retention)]
            work.append(self._leased.while_held("idle-masks", self._masks.watch_idle))
        elif self._index == 0:
            work += [self._retention(), self._masks.watch_idle()]
        if self._index == 0:
            work.append(self._packages())
        if self._settings.store_url:
            work.append(self._drain())
        if self._settings.spare_store is not None:
            work.append(self._tell_progress())
        tasks = [asyncio.ensure_future(one) for one in work]
        waiting = asyncio.ensure_future(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {waiting}:
                task.result()  # none of them ends by itself: an error here ends the process, which is started anew
            if self._leased is not None:
                await self._leased.hand_over()
        finally:
            await self._end([*tasks, waiting])

    async def _listen(self) -> None:
        """On this machine's socket, and for other machines when there is a relay."""
        await self._server.start(self._settings.run_dir / f"rec-{self._index}.sock")
        if (port := self._settings.relay_port) is not None:
            context = machine_identity(self._settings).server_context()
            await self._relayed.start_tls(self._settings.relay_listen, port + self._index, context)

    async def _end(self, tasks: list[asyncio.Future[None] | asyncio.Task[bool]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await self._server.stop()
                await self._relayed.stop()
                await self.fleet.stop()
                if self._leased is not None:
                    await self._leased.leave()
                await self._reporter.report(self._writers())
        except TimeoutError:
            # What is not sealed now is adopted at the next start.
            log.warning("arrêt incomplet", limit_s=STOP_LIMIT_S)

    def _make_sink(self, commune: str, camera: str, stream: str) -> GroupSink:
        async def make() -> StreamWriter:
            store = await self._attached()
            fence = self._leased.held(camera) if self._leased is not None else None
            return StreamWriter(
                camera, stream, commune,
                store=store, engine=self._engine, keys=self._keys, clock=self._clock, fence=fence,
                commits=self._commits,
            )  # fmt: skip

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
        async with self._attaching:
            if self._store is None:
                self._store = await asyncio.to_thread(attach, self._settings, self._floor_bytes(), self._clock)
        return self._store

    def _writers(self) -> Iterable[StreamWriter]:
        self._sinks = [sink for sink in self._sinks if not sink.closed]
        return [sink.writer for sink in self._sinks if sink.writer is not None]

    def _progress(self) -> list[Progress]:
        found = (writer.progress() for writer in self._writers() if not writer.fenced)
        return [one for one in found if one is not None]

    async def _tell_progress(self) -> None:
        """Note how far the open segments are, for a start without the volume that they lie on."""
        store = await self._until_attached()
        while isinstance(store, SparedStore):
            try:
                await asyncio.to_thread(store.tell, self._index, self._progress())
            except OSError as error:
                log.warning("progress_not_told", why=error.strerror or "")
            await self._clock.sleep(TELL_S)

    async def _drain(self) -> None:
        """What waits on this machine goes to the bucket."""
        store = await self._until_attached()
        if isinstance(store, SpooledStore):
            memo = self._settings.recorder_dir / "bucket-identity"
            time = await due_clock(self._engine, self._clock, store.disk, self._settings.recorder_dir / KNOWN_TIME)
            if self._settings.test_clock_offset_s:
                time.guard.believe()
            await SpoolDrain(self._engine, store, self._clock, memo, time).run()

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
        time = await due_clock(engine, clock, store.disk, self._settings.recorder_dir / KNOWN_TIME)
        if self._settings.test_clock_offset_s:
            time.guard.believe()  # as the keeper does
        reserve_bytes = self._reserve_bytes()
        room = RoomKeeper(
            engine, store, policies, clock, reserve_bytes,
            floor_bytes=self._floor_bytes(), cameras=self._recorded, keep_longest=longest, time=time,
        )  # fmt: skip
        board = VolumeBoard(engine, store, policies, clock, reserve_bytes, self._recorded, longest)
        retention = Retention(engine, store, self._spool, policies, clock, room, time)
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

    async def tell_duplicate(self) -> None:
        """Tell every commune that this process was refused: another has its place."""
        self._plans.load()
        await tell(self._engine, self._clock, DUPLICATE_START, [(commune, "") for commune in self._communes()])

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
    seat = await asyncio.to_thread(try_lock, settings.recorder_dir / f"recorder-{index}.lock")
    try:
        await ensure_schema(engine)
        recorder = Recorder(settings, index, engine, clock)
        try:
            if seat is None:
                raise Conflict(
                    f"L’enregistreur {index} tourne déjà sur cette machine.",
                    where=str(settings.recorder_dir),
                    todo="Arrêtez l’autre processus, ou laissez-le faire.",
                )
            log.info("enregistreur démarré", index=index)
            await recorder.run(stop)
        except Conflict:
            await recorder.tell_duplicate()
            raise
    finally:
        if seat is not None:
            os.close(seat)
        await engine.dispose()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    log.info("enregistreur arrêté", index=index)
