"""Where a group is made ready to be written: memory that each thread keeps, laid out as the file will be on the disk.

A fresh buffer of a megabyte for each group costs a zeroing, a search of the heap and a copy. And a device that takes
bytes past the page cache (``direct.py``) asks that what lies at a page's start in the file does so in memory too.
"""

from __future__ import annotations

import mmap
import threading
from typing import Final

PAGE_BYTES: Final = mmap.PAGESIZE
# What a thread keeps; a larger group, which is rare, gets memory of its own.
KEPT_LIMIT_BYTES: Final = 4 * 1024 * 1024


class _Kept(threading.local):
    def __init__(self) -> None:
        self.pages = memoryview(b"")


_kept = _Kept()


def room(offset: int, size: int) -> memoryview:
    """``size`` bytes for what will stand at ``offset`` of a file; good until this thread asks for the next."""
    shift = offset % PAGE_BYTES
    needed = shift + size
    pages = _kept.pages
    if len(pages) < needed:
        pages = memoryview(mmap.mmap(-1, needed))
        if needed <= KEPT_LIMIT_BYTES:
            _kept.pages = pages
    return pages[shift:needed]
