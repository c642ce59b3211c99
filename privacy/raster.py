"""Zones to pixels: which samples of the luma and chroma planes are painted, and which must prove opaque (P-11).

For each zone three grids come out, all conservative:

* ``zone``: every pixel whose square the closed polygon touches, even in one point. After encoding these are looked at
  again by the self-check.
* ``luma``: what is painted: ``zone`` widened by MARGIN_PIXELS.
* ``chroma``: every 4:2:0 chroma sample one of whose four pixels is painted.

Why a margin: the encoder transforms blocks of 4 × 4 or 8 × 8 samples. A block that holds both paint and scene comes
back with quantisation noise on both sides of the edge. No clear sample can come back, since it is overwritten before
the encoder sees it; but the noise would make the inside uneven, and an uneven inside is what a failed mask looks like.
Measured on the clips at the masker's quality: without a margin single pixels of a slanted edge come back up to 52
levels off (a lone painted pixel does not survive quantisation), with one pixel 10, with three 7. One pixel is taken.

Why no alignment to blocks: whole 8 × 8 blocks would end the noise (2 to 5 levels), but hide up to 7 pixels more of the
public way on each side, which is not ours to hide either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.geometry import Point, Polygon, edges

Grid = NDArray[np.bool_]

MARGIN_PIXELS: Final = 1
CELL_PIXELS: Final = 2
# A zone of fewer pixels than this drowns in the noise of one transform block: it cannot be shown to be opaque.
ZONE_MIN_PIXELS: Final = 16
# A square that the polygon misses by less than this counts as touched: rounding never uncovers a pixel.
TOUCH_PIXELS: Final = 1e-6


@dataclass(frozen=True, slots=True)
class ZoneRaster:
    """One zone's grids, cut to the box that holds its paint; the box's corner is even, so that chroma cells fit.

    ``top`` and ``left`` are the corner in luma pixels; ``zone`` and ``luma`` have one value a pixel, ``zone_chroma``
    and ``chroma`` one a 2 × 2 cell, indexed [row, column].
    """

    top: int
    left: int
    zone: Grid
    luma: Grid
    zone_chroma: Grid
    chroma: Grid


@dataclass(frozen=True, slots=True)
class Raster:
    """All zones of one picture size, in pixels."""

    width: int
    height: int
    parts: tuple[ZoneRaster, ...]

    def zone_grid(self) -> Grid:
        """Every pixel that a zone touches, as one grid of the picture."""
        return self._whole([(part, part.zone) for part in self.parts])

    def luma_grid(self) -> Grid:
        """Every painted luma sample, as one grid of the picture."""
        return self._whole([(part, part.luma) for part in self.parts])

    def _whole(self, pieces: Sequence[tuple[ZoneRaster, Grid]]) -> Grid:
        whole = np.zeros((self.height, self.width), dtype=np.bool_)
        for part, grid in pieces:
            rows, columns = grid.shape
            whole[part.top : part.top + rows, part.left : part.left + columns] |= grid
        return whole


def rasterise(polygons: Sequence[Polygon], width: int, height: int, margin: int = MARGIN_PIXELS) -> Raster:
    """The raster of polygons given in shares of a picture of ``width`` × ``height`` pixels."""
    return Raster(width, height, tuple(_zone(polygon, width, height, margin) for polygon in polygons))


def too_small(raster: Raster) -> tuple[int, ...]:
    """The numbers (from 1) of the zones that cover fewer than ZONE_MIN_PIXELS of this picture."""
    return tuple(n for n, part in enumerate(raster.parts, start=1) if int(part.zone.sum()) < ZONE_MIN_PIXELS)


def touched(polygon: Polygon, width: int, height: int) -> Grid:
    """Every pixel square [x, x+1] × [y, y+1] that meets the closed polygon, given in pixels.

    A square meets a polygon when an edge touches it or when it lies inside whole; the first is answered edge by edge
    and row by row, the second by the square's middle.
    """
    grid = np.zeros((height, width), dtype=np.bool_)
    _fill_inside(grid, polygon)
    for start, end in edges(polygon):
        _draw_edge(grid, start, end)
    return grid


def _zone(polygon: Polygon, width: int, height: int, margin: int) -> ZoneRaster:
    pixels = [(x * width, y * height) for x, y in polygon]
    left = _even_below(min(x for x, _ in pixels) - 1 - margin)
    top = _even_below(min(y for _, y in pixels) - 1 - margin)
    right = min(width, math.ceil(max(x for x, _ in pixels)) + 1 + margin)
    bottom = min(height, math.ceil(max(y for _, y in pixels)) + 1 + margin)
    zone = touched([(x - left, y - top) for x, y in pixels], right - left, bottom - top)
    luma = _widened(zone, margin)
    return ZoneRaster(top, left, zone, luma, _cells(zone), _cells(luma))


def _even_below(value: float) -> int:
    return max(0, math.floor(value) // CELL_PIXELS * CELL_PIXELS)


def _fill_inside(grid: Grid, polygon: Polygon) -> None:
    """Mark pixels whose middle lies inside, by the even-odd rule, row by row."""
    for row in range(grid.shape[0]):
        y = row + 0.5
        crossings = sorted(
            x1 + (y - y1) / (y2 - y1) * (x2 - x1) for (x1, y1), (x2, y2) in edges(polygon) if (y1 <= y) != (y2 <= y)
        )
        for left, right in zip(crossings[0::2], crossings[1::2], strict=True):
            grid[row, max(0, math.ceil(left - 0.5)) : max(0, math.floor(right - 0.5) + 1)] = True


def _draw_edge(grid: Grid, start: Point, end: Point) -> None:
    """Mark the squares that the closed segment touches: in each row, from its lowest to its highest x there."""
    height = grid.shape[0]
    (x1, y1), (x2, y2) = sorted((start, end), key=lambda point: point[1])
    for row in range(max(0, math.floor(y1 - TOUCH_PIXELS)), min(height - 1, math.floor(y2 + TOUCH_PIXELS)) + 1):
        low, high = min(x1, x2), max(x1, x2)
        if y2 - y1 >= TOUCH_PIXELS:
            near = (min(max(row - TOUCH_PIXELS, y1), y2) - y1) / (y2 - y1)
            far = (min(max(row + 1 + TOUCH_PIXELS, y1), y2) - y1) / (y2 - y1)
            low, high = sorted((x1 + near * (x2 - x1), x1 + far * (x2 - x1)))
        first, last = math.floor(low - TOUCH_PIXELS), math.floor(high + TOUCH_PIXELS)
        grid[row, max(0, first) : max(0, last + 1)] = True


def _widened(grid: Grid, margin: int) -> Grid:
    """The grid with each pixel grown by ``margin`` pixels to every side."""
    height, width = grid.shape
    rows = grid.copy()
    for shift in range(1, min(margin, height - 1) + 1):
        rows[shift:] |= grid[:-shift]
        rows[:-shift] |= grid[shift:]
    both = rows.copy()
    for shift in range(1, min(margin, width - 1) + 1):
        both[:, shift:] |= rows[:, :-shift]
        both[:, :-shift] |= rows[:, shift:]
    return both


def _cells(grid: Grid) -> Grid:
    """One value for each 2 × 2 cell: whether any of its pixels is set; an odd last row or column is half a cell."""
    height, width = grid.shape
    padded = np.zeros((height + height % CELL_PIXELS, width + width % CELL_PIXELS), dtype=np.bool_)
    padded[:height, :width] = grid
    return padded[0::2, 0::2] | padded[0::2, 1::2] | padded[1::2, 0::2] | padded[1::2, 1::2]
