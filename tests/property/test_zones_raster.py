"""The raster against brute force in exact arithmetic, and ``loosens`` against the raster, on random polygons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.geometry import Polygon, covers, crossing
from privacy.raster import rasterise, touched

SIDE = 12
ROUNDING = Fraction(1, 400_000)
HALF = Fraction(1, 2)
T = TypeVar("T", float, Fraction)
Exact = tuple[Fraction, Fraction]


@st.composite
def polygons(draw: st.DrawFn, side: int = SIDE) -> list[tuple[float, float]]:
    """A simple polygon around a middle, on a grid that often hits pixel corners and edges."""
    count = draw(st.integers(3, 7))
    steps = draw(st.sampled_from([1, 2, 4, 7]))
    middle = (draw(st.integers(3, side - 3)), draw(st.integers(3, side - 3)))
    points = []
    for number in range(count):
        angle = 2 * math.pi * (number + draw(st.floats(0, 0.8))) / count
        radius = draw(st.floats(0.5, side / 2))
        x = round((middle[0] + radius * math.cos(angle)) * steps) / steps
        y = round((middle[1] + radius * math.sin(angle)) * steps) / steps
        points.append((min(side, max(0.0, x)), min(side, max(0.0, y))))
    if len(set(points)) < count or crossing(points) is not None:
        return [(1.0, 1.0), (side - 1.5, 2.0), (3.0, side - 2.0)]
    return points


def meets(polygon: list[Exact], column: int, row: int, slack: Fraction) -> bool:
    """Whether the closed polygon meets the closed square grown by ``slack``: an edge does, or the middle is inside."""
    low = (column - slack, row - slack)
    high = (column + 1 + slack, row + 1 + slack)
    pairs = [(polygon[i - 1], polygon[i]) for i in range(len(polygon))]
    return any(crosses(a, b, low, high) for a, b in pairs) or holds(polygon, (column + HALF, row + HALF))


def crosses(a: Exact, b: Exact, low: Exact, high: Exact) -> bool:
    """Whether the segment meets the box, by Liang and Barsky, in fractions."""
    enter, leave = Fraction(0), Fraction(1)
    for axis in (0, 1):
        way = b[axis] - a[axis]
        if way == 0:
            if not low[axis] <= a[axis] <= high[axis]:
                return False
            continue
        first, last = sorted(((low[axis] - a[axis]) / way, (high[axis] - a[axis]) / way))
        enter, leave = max(enter, first), min(leave, last)
    return enter <= leave


@settings(max_examples=150)
@given(polygons())
def test_exactly_the_touched_pixels_are_marked(points: list[tuple[float, float]]) -> None:
    """Every touched pixel is marked; a pixel missed by more than a rounding error is not."""
    grid = touched(points, SIDE, SIDE)
    exact = [(Fraction(x), Fraction(y)) for x, y in points]
    for row in range(SIDE):
        for column in range(SIDE):
            if meets(exact, column, row, Fraction(0)):
                assert grid[row, column], (row, column)
            elif not meets(exact, column, row, ROUNDING):
                assert not grid[row, column], (row, column)


@settings(max_examples=60)
@given(st.lists(polygons(40), min_size=1, max_size=3), st.integers(0, 3), st.integers(37, 40), st.integers(37, 40))
def test_paint_holds_the_zone_its_margin_and_its_chroma(
    drawn: list[list[tuple[float, float]]], margin: int, width: int, height: int
) -> None:
    shares = [[(x / 40, y / 40) for x, y in points] for points in drawn]
    raster = rasterise(shares, width, height, margin)
    zone, luma = raster.zone_grid(), raster.luma_grid()
    whole = np.zeros((height, width), dtype=np.bool_)
    for points in shares:
        whole |= touched([(x * width, y * height) for x, y in points], width, height)
    assert np.array_equal(zone, whole)
    rows, columns = np.nonzero(zone)
    expected = np.zeros_like(luma)
    for row, column in zip(rows, columns, strict=True):
        expected[max(0, row - margin) : row + margin + 1, max(0, column - margin) : column + margin + 1] = True
    assert np.array_equal(luma, expected)
    for part in raster.parts:
        assert part.top % 2 == part.left % 2 == 0
        for row, column in zip(*np.nonzero(part.luma), strict=True):
            assert part.chroma[row // 2, column // 2]
        assert part.chroma.sum() <= part.luma.sum()


@settings(max_examples=80)
@given(st.lists(polygons(), min_size=1, max_size=3), st.lists(polygons(), min_size=1, max_size=3))
def test_covering_agrees_with_points_tried_one_by_one(outer: list[Polygon], inner: list[Polygon]) -> None:
    answer = covers(outer, inner)
    tried = [(column / 5 + 0.013, row / 5 + 0.0071) for column in range(SIDE * 5) for row in range(SIDE * 5)]
    uncovered = [p for p in tried if any(holds(q, p) for q in inner) and not any(holds(q, p) for q in outer)]
    if answer:
        assert not uncovered
    assert covers([*outer, *inner], inner)
    assert covers(inner, inner)


def holds(polygon: Sequence[tuple[T, T]], point: tuple[T, T]) -> bool:
    """Whether the point lies inside, by the even-odd rule."""
    inside = False
    for i, (x1, y1) in enumerate(polygon):
        x2, y2 = polygon[i - 1]
        if (y1 <= point[1]) != (y2 <= point[1]) and point[0] < x1 + (point[1] - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside
