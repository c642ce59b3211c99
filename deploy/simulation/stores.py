"""The stores of a simulated recorder: the real ones, that notice when their process is dead."""

from __future__ import annotations

from pathlib import Path

from deploy.simulation.bucket import Objects, VirtualBucket
from deploy.simulation.disk import VirtualDisk
from deploy.simulation.faults import Process
from deploy.simulation.keeper import Keeper
from recorder.recording.hour_keys import KeySpool, WrappedKey
from recorder.store.attached import NOBODY
from recorder.store.bucket import Bucket
from recorder.store.disk import Disk
from recorder.store.errors import StoreError
from recorder.store.local import FLOOR_BYTES, LocalStore
from recorder.store.s3 import SpooledStore
from recorder.store.spared import Spare, SparedStore
from vms.clock import Clock


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


class Locking(LocalStore):
    """A store whose locks a dead process lets go of."""

    held: set[int]

    def lock(self, commune: str, camera: str, stream: str) -> int | None:
        """See ``LocalStore``; the dead take no locks, which nobody would ever let go of."""
        if isinstance(self.disk, VirtualDisk):
            self.disk.require_life()
        lock = super().lock(commune, camera, stream)
        if lock is not None:
            self.held.add(lock)
        return lock

    def unlock(self, lock: int) -> None:
        """See ``LocalStore``; a dead process's locks are the kernel's to give back."""
        if lock in self.held:
            self.held.discard(lock)
            super().unlock(lock)


class Store(Locking):
    """A folder."""

    def __init__(self, root: Path, identity: str, disk: Disk | None = None, floor_bytes: int = FLOOR_BYTES) -> None:
        super().__init__(root, identity, disk, floor_bytes)
        self.held = set()


class Spared(Locking, SparedStore):
    """A folder, and a spare volume beside it."""

    def __init__(self, main: LocalStore, spare: Spare, home: Path, clock: Clock | None = None) -> None:
        SparedStore.__init__(self, main, spare, home / "streams", clock)
        self.held = set()


class Spooled(Locking, SpooledStore):
    """A spool, and a bucket behind it."""

    def __init__(self, plain: LocalStore, bucket: Bucket) -> None:
        SpooledStore.__init__(self, plain.root, plain.identity, plain.disk, 1, bucket=bucket)
        self.held = set()


def looked_at(home: Path, root: Path, objects: Objects | None, spare: Path | None) -> LocalStore | None:
    """The whole store, for whoever only looks on; None before it was ever made."""
    memo, other = home / "store-identity", home / "spare-identity"
    if not memo.exists():
        return None
    main = LocalStore(root, memo.read_text(encoding="utf-8").strip())
    if objects is not None:
        return SpooledStore(root, main.identity, bucket=VirtualBucket(objects, None))
    if spare is None:
        return main
    known = other.read_text(encoding="utf-8").strip() if other.exists() else NOBODY
    return Spared(main, Spare(spare, known), home)
