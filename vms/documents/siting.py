"""The *plan de détail* as a drawing: sheets of cameras that stand near each other, each at its own scale (P-22).

North is up. A sheet's places are millimetres on the page, so that a ruler and the scale give metres on the ground.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vms.law.siting import Position

NEAR_M: Final = 300.0  # cameras this near, or linked by others that are, share a sheet
FAR_M: Final = 60_000.0  # further from the others than any commune is wide: a slip of the pen
SHEET_MM: Final = (172.0, 150.0)
LEAST_HEIGHT_MM: Final = 60.0
EDGE_MM: Final = 9.0
SCALES: Final = (250, 500, 1_000, 1_500, 2_000, 2_500, 5_000, 7_500, 10_000, 15_000, 20_000, 25_000, 50_000, 100_000)
STEP_DEG: Final = 10
METRES_A_DEGREE: Final = 111_320.0
UDEG: Final = 1_000_000
MM: Final = 1_000.0  # a metre
METRES_A_KM: Final = 1_000.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """A camera to draw: what it is called, its mark on the page, and where it stands."""

    name: str
    label: str
    position: Position


@dataclass(frozen=True, slots=True)
class Sheet:
    """Cameras near each other, and the one in 1 of the scale; centre in millionths of a degree, size in mm."""

    scale: int
    centre_udeg: tuple[int, int]
    size_mm: tuple[float, float]
    cameras: tuple[Placed, ...]

    def to_data(self) -> dict[str, Any]:
        """The sheet as JSON: each camera with its place from the sheet's upper left corner."""
        width, height = self.size_mm
        marks = []
        for one in self.cameras:
            x, y = _metres(one.position, self.centre_udeg)
            marks.append(
                {
                    "name": one.name,
                    "label": one.label,
                    "x_mm": round(width / 2 + x * MM / self.scale, 2),
                    "y_mm": round(height / 2 - y * MM / self.scale, 2),
                    "direction_deg": one.position.direction_deg,
                    "angle_deg": one.position.angle_deg,
                    "reach_mm": round(one.position.reach_m * MM / self.scale, 2),
                }
            )
        return {
            "scale": self.scale,
            "latitude": degrees(self.centre_udeg[0]),
            "longitude": degrees(self.centre_udeg[1]),
            "width_mm": width,
            "height_mm": height,
            "cameras": marks,
        }


def degrees(udeg: int) -> str:
    """A latitude or longitude in degrees with six decimals, ``48.123456``; the sign is that of ISO 6709."""
    return f"{udeg / UDEG:.6f}"


def far_off(placed: Sequence[Placed]) -> dict[str, int]:
    """By camera, the kilometres to the others, for those that stand beyond any commune.

    The others are the largest group; where two are as large, nobody knows which is right and both are told.
    """
    groups = _groups(placed)
    most = max((len(group) for group in groups), default=0)
    centres = [_place(group[0].position) for group in groups if len(group) == most]
    away = {
        one.position.camera: max(math.hypot(*_metres(one.position, centre)) for centre in centres) for one in placed
    }
    return {camera: round(metres / METRES_A_KM) for camera, metres in away.items() if metres > FAR_M}


def sheets(placed: Sequence[Placed]) -> tuple[Sheet, ...]:
    """The sheets, the fullest first; every camera is on one, and no covered zone is cut."""
    return tuple(_sheet(group) for group in sorted(_groups(placed), key=lambda group: (-len(group), group[0].label)))


def _groups(placed: Sequence[Placed]) -> list[list[Placed]]:
    """Cameras linked by neighbours nearer than NEAR_M."""
    left, groups = list(placed), list[list[Placed]]()
    while left:
        group, queue = list[Placed](), [left.pop(0)]
        while queue:
            one = queue.pop()
            group.append(one)
            centre = _place(one.position)
            near, far = list[Placed](), list[Placed]()
            for other in left:
                is_near = math.hypot(*_metres(other.position, centre)) <= NEAR_M
                (near if is_near else far).append(other)
            queue, left = queue + near, far
        groups.append(sorted(group, key=lambda each: (each.label, each.position.camera)))
    return groups


def _sheet(group: Sequence[Placed]) -> Sheet:
    start = _place(group[0].position)
    points = [point for one in group for point in _outline(one.position, start)]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    wide, tall = SHEET_MM[0] - 2 * EDGE_MM, SHEET_MM[1] - 2 * EDGE_MM
    least = max((right - left) / wide, (high - low) / tall) * MM
    scale = next((one for one in SCALES if one >= least), math.ceil(least / SCALES[-1]) * SCALES[-1])
    height = max(LEAST_HEIGHT_MM, (high - low) * MM / scale + 2 * EDGE_MM)
    centre = _moved(start, (left + right) / 2, (low + high) / 2)
    return Sheet(scale, centre, (SHEET_MM[0], round(height, 2)), tuple(group))


def _outline(position: Position, centre: tuple[int, int]) -> Iterator[Point]:
    """The camera and the edge of what it covers, in metres from ``centre``."""
    x, y = _metres(position, centre)
    yield x, y
    half = position.angle_deg / 2
    steps = max(1, math.ceil(position.angle_deg / STEP_DEG))
    for step in range(steps + 1):
        bearing = math.radians(position.direction_deg - half + position.angle_deg * step / steps)
        yield x + position.reach_m * math.sin(bearing), y + position.reach_m * math.cos(bearing)


def _place(position: Position) -> tuple[int, int]:
    return position.latitude_udeg, position.longitude_udeg


def _metres(position: Position, centre: tuple[int, int]) -> Point:
    """East and north of ``centre``, in metres: a plane is true enough over a commune."""
    east = (position.longitude_udeg - centre[1] + 180 * UDEG) % (360 * UDEG) - 180 * UDEG
    north = position.latitude_udeg - centre[0]
    return east / UDEG * METRES_A_DEGREE * _narrowing(centre), north / UDEG * METRES_A_DEGREE


def _moved(centre: tuple[int, int], east_m: float, north_m: float) -> tuple[int, int]:
    east = east_m / METRES_A_DEGREE / _narrowing(centre)
    return centre[0] + round(north_m / METRES_A_DEGREE * UDEG), centre[1] + round(east * UDEG)


def _narrowing(centre: tuple[int, int]) -> float:
    """How much shorter a degree of longitude is here than on the equator; never nought, even at a pole."""
    return max(1e-6, math.cos(math.radians(centre[0] / UDEG)))
