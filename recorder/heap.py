"""How a recorder's process holds memory: one heap, kept, and a collector that does not walk it all the time.

A group of pictures passes as a few buffers of a megabyte, a thousand times an hour and camera. Left alone, glibc maps
and unmaps each of them (a page fault every 4 kB: a sixth of the recorder's CPU) and gives each thread a heap of its
own; and Python's collector walks the pictures held, of which none is in a cycle, every few hundred objects.
"""

from __future__ import annotations

import ctypes
import gc
from typing import Final

# mallopt's names (malloc.h); blocks up to MMAP_THRESHOLD come from the heap, which is given back beyond TRIM_THRESHOLD.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
MMAP_THRESHOLD_BYTES: Final = 32 * 1024 * 1024
TRIM_THRESHOLD_BYTES: Final = 32 * 1024 * 1024
ARENAS_LIMIT_COUNT: Final = 1
# Objects made and not freed before the young are looked at; cycles are rare here, and small.
YOUNG_LIMIT_COUNT: Final = 50_000


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
