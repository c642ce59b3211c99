"""Searches files and memory for runs of 32 bytes that stood in pictures or keys.

Any run of 32 bytes of a needle covers a whole 8-byte block that starts at a multiple of 16 in it; those blocks are
looked up at *every* offset of the haystack (a table of 2^24 bits first, then exactly), and each hit is widened: it
counts when 32 bytes in a row are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

RUN_BYTES: Final = 32
BLOCK_BYTES: Final = 8
STRIDE_BYTES: Final = 16
TABLE_BITS: Final = 24
PIECE_BYTES: Final = 16 * 1024 * 1024
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(64 - TABLE_BITS)


@dataclass(frozen=True, slots=True)
class Found:
    """A run of a needle in a file."""

    where: str
    offset: int
    needle: int


class Needles:
    """What must not be found: access units, stills, keys."""

    def __init__(self, needles: Iterable[bytes]) -> None:
        self._needles = [bytes(one) for one in needles if len(one) >= RUN_BYTES]
        words = [_blocks(needle) for needle in self._needles]
        counts = [len(some) for some in words]
        every = np.concatenate(words) if words else np.empty(0, dtype=np.uint64)
        owners = np.repeat(np.arange(len(words)), counts)
        starts = np.concatenate([np.arange(count) * STRIDE_BYTES for count in counts]) if counts else owners
        # A block of one repeated byte says nothing (padding, flat picture): its neighbours will.
        telling = _telling(every)
        order = np.argsort(every[telling], kind="stable")
        self._sorted: NDArray[np.uint64] = every[telling][order]
        self._owners, self._starts = owners[telling][order], starts[telling][order]
        self._table = np.zeros(1 << TABLE_BITS, dtype=bool)
        with np.errstate(over="ignore"):
            self._table[(self._sorted * _MULTIPLIER) >> _SHIFT] = True

    def __len__(self) -> int:
        return len(self._needles)

    def search(self, haystack: bytes, where: str = "", base: int = 0) -> Iterator[Found]:
        """Every place in ``haystack`` where 32 bytes of a needle stand in a row (one per block found)."""
        if not len(self._sorted) or len(haystack) < RUN_BYTES:
            return
        for shift in range(BLOCK_BYTES):
            count = (len(haystack) - shift) // BLOCK_BYTES
            words: NDArray[np.uint64] = np.frombuffer(haystack, dtype="<u8", count=count, offset=shift)
            with np.errstate(over="ignore"):
                maybe = np.flatnonzero(self._table[(words * _MULTIPLIER) >> _SHIFT])
            if not len(maybe):
                continue
            first = np.searchsorted(self._sorted, words[maybe])
            first[first == len(self._sorted)] = 0
            same = self._sorted[first] == words[maybe]
            for position, at in zip(maybe[same], first[same], strict=True):
                yield from self._widen(haystack, int(position) * BLOCK_BYTES + shift, int(at), where, base)

    def _widen(self, haystack: bytes, offset: int, at: int, where: str, base: int) -> Iterator[Found]:
        """The run around a block found at ``offset``, which is the ``at``-th of the sorted ones and those like it."""
        block = self._sorted[at]
        while at < len(self._sorted) and self._sorted[at] == block:
            index, start = int(self._owners[at]), int(self._starts[at])
            needle = self._needles[index]
            before = 0
            while (
                before < RUN_BYTES
                and before < min(offset, start)
                and (haystack[offset - before - 1] == needle[start - before - 1])
            ):
                before += 1
            after = BLOCK_BYTES
            while (
                after + before < RUN_BYTES
                and offset + after < len(haystack)
                and start + after < len(needle)
                and (haystack[offset + after] == needle[start + after])
            ):
                after += 1
            if before + after >= RUN_BYTES:
                yield Found(where, base + offset - before, index)
                return
            at += 1

    def search_file(self, path: Path) -> Iterator[Found]:
        """The same over a file, in overlapping pieces; a file that goes away meanwhile holds nothing any more."""
        try:
            with path.open("rb") as file:
                base, kept = 0, b""
                while piece := file.read(PIECE_BYTES):
                    yield from self.search(kept + piece, str(path), base - len(kept))
                    kept = (kept + piece)[-(RUN_BYTES - 1) :]
                    base += len(piece)
        except FileNotFoundError:
            return

    def search_tree(self, root: Path) -> list[Found]:
        """Every run in every file under ``root``."""
        return [hit for path in sorted(root.rglob("*")) if path.is_file() for hit in self.search_file(path)]


def _blocks(needle: bytes) -> NDArray[np.uint64]:
    """The 8-byte blocks that start at multiples of 16, as little-endian numbers."""
    return np.frombuffer(needle, dtype="<u8", count=len(needle) // BLOCK_BYTES)[:: STRIDE_BYTES // BLOCK_BYTES]


def _telling(words: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which blocks hold more than two different bytes."""
    octets = np.sort(words.view(np.uint8).reshape(-1, BLOCK_BYTES), axis=1)
    return np.count_nonzero(np.diff(octets, axis=1), axis=1) > 1


def memory_of(pid: int) -> Iterator[bytes]:
    """The readable private memory of a process of ours, region by region."""
    with open(f"/proc/{pid}/maps", "rb") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            bounds, mode, *_ = line.split()
            if not mode.startswith(b"rw"):
                continue
            start, end = (int(part, 16) for part in bounds.split(b"-"))
            try:
                memory.seek(start)
                yield memory.read(end - start)
            except (OSError, OverflowError):
                continue  # the region went away or cannot be read ([vvar]); nothing of ours is there


def open_for_writing(pid: int) -> set[Path]:
    """Regular files that a process holds open for writing, with deleted ones as their /proc path."""
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            flags = int(Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text().split("flags:")[1].split()[0], 8)
            if entry.is_file() and flags & 0b11:
                found.add(entry)
        except (OSError, IndexError):
            continue  # closed meanwhile
    return found
