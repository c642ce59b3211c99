"""How a recorder's process holds memory: one heap, kept, and a collector that does not walk it all the time.

A group of pictures passes as a few buffers of a megabyte, a thousand times an hour and camera. Left alone, glibc maps
and unmaps each of them (a page fault every 4 kB: a sixth of the recorder's CPU) and gives each thread a heap of its
own; and Python's collector walks the pictures held, of which none is in a cycle, every few hundred objects.

One heap gives back its end and no more. What fills it once (a disk that held everybody up for seconds) would stay with
the process for good, so holes are given back too, where they are more than what comes and goes.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
from collections import deque
from pathlib import Path
from typing import Final

from vms.clock import Clock

# mallopt's names (malloc.h); blocks up to MMAP_THRESHOLD come from the heap, which is given back beyond TRIM_THRESHOLD.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
MMAP_THRESHOLD_BYTES: Final = 32 * 1024 * 1024
TRIM_THRESHOLD_BYTES: Final = 32 * 1024 * 1024
ARENAS_LIMIT_COUNT: Final = 1
# What is in use comes and goes with the groups; holes that it fills again every few seconds would cost their return. So
# what was in use at most, over so many looks, is kept, and a quarter of it. The looks fall differently into each group.
LOOKS_COUNT: Final = 16
LOOK_S: Final = 1.3
HELD_RATIO: Final = 1.25
SPARE_BYTES: Final = 8 * 1024 * 1024
STATM: Final = Path("/proc/self/statm")
# Objects made and not freed before the young are looked at; cycles are rare here, and small.
YOUNG_LIMIT_COUNT: Final = 50_000


class _HeapInfo(ctypes.Structure):
    """``struct mallinfo2`` (mallinfo(3)); only ``uordblks``, the bytes in use, is read."""

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


class Heap:
    """What the process holds in its heap, beside what it held elsewhere when this was made. glibc and Linux only."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None)
        self._look, self._trim = getattr(libc, "mallinfo2", None), getattr(libc, "malloc_trim", None)
        if self._look is not None:
            self._look.restype = _HeapInfo
        self._outside_bytes = _resident_bytes() - self._used_bytes()
        self._used: deque[int] = deque(maxlen=LOOKS_COUNT)

    def give_back(self) -> bool:
        """One look: return the heap's holes to the system when it holds more than it lately used; whether it did.

        Holes that were given back are holes still, by the heap's own count: what is resident says which they are.
        """
        self._used.append(self._used_bytes())
        held_bytes = _resident_bytes() - self._outside_bytes
        enough_bytes = max(self._used) * HELD_RATIO + SPARE_BYTES
        if self._trim is None or len(self._used) < LOOKS_COUNT or held_bytes <= enough_bytes:
            return False
        self._trim(0)
        return True

    def _used_bytes(self) -> int:
        return int(self._look().uordblks) if self._look is not None else 0


def _resident_bytes() -> int:
    try:
        return int(STATM.read_text().split()[1]) * mmap.PAGESIZE
    except OSError:  # no Linux: nothing to give back
        return 0


async def look_after(clock: Clock) -> None:
    """Give back what the heap need not keep, as long as the process runs; begin before there is much in it."""
    heap = Heap()
    while True:
        await clock.sleep(LOOK_S)
        heap.give_back()
