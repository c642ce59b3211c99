"""The few operations on files that a store needs, each one a step that can fail or be the last before a crash.

Everything that changes the store goes through a ``Disk``, so that tests can make any single step fail (*failed, not
stored* and *failed, but stored*) and look at what is left. Calls block: run them on a thread.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from cryptography.utils import Buffer

FILE_MODE: Final = 0o600
DIR_MODE: Final = 0o700
PAGE_BYTES: Final = mmap.PAGESIZE
COPY_STEP_BYTES: Final = 1024 * 1024
# What an operating system says when there is no room: the volume, the quota, the largest file it allows.
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Disk(Protocol):
    """Steps on files; each raises OSError as the operating system would."""

    def create(self, path: Path) -> int:
        """Create a file that must not exist; a descriptor open for appending."""
        ...

    def open(self, path: Path, *, writable: bool = False) -> int:
        """A descriptor of an existing file."""
        ...

    def append(self, fd: int, *parts: Buffer) -> None:
        """Write all the bytes at the end."""
        ...

    def sync(self, fd: int) -> None:
        """Make the file's bytes and size durable."""
        ...

    def let_go(self, fd: int, size_bytes: int) -> None:
        """The machine's memory need not keep the first ``size_bytes`` of the file; never a step that matters."""
        ...

    def doubt(self, fd: int) -> None:
        """From here on read what the volume holds of the file, whatever memory shows."""
        ...

    def truncate(self, fd: int, size_bytes: int) -> None:
        """Cut the file."""
        ...

    def make_dir(self, path: Path) -> bool:
        """Create a folder; False when it was there."""
        ...

    def sync_dir(self, path: Path) -> None:
        """Make the names in a folder durable."""
        ...

    def unlink(self, path: Path) -> None:
        """Remove a file's name."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Move a file within the volume, replacing the target."""
        ...

    def close(self, fd: int) -> None:
        """Give the descriptor back; never a step that matters."""
        ...

    def free_bytes(self, path: Path) -> int:
        """Room left for us on the volume."""
        ...


class OsDisk:
    """The operating system's files."""

    def create(self, path: Path) -> int:
        """O_EXCL: a name that exists is an error, never a file written over."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)

    def open(self, path: Path, *, writable: bool = False) -> int:
        """O_NOFOLLOW: a link planted in the store leads nowhere. O_NONBLOCK: a pipe planted there holds nobody up."""
        flags = os.O_RDWR if writable else os.O_RDONLY
        fd = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        return fd

    def append(self, fd: int, *parts: Buffer) -> None:
        """One write call as a rule; the rest of a short write follows."""
        views = [memoryview(part).cast("B") for part in parts]
        while views:
            written = os.writev(fd, views)
            while views and written >= len(views[0]):
                written -= len(views.pop(0))
            if views and written:
                views[0] = views[0][written:]

    def sync(self, fd: int) -> None:
        """fdatasync also writes the size, which is all the metadata we need."""
        os.fdatasync(fd)

    def let_go(self, fd: int, size_bytes: int) -> None:
        """Whole pages only: the one that the file's end lies in is written again."""
        whole = size_bytes - size_bytes % PAGE_BYTES
        if whole:
            with contextlib.suppress(OSError):
                os.posix_fadvise(fd, 0, whole, os.POSIX_FADV_DONTNEED)

    def doubt(self, fd: int) -> None:
        """After a sync that failed the kernel calls its pages clean: later syncs say yes, and write nothing of them.

        So what can be written is, and all is dropped: the next read asks the device.
        """
        os.fdatasync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def truncate(self, fd: int, size_bytes: int) -> None:
        """Cut the file."""
        os.ftruncate(fd, size_bytes)

    def make_dir(self, path: Path) -> bool:
        """One level; the parent exists."""
        try:
            path.mkdir(mode=DIR_MODE)
        except FileExistsError:
            return False
        return True

    def sync_dir(self, path: Path) -> None:
        """fsync of the folder itself."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def unlink(self, path: Path) -> None:
        """Remove the name; the bytes go with the last descriptor."""
        path.unlink()

    def rename(self, source: Path, target: Path) -> None:
        """Atomic within a volume."""
        source.rename(target)

    def close(self, fd: int) -> None:
        """Errors of close say nothing that sync had not said."""
        with contextlib.suppress(OSError):
            os.close(fd)

    def free_bytes(self, path: Path) -> int:
        """Blocks that an ordinary account may still take."""
        volume = os.statvfs(path)
        return volume.f_bavail * volume.f_frsize


def write_atomic(disk: Disk, path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, wholly or not at all, durable on return.

    The only way a small file is written here. A crash before the rename leaves a ``.new`` file, which the next write
    removes and everybody else ignores. Known hole: on file systems that reorder a rename before the data (none of
    those we support: ext4, xfs, btrfs), the fsync of the file covers it.
    """
    draft = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        disk.unlink(draft)
    fd = disk.create(draft)
    try:
        disk.append(fd, data)
        disk.sync(fd)
    finally:
        disk.close(fd)
    disk.rename(draft, path)
    disk.sync_dir(path.parent)


def copy_tail(disk: Disk, fd: int, offset: int, path: Path) -> None:
    """Copy what an open file has from ``offset`` on to ``path``, wholly or not at all, durable on return.

    In pieces, and a hole stays a hole: a damaged file may claim any length.
    """
    draft = path.with_name(f".{path.name}.new")
    size = os.fstat(fd).st_size
    copy = disk.create(draft)
    try:
        at = offset
        for place, data in _pieces(fd, offset):
            if place > at:
                disk.truncate(copy, place - offset)
            disk.append(copy, data)
            at = place + len(data)
        if at < size:
            disk.truncate(copy, size - offset)
        disk.sync(copy)
    except OSError:
        with contextlib.suppress(OSError):  # what failed first is what is told
            disk.unlink(draft)
        raise
    finally:
        disk.close(copy)
    disk.rename(draft, path)
    disk.sync_dir(path.parent)


def _pieces(fd: int, offset: int) -> Iterator[tuple[int, bytes]]:
    """What is written in a file from ``offset`` on, without its holes, as (place, bytes)."""
    while True:
        try:
            offset = os.lseek(fd, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return  # no data from here on
        end = os.lseek(fd, offset, os.SEEK_HOLE)
        while offset < end:
            data = os.pread(fd, min(COPY_STEP_BYTES, end - offset), offset)
            if not data:
                return
            yield offset, data
            offset += len(data)


def try_lock(path: Path) -> int | None:
    """Take an advisory lock on a file of its own, until the descriptor is closed or the process dies; None if taken."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold an advisory lock on a file of its own while in here; waits for a process that holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
