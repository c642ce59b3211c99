"""What an export worker is told to copy: plain data, so that the worker needs neither index nor database."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment: its file, the bytes of it that are sound, and the numbers of the groups that touch the range."""

    name: str
    path: str
    sound_bytes: int
    first_group: int
    groups: int


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """One stream's part of an extraction: pieces in order, and the index's absences.

    ``absence_records`` are links of the chain (sequence, hexadecimal record); ``absences`` are (from, to, cause).
    """

    camera: str
    commune: str
    name: str
    place: str
    stream: str
    from_us: int
    to_us: int
    pieces: tuple[Piece, ...]
    absence_records: tuple[tuple[int, str], ...]
    absences: tuple[tuple[int, int, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain data, for the worker."""
        return asdict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> StreamPlan:
        """The plan that ``to_dict`` described."""
        return StreamPlan(
            **{
                **data,
                "pieces": tuple(Piece(**piece) for piece in data["pieces"]),
                "absence_records": tuple((sequence, record) for sequence, record in data["absence_records"]),
                "absences": tuple((start, end, cause) for start, end, cause in data["absences"]),
            }
        )

    @property
    def group_count(self) -> int:
        """How many groups are to be copied."""
        return sum(piece.groups for piece in self.pieces)
