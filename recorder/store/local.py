"""The local store: sealed segments as files below one folder, ``<commune>/<camera>/<day>/<name>.seg``.

The folder carries an identity file, compared with the one we remember before each opening: an unmounted, swapped or
emptied disk is an error (``disk-wrong``), never a full system disk. Nothing here opens a sealed byte.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.utils import Buffer

from recorder.segment.format import SegmentName
from recorder.store.direct import DirectDisk
from recorder.store.disk import Disk, OsDisk, alone, copy_tail, try_lock, write_atomic
from recorder.store.errors import StoreError, answering
from recorder.store.identity import IDENTITY_FILE, identity_bytes, read_identity
from recorder.store.reader import Bytes, Reader
from vms.clock import UtcTime
from vms.errors import GuetError, NotFound

QUARANTINE_DIR: Final = "quarantine"
SUFFIX: Final = ".seg"
# States of a row whose segment takes no more groups: the store has it, or it waits on this machine for a bucket.
SEALED: Final = "sealed"
SPOOLED: Final = "spooled"
# Below this no segment is begun: the volume also has to hold the index and the keys in waiting.
FLOOR_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file found below the root; ``name`` is None for one that is not a segment of ours."""

    path: Path
    relative: str
    name: SegmentName | None
    commune: str


class SegmentFile:
    """One segment being written. After any error it is poisoned: what the disk holds is then unknown."""

    def __init__(self, disk: Disk, path: Path, fd: int, *, read_soon: bool) -> None:
        """``read_soon``: the machine's memory keeps what was written, for whoever takes it on from here."""
        self.path = path
        self.durable_bytes = 0
        self.poisoned = False
        self._disk = disk
        self._fd = fd
        self._read_soon = read_soon

    def append(self, *parts: Buffer) -> None:
        """Append ``parts`` and make them durable (S3); StoreError and poisoned when either fails."""
        if self.poisoned:
            raise StoreError("Ce segment est abandonné.", cause="disk-wrong", where=str(self.path))
        try:
            self._disk.append(self._fd, *parts)
            # A crash here leaves a torn group at the end: adoption cuts it off.
            self._disk.sync(self._fd)
        except OSError as error:
            # After a failed fsync the page cache may drop the bytes and later report success: never try again.
            self.poisoned = True
            raise StoreError.of(error, self.path) from error
        self.durable_bytes += sum(len(memoryview(part)) for part in parts)
        if not self._read_soon:
            self._disk.let_go(self._fd, self.durable_bytes)

    def abandon(self) -> None:
        """Cut back to what was durable, as well as the disk still allows; fsck finishes what this cannot."""
        self.poisoned = True
        with contextlib.suppress(OSError):
            self._disk.truncate(self._fd, self.durable_bytes)
            self._disk.sync(self._fd)
        self.close()

    def close(self) -> None:
        """Give the descriptor back; every group is durable already."""
        if self._fd >= 0:
            self._disk.close(self._fd)
            self._fd = -1


