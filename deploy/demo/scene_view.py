"""The pinhole camera through which a rendered street is seen: metres in the world, pixels in the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Point = tuple[float, float, float]
Colour = tuple[int, int, int]

NEAR_M = 0.6
SUBPIXEL_BITS = 4
SUBPIXEL = 1 << SUBPIXEL_BITS


class View:
    """World axes: x to the right, y along the street away from the camera, z up; metres. Colours are BGR."""

    def __init__(self, width: int, height: int, *, x: float, z: float, yaw_deg: float, pitch_deg: float) -> None:
        yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
        self.width = width
        self.height = height
        self.focal = 0.80 * width
        self._eye = np.array([x, 0.0, z])
        right = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
        forward = np.array([math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), -math.sin(pitch)])
        self._axes = np.stack([right, np.cross(right, forward), forward])

    @property
    def eye(self) -> tuple[float, float, float]:
        """Where the camera hangs."""
        return float(self._eye[0]), float(self._eye[1]), float(self._eye[2])

    def _camera_space(self, points: Sequence[Point]) -> NDArray[np.float64]:
        space: NDArray[np.float64] = (np.asarray(points, dtype=np.float64) - self._eye) @ self._axes.T
        return space

    def depth(self, point: Point) -> float:
        """Distance along the optical axis."""
        return float(self._camera_space([point])[0, 2])

    def scale(self, point: Point) -> float:
        """Pixels per metre at a point; 0 behind the camera."""
        depth = self.depth(point)
        return self.focal / depth if depth > NEAR_M else 0.0

    def project(self, points: Sequence[Point]) -> NDArray[np.float64] | None:
        """Pixels of a polygon, cut at the near plane; None when nothing of it is in front."""
        space = self._camera_space(points)
        if (space[:, 2] < NEAR_M).any():
            space = _cut_near(space)
            if len(space) < 3:
                return None
        u = self.width / 2 + self.focal * space[:, 0] / space[:, 2]
        v = self.height / 2 - self.focal * space[:, 1] / space[:, 2]
        return np.stack([u, v], axis=1)

    def fill(self, picture: Picture, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon of the world."""
        pixels = self.project(points)
        if pixels is not None:
            cv2.fillPoly(picture, [_fixed(pixels)], colour, cv2.LINE_AA, SUBPIXEL_BITS)

    def shade(self, picture: Picture, points: Sequence[Point], factor: float, soften_px: int = 0) -> None:
        """Darken a polygon of the world, as a shadow does; ``soften_px`` blurs its edge."""
        pixels = self.project(points)
        if pixels is None:
            return
        low = np.clip(np.floor(pixels.min(axis=0)) - soften_px - 1, 0, [self.width, self.height]).astype(int)
        high = np.clip(np.ceil(pixels.max(axis=0)) + soften_px + 2, 0, [self.width, self.height]).astype(int)
        if (high - low < 2).any():
            return
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), dtype=np.uint8)
        cv2.fillPoly(mask, [_fixed(pixels - low)], (255,), cv2.LINE_AA, SUBPIXEL_BITS)
        if soften_px:
            mask = np.asarray(cv2.blur(mask, (2 * soften_px + 1, 2 * soften_px + 1)), dtype=np.uint8)
        patch = picture[low[1] : high[1], low[0] : high[0]]
        keep = 1.0 - (1.0 - factor) * mask[..., None].astype(np.float32) / 255
        patch[:] = (patch * keep).astype(np.uint8)

    def stroke(self, picture: Picture, start: Point, end: Point, width_m: float, colour: Colour) -> None:
        """A round-ended line of a given width in metres."""
        space = self._camera_space([start, end])
        if (space[:, 2] < NEAR_M).any():
            return
        thickness = max(1, round(self.focal * width_m / float(space[:, 2].mean())))
        u = self.width / 2 + self.focal * space[:, 0] / space[:, 2]
        v = self.height / 2 - self.focal * space[:, 1] / space[:, 2]
        if max(abs(u).max(), abs(v).max()) > 8 * self.width:
            return
        pixels = _fixed(np.stack([u, v], axis=1))
        cv2.line(picture, pixels[0].tolist(), pixels[1].tolist(), colour, thickness, cv2.LINE_AA, SUBPIXEL_BITS)

    def ball(self, picture: Picture, centre: Point, radius_m: float, colour: Colour) -> None:
        """A filled disc that faces the camera."""
        space = self._camera_space([centre])[0]
        if space[2] < NEAR_M:
            return
        u = self.width / 2 + self.focal * space[0] / space[2]
        v = self.height / 2 - self.focal * space[1] / space[2]
        radius = max(SUBPIXEL, round(self.focal * radius_m / space[2] * SUBPIXEL))
        centre_px = (round(u * SUBPIXEL), round(v * SUBPIXEL))
        if max(abs(centre_px[0]), abs(centre_px[1])) < (1 << 24):
            cv2.circle(picture, centre_px, radius, colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)

    def paste(self, picture: Picture, texture: Picture, corners: Sequence[Point]) -> None:
        """Lay a texture on a quad of the world: top left, top right, bottom right, bottom left."""
        space = self._camera_space(corners)
        if (space[:, 2] < NEAR_M).any():
            return
        u = self.width / 2 + self.focal * space[:, 0] / space[:, 2]
        v = self.height / 2 - self.focal * space[:, 1] / space[:, 2]
        target = np.stack([u, v], axis=1)
        low = np.clip(np.floor(target.min(axis=0)) - 1, 0, [self.width, self.height]).astype(int)
        high = np.clip(np.ceil(target.max(axis=0)) + 2, 0, [self.width, self.height]).astype(int)
        if (high - low < 2).any():
            return
        target = target - low
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        height, width = texture.shape[:2]
        source = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
        matrix = cv2.getPerspectiveTransform(source, target.astype(np.float32))
        warped = cv2.warpPerspective(texture, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros((size[1], size[0]), dtype=np.uint8)
        cv2.fillPoly(mask, [_fixed(target)], (255,), cv2.LINE_AA, SUBPIXEL_BITS)
        weight = mask[..., None].astype(np.float32) / 255
        patch = picture[low[1] : high[1], low[0] : high[0]]
        patch[:] = (patch * (1 - weight) + np.asarray(warped) * weight).astype(np.uint8)


def _cut_near(space: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a polygon beyond the near plane (Sutherland and Hodgman's clipping, one plane)."""
    kept = []
    for here, there in zip(space, np.roll(space, -1, axis=0), strict=True):
        inside = here[2] >= NEAR_M
        if inside:
            kept.append(here)
        if inside != (there[2] >= NEAR_M):
            kept.append(here + (there - here) * (NEAR_M - here[2]) / (there[2] - here[2]))
    return np.array(kept).reshape(-1, 3)


def _fixed(pixels: NDArray[np.float64]) -> NDArray[np.int32]:
    """Pixels as OpenCV's fixed-point numbers, kept within what it can hold."""
    return np.clip(np.round(pixels * SUBPIXEL), -(1 << 22), 1 << 22).astype(np.int32)
