"""Small clips made on the spot, for tests that need a real bitstream and no particular scene."""

from __future__ import annotations

import functools
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from tests.fakes.camera.clips import Clip, load_clip

FPS = 25
GOP = 10


@functools.lru_cache(maxsize=32)
def small_clip(
    codec: str = "h264", width: int = 320, height: int = 240, frames: int = 50, *, gop: int = GOP, noise: int = 24
) -> Clip:
    """A moving, noisy picture: ``frames`` frames at 25 a second, a key frame every ``gop``; no B pictures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{codec}.mp4"
        write_clip(path, codec, width, height, frames, gop=gop, noise=noise)
        return load_clip(path)


def write_clip(
    path: Path, codec: str = "h264", width: int = 320, height: int = 240, frames: int = 50, *, gop: int = GOP,
    noise: int = 24,
) -> Path:  # fmt: skip
    """The same clip as a file, for a virtual camera to stream."""
    encoder = {"h264": "libx264", "h265": "libx265"}[codec]
    options = (
        {"preset": "ultrafast", "tune": "zerolatency", "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0"}
        if codec == "h264"
        else {
            "preset": "ultrafast",
            "x265-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:log-level=none:pools=1",
        }
    )
    random = np.random.default_rng(7)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=FPS, options=options)
        if not isinstance(stream, VideoStream):
            raise TypeError(f"{encoder} makes no video")
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for number in range(frames):
            luma = np.add.outer(np.arange(height), np.arange(width) + 3 * number) % 200
            planes = np.full((height * 3 // 2, width), 128, np.uint8)
            planes[:height] = (luma + random.integers(0, noise + 1, luma.shape)).astype(np.uint8)
            picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path