class LocalStore:
    """A folder of sealed segments. Methods block: call them on a thread when an event loop runs."""

    ended_state: str = SEALED

    def __init__(self, root: Path, identity: str, disk: Disk | None = None, floor_bytes: int = FLOOR_BYTES) -> None:
        self.root = root
        self.identity = identity
        # What waits for a bucket is read again soon: the machine's memory keeps it.
        self.disk: Disk = disk or (OsDisk() if self.ended_state == SPOOLED else DirectDisk())
        self._floor_bytes = floor_bytes
        self._named: set[Path] = set()  # folders whose names are durable, as far as this process has seen to it

    @classmethod
    def attach(cls, root: Path, memo: Path, disk: Disk | None = None, floor_bytes: int = FLOOR_BYTES) -> Self:
        """The store at ``root``, whose identity we remember in ``memo``; both are made the first time.

        A root that has an identity other than ours, or none although we remember one, is not attached: StoreError.
        """
        given, disk = disk, disk or OsDisk()
        # Several recorders start at once, and must agree on one identity.
        with answering(memo), alone(memo.with_name(f".{memo.name}.lock")):
            try:
                remembered = memo.read_text(encoding="utf-8").strip()
            except FileNotFoundError:
                remembered = ""
            if not remembered:
                found = read_identity(root)
                remembered = found or secrets.token_hex(16)
                if not found:
                    # A crash between the two files leaves an identity without memo: the next start takes it over.
                    write_atomic(disk, root / IDENTITY_FILE, identity_bytes(remembered))
                write_atomic(disk, memo, remembered.encode("ascii"))
        store = cls(root, remembered, given, floor_bytes)
        store.check_identity()
        return store

    def check_identity(self) -> None:
        """Compare the identity file with the one we remember; StoreError ``disk-wrong`` when it differs or is gone."""
        with answering(self.root):
            found = read_identity(self.root)
        if found != self.identity:
            raise StoreError(
                "Ce volume n’est pas celui des enregistrements : sa fiche d’identité manque ou est une autre.",
                cause="disk-wrong",
                where=str(self.root),
                todo="Montez le bon volume ; rien n’est écrit ici en attendant.",
            )

    def check_ready(self) -> None:
        """That there is a volume to write to; StoreError ``disk-wrong``."""
        self.check_identity()

    def check_whole(self) -> None:
        """That all that was ever written may be read here; StoreError ``disk-wrong``."""
        self.check_identity()

    def has_other_place(self, error: StoreError) -> bool:
        """Whether another volume takes what this one has refused with ``error``."""
        return False

    def is_away(self) -> bool:
        """Whether the volume is away, or is another."""
        try:
            self.check_identity()
        except StoreError:
            return True
        return False

    def within_reach(self, paths: Sequence[Path]) -> list[Path]:
        """Those that may be destroyed now: on a volume which is away, what is not found may exist all the same."""
        return [] if self.is_away() or not os.access(self.root, os.W_OK) else list(paths)

    def lies_apart(self, segment: str, commune: str) -> bool:
        """Whether a segment takes no room on the store's own volume."""
        return False

    def path_of(self, name: SegmentName, commune: str) -> Path:
        """Where a segment lies."""
        return self.root / commune / name.camera / name.day() / f"{name}{SUFFIX}"

    def floor_bytes(self) -> int:
        """Below this much room no segment is begun."""
        return self._floor_bytes

    def free_bytes(self) -> int:
        """Room left on the volume."""
        return self.disk.free_bytes(self.root)

    def room_bytes(self) -> int:
        """Room for what is being written."""
        return self.free_bytes()

    def total_bytes(self) -> int:
        """The volume's size."""
        volume = os.statvfs(self.root)
        return volume.f_blocks * volume.f_frsize

    def is_here(self, path: Path) -> bool:
        """Whether the segment is a file of this machine."""
        return path.is_file()

    def local(self, path: Path) -> Path:
        """The segment as a file, for a process that reads files."""
        return path

    def length(self, path: Path) -> int:
        """A segment's length in bytes; NotFound, StoreError."""
        with self.reader(path) as reader:
            return reader.size()

    def create(self, name: SegmentName, commune: str, *first: Buffer) -> SegmentFile:
        """A new segment with its header and first group, durable with its name (S3: bytes, then folder); StoreError."""
        self.check_identity()
        path = self.path_of(name, commune)
        try:
            if self.room_bytes() < self.floor_bytes():
                raise StoreError("Le disque est plein.", cause="disk-full", where=str(self.root))
            file = SegmentFile(self.disk, path, self._create(path), read_soon=self.ended_state == SPOOLED)
        except OSError as error:
            if not isinstance(error, FileExistsError):
                self._forget(path)  # the error may have come after the name
            raise StoreError.of(error, path) from error
        try:
            file.append(*first)
            # A crash here may leave the file with its name or without: with it, adoption takes its whole groups.
            self.disk.sync_dir(path.parent)
        except (StoreError, OSError) as error:
            file.close()
            self._forget(path)
            raise (StoreError.of(error, path) if isinstance(error, OSError) else error) from error
        return file

    def _create(self, path: Path) -> int:
        self._make_dirs(path.parent)
        try:
            return self.disk.create(path)
        except FileNotFoundError:
            # Destruction removed the day's empty folder in between.
            self._make_dirs(path.parent)
            return self.disk.create(path)

    def _forget(self, path: Path) -> None:
        # No row names this file yet; what cannot be removed now is found by fsck as a stray.
        with contextlib.suppress(OSError):
            self.disk.unlink(path)
            self.disk.sync_dir(path.parent)

    def _make_dirs(self, path: Path) -> None:
        """Make a folder below the root, and those above it, their names durable.

        A folder that is there may have been made by a process that died, or whose disk failed, before its name was
        durable: the first time that this process meets one it is synced too. Everything below hangs on it (S3).
        Nothing is made in a place that is not the volume's: it may have gone away since it was looked at.
        """
        for folder in reversed((path, *path.parents)):
            if self.root not in folder.parents or (folder in self._named and folder.is_dir()):
                continue
            self.check_identity()
            self.disk.make_dir(folder)
            self.disk.sync_dir(folder.parent)
            self._named.add(folder)

    def read(self, path: Path, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes at ``offset``; NotFound when there is no such file."""
        with self.reader(path) as reader:
            return reader.read(offset, length)

    @contextlib.contextmanager
    def reader(self, path: Path, *, doubt: bool = False) -> Iterator[Bytes]:
        """The file open for reading, in ``doubt`` past what memory shows (S1); NotFound, StoreError (bad disk)."""
        try:
            fd = self.disk.open(path)
        except FileNotFoundError as error:
            raise NotFound("Ce segment n’est plus sur le disque.", where=path.name) from error
        except OSError as error:
            raise StoreError.of(error, path) from error
        try:
            if doubt:
                with answering(path):
                    self.disk.doubt(fd)
            yield Reader(fd, path)
        finally:
            self.disk.close(fd)

    def cut(self, path: Path, size_bytes: int) -> None:
        """Cut a file back to ``size_bytes``; its bytes and its name are durable on return, those it keeps too."""
        with answering(path):
            fd = self.disk.open(path, writable=True)
            try:
                self.disk.truncate(fd, size_bytes)
                self.disk.sync(fd)
            finally:
                self.disk.close(fd)
            self.disk.sync_dir(path.parent)

    def destroy(self, path: Path) -> bool:
        """Remove a segment's file, durable on return (P-30); False when it was gone already."""
        with answering(path):
            try:
                self.disk.unlink(path)
            except FileNotFoundError:
                return False
            # A crash here may bring the name back: its row still says ``destroying``, and the next sweep does it again.
            try:
                self.disk.sync_dir(path.parent)
            except FileNotFoundError:
                # The day's last segment went at the same time, and the empty day with it.
                self.disk.sync_dir(path.parent.parent)
        # An empty day says when the camera had footage: it goes too.
        with contextlib.suppress(OSError):
            path.parent.rmdir()
            self._named.discard(path.parent)
        return True

    def destroy_all(self, paths: Iterable[Path]) -> None:
        """Remove segments' files, durable on return: as ``destroy``, each folder synced once for all of its files."""
        folders: dict[Path, None] = {}
        for path in paths:
            with answering(path), contextlib.suppress(FileNotFoundError):
                folders[path.parent] = None
                self.disk.unlink(path)
        for folder in folders:
            with answering(folder), contextlib.suppress(FileNotFoundError):
                self.disk.sync_dir(folder)
            with contextlib.suppress(OSError):
                folder.rmdir()
                self._named.discard(folder)

    def quarantine(self, path: Path, keep: str) -> Path:
        """Move what we do not understand out of the way, unchanged; never over something already there."""
        folder = self.root / QUARANTINE_DIR
        target = folder / f"{keep}.{secrets.token_hex(4)}"
        with answering(path):
            self._make_dirs(folder)
            self.disk.rename(path, target)
            self.disk.sync_dir(folder)
            self.disk.sync_dir(path.parent)
        return target

    def quarantine_tail(self, path: Path, offset: int) -> Path:
        """Copy the bytes from ``offset`` on to quarantine before they are cut off; durable on return."""
        folder = self.root / QUARANTINE_DIR
        target = folder / f"{path.name}.{offset}.{secrets.token_hex(4)}"
        with answering(path):
            self._make_dirs(folder)
            fd = self.disk.open(path)
            try:
                copy_tail(self.disk, fd, offset, target)
            finally:
                self.disk.close(fd)
        return target

    def lock(self, commune: str, camera: str, stream: str) -> int | None:
        """The lock of the one writer of a stream; None when another process writes it. Close it with ``unlock``."""
        folder = self.root / commune / camera
        with answering(folder):
            self._make_dirs(folder)
            return try_lock(folder / f".{stream}.lock")

    def unlock(self, lock: int) -> None:
        """Let another process write the stream."""
        os.close(lock)

    def files_since(self, commune: str, camera: str, stream: str, since: UtcTime) -> list[StoredFile]:
        """The segments of one stream that lie on disk and start at or after ``since``, oldest first."""
        folder, first_day = self.root / commune / camera, since.iso()[:10]
        days = sorted(day for day in folder.iterdir() if day.name >= first_day) if folder.is_dir() else []
        found = [_stored(self.root, path) for day in days for path in day.glob(f"{camera}.{stream}.*{SUFFIX}")]
        return sorted(
            (one for one in found if one.name is not None and one.name.start >= since), key=lambda one: str(one.name)
        )

    def files_until(self, last_day: str) -> list[StoredFile]:
        """The segments that lie in folders of days up to ``last_day`` (``YYYY-MM-DD``)."""
        days = (day for day in self.root.glob("*/*/????-??-??") if day.name <= last_day)
        found = [_stored(self.root, path) for day in days for path in day.glob(f"*{SUFFIX}")]
        return [one for one in found if one.name is not None]

    def files(self) -> Iterator[StoredFile]:
        """Every file below the root except the identity, locks and quarantine; strangers have no name."""
        for path in sorted(self.root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            stored = _stored(self.root, path)
            lock = path.name.startswith(".") and path.suffix == ".lock" and stored.relative.count("/") in (0, 2)
            if stored.relative != IDENTITY_FILE and not stored.relative.startswith(f"{QUARANTINE_DIR}/") and not lock:
                yield stored

    def quarantined(self) -> list[Path]:
        """What lies in quarantine."""
        folder = self.root / QUARANTINE_DIR
        return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def name_of(relative: str) -> SegmentName | None:
    """The segment that lies at that place below a store's root; None when the place is not one of a segment."""
    parts = relative.split("/")
    if len(parts) != 4 or not parts[3].endswith(SUFFIX):
        return None
    with contextlib.suppress(GuetError):
        parsed = SegmentName.parse(parts[3][: -len(SUFFIX)])
        return parsed if (parsed.camera, parsed.day()) == (parts[1], parts[2]) else None
    return None


def _stored(root: Path, path: Path) -> StoredFile:
    relative = path.relative_to(root).as_posix()
    name = name_of(relative) if path.is_file() and not path.is_symlink() else None
    return StoredFile(path, relative, name, relative.split("/")[0] if name else "")
