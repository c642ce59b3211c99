"""A street of our own, rendered: what the demonstration films where no real footage is at hand.

Deterministic, without clock or text, and honest about itself: ``Clip.credit`` says that it is rendered. Night is
the same place as day. Nothing moves but what should: the camera is fixed, so that private zones stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.demo.scene_actors import Actor, Car, Cyclist, Walker
from deploy.demo.scene_town import House, draw_house, draw_lamp, draw_tree, row_of_houses, sky, texture
from deploy.demo.scene_view import Picture, Point, View

WIDTH, HEIGHT, FPS = 1280, 720, 25
LOOP_S = 16.0
FRAMES = round(LOOP_S * FPS)
RECIPE = 1
"""Raise it when the picture changes: cached clips of another recipe are not used."""

NOISE_FIELDS = 7
NIGHT_DIM = 0.34


@dataclass(frozen=True, slots=True)
class Scene:
    """One place at one time of day: a street between houses, or a lane or car park where nobody lives in view."""

    name: str
    seed: int
    night: bool = False
    overcast: bool = False
    x: float = -5.3
    yaw_deg: float = 15.0
    pitch_deg: float = 11.5
    kind: Literal["street", "lane", "car park"] = "street"
    actors: tuple[Actor, ...] = field(default=())

    @property
    def dwellings(self) -> bool:
        """Whether somebody's home is in view."""
        return self.kind == "street"


def _street_actors(*, lights: bool) -> tuple[Actor, ...]:
    parked = (
        (4.6, 13.0, (62, 58, 56)),
        (4.6, 19.0, (168, 170, 172)),
        (4.6, 31.0, (40, 44, 128)),
        (4.6, 43.5, (150, 118, 70)),
    )
    return (
        *(Car((x, y), (x, y), colour) for x, y, colour in parked),
        Car((-1.75, 2.0), (-1.75, 96.0), (46, 44, 150), 0.02, 0.56, lights=lights),
        Car((1.75, 96.0), (1.75, 2.0), (190, 192, 194), 0.20, 0.78, lights=lights),
        Car((1.75, 96.0), (1.75, 2.0), (206, 212, 214), 0.52, 1.14, van=True, lights=lights),
        Car((-1.75, 2.0), (-1.75, 96.0), (120, 84, 42), 0.66, 1.22, lights=lights),
        Walker((9.4, 10.2), (-3.0, 15.5), (64, 60, 142), (84, 66, 52), 0.05, LOOP_S),
        Walker((6.6, 40.0), (6.6, 20.5), (98, 122, 62), (52, 48, 46), 0.10, LOOP_S, size=0.97),
        Walker((6.3, 41.0), (6.3, 21.5), (170, 176, 178), (96, 62, 40), 0.10, LOOP_S, (60, 92, 132), 0.93),
        Walker((-6.0, 30.0), (-6.0, 47.0), (52, 52, 54), (110, 102, 92), 0.35, LOOP_S),
        Walker((11.5, 13.0), (6.9, 26.0), (52, 120, 178), (70, 62, 60), 0.55, LOOP_S),
        Cyclist((-2.8, 2.0), (-2.8, 80.0), (60, 176, 214), 0.30, 1.02),
    )


def _lane_actors() -> tuple[Actor, ...]:
    return (
        Car((1.75, 94.0), (1.75, 2.0), (136, 96, 44), 0.05, 0.52),
        Car((-1.75, 2.0), (-1.75, 94.0), (200, 204, 206), 0.50, 1.02),
        Walker((-9.5, 11.5), (4.0, 14.0), (150, 96, 60), (60, 54, 50), 0.08, LOOP_S),
        Walker((-6.7, 22.0), (-6.7, 40.0), (184, 184, 186), (90, 60, 44), 0.20, LOOP_S),
        Walker((6.2, 44.0), (6.2, 24.0), (58, 98, 66), (66, 60, 56), 0.45, LOOP_S),
        Walker((-6.1, 34.0), (-6.1, 15.0), (76, 74, 168), (48, 44, 42), 0.10, LOOP_S, size=0.95),
        Cyclist((2.9, 88.0), (2.9, 2.0), (74, 74, 176), 0.55, 1.10),
        Cyclist((-3.0, 2.0), (-3.0, 70.0), (84, 170, 84), 0.02, 0.55),
        Cyclist((-3.2, 2.0), (-3.2, 70.0), (40, 168, 222), 0.62, 1.20),
    )


