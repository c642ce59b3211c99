"""Clips that a virtual camera can stream as they lie: H.264, closed groups, no B-frames, no audio, ``moov`` first."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a clip is encoded. With ``bitrate_bps`` the rate is held; without, the quality (``crf``) is."""

    width: int
    height: int
    fps: int
    group_s: float = 2.0
    profile: str = "high"
    preset: str = "veryfast"
    crf: int = 25
    bitrate_bps: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.width, self.height


def write_clip(path: Path, recipe: Recipe, frames: Iterable[Planes | av.VideoFrame]) -> None:
    """Encode frames (I420 planes, or PyAV's of any size) into ``path``, which appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}.mp4")
    try:
        with av.open(str(unfinished), "w", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream("libx264", rate=Fraction(recipe.fps))
            stream.width, stream.height = recipe.size
            stream.pix_fmt = "yuv420p"
            stream.options.update(_options(recipe))
            for number, picture in enumerate(frames):
                frame = (
                    picture if isinstance(picture, av.VideoFrame) else av.VideoFrame.from_ndarray(picture, "yuv420p")
                )
                if (frame.width, frame.height, frame.format.name) != (*recipe.size, "yuv420p"):
                    frame = frame.reformat(*recipe.size, format="yuv420p", interpolation="BICUBIC")
                frame.pts = number
                frame.time_base = Fraction(1, recipe.fps)
                frame.pict_type = av.video.frame.PictureType.NONE
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _options(recipe: Recipe) -> dict[str, str]:
    group = round(recipe.group_s * recipe.fps)
    fixed = f"keyint={group}:min-keyint={group}:scenecut=0:bframes=0:open-gop=0:threads=2"
    options = {"preset": recipe.preset, "profile": recipe.profile, "x264-params": fixed}
    if recipe.bitrate_bps is None:
        return options | {"crf": str(recipe.crf)}
    kilobits = recipe.bitrate_bps // 1000
    fixed += f":bitrate={kilobits}:vbv-maxrate={kilobits}:vbv-bufsize={2 * kilobits}:nal-hrd=vbr"
    return options | {"x264-params": fixed}


def decoded(path: Path, fps: int, limit_s: float | None = None) -> Iterator[av.VideoFrame]:
    """The frames of a video at a steady rate: repeated or left out by their times, up to ``limit_s``."""
    due = 0
    with av.open(str(path)) as container:
        origin: float | None = None
        for frame in container.decode(video=0):
            if frame.time is None:
                continue
            origin = frame.time if origin is None else origin
            while due / fps <= frame.time - origin + 0.5 / fps:
                if limit_s is not None and due + 0.5 > limit_s * fps:
                    return
                yield frame
                due += 1


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What a video file is, as far as streaming it goes."""

    codec: str
    width: int
    height: int
    fps: float
    duration_s: float
    streamable: bool
    """H.264 or H.265 in MP4, starting on a key frame, at least two, and no frame out of order."""


def facts_of(path: Path) -> ClipFacts | None:
    """Look at a file; None when it is no video that can be opened."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                return None
            stream = container.streams.video[0]
            ordered, keys, count, first_key, last = True, 0, 0, False, 0.0
            for packet in container.demux(stream):
                if packet.pts is None or packet.size == 0:
                    continue
                ordered = ordered and packet.pts == packet.dts
                first_key = first_key or (count == 0 and packet.is_keyframe)
                keys += packet.is_keyframe
                count += 1
                last = max(last, float(packet.pts * packet.time_base)) if packet.time_base else last
            codec = {"h264": "h264", "hevc": "h265"}.get(stream.codec_context.name, stream.codec_context.name)
            fps = float(stream.average_rate or 25)
            mp4 = "mp4" in container.format.name
            good = mp4 and ordered and first_key and keys >= 2 and codec in ("h264", "h265")
            width, height = stream.codec_context.width, stream.codec_context.height
    except (av.FFmpegError, OSError):
        return None
    if count < 2 or not width or not height:
        return None
    return ClipFacts(codec, width, height, fps, last + 1 / fps, good)
