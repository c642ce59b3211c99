"""Groups go to the disk past the machine's page cache (O_DIRECT): nobody reads them there, and the way through costs.

Pages must be found, filled, sought again for writing and given back, which for a group of a megabyte is more than
sealing it. So the whole pages of what is appended go straight to the device; the broken ones, in which the last group
ended and this one will, through the cache as ever. What a crash may leave is the same: a last group that lacks a part.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from typing import Final

from cryptography.utils import Buffer

from recorder.store.disk import PAGE_BYTES, OsDisk

# Less is not worth the calls it takes more.
LEAST_BYTES: Final = 64 * 1024


class DirectDisk(OsDisk):
    """The operating system's files; what lies in ``room`` is appended past the page cache where the volume can."""

    def __init__(self) -> None:
        self._able = True

    def append(self, fd: int, *parts: Buffer) -> None:
        """As ``OsDisk.append``; ``fd`` is open for appending, and nobody else appends to the file."""
        data = memoryview(parts[0]).cast("B")
        if len(parts) > 1 or len(data) < LEAST_BYTES or data.readonly or not self._able:
            super().append(fd, *parts)
            return
        end = os.fstat(fd).st_size
        if (_address(data) - end) % PAGE_BYTES:
            super().append(fd, data)
            return
        broken = -end % PAGE_BYTES
        whole = (len(data) - broken) // PAGE_BYTES * PAGE_BYTES
        if broken:
            super().append(fd, data[:broken])
        written = broken + self._past(fd, data[broken : broken + whole])
        if written < len(data):
            super().append(fd, data[written:])

    def _past(self, fd: int, pages: memoryview) -> int:
        """Append whole pages at a page's start, past the cache; how many bytes the volume took that way."""
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
        try:
            fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_DIRECT)
            return os.write(fd, pages)
        except OSError as error:
            if error.errno != errno.EINVAL:  # anything else is the disk's own
                raise
            self._able = False
            return 0
        finally:
            fcntl.fcntl(fd, fcntl.F_SETFL, flags)


def _address(data: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(data))