def _car_park_actors() -> tuple[Actor, ...]:
    colours = ((58, 56, 58), (186, 188, 190), (52, 48, 138), (128, 92, 46), (150, 152, 154), (72, 96, 70))
    rows = [Car((-9.0 + 3.1 * n, 27.0), (-9.0 + 3.1 * n, 27.0), colours[n % 6]) for n in (0, 1, 3, 4, 6)]
    rows += [Car((-7.4 + 3.1 * n, 14.5), (-7.4 + 3.1 * n, 14.5), colours[(n + 3) % 6]) for n in (0, 2, 5)]
    return (
        *rows,
        Car((-26.0, 20.5), (26.0, 20.5), (194, 198, 200), 0.06, 0.55, heading="x"),
        Car((26.0, 22.5), (-26.0, 22.5), (48, 46, 150), 0.50, 1.06, heading="x"),
        Walker((8.6, 24.0), (-8.0, 18.0), (60, 110, 164), (58, 52, 48), 0.15, LOOP_S),
        Walker((-14.0, 31.5), (5.5, 31.5), (150, 152, 154), (80, 58, 46), 0.35, LOOP_S, size=0.96),
        Cyclist((-24.0, 33.5), (24.0, 33.5), (70, 160, 90), 0.30, 0.92),
    )


SCENES = (
    Scene("junction_day", seed=11, actors=_street_actors(lights=False)),
    Scene("night_street", seed=11, night=True, actors=_street_actors(lights=True)),
    Scene("cycle_lane_day", seed=29, overcast=True, x=5.3, yaw_deg=-15.0, kind="lane", actors=_lane_actors()),
    Scene("carpark_day", seed=47, x=0.0, yaw_deg=2.0, pitch_deg=12.5, kind="car park", actors=_car_park_actors()),
)


def view_of(scene: Scene) -> View:
    """The scene's camera, on a pole five metres up."""
    return View(WIDTH, HEIGHT, x=scene.x, z=5.3, yaw_deg=scene.yaw_deg, pitch_deg=scene.pitch_deg)


def houses_of(scene: Scene) -> list[House]:
    """The houses on both sides, far ones first."""
    if not scene.dwellings:
        return []
    left, right = (9.5, 8.0) if scene.x < 0 else (8.0, 9.5)
    houses = row_of_houses(-7.6, left, 92.0, scene.seed) + row_of_houses(7.6, right, 92.0, scene.seed + 1)
    return sorted(houses, key=lambda house: -house.near)


def zones_of(scene: Scene, limit: int = 3) -> list[list[tuple[float, float]]]:
    """Where people live, as polygons in normalised picture coordinates: the largest fronts in view."""
    view = view_of(scene)
    frame = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], dtype=np.float32)
    found = []
    for house in houses_of(scene):
        pixels = view.project(house.upper_floors())
        if pixels is None:
            continue
        area, cut = cv2.intersectConvexConvex(cv2.convexHull(pixels.astype(np.float32)), frame)
        if area > WIDTH * HEIGHT * 0.004 and cut is not None:
            points = [(round(float(x) / WIDTH, 4), round(float(y) / HEIGHT, 4)) for x, y in cut.reshape(-1, 2)]
            found.append((area, points))
    return [points for _, points in sorted(found, key=lambda one: -one[0])[:limit]]


