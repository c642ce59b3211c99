"""Judges pictures by decoding them with ffmpeg: zones opaque on every frame, the rest as the source had it.

The zones are drawn here with OpenCV, not with the product's own raster: inside, shrunk by a few pixels, every picture
must be one flat colour; outside, grown by a coding block, it must match the source.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Points = Sequence[Sequence[float]]
Luma = NDArray[np.uint8]

INSIDE_SHRINK_PX: Final = 2
OUTSIDE_GROW_PX: Final = 18
# Coding noise inside a slanted edge comes up to ten levels (privacy/raster.py); a picture that shows is tens off.
FLAT_TOLERANCE: Final = 10
SEARCH_SCALE: Final = 8


@dataclass(frozen=True, slots=True)
class Pictures:
    """Decoded planes of every frame, in order."""

    y: NDArray[np.uint8]  # frames × height × width
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.y)


def decode(source: bytes | Path, limit: int | None = None) -> Pictures:
    """Every frame of an MP4, by ffmpeg; AssertionError when ffmpeg decodes none."""
    from_pipe = isinstance(source, bytes)
    where = "pipe:0" if from_pipe else str(source)
    feed = source if isinstance(source, bytes) else None
    probe = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height"]
    told = subprocess.run([*probe, "-of", "csv=p=0", where], input=feed, capture_output=True, check=True)
    size = told.stdout.decode().strip().splitlines()[0]
    width, height = (int(part) for part in size.split(",")[:2])
    command = ["ffmpeg", "-v", "error", "-nostdin"] if not from_pipe else ["ffmpeg", "-v", "error"]
    command += ["-i", where, *(["-frames:v", str(limit)] if limit else []), "-fps_mode", "passthrough"]
    command += ["-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"]
    raw = subprocess.run(command, input=feed, capture_output=True, check=True).stdout
    frame = width * height * 3 // 2
    count = len(raw) // frame
    assert count, "ffmpeg decoded no frame"
    planes = np.frombuffer(raw, np.uint8, count * frame).reshape(count, frame)
    area = width * height
    return Pictures(
        planes[:, :area].reshape(count, height, width),
        planes[:, area : area + area // 4].reshape(count, height // 2, width // 2),
        planes[:, area + area // 4 :].reshape(count, height // 2, width // 2),
    )


def joined(parts: Sequence[Pictures]) -> Pictures:
    """Several runs of pictures of one size as one."""
    return Pictures(*(np.concatenate([getattr(one, plane) for one in parts]) for plane in ("y", "u", "v")))


def filled(polygons: Sequence[Points], width: int, height: int) -> NDArray[np.uint8]:
    """255 where a polygon (normalised corners) covers the picture."""
    mask = np.zeros((height, width), np.uint8)
    for points in polygons:
        corners = np.round(np.array(points) * (width, height)).astype(np.int32)
        cv2.fillPoly(mask, [corners.reshape(-1, 1, 2)], [255])
    return mask


def inside(polygons: Sequence[Points], width: int, height: int) -> NDArray[np.bool_]:
    """Pixels surely inside a zone."""
    kernel = np.ones((2 * INSIDE_SHRINK_PX + 1,) * 2, np.uint8)
    return cv2.erode(filled(polygons, width, height), kernel, borderValue=255) > 0


def outside(polygons: Sequence[Points], width: int, height: int) -> NDArray[np.bool_]:
    """Pixels surely outside every zone, one coding block away."""
    kernel = np.ones((2 * OUTSIDE_GROW_PX + 1,) * 2, np.uint8)
    return cv2.dilate(filled(polygons, width, height), kernel) == 0


def clear_frames(pictures: Pictures, polygons: Sequence[Points]) -> list[int]:
    """Frames whose zones are not one flat colour, luma and chroma: must be empty."""
    _, height, width = pictures.y.shape
    wrong = set()
    for points in polygons:
        zone = inside([points], width, height)
        small = (
            cv2.erode(zone.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1)[::2, ::2][
                : height // 2, : width // 2
            ]
            > 0
        )
        for index in range(len(pictures)):
            for plane, area in ((pictures.y, zone), (pictures.u, small), (pictures.v, small)):
                values = plane[index][area]
                if len(values) and np.abs(values.astype(np.int16) - int(np.median(values))).max() > FLAT_TOLERANCE:
                    wrong.add(index)
    return sorted(wrong)


def worst_psnr(pictures: Pictures, source: Pictures, polygons: Sequence[Points]) -> float:
    """The lowest luma PSNR (dB) of any frame against its best match among the source's frames, outside the zones."""
    _, height, width = pictures.y.shape
    keep = outside(polygons, width, height)
    coarse_keep = keep[::SEARCH_SCALE, ::SEARCH_SCALE]
    coarse = source.y[:, ::SEARCH_SCALE, ::SEARCH_SCALE][:, coarse_keep].astype(np.int16)
    worst = np.inf
    for index in range(len(pictures)):
        seen = pictures.y[index][::SEARCH_SCALE, ::SEARCH_SCALE][coarse_keep].astype(np.int16)
        best = int(np.argmin(np.square(coarse - seen).sum(axis=1, dtype=np.int64)))
        error = np.mean(np.square(pictures.y[index][keep].astype(np.float64) - source.y[best][keep]))
        worst = min(worst, 99.0 if error == 0 else 10 * np.log10(255.0**2 / error))
    return float(worst)
