"""Real H.264 whose every picture carries its number, so that a test knows which one a browser shows."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.video.frame import VideoFrame

from recorder.access_unit import AccessUnit, StreamFormat, TimedUnit
from vms.clock import MICRO

WIDTH: Final = 320
HEIGHT: Final = 192
BITS: Final = 16
BLOCK_PIXELS: Final = 20
FPS: Final = 25
GROUP_FRAMES: Final = 25
FRAME_US: Final = MICRO // FPS

_AUD: Final = 9
_SPS: Final = 7
_PPS: Final = 8
_IDR: Final = 5


@dataclass(frozen=True, slots=True)
class Numbered:
    """Coded pictures in order, and their format."""

    fmt: StreamFormat
    units: tuple[AccessUnit, ...]

    def at(self, number: int, utc_us: int) -> TimedUnit:
        """Picture ``number`` as taken at an instant."""
        return TimedUnit(self.units[number], utc_us, 90_000 // FPS)


def picture(number: int) -> VideoFrame:
    """A grey picture with the number in black and white blocks along its top, least significant bit first."""
    luma = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    for bit in range(BITS):
        luma[:40, bit * BLOCK_PIXELS : (bit + 1) * BLOCK_PIXELS] = 235 if number >> bit & 1 else 16
    return VideoFrame.from_ndarray(luma, format="yuv420p")


def encode(count: int) -> Numbered:
    """``count`` pictures in closed groups of ``GROUP_FRAMES``, without B-frames."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    fixed = f"keyint={GROUP_FRAMES}:min-keyint={GROUP_FRAMES}:scenecut=0:bframes=0:repeat-headers=1"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": fixed}
    packets: list[bytes] = []
    for number in range(count):
        frame = picture(number)
        frame.pts = number
        packets.extend(bytes(packet) for packet in encoder.encode(frame))
    packets.extend(bytes(packet) for packet in encoder.encode(None))
    units = tuple(_unit(number, data) for number, data in enumerate(packets))
    sets = tuple(nal for nal in units[0].nals if nal[0] & 0x1F in (_SPS, _PPS))
    codec = "avc1." + sets[0][1:4].hex().upper()
    return Numbered(StreamFormat("h264", WIDTH, HEIGHT, float(FPS), sets, codec), units)


def _unit(number: int, annex_b: bytes) -> AccessUnit:
    nals = tuple(_split(annex_b))
    key = any(nal[0] & 0x1F == _IDR for nal in nals)
    return AccessUnit.of(nals, number * 90_000 // FPS, key, number * FRAME_US)


def _split(annex_b: bytes) -> list[bytes]:
    parts = annex_b.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [part for part in parts if part and part[0] & 0x1F != _AUD]