@cache
def backdrop(scene: Scene) -> Picture:
    """Everything that stands still, drawn at twice the size for smooth edges, by day or by night."""
    view = View(2 * WIDTH, 2 * HEIGHT, x=scene.x, z=5.3, yaw_deg=scene.yaw_deg, pitch_deg=scene.pitch_deg)
    picture = sky(2 * WIDTH, 2 * HEIGHT, scene.seed, overcast=scene.overcast)
    _horizon(view, picture, scene)
    _ground(view, picture, scene)
    side = 1.0 if scene.overcast else 0.7
    for house in houses_of(scene):
        draw_house(view, picture, house, side if house.wall < 0 else 1.0, night=scene.night)
    if scene.dwellings and not scene.overcast:
        view.shade(picture, [(-7.6, 1.5, 0), (-2.6, 1.5, 0), (-2.6, 92, 0), (-7.6, 92, 0)], 0.66, 3)
    lights = _street_furniture(view, picture, scene)
    small = np.asarray(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return _by_night(scene, small, lights) if scene.night else small


def _horizon(view: View, picture: Picture, scene: Scene) -> None:
    chance = np.random.default_rng(scene.seed + 5)
    for distance, colour in ((420.0, (176, 178, 160)), (260.0, (140, 152, 132)), (150.0, (96, 126, 104))):
        xs = np.linspace(-distance * 1.1, distance * 1.1, 60)
        heights = np.convolve(chance.uniform(0.02, 0.075, 66), np.ones(7) / 7, mode="valid") * distance
        ridge: list[Point] = [(float(x), distance, float(h)) for x, h in zip(xs, heights, strict=True)]
        view.fill(picture, [*ridge, (float(xs[-1]), distance, -2.0), (float(xs[0]), distance, -2.0)], colour)
    if scene.dwellings:
        wall, roof = (172, 190, 200), (96, 88, 84)
        view.fill(picture, [(-3, 128, 0), (2, 128, 0), (2, 128, 17), (-3, 128, 17)], wall)
        view.fill(picture, [(-3.4, 128, 17), (2.4, 128, 17), (-0.5, 128, 29)], roof)
        view.fill(picture, [(2, 127, 0), (17, 127, 0), (17, 127, 8.5), (2, 127, 8.5)], (162, 180, 190))
        view.fill(picture, [(1.6, 127, 8.5), (17.4, 127, 8.5), (15, 127, 13.5), (3.6, 127, 13.5)], roof)
        view.fill(
            picture, [(-1.1, 127.9, 11.5), (0.1, 127.9, 11.5), (0.1, 127.9, 14.5), (-1.1, 127.9, 14.5)], (74, 76, 78)
        )


def _ground(view: View, picture: Picture, scene: Scene) -> None:
    chance = np.random.default_rng(scene.seed + 9)
    view.fill(picture, [(-160, 1.5, 0), (160, 1.5, 0), (160, 150, 0), (-160, 150, 0)], (110, 132, 116))
    asphalt = texture((1500, 1900), (112, 112, 110), 5.5, chance)
    for _ in range(26):
        x, y = int(chance.integers(0, 1400)), int(chance.integers(0, 1800))
        size = (x + int(chance.integers(30, 260)), y + int(chance.integers(20, 160)))
        cv2.rectangle(asphalt, (x, y), size, tuple(int(v) for v in chance.integers(98, 124, 1).repeat(3)), -1)
    half, far = (40.0, 36.0) if scene.kind == "car park" else (7.6, 110.0)
    view.paste(picture, asphalt, [(-half, far, 0), (half, far, 0), (half, 7, 0), (-half, 7, 0)])
    if scene.kind == "car park":
        _car_park(view, picture)
        return
    for side in (-1, 1):
        pavement = texture((260, 2600), (150, 156, 158), 5, chance)
        for y in range(0, 2600, 26):
            cv2.line(pavement, (0, y), (260, y), (132, 138, 140), 1)
        inner, outer = side * 5.6, side * 7.6
        left, right = min(inner, outer), max(inner, outer)
        view.paste(picture, pavement, [(left, 110, 0.12), (right, 110, 0.12), (right, 7, 0.12), (left, 7, 0.12)])
        view.fill(picture, [(inner, 7, 0.12), (inner, 110, 0.12), (inner, 110, 0), (inner, 7, 0)], (126, 130, 132))
    for number in range(16):
        start = 8.0 + 6.0 * number
        if not 9.5 < start < 17.5:
            line: list[Point] = [(-0.07, start, 0), (0.07, start, 0), (0.07, start + 3, 0), (-0.07, start + 3, 0)]
            view.fill(picture, line, (214, 218, 220))
    for number in range(7):
        left = -3.4 + number
        stripe: list[Point] = [(left, 11.5, 0), (left + 0.5, 11.5, 0), (left + 0.5, 15.0, 0), (left, 15.0, 0)]
        view.fill(picture, stripe, (216, 220, 222))


def _car_park(view: View, picture: Picture) -> None:
    for y in (14.5, 27.0):
        for n in range(-5, 7):
            x = -1.35 + 3.1 * n
            view.fill(
                picture,
                [(x - 0.05, y - 2.5, 0), (x + 0.05, y - 2.5, 0), (x + 0.05, y + 2.5, 0), (x - 0.05, y + 2.5, 0)],
                (206, 210, 212),
            )
    view.fill(picture, [(-60, 30.3, 0.1), (60, 30.3, 0.1), (60, 35, 0.1), (-60, 35, 0.1)], (148, 154, 156))
    view.fill(picture, [(-60, 36, 0), (60, 36, 0), (60, 36, 1.5), (-60, 36, 1.5)], (58, 96, 70))
    view.fill(picture, [(-60, 36, 1.5), (60, 36, 1.5), (60, 37.4, 1.5), (-60, 37.4, 1.5)], (70, 116, 86))


def _hedges(view: View, picture: Picture) -> None:
    for side in (-1, 1):
        front, back = side * 8.2, side * 9.6
        view.fill(picture, [(back, 4, 1.3), (back, 110, 1.3), (front, 110, 1.3), (front, 4, 1.3)], (72, 118, 88))
        view.fill(picture, [(front, 4, 0), (front, 110, 0), (front, 110, 1.3), (front, 4, 1.3)], (56, 96, 70))


def _street_furniture(view: View, picture: Picture, scene: Scene) -> list[Point]:
    if scene.kind == "lane":
        _hedges(view, picture)
        trees = [(side, y) for y in (86.0, 72.0, 60.0, 49.0, 39.0, 30.0, 22.0) for side in (-9.4, 9.4)]
        lamps = [(-8.0, 52.0), (-8.0, 26.0)]
    elif scene.dwellings:
        trees = [(-6.9, y) for y in (74.0, 58.0, 42.0)] if scene.x < 0 else [(6.9, y) for y in (74.0, 58.0, 42.0, 30.0)]
        lamps = [(6.9 if scene.x < 0 else -6.9, y) for y in (66.0, 46.0, 27.5)]
    else:
        trees = [(-18.0 + 6.1 * n, 38.5) for n in range(8)]
        lamps = [(-11.6, 31.0), (11.4, 31.0)]
    lights = []
    for number, (x, y) in enumerate(trees):
        draw_tree(view, picture, x, y, 6.5 + number % 3, scene.seed * 100 + number)
    for x, y in lamps:
        lights.append(draw_lamp(view, picture, x, y))
    return lights


def _by_night(scene: Scene, picture: Picture, lights: list[Point]) -> Picture:
    """Dark and blue, but for lit windows and the pools and haloes of the lamps."""
    view = view_of(scene)
    level = picture.astype(np.float32)
    warm = np.clip((level[..., 2] - level[..., 0] - 90) / 60, 0, 1)[..., None]
    sky_dark = np.linspace(0.16, 0.3, HEIGHT, dtype=np.float32)[:, None, None]
    lit = np.zeros((HEIGHT, WIDTH, 1), dtype=np.float32)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    for light in lights:
        pool = view.project([(light[0], light[1], 0.0)] * 3)
        head = view.project([light] * 3)
        if pool is None or head is None:
            continue
        size = view.scale((light[0], light[1], 0.0))
        for (u, v), wide, high, power in (
            (pool[0], 4.5 * size, 1.6 * size, 0.85),
            (head[0], 0.9 * size, 0.9 * size, 0.9),
        ):
            lit[..., 0] += power * np.exp(-(((columns - u) / wide) ** 2) - ((rows - v) / high) ** 2)
    dark = level * sky_dark * np.array([1.25, 1.0, 0.9], dtype=np.float32)
    lamp = level * np.array([0.62, 0.86, 1.0], dtype=np.float32)
    mixed = dark * (1 - np.clip(lit, 0, 1)) + lamp * np.clip(lit, 0, 1)
    mixed = mixed * (1 - warm) + level * 0.95 * warm
    glow = np.asarray(cv2.GaussianBlur(mixed * warm, (0, 0), 9))
    return np.clip(mixed + glow * 0.6, 0, 255).astype(np.uint8)


def frames(scene: Scene) -> Iterator[Picture]:
    """Every frame of the loop, BGR, ``WIDTH`` × ``HEIGHT``, without the sensor's noise."""
    view, still = view_of(scene), backdrop(scene)
    dim = NIGHT_DIM if scene.night else 1.0
    for number in range(FRAMES):
        picture = still.copy()
        moment = number / FRAMES
        placed = [(actor.position(moment), actor) for actor in scene.actors]
        present = sorted(
            ((view.depth(at), index) for index, (at, _) in enumerate(placed) if at is not None), reverse=True
        )
        for _, index in present:
            scene.actors[index].draw(view, picture, moment, number / FPS, dim=dim)
        yield picture


def grain(width: int, height: int, spread: float = 2.2) -> NDArray[np.uint8]:
    """A few fields of brightness noise of a size, the same each time."""
    noise = np.random.default_rng(3).normal(0, spread, (NOISE_FIELDS, height, width))
    return np.clip(noise, 0, 255).round().astype(np.uint8)


class Sensor:
    """The grain of a sensor: brightness noise, stronger by night, the same for the same frame number."""

    def __init__(self, night: bool) -> None:
        chance = np.random.default_rng(3)
        spread = 3.4 if night else 1.7
        noise = chance.normal(0, spread, (NOISE_FIELDS, HEIGHT, WIDTH))
        self._brighter = np.clip(noise, 0, 255).round().astype(np.uint8)
        self._darker = np.clip(-noise, 0, 255).round().astype(np.uint8)

    def planes(self, picture: Picture, number: int) -> Picture:
        """The frame as YUV 4:2:0 planes, grain on the brightness."""
        planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
        luma = planes[:HEIGHT]
        field_number = number * 3 % NOISE_FIELDS
        cv2.add(luma, self._brighter[field_number], dst=luma)
        cv2.subtract(luma, self._darker[field_number], dst=luma)
        return planes
