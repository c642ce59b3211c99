"""A sink that keeps groups in memory, checks that they tile time (S4), and opens them again by its own means.

Its reader of fragments is written from ISO/IEC 14496-12, apart from the writer it judges.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.utils import Buffer

from recorder.access_unit import StreamFormat
from recorder.stream.sink import SinkRefused
from vms.clock import UtcTime


@dataclass
class Kept:
    """One group as it was handed over."""

    plaintext: bytes
    start: UtcTime
    end: UtcTime
    units: int
    fmt: StreamFormat
    zone_set: str | None


@dataclass
class Hole:
    """One absence; ``end`` is None while it lasts."""

    start: UtcTime
    cause: str
    detail: str
    end: UtcTime | None = None


@dataclass
class MemorySink:
    """Groups and holes in the order they came."""

    groups: list[Kept] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    covered: UtcTime | None = None
    absent: bool = False
    closed: bool = False
    refuse: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def group(
        self,
        plaintext: Sequence[Buffer],
        start: UtcTime,
        end: UtcTime,
        units: int,
        fmt: StreamFormat,
        zone_set: str | None,
    ) -> None:
        assert not self.absent, "a group during an absence"
        assert start < end
        assert self.covered is None or start >= self.covered, "a group before the end of what is covered"
        assert self.covered is None or start == self.covered, "a hole that no absence explains"
        if self.refuse:
            raise SinkRefused("refusé", cause=self.refuse)
        self.groups.append(Kept(b"".join(plaintext), start, end, units, fmt, zone_set))
        self.covered = end
        self._tell()

    async def absence(self, start: UtcTime, cause: str, detail: str) -> None:
        if self.absent:
            assert self.holes[-1].cause != cause, "the same absence twice"
            assert start >= self.holes[-1].start
            self.holes[-1].end = start
        else:
            assert self.covered is None or start == self.covered, "an absence that leaves a hole or overlaps"
        self.holes.append(Hole(start, cause, detail))
        self.absent = True
        self._tell()

    async def resume(self, at: UtcTime) -> None:
        if self.absent:
            assert at >= self.holes[-1].start, "an absence that ends before it starts"
            self.holes[-1].end = at
        self.absent = False
        self.covered = at

    async def close(self) -> None:
        self.closed = True

    def causes(self) -> list[str]:
        return [hole.cause for hole in self.holes]

    def digests(self) -> list[str]:
        return [digest for kept in self.groups for digest in digests(kept.plaintext)]

    async def until(self, met: Callable[[MemorySink], bool], limit_s: float = 60.0) -> None:
        """Wait until ``met`` holds; fails with what there is instead."""
        try:
            async with asyncio.timeout(limit_s):
                while not met(self):
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"not met: {len(self.groups)} groups, causes {self.causes()}") from None

    def _tell(self) -> None:
        self.changed.set()


def digests(plaintext: bytes) -> list[str]:
    """The digest of each unit in a group, as the virtual camera's ledger counts them."""
    return [_digest(nals) for nals in units_of(plaintext)]


def units_of(plaintext: bytes) -> list[list[bytes]]:
    """NAL units of each sample of ``init ‖ moof ‖ mdat``."""
    boxes = dict(_boxes(plaintext))
    run = dict(_boxes(dict(_boxes(boxes[b"moof"]))[b"traf"]))[b"trun"]
    flags, count, _ = struct.unpack_from(">I I i", run)
    assert flags & 0xFFFFFF == 0xF01
    data = boxes[b"mdat"]
    found, position = [], 0
    for number in range(count):
        size = struct.unpack_from(">I", run, 12 + 16 * number + 4)[0]
        found.append(_nals(data[position : position + size]))
        position += size
    assert position == len(data)
    return found


def times(plaintext: bytes) -> list[float]:
    """When each unit is shown, in seconds since 1970."""
    boxes = dict(_boxes(dict(_boxes(dict(_boxes(plaintext))[b"moof"]))[b"traf"]))
    at = int.from_bytes(boxes[b"tfdt"][4:12], "big")
    found = []
    for number in range(struct.unpack_from(">I", boxes[b"trun"], 4)[0]):
        lasts, _, _, offset = struct.unpack_from(">IIIi", boxes[b"trun"], 12 + 16 * number)
        found.append((at + offset) / 90_000)
        at += lasts
    return found


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, position = [], 0
    while position < len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        found.append((kind, data[position + 8 : position + size]))
        position += size
    return found


def _nals(sample: bytes) -> list[bytes]:
    found, position = [], 0
    while position < len(sample):
        length = int.from_bytes(sample[position : position + 4], "big")
        found.append(sample[position + 4 : position + 4 + length])
        position += 4 + length
    return found


def _digest(nals: list[bytes]) -> str:
    digest = hashlib.sha256()
    for nal in nals:
        digest.update(len(nal).to_bytes(4, "big") + nal)
    return digest.hexdigest()
