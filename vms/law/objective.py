"""What a camera is meant to show and how long it may lack, and whether its picture is fine enough for it (T-15)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from vms.law.rulebook import rulebook
from vms.law.siting import Position

# Our choice: lenses that draw straight lines straight are hardly wider, and what covers more turns or is a fisheye.
FLAT_FIELD_DEG: Final = 120
# A whole number that the tangent misses by its last digit is that number.
ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Objective:
    """A camera's objective, a level of the rulebook, and its acceptable unavailability in hours.

    The unavailability is the camera's own: a school gate and a car park do not bear the same, whoever knows the place
    notes both at once, and the system's is then the shortest of its cameras; the reverse could not be told apart.
    """

    camera: str
    level: str
    outage_hours: int


@dataclass(frozen=True, slots=True)
class Density:
    """Pixels for each metre across the view at the reach, rounded down; ``asked_px_m`` None: no objective is noted."""

    px_m: int
    asked_px_m: int | None

    @property
    def holds(self) -> bool | None:
        """Whether it meets the objective, None without one."""
        return None if self.asked_px_m is None else self.px_m >= self.asked_px_m


def density(position: Position | None, width_px: int, objective: Objective | None) -> Density | None:
    """The density of a recorded picture ``width_px`` wide, at the camera's reach; None where a figure is missing.

    IEC 62676-4 puts the picture's width over that of the scene at the target; a flat lens of angle *a* sees, at a
    distance *d* square to its axis, 2·d·tan(*a*/2) metres (plane trigonometry). The mast's height and the lens's faults
    are not in it. A field wider than FLAT_FIELD_DEG is no flat picture: its density is measured with a target.
    """
    if position is None or width_px <= 0 or position.reach_m <= 0 or not 0 < position.angle_deg <= FLAT_FIELD_DEG:
        return None
    scene_m = 2 * position.reach_m * math.tan(math.radians(position.angle_deg) / 2)
    asked = rulebook().objective[objective.level].px_m if objective else None
    return Density(math.floor(width_px / scene_m + ROUNDING), asked)
