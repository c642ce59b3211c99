"""The store's ``Disk`` in a simulation: the operating system's files, with a platter beside them and faults on demand.

Each operation is two steps at which the process may die (before its effect, after it), takes virtual time, and fails
as the faults in force say: with its effect, without it, or with a part of a write done.
"""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path
from typing import Final

from cryptography.utils import Buffer

from deploy.simulation.faults import DiskFault, Killed, Process
from deploy.simulation.loop import SimulatedLoop
from deploy.simulation.platter import Naming, Platter
from recorder.store.disk import OsDisk

FREE_BYTES: Final = 1 << 40
SYNC_TAKES_S: Final = 0.004


class Volume:
    """The disk as every process finds it: what it holds, and what is wrong with it now."""

    def __init__(self, loop: SimulatedLoop, root: Path) -> None:
        self.loop = loop
        self.root = root
        self.platter = Platter()
        self.wrong: dict[str, float] = {}
        self.once: DiskFault | None = None  # at the next step, and never again
        self.hits = 0
        self._aside = root.with_name(f"{root.name}-unmounted")

    def unmount(self) -> None:
        """The volume goes away: an empty mount point is left, on the system's disk."""
        self.root.rename(self._aside)
        self.root.mkdir(mode=0o700)

    def mount(self) -> list[str]:
        """The volume comes back; what was written to the empty mount point meanwhile, which must be nothing."""
        found = sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*"))
        for path in sorted(self.root.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        self.root.rmdir()
        self._aside.rename(self.root)
        return found


class VirtualDisk(OsDisk):
    """The disk as one process uses it."""

    def __init__(self, volume: Volume, process: Process, chance: random.Random) -> None:
        self._volume, self._process, self._chance = volume, process, chance
        self._paths: dict[int, Path] = {}

    def require_life(self) -> None:
        """Killed when the process is dead; no step, since nothing reaches the disk."""
        if not self._process.alive:
            raise Killed

    def _before(self, name: str, path: Path, *, writes: bool = True) -> int:
        """The step before an effect; the code of an error that must come after it, or 0."""
        self._process.step(f"{name} before")
        volume = self._volume
        wrong = volume.wrong
        volume.loop.spent_s += wrong.get("disk-slow", 0.0) if name == "sync" else 0.0
        volume.loop.spent_s += SYNC_TAKES_S if name in ("sync", "sync_dir") else 0.0
        if volume.root not in (path, *path.parents):
            return 0
        if writes and name != "unlink" and "disk-full" in wrong and name in ("create", "append", "make_dir"):
            self._fail(errno.ENOSPC)
        if "disk-away" in wrong and path.parent != volume.root:
            self._fail(errno.EIO)
        if writes and "disk-read-only" in wrong:
            self._fail(errno.EROFS)
        if volume.once is not None:
            kind, volume.once = volume.once, None
            if kind == "disk-eio-stored":
                volume.hits += 1
                return errno.EIO
            self._fail(errno.EIO)
        if "disk-eio" in wrong and self._chance.random() < wrong["disk-eio"]:
            self._fail(errno.EIO)
        return 0

    def _fail(self, code: int) -> None:
        self._volume.hits += 1
        raise OSError(code, os.strerror(code))

    def _after(self, name: str, code: int) -> None:
        if code:
            raise OSError(code, os.strerror(code))
        self._process.step(f"{name} after")

    def create(self, path: Path) -> int:
        """A new file, whose name is not durable yet."""
        code = self._before("create", path)
        fd = super().create(path)
        self._paths[fd] = path
        self._volume.platter.created(path)
        if code:
            self.close(fd)
        self._after("create", code)
        return fd

    def open(self, path: Path, *, writable: bool = False) -> int:
        """An existing file."""
        self._before("open", path, writes=writable)
        fd = super().open(path, writable=writable)
        self._paths[fd] = path
        return fd

    def append(self, fd: int, *parts: Buffer) -> None:
        """Bytes into the page cache; an error may come after some of them."""
        path = self._paths[fd]
        self._volume.platter.inode(path)
        try:
            code = self._before("append", path)
        except OSError:
            data = b"".join(bytes(part) for part in parts)
            if "disk-away" not in self._volume.wrong and "disk-read-only" not in self._volume.wrong:
                super().append(fd, data[: self._chance.randint(0, len(data))])
            raise
        super().append(fd, *parts)
        self._after("append", code)

    def sync(self, fd: int) -> None:
        """Bytes and size onto the platter; after a failure those pages count as clean, and never get there."""
        path = self._paths[fd]
        inode = self._volume.platter.inode(path)
        try:
            code = self._before("sync", path)
        except OSError:
            inode.doomed = True
            raise
        if "disk-away" not in self._volume.wrong:
            self._volume.platter.synced(path)
        self._after("sync", code)

    def doubt(self, fd: int) -> None:
        """What a failed sync left in memory alone is gone from it; what reached the platter, all or in part, shows."""
        self.sync(fd)
        self._volume.platter.shown(self._paths[fd], self._chance)

    def truncate(self, fd: int, size_bytes: int) -> None:
        """Cut, not durable before the next sync."""
        path = self._paths[fd]
        code = self._before("truncate", path)
        if "disk-away" not in self._volume.wrong:
            self._volume.platter.truncated(path, size_bytes)
        super().truncate(fd, size_bytes)
        self._after("truncate", code)

    def make_dir(self, path: Path) -> bool:
        """A folder, whose name is not durable yet."""
        code = self._before("make_dir", path)
        made = super().make_dir(path)
        if made:
            self._volume.platter.namings.append(Naming("make", path))
        self._after("make_dir", code)
        return made

    def sync_dir(self, path: Path) -> None:
        """Names onto the platter."""
        code = self._before("sync_dir", path)
        super().sync_dir(path)
        self._volume.platter.folder_synced(path)
        self._after("sync_dir", code)

    def unlink(self, path: Path) -> None:
        """Remove a name, not durable before its folder is synced."""
        code = self._before("unlink", path)
        if path.exists():
            self._volume.platter.unlinking(path)
        super().unlink(path)
        self._after("unlink", code)

    def rename(self, source: Path, target: Path) -> None:
        """Change a name, not durable before one of its folders is synced."""
        code = self._before("rename", source)
        self._volume.platter.renaming(source, target)
        super().rename(source, target)
        self._after("rename", code)

    def close(self, fd: int) -> None:
        """Give the descriptor back; the dead have none left."""
        if self._paths.pop(fd, None) is not None:
            super().close(fd)

    def free_bytes(self, path: Path) -> int:
        """Room left: none while the disk is full."""
        return 0 if "disk-full" in self._volume.wrong else FREE_BYTES

    def close_all(self) -> None:
        """The process is gone: the kernel closes what it had open."""
        for fd in list(self._paths):
            self.close(fd)
