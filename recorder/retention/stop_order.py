"""Which cameras are not recorded when only protected footage is left: one after the other, in the operator's order.

Between the reserve and the floor of the volume lie as many steps as there are cameras. The least important camera
stops at the reserve, the next one a step further down, the most important just above the floor: each camera that
stops leaves its share of the room to those that matter more (P-35).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A camera's place in the order: the smaller, the longer it is recorded."""

    position: int
    camera: str
    commune: str


@dataclass(frozen=True, slots=True)
class Room:
    """What a volume has left, between its reserve and the floor below which nothing is begun."""

    free_bytes: int
    reserve_bytes: int
    floor_bytes: int


def in_order(cameras: Collection[tuple[str, str]], keep_longest: Sequence[str]) -> list[Place]:
    """The cameras (commune, camera), longest kept first: as ``keep_longest`` names them or their communes.

    A camera named itself counts before its commune; those that nobody names come last, by their own name.
    """
    named = {name: position for position, name in reversed(list(enumerate(keep_longest)))}
    last = len(keep_longest)
    return sorted(
        Place(named.get(camera, named.get(commune, last)), camera, commune) for commune, camera in set(cameras)
    )


def stopped(order: Sequence[Place], room: Room, stopped_now: Collection[str], *, may_go: bool) -> set[str]:
    """The cameras that may not be recorded now; ``may_go``: there still is footage that may be destroyed early.

    A camera that stopped comes back a whole step above where it stopped, so that none goes on and off.
    """
    if not order:
        return set()
    span = max(0, room.reserve_bytes - room.floor_bytes)
    step = span / len(order)
    found = set()
    for rank, place in enumerate(reversed(order)):
        stops_below = room.reserve_bytes - rank * step
        if place.camera in stopped_now:
            stops_below += step
        elif may_go:
            continue
        if room.free_bytes < stops_below:
            found.add(place.camera)
    return found
