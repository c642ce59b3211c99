"""The review of the journal: questions for the auditor, never verdicts, never a comparison of people (D-33, D-12).

Pure functions of entries. A question says what was seen, when and on which cameras, and names the entries to read; who
acted is in those entries, whose reading is itself journalled. Nothing is counted by person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any, Final, Literal

from vms.clock import HOUR_US, PARIS, UtcTime

NIGHT_FROM_H, NIGHT_TO_H = 22, 6
# A commune that watches on more nights than this has a night service: one question, not thirty.
NIGHTS_HABIT: Final = 0.5
CAMERA_VIEWS_LEAST: Final = 10
CAMERA_SHARE: Final = 0.4
CAMERA_TIMES_MEDIAN: Final = 3
BULK_OPENINGS: Final = 20
BULK_CAMERAS: Final = 8
BULK_FOOTAGE_US: Final = 6 * HOUR_US
QUESTIONS_LIMIT: Final = 100
ENTRIES_NAMED_LIMIT: Final = 50
IMAGE_ACTS: Final = frozenset({"live", "replay", "export", "snapshot"})
RECORDED_ACTS: Final = frozenset({"replay", "key_window"})

Kind = Literal["night", "night-habit", "one-camera", "bulk-search", "no-incident", "no-request"]


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry under review."""

    seq: int
    at_us: int
    record: Mapping[str, Any]

    @property
    def act(self) -> str:
        """The act's name."""
        return str(self.record["act"])

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras it was on."""
        return tuple(self.record.get("cameras", ()))


@dataclass(frozen=True, slots=True)
class Question:
    """What was seen between two instants; ``entries`` are the numbers to read, ``count`` how many there are in all."""

    kind: Kind
    from_us: int
    to_us: int
    count: int
    of: int
    cameras: tuple[str, ...]
    entries: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "kind": self.kind, "from_us": self.from_us, "to_us": self.to_us, "count": self.count, "of": self.of,
            "cameras": list(self.cameras), "entries": list(self.entries),
        }  # fmt: skip


def review(entries: Iterable[Seen], from_us: int, to_us: int) -> list[Question]:
    """The questions that the entries of ``[from_us, to_us)`` raise, newest first."""
    seen = [one for one in entries if from_us <= one.at_us < to_us]
    opened = [one for one in seen if one.act in IMAGE_ACTS and one.record["kind"] in ("consultation", "communication")]
    found = [
        *_nights(opened, from_us, to_us),
        *_one_camera(opened),
        *_bulk(one for one in seen if one.act in RECORDED_ACTS),
        *_bare(opened, "no-incident", lambda one: one.act == "replay" and not _grounded(one)),
        *_bare(opened, "no-request", lambda one: one.act == "export" and not one.record.get("reference")),
    ]
    return sorted(found, key=lambda one: -one.to_us)[:QUESTIONS_LIMIT]


def _grounded(one: Seen) -> bool:
    """Whether somebody said why: a motive typed, or a request."""
    return bool(one.record.get("motive") or one.record.get("reference"))


def _nights(opened: Sequence[Seen], from_us: int, to_us: int) -> list[Question]:
    """Views opened at night, a question a night; one in all for a commune that watches on most nights."""
    by_night: dict[str, list[Seen]] = defaultdict(list)
    for one in opened:
        local = UtcTime(one.at_us).datetime().astimezone(PARIS)
        if local.hour >= NIGHT_FROM_H or local.hour < NIGHT_TO_H:
            by_night[(local - timedelta(hours=NIGHT_TO_H)).date().isoformat()].append(one)
    nights = max(1, round((to_us - from_us) / (24 * HOUR_US)))
    if len(by_night) > nights * NIGHTS_HABIT and len(by_night) > 1:
        whole = [one for some in by_night.values() for one in some]
        return [_question("night-habit", whole, of=nights, count=len(by_night))]
    return [_question("night", some, of=len(opened)) for some in by_night.values()]


def _one_camera(opened: Sequence[Seen]) -> list[Question]:
    """A camera looked at far more than the others; a commune of one camera raises none."""
    counted = Counter(camera for one in opened for camera in one.cameras)
    if len(counted) < 2:
        return []
    total, usual = counted.total(), median(counted.values())
    questions = []
    for camera, count in counted.items():
        if count >= CAMERA_VIEWS_LEAST and count >= CAMERA_SHARE * total and count >= CAMERA_TIMES_MEDIAN * usual:
            some = [one for one in opened if camera in one.cameras]
            questions.append(_question("one-camera", some, of=total, cameras=(camera,), count=count))
    return questions


def _bulk(recorded: Iterable[Seen]) -> list[Question]:
    """Much recorded footage opened within an hour in one sitting: a search, or a walk through everything."""
    by_sitting: dict[tuple[str, int], list[Seen]] = defaultdict(list)
    for one in recorded:
        by_sitting[str(one.record.get("author", {}).get("person", "")), one.at_us // HOUR_US].append(one)
    questions = []
    for some in by_sitting.values():
        cameras = {camera for one in some for camera in one.cameras}
        footage_us = sum(_length_us(one) for one in some if one.act == "key_window")
        openings = sum(one.act == "replay" for one in some)
        if openings >= BULK_OPENINGS or len(cameras) >= BULK_CAMERAS or footage_us >= BULK_FOOTAGE_US:
            questions.append(_question("bulk-search", some, of=len(some), count=max(openings, 1)))
    return questions


def _length_us(one: Seen) -> int:
    low, high = one.record.get("from_us"), one.record.get("to_us")
    return max(0, high - low) if isinstance(low, int) and isinstance(high, int) else 0


def _bare(opened: Sequence[Seen], kind: Kind, wanted: Callable[[Seen], bool]) -> list[Question]:
    """All views of a sort as one question, when there is any."""
    some = [one for one in opened if wanted(one)]
    return [_question(kind, some, of=len(opened))] if some else []


def _question(
    kind: Kind, some: Sequence[Seen], *, of: int, cameras: tuple[str, ...] | None = None, count: int | None = None
) -> Question:
    on = tuple(sorted({camera for one in some for camera in one.cameras})) if cameras is None else cameras
    return Question(
        kind=kind,
        from_us=min(one.at_us for one in some),
        to_us=max(one.at_us for one in some),
        count=len(some) if count is None else count,
        of=of,
        cameras=on,
        entries=tuple(sorted(one.seq for one in some)[-ENTRIES_NAMED_LIMIT:]),
    )
