"""One life of a recorder process: its real parts, put together over virtual surroundings (compare ``service.py``).

The keeper's plan is left out: the one camera is in service from the first moment. What the fleet does for a camera
whose run broke is done here.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.simulation.bucket import Objects, VirtualBucket
from deploy.simulation.clock import VirtualClock
from deploy.simulation.disk import VirtualDisk, Volume
from deploy.simulation.faults import Process
from deploy.simulation.keeper import Keeper, KeeperLink, commune_keys
from deploy.simulation.stores import Spared, Spool, Spooled, Store
from deploy.simulation.tenure import Tenure
from recorder.camera.assignment import ConnectGate
from recorder.camera.camera import CameraRun, CameraSpec, Surroundings
from recorder.camera.deferred_sink import DeferredSink
from recorder.camera.fleet import ACTS, STREAMS
from recorder.drain_spool import SpoolDrain
from recorder.recording.hour_keys import HourKeys, KeySpool
from recorder.recording.minutes import MinuteMeter
from recorder.recording.writer import StreamWriter
from recorder.retention.due_clock import due_clock
from recorder.retention.policies import Policies
from recorder.retention.room import Made, RoomKeeper
from recorder.retention.sweep import Retention
from recorder.rtsp.drain import Drain
from recorder.store.attached import NOBODY, recalled
from recorder.store.errors import StoreError
from recorder.store.spared import TELL_S, Spare
from recorder.stream.live_hub import Hub
from recorder.stream.sink import GroupSink
from vms.errors import GuetError
from vms.keeper.protocol import ZoneView

COMMUNE: Final = "valclair"
CAMERA: Final = "valclair-c01"
WATCH_S: Final = 1.0
FLUSH_S: Final = 20.0
DRAIN_RETRY_S: Final = 4.0
ZONES: Final = ZoneView(
    id="z1", version=1, camera=CAMERA, polygons=(), no_dwelling=True,
    author="a", validator="b", created_us=1, validated_us=2,
)  # fmt: skip


class AmpleRoom(RoomKeeper):
    """The volume's room, no part of this simulation: it is looked at often, and would cost half of the time."""

    async def look(self) -> Made:
        """Nothing is short."""
        return Made()


