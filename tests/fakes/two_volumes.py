"""A recorder's storage on two volumes, each of which may refuse, fill or be unmounted; and a camera recorded there."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

from cryptography.utils import Buffer
from sqlmodel import select

from recorder.fsck.fsck import Fsck
from recorder.retention.policies import Policies
from recorder.retention.room import RoomKeeper
from recorder.retention.sweep import Retention
from recorder.retention.volume_board import VolumeBoard
from recorder.store.disk import OsDisk
from recorder.store.local import LocalStore
from recorder.store.spared import Spare, SparedStore
from recorder.stream.sink import SinkRefused
from tests.fakes.faulty_disk import Fault, FaultyDisk
from tests.fakes.recording import CAMERA, COMMUNE, Format, Rig
from vms.clock import UtcTime
from vms.db.engine import read
from vms.model import Incident, Volume

GROUP_S: Final = 2


class Failing(FaultyDisk):
    """A disk that refuses every write while ``code`` is set, and every read too when it is EIO.

    With ``keeps`` the bytes of an append are there all the same, and cannot be cut off again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.code = 0
        self.keeps = False

    def append(self, fd: int, *parts: Buffer) -> None:
        if self.code and self.keeps:
            OsDisk.append(self, fd, *parts)
        super().append(fd, *parts)

    def _step(self, name: str) -> Fault | None:
        if self.code:
            raise OSError(self.code, "refused")
        return super()._step(name)

    def open(self, path: Path, *, writable: bool = False) -> int:
        if self.code == errno.EIO:
            raise OSError(self.code, "refused")
        return super().open(path, writable=writable)


class SparedRig(Rig):
    """A recorder's storage on two volumes."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        (home / "spare").mkdir()
        self.main_disk, self.spare_disk = Failing(), FaultyDisk()
        self.spare_floor_bytes = 0
        self.attach()

    def attach(self) -> None:
        """As at a process's start."""
        root = self.home / "store"
        main = LocalStore(root, (self.home / "store-id").read_text().strip(), self.main_disk, floor_bytes=0)
        spare = Spare.attach(
            self.home / "spare", self.home / "spare-id", self.spare_disk, floor_bytes=self.spare_floor_bytes
        )
        self.store = SparedStore(main, spare, self.home / "streams", self.clock)

    def unmount(self, name: str = "store") -> None:
        (self.home / name).rename(self.home / f"{name}-away")
        (self.home / name).mkdir()

    def mount(self, name: str = "store") -> None:
        assert list((self.home / name).iterdir()) == [], "nothing is written to an empty mount point"
        (self.home / name).rmdir()
        (self.home / f"{name}-away").rename(self.home / name)

    def lying(self, name: str) -> list[str]:
        return sorted(path.stem for path in (self.home / name).rglob("*.seg"))

    async def findings(self, *, repair: bool = False, now: UtcTime | None = None) -> list[str]:
        policies = Policies(self.store, self.home / "policies.json")
        fsck = Fsck(self.engine, self.store, now or self.clock.utc(), policies)
        report = await (fsck.repair() if repair else fsck.check())
        return [str(one) for one in report.findings if not one.note]

    def retention(self) -> Retention:
        policies = Policies(self.store, self.home / "policies.json")
        room = RoomKeeper(self.engine, self.store, policies, self.clock, 0)
        return Retention(self.engine, self.store, self.spool, policies, self.clock, room)

    async def board(self) -> tuple[Volume, list[str]]:
        """The spare's row as the board writes it, and the kinds of incidents that stand."""
        policies = Policies(self.store, self.home / "policies.json")
        await VolumeBoard(self.engine, self.store, policies, self.clock, 0, lambda: [(COMMUNE, CAMERA)]).write()
        async with read(self.engine) as session:
            row = await session.get(Volume, "spare")
            standing = [one for one in (await session.execute(select(Incident))).scalars() if one.closed_us is None]
        assert row is not None
        return row, sorted(one.kind for one in standing)


class Camera:
    """One stream that is recorded, two seconds a group; what was called durable is remembered."""

    def __init__(self, rig: SparedRig) -> None:
        self.rig, self.writer, self.kept = rig, rig.writer(), list[bytes]()

    async def start(self) -> Camera:
        await self.writer.start()
        return self

    async def records(self, groups: int, kept: int | None = None) -> None:
        """So many groups, of which so many are kept: all, unless said."""
        before = len(self.kept)
        for _ in range(groups):
            at = self.rig.clock.utc()
            self.rig.clock.advance(seconds=GROUP_S)
            picture = f"{at.us}".encode() * 100
            try:
                await self.writer.group([picture], at, self.rig.clock.utc(), 50, Format())
            except SinkRefused:
                continue
            self.kept.append(picture)
        assert len(self.kept) - before == (groups if kept is None else kept)
