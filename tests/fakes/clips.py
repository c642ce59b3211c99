"""Clips for the masker's tests: the real footage where there is some, else one rendered here, as encoded units."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from privacy import annexb
from privacy.paint import planes
from privacy.units import EncodedUnit, MaskedUnit, StreamSpec

REPOSITORY = Path(__file__).parent.parent.parent


@functools.cache
def clips() -> tuple[Path, ...]:
    """Every clip there is: from VMS_FOOTAGE, else a sibling's ``footage`` folder, else two rendered ones."""
    given = os.environ.get("VMS_FOOTAGE")
    folder = Path(given) if given else next(iter(sorted(REPOSITORY.parent.glob("*/footage"))), None)
    found = tuple(sorted(folder.glob("*.mp4"))) if folder else ()
    return found or rendered()


def clip(part: str) -> Path:
    """The first clip whose name holds ``part``, else the first one."""
    return next((path for path in clips() if part in path.name), clips()[0])


@functools.cache
def rendered() -> tuple[Path, ...]:
    """A small moving scene with texture, in both codecs, closed groups of 20 pictures."""
    folder = Path(tempfile.mkdtemp(prefix="guet-clips-"))
    made = []
    for encoder, suffix in (("libx264", ""), ("libx265", "_hevc")):
        path = folder / f"rendered_320x240{suffix}.mp4"
        encode_clip(path, encoder, 320, 240, 50)
        made.append(path)
    return tuple(made)


def encode_clip(path: Path, encoder: str, width: int, height: int, count: int, **options: str) -> None:
    """Write a rendered clip; ``options`` go to the encoder (``bf``, ``g`` …)."""
    random = np.random.default_rng(7)
    texture = random.integers(0, 60, (height * 2, width * 2), dtype=np.int16)
    settings = {"bf": "0", "g": "20", "sc_threshold": "0", "x265-params": "log-level=none", **options}
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(encoder, rate=25, options=settings)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(count):
            frame = av.VideoFrame(width, height, "yuv420p")
            luma, *chroma = planes(frame)
            shift = number % min(width, height)
            ramp = np.add.outer(np.arange(height), np.arange(width)) * 150 // (width + height)
            luma[:] = (ramp + texture[shift : shift + height, shift : shift + width] + 20).astype(np.uint8)
            for plane in chroma:
                plane[:] = (np.add.outer(np.arange(plane.shape[0]), np.arange(plane.shape[1])) % 90 + 80).astype(
                    np.uint8
                )
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@functools.lru_cache(maxsize=4)
def read_units(path: Path, limit: int = 1 << 30) -> tuple[StreamSpec, tuple[EncodedUnit, ...]]:
    """A clip's first ``limit`` pictures as the recorder would hand them over, in decoding order."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        name = context.name
        bitstream = av.bitstream.BitStreamFilterContext(f"{name}_mp4toannexb", stream)
        units: list[EncodedUnit] = []
        for packet in container.demux(stream):
            if not packet.size or len(units) >= limit:
                continue
            utc_us = 1_700_000_000_000_000 + int((packet.pts or 0) * packet.time_base * 1_000_000)
            for part in bitstream.filter(packet):
                units.append(EncodedUnit(annexb.split(bytes(part)), utc_us, part.is_keyframe, len(units)))
        rate = float(stream.average_rate) if stream.average_rate else None
        spec = StreamSpec("h264" if name == "h264" else "h265", context.width, context.height, rate)
    return spec, tuple(units)


Planes = tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int16]]


def decode(codec: str, units: Sequence[EncodedUnit | MaskedUnit]) -> Iterator[Planes]:
    """Every picture of the units, as planes of integers, decoded by PyAV."""
    decoder: Any = av.CodecContext.create("h264" if codec == "h264" else "hevc", "r")
    decoder.thread_count = 1
    for packet in [*(av.Packet(annexb.join(unit.nals)) for unit in units), None]:
        for frame in decoder.decode(packet):
            y, u, v = (plane.astype(np.int16) for plane in planes(frame))
            yield y, u, v


def psnr_db(one: NDArray[np.int16], two: NDArray[np.int16]) -> float:
    """Peak signal to noise ratio of two sets of 8-bit samples."""
    error = float(np.mean((one.astype(np.int32) - two) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))
