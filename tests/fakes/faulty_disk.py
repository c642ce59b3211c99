"""A disk whose single steps fail on demand, and which forgets what was never synced when the power goes."""

from __future__ import annotations

import errno
import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography.utils import Buffer

from recorder.store.disk import OsDisk

Mode = Literal["not-stored", "stored", "crash-before", "crash-after"]


class Crash(BaseException):
    """The process is gone. Not an Exception: nothing of the product may catch it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """At the ``step``-th step from now (from 0), this happens."""

    step: int
    mode: Mode
    code: int = errno.EIO


class FaultyDisk(OsDisk):
    """Counts the steps that change something; at the chosen one it fails or dies, before or after its effect."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.fault: Fault | None = None
        self.dead = False
        self._countdown = 0
        self._synced: dict[Path, int] = {}
        self._paths: dict[int, Path] = {}
        self._unnamed: set[Path] = set()

    def arm(self, fault: Fault | None) -> None:
        self.fault, self._countdown = fault, 0 if fault is None else fault.step

    def _step(self, name: str) -> Fault | None:
        """Count a step; raise what must come before its effect, return what must come after."""
        if self.dead:
            raise Crash
        self.steps.append(name)
        fault = self.fault
        if fault is None:
            return None
        if self._countdown > 0:
            self._countdown -= 1
            return None
        self.fault = None
        if fault.mode == "crash-before":
            self.dead = True
            raise Crash
        if fault.mode == "not-stored":
            raise OSError(fault.code, os.strerror(fault.code))
        return fault

    def _after(self, fault: Fault | None) -> None:
        if fault is None:
            return
        if fault.mode == "crash-after":
            self.dead = True
            raise Crash
        raise OSError(fault.code, os.strerror(fault.code))

    def create(self, path: Path) -> int:
        fault = self._step("create")
        fd = super().create(path)
        self._paths[fd], self._synced[path] = path, 0
        self._unnamed.add(path)
        if fault is not None:
            os.close(fd)
        self._after(fault)
        return fd

    def open(self, path: Path, *, writable: bool = False) -> int:
        if self.dead:
            raise Crash
        fd = super().open(path, writable=writable)
        self._paths[fd] = path
        return fd

    def append(self, fd: int, *parts: Buffer) -> None:
        fault = self._step("append")
        super().append(fd, *parts)
        self._after(fault)

    def sync(self, fd: int) -> None:
        fault = self._step("sync")
        super().sync(fd)
        self._synced[self._paths[fd]] = os.fstat(fd).st_size
        self._after(fault)

    def truncate(self, fd: int, size_bytes: int) -> None:
        fault = self._step("truncate")
        super().truncate(fd, size_bytes)
        path = self._paths[fd]
        self._synced[path] = min(self._synced.get(path, size_bytes), size_bytes)
        self._after(fault)

    def make_dir(self, path: Path) -> bool:
        fault = self._step("make_dir")
        made = super().make_dir(path)
        self._after(fault)
        return made

    def sync_dir(self, path: Path) -> None:
        fault = self._step("sync_dir")
        super().sync_dir(path)
        self._unnamed = {one for one in self._unnamed if one.parent != path}
        self._after(fault)

    def unlink(self, path: Path) -> None:
        fault = self._step("unlink")
        super().unlink(path)
        self._after(fault)

    def rename(self, source: Path, target: Path) -> None:
        fault = self._step("rename")
        super().rename(source, target)
        self._after(fault)

    def close(self, fd: int) -> None:
        super().close(fd)

    def power_cut(self, chance: random.Random) -> None:
        """Lose what was not durable: bytes after the last sync in part, torn or zeroed; names never synced, or not."""
        for path, synced in self._synced.items():
            if not path.exists():
                continue
            if path in self._unnamed and chance.random() < 0.5:
                path.unlink()
                continue
            size = path.stat().st_size
            if size > synced:
                kept = chance.randint(synced, size)
                with path.open("r+b") as file:
                    file.truncate(kept)
                    if chance.random() < 0.3:
                        # The size was written before the bytes.
                        file.truncate(size)
        self.restart()

    def restart(self) -> None:
        """The process starts again over what is on disk."""
        self.dead, self.fault = False, None
        self._unnamed.clear()
        self._synced.clear()
        self._paths.clear()
