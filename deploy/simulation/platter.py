"""What a disk really holds, beside what its files show: bytes and names become durable by syncs alone.

The files of a simulation are real, in a folder in memory, and show what processes see (the page cache). Here is kept
what would be lost when the power goes: for each file the bytes since its last sync, for each folder the names since
its last sync. ``power_cut`` takes a seeded part of it away, as disks do: bytes cut short, sizes without bytes, sectors
of a write here and not there; of the changes to a folder, a beginning.
"""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Literal

SECTOR_BYTES: Final = 512

Change = Literal["create", "unlink", "rename", "make", "remove"]


@dataclass(slots=True)
class Inode:
    """One file: how much of it is durable, and what stood beyond where a cut is not durable yet."""

    synced: int = 0
    cut_off: bytes = b""
    doomed: bool = False  # a sync failed: the cache calls its pages clean, and no later sync writes them


@dataclass(slots=True)
class Naming:
    """A change of names that no sync has made durable; ``data`` and ``inode`` bring an unlinked file back."""

    change: Change
    path: Path
    source: Path | None = None
    data: bytes = b""
    inode: Inode | None = None
    over: tuple[bytes, Inode] | None = None

    def folders(self) -> set[Path]:
        """The folders whose sync makes it durable."""
        return {self.path.parent} | ({self.source.parent} if self.source is not None else set())


@dataclass
class Platter:
    """The volume's durable state."""

    inodes: dict[Path, Inode] = field(default_factory=dict)
    namings: list[Naming] = field(default_factory=list)
    torn: set[str] = field(default_factory=set)  # files that the last power cut took unsynced bytes of

    def inode(self, path: Path) -> Inode:
        """The file's record; one that was there before we looked is durable as it is."""
        found = self.inodes.get(path)
        if found is None:
            found = self.inodes[path] = Inode(path.stat().st_size)
        return found

    def created(self, path: Path) -> None:
        """A new, empty file."""
        self.inodes[path] = Inode()
        self.namings.append(Naming("create", path))

    def truncated(self, path: Path, size: int) -> None:
        """About to be cut to ``size``: what is cut off stays on the disk until the next sync."""
        inode = self.inode(path)
        if size < inode.synced:
            inode.cut_off = path.read_bytes()[size : inode.synced] + inode.cut_off
            inode.synced = size

    def synced(self, path: Path) -> None:
        """The file's bytes and size are durable, but for those of a failed sync."""
        inode = self.inode(path)
        size = path.stat().st_size
        if not inode.doomed or size <= inode.synced:
            inode.synced, inode.doomed = size, False
            self.torn.discard(path.stem)
        inode.cut_off = b""

    def shown(self, path: Path, chance: random.Random) -> None:
        """Memory is emptied: of the bytes that a failed sync dropped, those show that the disk has nevertheless."""
        inode = self.inode(path)
        size = path.stat().st_size
        if inode.doomed and size > inode.synced:
            with path.open("r+b") as file:
                _drop_sectors(file, inode.synced, size, chance, chance.choice((0.0, 0.5, 1.0)))
        inode.doomed = False  # what shows now is what is there: the next sync has only the size to write

    def folder_synced(self, path: Path) -> None:
        """The names in a folder are durable; a rename is one change, durable with either of its folders."""
        self.namings = [one for one in self.namings if path not in one.folders()]

    def unlinking(self, path: Path) -> None:
        """A name is about to go."""
        data = path.read_bytes()
        self.namings.append(Naming("unlink", path, data=data, inode=self.inode(path)))
        del self.inodes[path]

    def renaming(self, source: Path, target: Path) -> None:
        """A name is about to change."""
        over = (target.read_bytes(), self.inode(target)) if target.exists() else None
        self.namings.append(Naming("rename", target, source, over=over))
        self.inodes[target] = self.inode(source)
        del self.inodes[source]

    def power_cut(self, chance: random.Random) -> list[str]:
        """Lose a seeded part of what was never synced; what was lost, for the trace."""
        told: list[str] = []
        kept: dict[Path, int] = {}
        pending: dict[Path, int] = {}
        for one in self.namings:
            pending[one.path.parent] = pending.get(one.path.parent, 0) + 1
        for folder in sorted(pending):
            kept[folder] = chance.choice((0, pending[folder], chance.randint(0, pending[folder])))
        undone: list[Naming] = []
        for one in self.namings:
            kept[one.path.parent] -= 1
            if kept[one.path.parent] < 0:
                undone.append(one)
        for one in reversed(undone):
            self._undo(one)
            told.append(f"{one.change} {one.path.name}")
        self.namings.clear()
        self.torn.clear()
        for path in sorted(self.inodes):
            lost = self._lose_bytes(path, self.inodes[path], chance)
            if lost:
                told.append(lost)
                self.torn.add(path.stem)
        self.inodes.clear()
        return told

    def _undo(self, one: Naming) -> None:
        path = one.path
        match one.change:
            case "create":
                path.unlink(missing_ok=True)
                self.inodes.pop(path, None)
            case "unlink":
                if path.parent.is_dir():
                    path.write_bytes(one.data)
                    self.inodes[path] = one.inode or Inode(len(one.data))
            case "rename":
                if one.source is not None and path.exists() and one.source.parent.is_dir():
                    path.rename(one.source)
                    self.inodes[one.source] = self.inodes.pop(path, Inode(one.source.stat().st_size))
                if one.over is not None:
                    path.write_bytes(one.over[0])
                    self.inodes[path] = one.over[1]
            case "make":
                shutil.rmtree(path, ignore_errors=True)
                self.inodes = {file: inode for file, inode in self.inodes.items() if path not in file.parents}
            case "remove":
                path.mkdir(exist_ok=True)

    def _lose_bytes(self, path: Path, inode: Inode, chance: random.Random) -> str:
        if not path.exists():
            return ""
        if inode.cut_off and chance.random() < 0.5:
            with path.open("r+b") as file:
                file.truncate(inode.synced)
                file.seek(0, os.SEEK_END)
                file.write(inode.cut_off)
            return f"{path.name} : {len(inode.cut_off)} bytes back"
        size = path.stat().st_size
        if size <= inode.synced:
            return ""
        with path.open("r+b") as file:
            match chance.choice(("none", "all", "cut", "zeros", "sectors")):
                case "all":
                    return ""
                case "none":
                    file.truncate(inode.synced)
                case "cut":
                    file.truncate(chance.randint(inode.synced, size))
                case "zeros":  # the size was written before the bytes
                    file.truncate(chance.randint(inode.synced, size))
                    file.truncate(size)
                case "sectors":
                    _drop_sectors(file, inode.synced, size, chance, 0.5)
        return f"{path.name} : {size - inode.synced} unsynced bytes"


def _drop_sectors(file: BinaryIO, start: int, end: int, chance: random.Random, share: float) -> None:
    """Zeros in place of a ``share`` of the sectors in ``[start, end)``."""
    for at in range(start, end, SECTOR_BYTES):
        if chance.random() < share:
            file.seek(at)
            file.write(bytes(min(SECTOR_BYTES, end - at)))
