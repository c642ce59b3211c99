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

from sqlalchemy.ext.asyncio import AsyncEngine

from recorder.assignment import ConnectGate
from recorder.camera import CameraRun, CameraSpec, Surroundings
from recorder.deferred_sink import DeferredSink
from recorder.fleet import ACTS, STREAMS
from recorder.hour_keys import HourKeys, KeySpool, WrappedKey
from recorder.live import Hub
from recorder.minutes import MinuteMeter
from recorder.policies import Policies
from recorder.retention import Retention
from recorder.room import Made, RoomKeeper
from recorder.rtsp.drain import Drain
from recorder.simulation.clock import VirtualClock
from recorder.simulation.disk import VirtualDisk, Volume
from recorder.simulation.faults import Process
from recorder.simulation.keeper import Keeper, KeeperLink, commune_keys
from recorder.sink import GroupSink
from recorder.store.disk import Disk
from recorder.store.errors import StoreError
from recorder.store.local import FLOOR_BYTES, LocalStore
from recorder.writer import StreamWriter
from vms.errors import GuetError
from vms.keeper.protocol import ZoneView

COMMUNE: Final = "valclair"
CAMERA: Final = "valclair-c01"
WATCH_S: Final = 1.0
FLUSH_S: Final = 20.0
ZONES: Final = ZoneView(
    id="z1", version=1, camera=CAMERA, polygons=(), no_dwelling=True,
    author="a", validator="b", created_us=1, validated_us=2,
)  # fmt: skip


class Spool(KeySpool):
    """Keys in waiting, on a disk that may be full."""

    def __init__(self, path: Path, keeper: Keeper, process: Process) -> None:
        super().__init__(path)
        self._keeper, self._process = keeper, process

    def put(self, key: WrappedKey) -> None:
        """Keep a key, unless the disk of the recorder's own folder is full."""
        self._process.step("spool before")
        if "spool-full" in self._keeper.wrong:
            self._keeper.hits += 1
            raise StoreError("Les clés en attente ne peuvent pas être gardées : full.", cause="disk-full")
        super().put(key)
        self._process.step("spool after")


class Store(LocalStore):
    """The local store, whose locks a dead process lets go of."""

    def __init__(self, root: Path, identity: str, disk: Disk | None = None, floor_bytes: int = FLOOR_BYTES) -> None:
        super().__init__(root, identity, disk, floor_bytes)
        self.held: set[int] = set()

    def lock(self, commune: str, camera: str, stream: str) -> int | None:
        """See ``LocalStore``."""
        lock = super().lock(commune, camera, stream)
        if lock is not None:
            self.held.add(lock)
        return lock

    def unlock(self, lock: int) -> None:
        """See ``LocalStore``; a dead process's locks are the kernel's to give back."""
        if lock in self.held:
            self.held.discard(lock)
            super().unlock(lock)


class AmpleRoom(RoomKeeper):
    """The volume's room, no part of this simulation: it is looked at often, and would cost half of the time."""

    async def look(self) -> Made:
        """Nothing is short."""
        return Made()


class Machine:
    """A recorder process, from its start to its end by ``stop`` or ``bury``."""

    def __init__(
        self, home: Path, engine: AsyncEngine, volume: Volume, keeper: Keeper, clock: VirtualClock, dial: Any,
        chance: random.Random, streams: tuple[str, ...], watched: bool,
    ) -> None:  # fmt: skip
        self.process = Process()
        self.broken = 0
        self._home, self._engine, self._clock, self._watched = home, engine, clock, watched
        self._streams = streams
        self._disk = VirtualDisk(volume, self.process, chance)
        self._root = volume.root
        self._keeper, self._link = keeper, KeeperLink(keeper, self.process)
        self._store: Store | None = None
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
        if self._store is not None:
            for lock in list(self._store.held):
                self._store.unlock(lock)

    async def _live(self) -> None:
        spool = Spool(self._home / "keys-waiting.sqlite", self._keeper, self.process)
        keys = self._keys = HourKeys(self._link, spool, lambda commune: commune_keys()[1])
        self._begin_run()
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
            return StreamWriter(camera, stream, commune, store=store, engine=self._engine, keys=keys, clock=self._clock)

        sink = DeferredSink(make, lambda: True, MinuteMeter(commune, camera, stream))
        self._sinks = [one for one in self._sinks if not one.closed]
        self._sinks.append(sink)
        self._tasks.append(asyncio.create_task(sink.prepare(), name=f"writer {stream}"))
        return sink

    async def _attached(self) -> Store:
        if self._store is None:
            store = await asyncio.to_thread(Store.attach, self._root, self._home / "store-identity", self._disk, 1)
            if not isinstance(store, Store):
                raise TypeError("attach makes stores of its own class")
            self._store = self._store or store
        return self._store

    async def _flush(self, keys: HourKeys) -> None:
        while True:
            await self._clock.sleep(FLUSH_S)
            with contextlib.suppress(GuetError):
                await keys.flush()

    async def _retain(self, spool: KeySpool) -> None:
        store: Store | None = None
        while store is None:
            try:
                store = await self._attached()
            except (GuetError, OSError):
                await self._clock.sleep(FLUSH_S)
        policies = await asyncio.to_thread(Policies, store, self._home / "retention.json")
        room = AmpleRoom(self._engine, store, policies, self._clock, 0)
        await Retention(self._engine, store, spool, policies, self._clock, room).run(self._link, lambda: (COMMUNE,))
