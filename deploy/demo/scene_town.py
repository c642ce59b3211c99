"""What stands still in a rendered street: sky, ground, houses, trees, lamps. Drawn once per scene."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from deploy.demo.scene_view import Colour, Picture, Point, View

FACADE_PX_PER_M = 48
FLOOR_M = 2.9
GROUND_FLOOR_M = 3.3
WALLS: tuple[Colour, ...] = (
    (178, 205, 222),
    (160, 178, 190),
    (190, 208, 214),
    (150, 190, 214),
    (170, 182, 205),
    (196, 210, 208),
)
SHUTTERS: tuple[Colour, ...] = ((112, 92, 62), (74, 98, 70), (84, 84, 132), (120, 120, 112), (92, 66, 48))
ROOFS: tuple[Colour, ...] = ((70, 86, 142), (78, 80, 92), (64, 78, 122))
GLASS: Colour = (92, 82, 70)
WARM_LIGHT: Colour = (96, 196, 255)


@dataclass(frozen=True, slots=True)
class House:
    """A house in a row: ``near`` and ``far`` along the street, its wall on the line x = ``wall``."""

    wall: float
    near: float
    far: float
    floors: int
    shop: bool
    seed: int

    @property
    def eaves(self) -> float:
        """Height of the wall in metres."""
        return GROUND_FLOOR_M + (self.floors - 1) * FLOOR_M + 0.5

    def upper_floors(self) -> tuple[Point, Point, Point, Point]:
        """The part of the front behind which people live."""
        low = GROUND_FLOOR_M if self.shop else 0.6
        near, far, wall = self.near, self.far, self.wall
        return (wall, near, self.eaves), (wall, far, self.eaves), (wall, far, low), (wall, near, low)


def row_of_houses(wall: float, start: float, end: float, seed: int) -> list[House]:
    """Houses side by side from ``start`` to ``end``, the same ones for the same seed."""
    chance = np.random.default_rng(seed)
    houses = []
    at = start
    while at < end:
        width = float(chance.uniform(6.5, 10.5))
        floors, shop = int(chance.integers(2, 4)), bool(chance.random() < 0.35)
        houses.append(House(wall, at, at + width, floors, shop, int(chance.integers(1 << 30))))
        at += width + (2.4 if chance.random() < 0.18 else 0.0)
    return houses


def texture(size: tuple[int, int], colour: Colour, grain: float, chance: np.random.Generator) -> Picture:
    """A flat colour with fine and coarse grain; ``size`` is width, height."""
    width, height = size
    fine = chance.normal(0, grain, (height, width, 1)).astype(np.float32)
    small = chance.normal(0, grain, (max(2, height // 24), max(2, width // 24))).astype(np.float32)
    coarse = 0.45 * np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))[..., None]
    return np.clip(np.array(colour, dtype=np.float32) + fine + coarse, 0, 255).astype(np.uint8)


def draw_house(view: View, picture: Picture, house: House, light: float, *, night: bool) -> None:
    """One house: front, roof, chimney and the end wall towards the camera."""
    chance = np.random.default_rng(house.seed)
    front = facade(house, chance, night=night)
    if light != 1.0:
        front = np.clip(front * np.array([light * 1.08, light, light * 0.95]), 0, 255).astype(np.uint8)
    away = 1.0 if house.wall > 0 else -1.0
    wall, near, far, top = house.wall, house.near, house.far, house.eaves
    roof = ROOFS[house.seed % len(ROOFS)]
    ridge = wall + away * 3.2
    tiles = _tiles(roof, chance, light)
    chimney = near + (far - near) * 0.3
    for x, shade in ((ridge, 0.8), (ridge - away * 0.6, 1.0)):
        box = [
            (x, chimney, top + 1.6),
            (x, chimney + 0.8, top + 1.6),
            (x, chimney + 0.8, top + 3.2),
            (x, chimney, top + 3.2),
        ]
        view.fill(picture, box, _dim((88, 104, 150), shade * light))
    left, right = (near, far) if away < 0 else (far, near)
    if away > 0:
        view.fill(
            picture, [(wall, near, 0), (wall + 8, near, 0), (wall + 8, near, top), (wall, near, top)], (120, 128, 132)
        )
        view.fill(picture, [(wall, near, top), (ridge, near, top + 2.3), (wall + 6.4, near, top)], (122, 130, 136))
    eave = wall - away * 0.35
    corners = [(ridge, left, top + 2.3), (ridge, right, top + 2.3), (eave, right, top - 0.1), (eave, left, top - 0.1)]
    view.paste(picture, tiles, corners)
    view.paste(picture, front, [(wall, left, top), (wall, right, top), (wall, right, 0), (wall, left, 0)])


def _tiles(colour: Colour, chance: np.random.Generator, light: float) -> Picture:
    tiles = texture((420, 160), _dim(colour, light), 7, chance)
    for y in range(0, 160, 10):
        cv2.line(tiles, (0, y), (420, y), _dim(colour, 0.72 * light), 2)
    return tiles


def facade(house: House, chance: np.random.Generator, *, night: bool) -> Picture:
    """The front of a house, seen straight on; windows and door where ``upper_floors`` says people live."""
    scale = FACADE_PX_PER_M
    width, height = round((house.far - house.near) * scale), round(house.eaves * scale)
    wall = WALLS[int(chance.integers(len(WALLS)))]
    shutter = SHUTTERS[int(chance.integers(len(SHUTTERS)))]
    front = texture((width, height), wall, 3.2, chance)
    base = round(0.5 * scale)
    front[-base:] = (front[-base:] * 0.74).astype(np.uint8)
    cv2.rectangle(front, (0, 0), (width, round(0.22 * scale)), _dim(wall, 0.82), -1)
    columns = max(2, round((house.far - house.near) / 2.7))
    for floor in range(1, house.floors):
        bottom = height - round((GROUND_FLOOR_M + (floor - 1) * FLOOR_M + 0.85) * scale)
        cv2.line(front, (0, bottom + round(0.85 * scale)), (width, bottom + round(0.85 * scale)), _dim(wall, 0.86), 3)
        for column in range(columns):
            _window(front, (round((column + 0.5) * width / columns), bottom), shutter, chance, night=night)
    if house.shop:
        _shop(front, width, height, chance, night=night)
    else:
        door = int(chance.integers(columns))
        for column in range(columns):
            centre = round((column + 0.5) * width / columns)
            if column == door:
                _door(front, centre, height, shutter)
            else:
                _window(front, (centre, height - round(1.0 * scale)), shutter, chance, night=night)
    return front


def _window(front: Picture, at: tuple[int, int], shutter: Colour, chance: np.random.Generator, *, night: bool) -> None:
    scale = FACADE_PX_PER_M
    centre, bottom = at
    half, tall = round(0.5 * scale), round(1.45 * scale)
    lit = night and chance.random() < 0.45
    glass = WARM_LIGHT if lit else _dim(GLASS, float(chance.uniform(0.7, 1.25)))
    cv2.rectangle(front, (centre - half - 5, bottom - tall - 5), (centre + half + 5, bottom + 4), (214, 218, 220), -1)
    cv2.rectangle(front, (centre - half, bottom - tall), (centre + half, bottom), glass, -1)
    if not lit:
        shine = np.array([[centre - half, bottom - tall], [centre, bottom - tall], [centre - half, bottom - tall // 3]])
        cv2.fillPoly(front, [shine.astype(np.int32)], _dim(glass, 1.45))
    curtain = _dim((210, 214, 216), 0.95 if lit else 0.7)
    cv2.rectangle(front, (centre + half // 3, bottom - tall), (centre + half, bottom - tall // 6), curtain, -1)
    for x in (centre - half, centre, centre + half):
        cv2.line(front, (x, bottom - tall), (x, bottom), (222, 226, 228), 3)
    cv2.line(front, (centre - half, bottom - tall // 2), (centre + half, bottom - tall // 2), (222, 226, 228), 2)
    for side in (-1, 1):
        inner, outer = centre + side * (half + 6), centre + side * (2 * half + 4)
        cv2.rectangle(front, (min(inner, outer), bottom - tall - 2), (max(inner, outer), bottom), shutter, -1)
        for y in range(bottom - tall + 4, bottom, 7):
            cv2.line(front, (min(inner, outer) + 2, y), (max(inner, outer) - 2, y), _dim(shutter, 0.78), 1)
    cv2.rectangle(front, (centre - half - 8, bottom + 4), (centre + half + 8, bottom + 10), (168, 174, 178), -1)


def _door(front: Picture, centre: int, height: int, colour: Colour) -> None:
    scale = FACADE_PX_PER_M
    half, tall = round(0.55 * scale), round(2.25 * scale)
    cv2.rectangle(front, (centre - half - 7, height - tall - 7), (centre + half + 7, height), (176, 184, 188), -1)
    cv2.rectangle(front, (centre - half, height - tall), (centre + half, height), colour, -1)
    cv2.rectangle(front, (centre - half + 8, height - tall + 8), (centre + half - 8, height - tall + 34), GLASS, -1)
    for y in (0.62, 0.3):
        top = height - round(tall * y)
        cv2.rectangle(
            front, (centre - half + 8, top), (centre + half - 8, top + round(tall * 0.22)), _dim(colour, 0.8), 2
        )


def _shop(front: Picture, width: int, height: int, chance: np.random.Generator, *, night: bool) -> None:
    scale = FACADE_PX_PER_M
    top = height - round(2.6 * scale)
    sign = SHUTTERS[int(chance.integers(len(SHUTTERS)))]
    glass = _dim(WARM_LIGHT, 0.85) if night else _dim(GLASS, 1.2)
    cv2.rectangle(front, (18, top - 34), (width - 18, top), sign, -1)
    cv2.rectangle(front, (24, top), (width - 24, height - 20), glass, -1)
    for x in range(24, width - 24, round(1.5 * scale)):
        cv2.line(front, (x, top), (x, height - 20), (60, 64, 66), 5)
    for _ in range(14):
        x, y = int(chance.integers(30, width - 60)), int(chance.integers(top + 40, height - 40))
        colour = tuple(int(v) for v in chance.integers(60, 190, 3))
        cv2.rectangle(front, (x, y), (x + int(chance.integers(8, 30)), height - 26), colour, -1)
    stripes = range(18, width - 18, 26)
    for number, x in enumerate(stripes):
        colour = sign if number % 2 else (224, 228, 230)
        cv2.rectangle(front, (x, top - 2), (min(x + 26, width - 18), top + 26), colour, -1)


def draw_tree(view: View, picture: Picture, x: float, y: float, height: float, seed: int, *, dim: float = 1.0) -> None:
    """A tree: trunk, branches, and leaves as many small discs, darker below."""
    chance = np.random.default_rng(seed)
    view.shade(
        picture, [(x + 0.3, y - 1.2, 0), (x + 3.4, y - 0.4, 0), (x + 3.4, y + 1.4, 0), (x + 0.3, y + 1.0, 0)], 0.62, 4
    )
    view.stroke(picture, (x, y, 0), (x, y, height * 0.55), 0.28, _dim((58, 78, 96), dim))
    spread = height * 0.27
    for layer in range(420):
        direction = chance.normal(0, 1, 3)
        direction /= np.linalg.norm(direction)
        reach = spread * float(chance.uniform(0.35, 1.0))
        centre = (x + direction[0] * reach, y + direction[1] * reach, height * 0.72 + direction[2] * reach * 0.9)
        sun = 0.62 + 0.3 * (direction[2] + 1) / 2 + 0.12 * layer / 420 + float(chance.uniform(-0.08, 0.08))
        colour = _dim((52, 118, 88), sun * dim)
        view.ball(
            picture, (float(centre[0]), float(centre[1]), float(centre[2])), float(chance.uniform(0.1, 0.26)), colour
        )


def draw_lamp(view: View, picture: Picture, x: float, y: float, *, dim: float = 1.0) -> Point:
    """A street lamp; returns where its light is."""
    arm = 1.3 if x < 0 else -1.3
    head = (x + arm, y, 5.6)
    view.stroke(picture, (x, y, 0), (x, y, 5.5), 0.13, _dim((86, 92, 88), dim))
    view.stroke(picture, (x, y, 5.5), head, 0.09, _dim((86, 92, 88), dim))
    view.ball(picture, head, 0.2, _dim((222, 230, 232), max(dim, 0.9)))
    return head


def sky(width: int, height: int, seed: int, *, overcast: bool) -> Picture:
    """A gradient with soft clouds."""
    chance = np.random.default_rng(seed)
    top, low = ((196, 190, 184), (226, 224, 220)) if overcast else ((206, 158, 108), (236, 222, 206))
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None] ** 0.6
    base = np.array(top, dtype=np.float32) * (1 - ramp) + np.array(low, dtype=np.float32) * ramp
    base = np.repeat(base, width, axis=1)
    clouds = np.zeros((height, width), dtype=np.float32)
    for cells, weight in ((7, 0.5), (17, 0.3), (41, 0.2)):
        noise = chance.random((cells * 2, cells)).astype(np.float32)
        clouds += weight * np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC))
    cover = np.clip((clouds - 0.48) * 3.2, 0, 1)[..., None] * (0.5 if overcast else 0.85)
    mixed: Picture = np.clip(base * (1 - cover) + np.array([246, 244, 242]) * cover, 0, 255).astype(np.uint8)
    return mixed


def _dim(colour: Colour, factor: float) -> Colour:
    blue, green, red = (max(0, min(255, round(c * factor))) for c in colour)
    return blue, green, red
