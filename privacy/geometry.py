"""Plane geometry of polygons, on plain floats: area, crossing edges, and whether one set covers another."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Polygon = Sequence[Point]

# A strip thinner than this share of the picture is no area (a 4K pixel is 260,000 times wider).
THIN_SHARE: Final = 1e-9
# Beyond this many slabs ``covers`` gives up and answers no, which asks for a second person: the safe answer.
SLABS_LIMIT: Final = 20_000


def area(polygon: Polygon) -> float:
    """The polygon's area (unsigned, shoelace), in the square of its unit."""
    total = 0.0
    for (x1, y1), (x2, y2) in edges(polygon):
        total += x1 * y2 - x2 * y1
    return abs(total) / 2


def edges(polygon: Polygon) -> list[tuple[Point, Point]]:
    """The edges in order, the last one back to the first point."""
    return [(polygon[i], polygon[(i + 1) % len(polygon)]) for i in range(len(polygon))]


def crossing(polygon: Polygon) -> tuple[int, int] | None:
    """The first two edges (their indices) that touch where a simple polygon's must not, or None.

    Neighbours share their common point only; a spike that folds back on its neighbour counts as crossing.
    """
    lines = edges(polygon)
    count = len(lines)
    for i in range(count):
        for j in range(i + 1, count):
            if j == i + 1 or (i == 0 and j == count - 1):
                first, second = (lines[i], lines[j]) if j == i + 1 else (lines[j], lines[i])
                if _folds_back(first, second):
                    return (i, j)
            elif _touch(lines[i], lines[j]):
                return (i, j)
    return None


def covers(outer: Sequence[Polygon], inner: Sequence[Polygon]) -> bool:
    """Whether every point of ``inner``'s union lies in ``outer``'s (strips under THIN_SHARE are overlooked).

    The plane is cut into vertical slabs at every vertex and crossing, so that inside a slab no two edges cross; the
    midline of each slab then answers for the whole slab.
    """
    if not inner:
        return True
    segments = [edge for polygon in (*outer, *inner) for edge in edges(polygon)]
    cuts = _cuts(np.array(segments, dtype=np.float64))
    if len(cuts) > SLABS_LIMIT:
        return False
    for left, right in itertools.pairwise(cuts):
        if right - left < THIN_SHARE:
            continue
        x = (left + right) / 2
        if not _spans_inside(_spans(inner, x), _spans(outer, x)):
            return False
    return True


def _cuts(segments: NDArray[np.float64]) -> list[float]:
    """Every x where an edge starts, ends or crosses another."""
    start, end = segments[:, 0, :], segments[:, 1, :]
    way = end - start
    found = [segments[:, :, 0].ravel()]
    for i in range(len(segments) - 1):
        gap = start[i + 1 :] - start[i]
        denominator = way[i, 0] * way[i + 1 :, 1] - way[i, 1] * way[i + 1 :, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (gap[:, 0] * way[i + 1 :, 1] - gap[:, 1] * way[i + 1 :, 0]) / denominator
            u = (gap[:, 0] * way[i, 1] - gap[:, 1] * way[i, 0]) / denominator
            hit = (denominator != 0) & (t >= 0) & (t <= 1) & (u >= 0) & (u <= 1)
        found.append(start[i, 0] + t[hit] * way[i, 0])
    return [float(x) for x in np.unique(np.concatenate(found))]


def _spans(polygons: Sequence[Polygon], x: float) -> list[tuple[float, float]]:
    """The union's intervals on the vertical line at x, sorted and merged; x is no vertex."""
    raw: list[tuple[float, float]] = []
    for polygon in polygons:
        heights = sorted(
            y1 + (x - x1) / (x2 - x1) * (y2 - y1)
            for (x1, y1), (x2, y2) in edges(polygon)
            if min(x1, x2) < x < max(x1, x2)
        )
        raw.extend(zip(heights[0::2], heights[1::2], strict=False))
    merged: list[tuple[float, float]] = []
    for low, high in sorted(raw):
        if merged and low <= merged[-1][1] + THIN_SHARE:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def _spans_inside(inner: list[tuple[float, float]], outer: list[tuple[float, float]]) -> bool:
    return all(
        high - low < THIN_SHARE or any(start <= low + THIN_SHARE and high <= end + THIN_SHARE for start, end in outer)
        for low, high in inner
    )


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _folds_back(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Whether ``second``, which starts where ``first`` ends, runs back over it."""
    (a, b), (_, c) = first, second
    return _turn(a, b, c) == 0 and (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]) > 0


def _on(a: Point, b: Point, p: Point) -> bool:
    return min(a[0], b[0]) <= p[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= p[1] <= max(a[1], b[1])


def _touch(one: tuple[Point, Point], two: tuple[Point, Point]) -> bool:
    (a, b), (c, d) = one, two
    d1, d2, d3, d4 = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if ((d1 > 0) != (d2 > 0)) and ((d3 > 0) != (d4 > 0)) and 0 not in (d1, d2, d3, d4):
        return True
    return (
        (d1 == 0 and _on(a, b, c))
        or (d2 == 0 and _on(a, b, d))
        or (d3 == 0 and _on(c, d, a))
        or (d4 == 0 and _on(c, d, b))
    )
