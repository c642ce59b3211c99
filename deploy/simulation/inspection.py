"""Opening what lies in the store, as the commune's key holders would: which units are there, under which times.

The way in is the recorder's format code and the keeper's keys; what is inside is read here by other code than wrote it.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.simulation.keeper import Keeper
from deploy.simulation.ledger import read_slice
from recorder.recording.scan import read_index
from recorder.store.local import LocalStore
from vms.errors import Damaged, NotFound
from vms.keys import derive, sealing

RUN_HEAD_BYTES: Final = 12
SAMPLE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Opened:
    """One group that opened: its span, and its units' numbers with their times; ``problem`` when it lies."""

    segment: str
    start_us: int
    end_us: int
    units: tuple[tuple[int, int], ...]
    problem: str = ""


@dataclass
class Inspector:
    """Opens segments, each state of a file once."""

    store: LocalStore
    keeper: Keeper
    spool: Path

    def __post_init__(self) -> None:
        self._known: dict[tuple[str, int], list[Opened]] = {}
        self._keys: dict[str, bytes] = {}

    def look(self, ends: Mapping[str, int]) -> dict[str, list[Opened]]:
        """Every group of every segment that lies in its place, by stream, in order of time.

        ``ends``: until when rows say that segments reach, by name. What a failing disk refused may stand beyond.
        """
        found: dict[str, list[Opened]] = {}
        spooled: Mapping[str, tuple[str, str, int, bytes]] | None = None
        for file in self.store.files():
            if file.name is None:
                continue
            key = (file.path.name, self._size(file.path))
            if key not in self._known:
                if spooled is None:
                    spooled = self._spooled()
                self._known[key] = list(self._open(file.path, spooled))
            until_us = ends.get(str(file.name))
            found.setdefault(file.name.stream, []).extend(
                one for one in self._known[key] if until_us is None or one.start_us < until_us
            )
        for groups in found.values():
            groups.sort(key=lambda one: one.start_us)
        return found

    def _size(self, path: Path) -> int:
        try:
            return path.stat().st_size
        except FileNotFoundError:  # in the bucket
            with self.store.reader(path) as reader:
                return reader.size()

    def _open(self, path: Path, spooled: Mapping[str, tuple[str, str, int, bytes]]) -> Iterator[Opened]:
        try:
            header, placed = read_index(self.store, path, check_last=True)
        except (Damaged, NotFound):
            return  # no whole header: fsck says what that means
        name = str(header.name)
        key_id = header.name.hour_key_id
        if key_id not in self._keys:
            self._keys[key_id] = self.keeper.hour_key(key_id, dict(spooled))
        key = derive.segment_key(self._keys[key_id], name)
        with self.store.reader(path) as reader:
            bodies = [reader.read(one.sealed_offset, one.end - one.sealed_offset) for one in placed]
        for one, body in zip(placed, bodies, strict=True):
            number = one.header.number
            context = derive.group_context(header.name.camera, name, number)
            try:
                plain = sealing.open_group(derive.group_key(key, number), context, body)
            except Damaged as error:
                yield Opened(name, one.header.utc_us, one.header.end_us, (), f"does not open: {error}")
                continue
            units, problem = _units(plain)
            if len(units) != one.header.units:
                problem = f"says {one.header.units} units, holds {len(units)}"
            yield Opened(name, one.header.utc_us, one.header.end_us, tuple(units), problem)

    def _spooled(self) -> dict[str, tuple[str, str, int, bytes]]:
        if not self.spool.exists():
            return {}
        with closing(sqlite3.connect(self.spool)) as db:
            rows = db.execute("SELECT key_id, commune, camera, hour_us, wrapped FROM wrapped").fetchall()
        return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def _units(plain: bytes) -> tuple[list[tuple[int, int]], str]:
    """(number, UTC µs) of each sample of ``init ‖ moof ‖ mdat`` (ISO/IEC 14496-12), and what is wrong with them."""
    top = dict(_boxes(plain, 0, len(plain)))
    moof, mdat = top[b"moof"], top[b"mdat"]
    traf = dict(_boxes(plain, *moof))[b"traf"]
    parts = dict(_boxes(plain, *traf))
    (ticks,) = struct.unpack_from(">Q", plain, parts[b"tfdt"][0] + 4)
    run, _ = parts[b"trun"]
    (count,) = struct.unpack_from(">I", plain, run + 4)
    place, units, problem = mdat[0], [], ""
    for sample in range(count):
        duration, size = struct.unpack_from(">II", plain, run + RUN_HEAD_BYTES + SAMPLE_BYTES * sample)
        numbers = [found for nal in _nals(plain, place, place + size) if (found := read_slice(nal)) is not None]
        slices = [index for _, index in numbers]
        if not numbers or len({number for number, _ in numbers}) != 1 or slices != list(range(len(slices))):
            problem = f"sample {sample} holds slices {numbers}"
        units.append((numbers[0][0] if numbers else -1, ticks * 100 // 9))
        ticks += duration
        place += size
    if place != mdat[1]:
        problem = "samples do not fill mdat"
    return units, problem


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind, (start + 8, start + size)
        start += size


def _nals(data: bytes, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        size = int.from_bytes(data[start : start + 4], "big")
        yield data[start + 4 : start + 4 + size]
        start += 4 + size
