"""A disk of its own, to fail for real: ext4 on a loop device, whose blocks lie in a small tmpfs.

What fails here fails in the kernel: no code stands between the process and the operating system.

    frozen        nothing is answered until the file system is thawed
    blocks-lost   the device ends before its data: a write goes into the page cache, and its sync says EIO
    power-cut     the file system is shut down as it stands, its log unwritten: what no sync has asked for is gone

It takes an account that may mount and a kernel with loop devices; elsewhere ``Device.there`` is False.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# The pool has room for all of the disk: it never fails by itself.
POOL_MIB: Final = 28
DISK_MIB: Final = 24
BLOCK_BYTES: Final = 4096
# Folders lie in the first blocks of data; what is lost begins behind them.
KEPT_BLOCKS: Final = 8
# Inode tables and journal before all data, and written at once: what is lost is data.
MAKE: Final = (
    "mkfs.ext4", "-q", "-m", "0", "-b", str(BLOCK_BYTES), "-N", "1024", "-J", "size=4",
    "-E", "packed_meta_blocks=1,lazy_itable_init=0,lazy_journal_init=0",
)  # fmt: skip
TOOLS: Final = ("mkfs.ext4", "dumpe2fs", "losetup", "mount", "umount")
SYSTEM_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
# linux/loop.h: the status of a loop device, and in it how many bytes of its file it shows (0: all).
LOOP_GET_STATUS64: Final = 0x4C05
LOOP_SET_STATUS64: Final = 0x4C04
LOOP_STATUS_BYTES: Final = 232
LOOP_SIZE_LIMIT_AT: Final = 32
# linux/fs.h and ext4: shut down now, without writing the log.
FIFREEZE: Final = 0xC0045877
FITHAW: Final = 0xC0045878
EXT4_IOC_SHUTDOWN: Final = 0x8004587D
NO_LOG: Final = 2


class Device:
    """The disk, mounted at ``home/store``. OSError and CalledProcessError when a fault cannot be done."""

    def __init__(self, home: Path) -> None:
        self.place, self._pool = home / "store", home / "pool"
        self._image = self._pool / "disk"
        self._loop = ""
        for folder in (self.place, self._pool):
            folder.mkdir(parents=True)
        self.there = all(shutil.which(tool, path=SYSTEM_PATH) for tool in TOOLS) and self._made()

    def _made(self) -> bool:
        try:
            _run("mount", "-t", "tmpfs", "-o", f"size={POOL_MIB}m", "guet", str(self._pool))
            with self._image.open("wb") as file:
                file.truncate(DISK_MIB << 20)
            _run(*MAKE, str(self._image))
            self._loop = _run("losetup", "-f", "--show", str(self._image)).strip()
            _run("mount", self._loop, str(self.place))
        except (OSError, subprocess.CalledProcessError):
            self.close()
            return False
        return True

    def lose_blocks(self) -> None:
        """The device shows its file system's own tables and no more: reads and syncs of data fail with EIO."""
        told = _run("dumpe2fs", str(self._image))
        first = next(line for line in told.splitlines() if line.startswith("  Free blocks: ")).split()[2]
        # "1134-6143", or "1134," where it is free alone.
        self._limit((int(first.rstrip(",").split("-")[0]) + KEPT_BLOCKS) * BLOCK_BYTES)

    def find_blocks(self) -> None:
        """All of it is there again, as it was."""
        self._limit(0)

    def freeze(self) -> None:
        """Whoever writes or syncs waits until ``thaw``."""
        self._ask(FIFREEZE, b"\0" * 4)

    def thaw(self) -> None:
        """All goes on."""
        self._ask(FITHAW, b"\0" * 4)

    def cut_power(self) -> None:
        """Nothing more reaches the disk, and nothing of what the operating system holds back.

        Whoever uses it is halted before: without power nobody says anything.
        """
        self._ask(EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG))

    def start_again(self) -> None:
        """As at a machine's start: mount what the disk holds. Nobody may use it any more."""
        _run("umount", str(self.place))
        _run("mount", self._loop, str(self.place))

    def close(self) -> None:
        """Unmount and let go of everything."""
        for command in (("umount", "-l", str(self.place)), ("losetup", "-d", self._loop), ("umount", str(self._pool))):
            subprocess.run(command, check=False, capture_output=True, env={"PATH": SYSTEM_PATH})

    def _ask(self, what: int, argument: bytes) -> None:
        fd = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, what, argument)
        finally:
            os.close(fd)

    def _limit(self, size_bytes: int) -> None:
        status = bytearray(LOOP_STATUS_BYTES)
        fd = os.open(self._loop, os.O_RDWR)
        try:
            fcntl.ioctl(fd, LOOP_GET_STATUS64, status)
            struct.pack_into("=Q", status, LOOP_SIZE_LIMIT_AT, size_bytes)
            fcntl.ioctl(fd, LOOP_SET_STATUS64, bytes(status))
        finally:
            os.close(fd)


@contextmanager
def device(home: Path) -> Iterator[Device]:
    """The disk, unmounted at the end."""
    made = Device(home)
    try:
        yield made
    finally:
        if made.there:
            made.close()


def _run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={"PATH": SYSTEM_PATH, "LC_ALL": "C"})
    return done.stdout