class Machine:
    """A recorder process, from its start to its end by ``stop`` or ``bury``."""

    def __init__(
        self, home: Path, engine: AsyncEngine, volume: Volume, keeper: Keeper, clock: VirtualClock, dial: Any,
        chance: random.Random, streams: tuple[str, ...], watched: bool, objects: Objects | None,
        spare: Volume | None, *, leased: bool,
    ) -> None:  # fmt: skip
        self._objects = objects
        self._tenure = Tenure(engine, clock, CAMERA) if leased else None
        self.process = Process()
        self.broken = 0
        self._home, self._engine, self._clock, self._watched = home, engine, clock, watched
        self._streams = streams
        self._disk = VirtualDisk(volume, self.process, chance)
        self._root = volume.root
        self._spare = (spare.root, VirtualDisk(spare, self.process, chance)) if spare is not None else None
        self._keeper, self._link = keeper, KeeperLink(keeper, self.process)
        self._store: Store | Spooled | Spared | None = None
        self._keys: HourKeys | None = None
        self._run: CameraRun | None = None
        self._dial = dial
        self._hubs = {(stream, act): Hub() for stream in STREAMS for act in ACTS}
        self._tasks: list[asyncio.Task[None]] = []
        self._viewers: list[Any] = []
        self._sinks: list[DeferredSink] = []

    @staticmethod
    def nobody() -> Process:
        """A process that nothing happens to."""
        return Process()

    def start(self) -> None:
        """Begin to live; everything else follows in tasks."""
        self._tasks.append(asyncio.create_task(self._live(), name="recorder"))

    def keeps(self) -> bool:
        """Whether every stream's pictures are written now."""
        writers = [sink.writer for sink in self._sinks]
        return len(writers) == len(self._streams) and all(
            one is not None and one.sealed_groups > 0 and not one.cause for one in writers
        )

    async def stop(self) -> None:
        """As on SIGTERM: hand over every open group, seal, end."""
        if self._run is not None:
            run, self._run = self._run, None
            await run.stop("recorder-stopped")
        for task in self._tasks:
            task.cancel()
        if self._tenure is not None:
            await self._tenure.leave()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.process.alive = False
        self._let_go()

    async def bury(self, mine: set[asyncio.Task[Any]]) -> None:
        """The process is dead: none of its tasks goes on, its files and locks are closed. ``mine``: not its tasks."""
        self.process.alive = False
        for _ in range(8):
            left = asyncio.all_tasks() - mine
            if not left:
                break
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=0.001)
        self._let_go()

    def _let_go(self) -> None:
        self._disk.close_all()
        if self._spare is not None:
            self._spare[1].close_all()
        if self._store is not None:
            for lock in list(self._store.held):
                self._store.unlock(lock)

    async def _live(self) -> None:
        spool = Spool(self._home / "keys-waiting.sqlite", self._keeper, self.process)
        keys = self._keys = HourKeys(self._link, spool, lambda commune: commune_keys()[1])
        if self._tenure is None:
            self._begin_run()
        else:
            self._tasks.append(asyncio.create_task(self._tenure.join(), name="lease"))
            self._tasks.append(asyncio.create_task(self._tenure.watch(self._change), name="tenure"))
        if self._objects is not None:
            self._tasks.append(asyncio.create_task(self._drain(), name="drain"))
        if self._spare is not None:
            self._tasks.append(asyncio.create_task(self._tell(), name="tell"))
        self._tasks.append(asyncio.create_task(self._flush(keys), name="flush"))
        self._tasks.append(asyncio.create_task(self._retain(spool), name="retention"))
        while True:
            await self._clock.sleep(WATCH_S)
            run = self._run
            if run is not None and run.broken:
                self.broken += 1
                self._run = None
                await run.stop("recorder-stopped")
                self._begin_run()

    async def _change(self, fence: int | None) -> None:
        """The camera is ours under another fence, or no longer."""
        run, self._run = self._run, None
        if run is not None:
            await run.stop("recorder-stopped")
        if fence is not None:
            self._begin_run()

    def _begin_run(self) -> None:
        around = Surroundings(self._clock, Drain(self._dial), ConnectGate(), self._make_sink, lambda camera: None)
        urls = tuple((stream, f"rtsp://10.0.0.{place + 1}/{stream}") for place, stream in enumerate(self._streams))
        self._run = CameraRun(CameraSpec(CAMERA, COMMUNE, urls, True, ZONES), self._hubs, around)
        if self._watched and not self._viewers:
            self._viewers.append(self._hubs[self._streams[0], "live"].join())
        self._run.start()

    def _make_sink(self, commune: str, camera: str, stream: str) -> GroupSink:
        async def make() -> StreamWriter:
            store = await self._attached()
            keys = self._keys
            if keys is None:
                raise StoreError("Le processus n’a pas commencé.", cause="disk-wrong")
            fence = self._tenure.held() if self._tenure is not None else None
            return StreamWriter(
                camera, stream, commune, store=store, engine=self._engine, keys=keys, clock=self._clock, fence=fence
            )

        sink = DeferredSink(make, lambda: True, MinuteMeter(commune, camera, stream))
        self._sinks = [one for one in self._sinks if not one.closed]
        self._sinks.append(sink)
        self._tasks.append(asyncio.create_task(sink.prepare(), name=f"writer {stream}"))
        return sink

    async def _attached(self) -> Store | Spooled | Spared:
        if self._store is None:
            store = await asyncio.to_thread(self._attach)
            self._store = self._store or store
        return self._store

    def _attach(self) -> Store | Spooled | Spared:
        """As ``recorder.store.attached.attach`` does."""
        memo = self._home / "store-identity"
        if self._spare is None:
            store = Store.attach(self._root, memo, self._disk, 1)
            return store if self._objects is None else Spooled(store, VirtualBucket(self._objects, self.process))
        main = recalled(Store, self._root, memo, self._disk, 1)
        if main.identity == NOBODY:
            main.check_identity()
        spare = recalled(Spare, self._spare[0], self._home / "spare-identity", self._spare[1], 1)
        spared = Spared(main, spare, self._home, self._clock)
        spared.check_ready()
        return spared

    async def _tell(self) -> None:
        while True:
            await self._clock.sleep(TELL_S)
            if isinstance(self._store, Spared) and self.process.alive:
                writers = [sink.writer for sink in self._sinks if sink.writer is not None]
                told = [one for writer in writers if (one := writer.progress()) is not None]
                await asyncio.to_thread(self._store.tell, 0, told)

    async def _flush(self, keys: HourKeys) -> None:
        while True:
            await self._clock.sleep(FLUSH_S)
            with contextlib.suppress(GuetError):
                await keys.flush()

    async def _drain(self) -> None:
        """As ``SpoolDrain.run`` does, but for the lock between processes."""
        drain: SpoolDrain | None = None
        while True:
            await self._clock.sleep(WATCH_S)
            try:
                store = await self._attached()
                if drain is None and isinstance(store, Spooled):
                    time = await due_clock(self._engine, self._clock, store.disk, self._home / "known-time.json")
                    drain = SpoolDrain(self._engine, store, self._clock, self._home / "bucket-identity", time)
                if drain is not None:
                    await drain.round()
            except (GuetError, OSError, SQLAlchemyError):
                await self._clock.sleep(DRAIN_RETRY_S)

    async def _retain(self, spool: KeySpool) -> None:
        store: Store | Spooled | Spared | None = None
        while store is None:
            try:
                store = await self._attached()
            except (GuetError, OSError):
                await self._clock.sleep(FLUSH_S)
        policies = await asyncio.to_thread(Policies, store, self._home / "retention.json")
        room = AmpleRoom(self._engine, store, policies, self._clock, 0)
        time = await due_clock(self._engine, self._clock, store.disk, self._home / "known-time.json")
        sweeper = Retention(self._engine, store, spool, policies, self._clock, room, time)
        await sweeper.run(self._link, lambda: (COMMUNE,))
