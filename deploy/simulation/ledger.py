"""What cameras sent, unit by unit, and what became of it: the oracle's own books, kept apart from the recorder's."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

MAGIC: Final = b"\xb5SIM"
# Seven bits a byte, the eighth set: as in any camera's picture, no two zeros stand together in a NAL unit.
_MARK: Final = struct.Struct(">4s4sB")
_PLACES: Final = (21, 14, 7, 0)


@dataclass(slots=True)
class Sent:
    """One access unit of one stream."""

    number: int
    group: int  # counts key units: a unit belongs to the last one sent before it
    connection: int
    key: bool
    at_us: int  # true time of the shot, µs since the simulation began
    slices: int
    damaged: bool = False  # a fault took a packet of it
    moved: bool = False  # a fault moved a packet of it, or took its parameter sets: a recorder need not put it right
    read_us: int | None = None  # when the recorder had read its last byte
    kept_utc_us: int | None = None  # the time under which it was found in the store
    excused: str = ""


@dataclass
class Ledger:
    """One stream's books."""

    stream: str
    units: list[Sent] = field(default_factory=list)
    group: int = -1

    def send(self, connection: int, at_us: int, *, key: bool, slices: int) -> Sent:
        """Open the entry of the next unit."""
        if key:
            self.group += 1
        unit = Sent(len(self.units), self.group, connection, key, at_us, slices)
        self.units.append(unit)
        return unit


def slice_nal(unit: Sent, index: int, size: int) -> bytes:
    """An H.264 slice that says which unit it belongs to; the first bit after the header: is it the first slice?"""
    head = bytes((0x65 if unit.key else 0x41, 0x88 if index == 0 else 0x48))
    number = bytes(0x80 | unit.number >> place & 0x7F for place in _PLACES)
    return head + _MARK.pack(MAGIC, number, 0x80 | index) + b"\x5a" * size


def read_slice(nal: bytes) -> tuple[int, int] | None:
    """The unit's number and the slice's index; None for a NAL unit that is no slice of ours."""
    if len(nal) < 2 + _MARK.size or nal[0] & 0x1F not in (1, 5):
        return None
    magic, number, index = _MARK.unpack_from(nal, 2)
    if magic != MAGIC:
        return None
    return sum((byte & 0x7F) << place for byte, place in zip(number, _PLACES, strict=True)), index & 0x7F
