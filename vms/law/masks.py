"""A camera's own privacy masks as it reports them, and when they are no longer those that were validated (P-11, O-44).

A validated mask is still there when an enabled mask of the same video source configuration has its shape, and hides as
much. Neither the order of the masks, nor their names, nor where a polygon begins or which way round it is told says
anything; cameras round, so corners may differ by ``TOLERANCE``. A mask more hides more: that is no drift.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Final, Literal

from vms.law.lapse import Lapse

# ONVIF coordinates run from -1 to 1 (O-40): five pixels of 1920. What is compared is always what was validated, so a
# mask cannot creep away in small steps.
TOLERANCE: Final = 0.005
MASKS_LIMIT_COUNT: Final = 64
POINTS_LIMIT_COUNT: Final = 32
OPAQUE: Final = "color"

Point = tuple[float, float]
Cause = Literal["removed", "moved", "disabled", "weakened"]
WORDS: Final[dict[str, str]] = {
    "removed": "un masque a disparu",
    "moved": "un masque a changé de place ou de forme",
    "disabled": "un masque est éteint",
    "weakened": "un masque n’est plus opaque",
}


@dataclass(frozen=True, slots=True)
class Mask:
    """One mask as a camera tells it: ``kind`` is ONVIF's word (Color, Pixelated, Blurred, O-43)."""

    token: str
    configuration: str
    points: tuple[Point, ...]
    kind: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class SeenMasks:
    """What a camera reported last, at ``seen_us`` (µs UTC); not ``complete`` when it told more than is looked at."""

    camera: str
    masks: tuple[Mask, ...]
    complete: bool
    seen_us: int


@dataclass(frozen=True, slots=True)
class MaskDrift:
    """From ``from_us``, the last time they were there, to ``until_us`` the masks of a validated set were missing.

    Nothing recorded in between may be opened, then or later (P-11).
    """

    id: str
    camera: str
    zone_set: str
    cause: str
    from_us: int
    found_us: int
    until_us: int | None = None

    def lasts(self, at_us: int) -> bool:
        """Whether the masks were missing at this instant."""
        return self.from_us <= at_us and (self.until_us is None or at_us < self.until_us)

    def touches(self, from_us: int, to_us: int) -> bool:
        """Whether some of ``[from_us, to_us)`` was taken without them."""
        return self.from_us < to_us and (self.until_us is None or from_us < self.until_us)


def in_force(masks: Sequence[Mask]) -> tuple[Mask, ...]:
    """Those that hide something."""
    return tuple(mask for mask in masks if mask.enabled)


def digest(masks: Sequence[Mask], *, complete: bool) -> str:
    """Another one for any other report: by it a recorder knows whether the keeper has been told."""
    said = json.dumps([complete, *(astuple(mask) for mask in masks)])
    return sha256(said.encode()).hexdigest()


def drift(validated: Sequence[Mask], reported: Sequence[Mask]) -> Cause | None:
    """How the reported masks fall short of the validated ones; None while each of these still hides what it hid."""
    for mask in validated:
        if not any(_covers(other, mask) for other in reported):
            return _cause(mask, reported)
    return None


def drift_lapse(one: MaskDrift) -> Lapse:
    """Why nobody sees a camera whose masks are not those validated (P-11, O-44)."""
    return Lapse(
        "P-11",
        f"Les masques de la caméra ne sont plus ceux qui ont été validés : {WORDS.get(one.cause, one.cause)}.",
        "Rétablissez-les dans la caméra, ou retracez ses zones et faites-les valider.",
    )


def _cause(mask: Mask, reported: Sequence[Mask]) -> Cause:
    here = [other for other in reported if _same_shape(other, mask)]
    if any(not other.enabled and _hides_as_much(other, mask) for other in here):
        return "disabled"
    if here:
        return "weakened"
    return "moved" if any(other.token == mask.token for other in reported) else "removed"


def _covers(other: Mask, mask: Mask) -> bool:
    return other.enabled and _hides_as_much(other, mask) and _same_shape(other, mask)


def _hides_as_much(other: Mask, mask: Mask) -> bool:
    return other.kind.casefold() in (OPAQUE, mask.kind.casefold())


def _same_shape(other: Mask, mask: Mask) -> bool:
    if other.configuration != mask.configuration:
        return False
    one, two = _corners(mask.points), _corners(other.points)
    if len(one) != len(two) or not _close(_bounds(one), _bounds(two)):
        return False
    ways = (two, two[::-1])
    return any(_close(one, way[at:] + way[:at]) for way in ways for at in range(len(two)))


def _corners(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """The polygon without corners told twice in a row; many cameras repeat the first one at the end."""
    found: list[Point] = []
    for point in points:
        if not found or not _close((found[-1],), (point,)):
            found.append(point)
    while len(found) > 1 and _close((found[0],), (found[-1],)):
        found.pop()
    return tuple(found)


def _bounds(points: tuple[Point, ...]) -> tuple[Point, Point]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return (min(xs), min(ys)), (max(xs), max(ys))


def _close(one: Sequence[Point], two: Sequence[Point]) -> bool:
    return all(abs(a[0] - b[0]) <= TOLERANCE and abs(a[1] - b[1]) <= TOLERANCE for a, b in zip(one, two, strict=True))
