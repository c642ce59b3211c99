"""How a recorder's process holds memory: one heap, kept, and a collector that does not walk it all the time.

A group of pictures passes as a few buffers of a megabyte, a thousand times an hour and camera. Left alone, glibc maps
and unmaps each of them (a page fault every 4 kB: a sixth of the recorder's CPU) and gives each thread a heap of its
own; and Python's collector walks the pictures held, of which none is in a cycle, every few hundred objects.

One heap gives back its end and no more. What fills it once (a disk that held everybody up for seconds) would stay with
the process for good, so holes are given back too, where they have become most of it.
"""

from __future__ import annotations

import ctypes
import gc
from typing import Final

from vms.clock import Clock

# mallopt's names (malloc.h); blocks up to MMAP_THRESHOLD come from the heap, which is given back beyond TRIM_THRESHOLD.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
MMAP_THRESHOLD_BYTES: Final = 32 * 1024 * 1024
TRIM_THRESHOLD_BYTES: Final = 32 * 1024 * 1024
ARENAS_LIMIT_COUNT: Final = 1
# Holes that come and go with the groups are as large as what is in use; giving those back would cost their return.
HOLES_RATIO: Final = 2
HOLES_LEAST_BYTES: Final = 32 * 1024 * 1024
LOOK_S: Final = 10.0
# Objects made and not freed before the young are looked at; cycles are rare here, and small.
YOUNG_LIMIT_COUNT: Final = 50_000


class _HeapInfo(ctypes.Structure):
    """``struct mallinfo2`` (mallinfo(3)); only two of its fields are read."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip


def settle() -> None:
    """Call once, when the process has imported what it needs and before it starts threads; glibc only."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, ARENAS_LIMIT_COUNT)
        mallopt(_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES)
        mallopt(_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_LIMIT_COUNT, 10, 10)


async def look_after(clock: Clock) -> None:
    """Give back what the heap need not keep, as long as the process runs."""
    while True:
        await clock.sleep(LOOK_S)
        give_back()


def give_back() -> bool:
    """Return the heap's holes to the system when they are most of it; whether they were. glibc only."""
    libc = ctypes.CDLL(None)
    look, trim = getattr(libc, "mallinfo2", None), getattr(libc, "malloc_trim", None)
    if look is None or trim is None:
        return False
    look.restype = _HeapInfo
    heap = look()
    if heap.fordblks < max(HOLES_LEAST_BYTES, HOLES_RATIO * heap.uordblks):
        return False
    trim(0)
    return True
