"""What moves in a rendered street: cars, people on foot, a cyclist. Each knows where it is at a moment of the loop."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Protocol

from deploy.demo.scene_view import Colour, Picture, Point, View

SKIN: Colour = (142, 172, 208)
TYRE: Colour = (34, 34, 36)
HEADLIGHT: Colour = (214, 246, 255)
TAIL_LIGHT: Colour = (48, 40, 220)
WALK_M_S = 1.35


class Actor(Protocol):
    """Something drawn at a moment of the loop, far ones first."""

    def position(self, moment: float) -> Point | None:
        """Where it stands at ``moment`` (0 to 1 of the loop), None while it is away."""

    def draw(self, view: View, picture: Picture, moment: float, seconds: float, *, dim: float) -> None:
        """Draw it; ``dim`` darkens it at night."""


def _dim(colour: Colour, factor: float) -> Colour:
    blue, green, red = (max(0, min(255, round(c * factor))) for c in colour)
    return blue, green, red


@dataclass(frozen=True, slots=True)
class Car:
    """A car on a straight line from ``start`` to ``end``, on its way from moment ``leaves`` to ``arrives``.

    With ``start`` equal to ``end`` it is parked, along the axis that ``heading`` tells ("y" or "x").
    """

    start: tuple[float, float]
    end: tuple[float, float]
    colour: Colour
    leaves: float = 0.0
    arrives: float = 1.0
    van: bool = False
    heading: str = "y"
    lights: bool = False

    def position(self, moment: float) -> Point | None:
        """Its middle on the ground."""
        way = _way(moment, self.leaves, self.arrives)
        if way is None:
            return None
        return _between(self.start, self.end, way)

    def draw(self, view: View, picture: Picture, moment: float, seconds: float, *, dim: float) -> None:
        """Shadow, body, cabin, wheels and lights."""
        at = self.position(moment)
        if at is None:
            return
        along = "x" if self.heading == "x" or abs(self.end[0] - self.start[0]) > 1 else "y"
        forward = self.end[0] >= self.start[0] if along == "x" else self.end[1] >= self.start[1]
        length, half, top = (4.9, 0.95, 2.0) if self.van else (4.2, 0.88, 1.42)

        def place(a: float, b: float, z: float) -> Point:
            a = a if forward else -a
            return (at[0] + a, at[1] + b, z) if along == "x" else (at[0] + b, at[1] + a, z)

        view.shade(
            picture, [place(a, b, 0) for a, b in _rectangle(-length / 2 - 0.15, length / 2 + 0.2, half + 0.25)], 0.45, 3
        )
        body, hood = _dim(self.colour, dim), 0.95 if self.van else 0.86
        _block(view, picture, place, _Block((-length / 2, length / 2), half, (0.26, hood), 0.06), body)
        cabin = _Block(
            (-length / 2 + 0.1, length / 2 - (0.5 if self.van else 1.05)),
            half - 0.05,
            (hood, top),
            0.1 if self.van else 0.34,
        )
        _block(view, picture, place, cabin, body, glass=_dim((74, 66, 56), max(dim, 0.35)), blind=self.van)
        _wheels(view, picture, place, length, half, dim)
        self._lamps(view, picture, place, length, half, dim)

    def _lamps(self, view: View, picture: Picture, place: Place, length: float, half: float, dim: float) -> None:
        for side in (-1, 1):
            for end, colour in ((1, HEADLIGHT), (-1, TAIL_LIGHT)):
                centre = place(end * (length / 2 + 0.02), side * (half - 0.25), 0.66)
                outward = place(end * (length / 2 + 1), side * (half - 0.25), 0.66)
                if view.depth(outward) < view.depth(centre):
                    view.ball(
                        picture,
                        centre,
                        0.13 if self.lights else 0.1,
                        colour if self.lights else _dim(colour, 0.8 * dim),
                    )


class Place(Protocol):
    """From a car's own axes (along, across, up) to the world."""

    def __call__(self, a: float, b: float, z: float, /) -> Point:
        """The world's point at ``a`` metres along, ``b`` across, ``z`` up."""


def _rectangle(back: float, front: float, half: float) -> tuple[tuple[float, float], ...]:
    return (back, -half), (front, -half), (front, half), (back, half)


@dataclass(frozen=True, slots=True)
class _Block:
    """A box narrower at the top: from back to front, half its width, from low to high, by how much it narrows."""

    span: tuple[float, float]
    half: float
    z: tuple[float, float]
    narrows: float

    def ring(self, level: float) -> list[Point]:
        """Its outline at a height between low (0) and high (1): back left, front left, front right, back right."""
        inset = self.narrows * level
        z = self.z[0] + (self.z[1] - self.z[0]) * level
        back, front, half = self.span[0] + inset, self.span[1] - 1.3 * inset, self.half - inset * 0.5
        return [(back, -half, z), (front, -half, z), (front, half, z), (back, half, z)]


