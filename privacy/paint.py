"""Painting a decoded picture, and looking whether a picture is painted (P-11). Pictures are 8-bit 4:2:0 planes.

The paint is a neutral grey. Not black: a black zone in a night scene looks like a dark corner, and the harder the edge,
the more the encoder's noise crosses it. The colour carries nothing and cannot be undone, unlike a blur (O-43).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from privacy.raster import Grid, Raster

Samples = NDArray[np.uint8]

PAINT_LUMA: Final = 96
PAINT_CHROMA: Final = 128
PICTURE_FORMATS: Final = ("yuv420p", "yuvj420p")

# A zone passes the self-check when at most 1 % of its samples (2 are always forgiven) stray from the paint by more than
# this; measured strays reach 13 levels, a zone left clear has nearly all its samples beyond.
STRAY_LIMIT_LEVELS: Final = 24
STRAY_SHARE_LIMIT: Final = 0.01
STRAY_FORGIVEN_SAMPLES: Final = 2


@dataclass(frozen=True, slots=True)
class _Brush:
    """One zone on one plane: where, what to keep (bits), what to put."""

    plane: int
    rows: slice
    columns: slice
    keep: Samples
    put: Samples
    check: Grid
    paint: int


class Painter:
    """Paints and checks the zones of one picture size; made once, used for every picture."""

    def __init__(self, raster: Raster) -> None:
        self.width = raster.width
        self.height = raster.height
        self._brushes: list[_Brush] = []
        for part in raster.parts:
            self._brushes.append(_brush(0, part.top, part.left, part.luma, part.zone, PAINT_LUMA))
            for plane in (1, 2):
                self._brushes.append(
                    _brush(plane, part.top // 2, part.left // 2, part.chroma, part.zone_chroma, PAINT_CHROMA)
                )

    def paint(self, frame: av.VideoFrame) -> None:
        """Make every zone of the picture opaque, in place; the frame must be writable, of this size and format."""
        views = planes(frame)
        for brush in self._brushes:
            area = views[brush.plane][brush.rows, brush.columns]
            # Two passes over bytes: several times faster than indexing by a grid of booleans.
            np.bitwise_and(area, brush.keep, out=area)
            np.bitwise_or(area, brush.put, out=area)

    def opaque(self, frame: av.VideoFrame) -> bool:
        """Whether every zone of the picture is as good as uniform paint, on all three planes."""
        if (frame.width, frame.height) != (self.width, self.height) or frame.format.name not in PICTURE_FORMATS:
            return False
        views = planes(frame)
        return all(_uniform(views[brush.plane][brush.rows, brush.columns], brush) for brush in self._brushes)


def planes(frame: av.VideoFrame) -> tuple[Samples, Samples, Samples]:
    """The Y, U and V samples as views on the frame's own memory, without the padding at the end of rows."""
    cells = ((frame.height + 1) // 2, (frame.width + 1) // 2)
    shapes = ((frame.height, frame.width), cells, cells)
    y, u, v = (
        np.frombuffer(memoryview(plane), dtype=np.uint8)[: plane.line_size * rows].reshape(rows, plane.line_size)[
            :, :columns
        ]
        for plane, (rows, columns) in zip(frame.planes, shapes, strict=True)
    )
    return y, u, v


def _brush(plane: int, top: int, left: int, grid: Grid, check: Grid, paint: int) -> _Brush:
    rows, columns = grid.shape
    keep = np.where(grid, 0, 0xFF).astype(np.uint8)
    put = np.where(grid, paint, 0).astype(np.uint8)
    return _Brush(plane, slice(top, top + rows), slice(left, left + columns), keep, put, check, paint)


def _uniform(area: Samples, brush: _Brush) -> bool:
    inside = area[brush.check].astype(np.int16) - brush.paint
    strays = int(np.count_nonzero(np.abs(inside) > STRAY_LIMIT_LEVELS))
    return strays <= max(STRAY_FORGIVEN_SAMPLES, int(STRAY_SHARE_LIMIT * inside.size))