_FACE_LIGHT = (0.92, 0.84, 1.0, 0.74)
"""Light on a block's left, front, right and back face."""


def _block(
    view: View,
    picture: Picture,
    place: Place,
    block: _Block,
    colour: Colour,
    *,
    glass: Colour | None = None,
    blind: bool = False,
) -> None:
    """The faces that the camera sees; with ``glass`` each has a window, ``blind`` leaves the sides closed."""
    low, high = block.ring(0.0), block.ring(1.0)
    centre = place(sum(block.span) / 2, 0.0, block.z[0])
    eye = view.eye
    for face, light in enumerate(_FACE_LIGHT):
        a, b = low[face], low[(face + 1) % 4]
        middle = place((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, block.z[0])
        outward = (middle[0] - centre[0]) * (eye[0] - middle[0]) + (middle[1] - centre[1]) * (eye[1] - middle[1])
        if outward <= 0:
            continue
        corners = [a, b, high[(face + 1) % 4], high[face]]
        view.fill(picture, [place(*corner) for corner in corners], _dim(colour, light))
        if glass and not (blind and face in (0, 2)):
            view.fill(picture, [place(*corner) for corner in _pane(corners)], _dim(glass, 0.8 + 0.3 * light))
    view.fill(picture, [place(*corner) for corner in high], _dim(colour, 1.08))


def _pane(corners: list[Point]) -> list[Point]:
    """The window in a face: the face drawn in by a tenth, a little more below."""
    middle = tuple(sum(corner[k] for corner in corners) / 4 for k in range(3))
    shrunk = [tuple(middle[k] + (corner[k] - middle[k]) * 0.84 for k in range(3)) for corner in corners]
    return [(one[0], one[1], one[2]) for one in shrunk]


def _wheels(view: View, picture: Picture, place: Place, length: float, half: float, dim: float) -> None:
    eye = view.eye
    near = min((-half, half), key=lambda side: math.dist(eye, place(0, side, 0.3)))
    if abs(place(0, near, 0)[0] - eye[0]) < half and abs(place(0, 0, 0)[0] - place(0, 1, 0)[0]) > 0.5:
        return  # seen from straight behind: the wheels are hidden
    for along in (-length * 0.31, length * 0.31):
        for radius, colour in ((0.33, TYRE), (0.18, _dim((150, 152, 154), dim))):
            turn = [k * math.tau / 18 for k in range(18)]
            view.fill(
                picture,
                [place(along + radius * math.cos(t), near * 1.01, 0.33 + radius * math.sin(t)) for t in turn],
                colour,
            )


@dataclass(frozen=True, slots=True)
class Walker:
    """A person on foot along a straight line at walking pace; away before and after."""

    start: tuple[float, float]
    end: tuple[float, float]
    coat: Colour
    trousers: Colour
    leaves: float
    loop_s: float
    hair: Colour = (46, 56, 70)
    size: float = 1.0

    @property
    def arrives(self) -> float:
        """When the person is at the end, as a moment of the loop; may be past 1."""
        return self.leaves + math.dist(self.start, self.end) / WALK_M_S / self.loop_s

    def position(self, moment: float) -> Point | None:
        """Where the feet are."""
        way = _way(moment, self.leaves, self.arrives)
        return None if way is None else _between(self.start, self.end, way)

    def draw(self, view: View, picture: Picture, moment: float, seconds: float, *, dim: float) -> None:
        """Legs and arms swing with the steps."""
        at = self.position(moment)
        if at is None:
            return
        s = self.size
        length = math.dist(self.start, self.end)
        dx, dy = (self.end[0] - self.start[0]) / length, (self.end[1] - self.start[1]) / length
        swing = math.sin(seconds * math.tau * 0.95 + self.leaves * 40)
        bob = 0.025 * abs(swing)

        def place(ahead: float, aside: float, z: float) -> Point:
            return (at[0] + s * (dx * ahead - dy * aside), at[1] + s * (dy * ahead + dx * aside), s * (z + bob))

        view.shade(picture, [place(a, b, 0) for a, b in ((-0.3, -0.3), (0.9, -0.3), (0.9, 0.4), (-0.3, 0.3))], 0.6, 3)
        coat, trousers, skin = _dim(self.coat, dim), _dim(self.trousers, dim), _dim(SKIN, dim)
        for side in (-1, 1):
            knee, foot = (
                place(0.16 * swing * side, 0.09 * side, 0.47),
                place(0.34 * swing * side - 0.04, 0.09 * side, 0.06),
            )
            view.stroke(picture, place(0, 0.09 * side, 0.9), knee, 0.15, trousers)
            view.stroke(picture, knee, foot, 0.12, _dim(self.trousers, 0.9 * dim))
            view.stroke(picture, foot, place(0.34 * swing * side + 0.14, 0.09 * side, 0.04), 0.09, TYRE)
        for side in (-1, 1):
            elbow = place(-0.12 * swing * side, 0.25 * side, 1.12)
            view.stroke(picture, place(0, 0.2 * side, 1.38), elbow, 0.11, _dim(self.coat, 0.85 * dim))
            view.stroke(
                picture, elbow, place(-0.2 * swing * side + 0.1, 0.24 * side, 0.9), 0.09, _dim(self.coat, 0.8 * dim)
            )
            view.ball(picture, place(-0.2 * swing * side + 0.1, 0.24 * side, 0.87), 0.055, skin)
        view.stroke(picture, place(0, 0, 0.95), place(0.02, 0, 1.34), 0.36, coat)
        view.stroke(picture, place(0, -0.1, 1.36), place(0, 0.1, 1.36), 0.2, coat)
        view.stroke(picture, place(0, 0, 1.42), place(0.02, 0, 1.56), 0.1, skin)
        view.ball(picture, place(0.02, 0, 1.63), 0.115, skin)
        view.ball(picture, place(-0.02, 0, 1.68), 0.105, _dim(self.hair, dim))


@dataclass(frozen=True, slots=True)
class Cyclist:
    """A person on a bicycle along the street."""

    start: tuple[float, float]
    end: tuple[float, float]
    coat: Colour
    leaves: float
    arrives: float

    def position(self, moment: float) -> Point | None:
        """Where the bicycle's middle is."""
        way = _way(moment, self.leaves, self.arrives)
        return None if way is None else _between(self.start, self.end, way)

    def draw(self, view: View, picture: Picture, moment: float, seconds: float, *, dim: float) -> None:
        """Wheels, frame, and a rider whose feet turn."""
        at = self.position(moment)
        if at is None:
            return
        length = math.dist(self.start, self.end)
        dx, dy = (self.end[0] - self.start[0]) / length, (self.end[1] - self.start[1]) / length

        def place(ahead: float, aside: float, z: float) -> Point:
            return (at[0] + dx * ahead - dy * aside, at[1] + dy * ahead + dx * aside, z)

        view.shade(picture, [place(a, b, 0) for a, b in ((-0.9, -0.2), (0.9, -0.2), (1.1, 0.5), (-0.7, 0.5))], 0.6, 3)
        frame, coat, skin = _dim((60, 60, 170), dim), _dim(self.coat, dim), _dim(SKIN, dim)
        for hub in (-0.52, 0.52):
            ring = [
                place(hub + 0.33 * math.cos(t), 0, 0.34 + 0.33 * math.sin(t))
                for t in (k * math.tau / 20 for k in range(21))
            ]
            for a, b in itertools.pairwise(ring):
                view.stroke(picture, a, b, 0.045, TYRE)
        crank, saddle, bars = place(-0.05, 0, 0.3), place(-0.22, 0, 0.92), place(0.4, 0, 1.0)
        for a, b in (
            (place(-0.52, 0, 0.34), crank), (crank, saddle), (crank, place(0.36, 0, 0.8)),
            (saddle, place(0.36, 0, 0.8)), (bars, place(0.52, 0, 0.34)), (place(-0.52, 0, 0.34), saddle),
        ):  # fmt: skip
            view.stroke(picture, a, b, 0.05, frame)
        for side in (-1, 1):
            turn = seconds * math.tau * 1.1 + (math.pi if side > 0 else 0)
            foot = place(-0.05 + 0.17 * math.cos(turn), 0.1 * side, 0.3 + 0.17 * math.sin(turn))
            knee = place(0.18 + 0.06 * math.cos(turn), 0.11 * side, 0.72 + 0.08 * math.sin(turn))
            view.stroke(picture, place(-0.2, 0.09 * side, 0.97), knee, 0.15, _dim((86, 62, 48), dim))
            view.stroke(picture, knee, foot, 0.11, _dim((86, 62, 48), 0.9 * dim))
            view.stroke(
                picture,
                place(0.12, 0.18 * side, 1.42),
                place(0.42, 0.22 * side, 1.04),
                0.1,
                _dim(self.coat, 0.85 * dim),
            )
        view.stroke(picture, place(-0.18, 0, 1.05), place(0.1, 0, 1.4), 0.34, coat)
        view.ball(picture, place(0.2, 0, 1.66), 0.115, skin)
        view.ball(picture, place(0.18, 0, 1.72), 0.12, _dim((70, 190, 220), dim))


def _way(moment: float, leaves: float, arrives: float) -> float | None:
    """How far along (0 to 1) at a moment; journeys may run over the loop's end."""
    elapsed = (moment - leaves) % 1.0
    span = arrives - leaves
    return elapsed / span if elapsed <= span else None


def _between(start: tuple[float, float], end: tuple[float, float], way: float) -> Point:
    return start[0] + (end[0] - start[0]) * way, start[1] + (end[1] - start[1]) * way, 0.0
