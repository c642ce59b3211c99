"""Clips for tests, as files and as encoded units: rendered here, or real ones that ``make test-clips`` names.

Nothing outside the checkout is looked for. Tests ask for a clip by what it serves for, and get the rendered one; those
with the fixture ``material`` run a second time over real clips, marked ``clips``, where a folder of them is named.
"""

from __future__ import annotations

import fcntl
import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from deploy.demo.encode import ClipFacts, facts_of
from privacy import annexb
from privacy.paint import planes
from privacy.units import EncodedUnit, MaskedUnit, StreamSpec
from tests.environment import RUN

RATE: Final = 25
_B_PICTURES: Final = {"bf": "3", "x265-params": "log-level=none:bframes=3:open-gop=0:keyint=40:min-keyint=40"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a clip is rendered: closed groups of ``group`` pictures."""

    encoder: str
    width: int
    height: int
    pictures: int
    group: int = 40
    options: dict[str, str] = field(default_factory=dict)


# Six groups of two seconds are the longest recording that a test makes; one more tells where the sixth ends.
RECIPES: Final = {
    "main": Recipe("libx264", 800, 600, 280),
    "sub": Recipe("libx264", 704, 576, 280),
    "other": Recipe("libx264", 640, 360, 280),
    "h265": Recipe("libx265", 800, 600, 280),
    "h264-b": Recipe("libx264", 640, 360, 140, options=_B_PICTURES),
    "h265-b": Recipe("libx265", 640, 360, 140, options=_B_PICTURES),
    "small": Recipe("libx264", 320, 240, 50, 20),
}


class ClipTooShort(AssertionError):
    """A test asks for more than its clip holds."""


class NoSuchClip(LookupError):
    """None of the real clips named is of the kind that a test asks for."""


class Material:
    """What tests are given now: rendered clips, or, while ``real`` holds some, the best fitting real ones."""

    real: tuple[Path, ...] = ()


def clip(kind: str) -> Path:
    """The clip that serves as ``kind``, one of RECIPES' names."""
    return real_clip(kind, Material.real) if Material.real else rendered(kind)


def real_clip(kind: str, found: tuple[Path, ...]) -> Path:
    """The real clip that comes nearest to the recipe: its codec, pictures in order, then the nearest size."""
    recipe = RECIPES[kind]
    codec = "h265" if recipe.encoder == "libx265" else "h264"
    facts = {path: known_facts(path) for path in found}
    fitting = [path for path, one in facts.items() if one.codec == codec and one.streamable]
    if not fitting:
        raise NoSuchClip(f"no clip of {codec} without B pictures among those named")
    return min(fitting, key=lambda path: abs(facts[path].width * facts[path].height - recipe.width * recipe.height))


@functools.cache
def known_facts(path: Path) -> ClipFacts:
    """A real clip's facts; ValueError when the file is no video."""
    facts = facts_of(path)
    if facts is None:
        raise ValueError(f"{path}: this is no video that can be opened")
    return facts


def real_clips(place: Path) -> tuple[Path, ...]:
    """The clips in a folder that the caller named; ValueError, saying which, when there is none or one is no video."""
    if not place.is_dir():
        raise ValueError(f"{place}: there is no such folder of clips")
    found = tuple(sorted(path for path in place.iterdir() if path.suffix.lower() == ".mp4"))
    if not found:
        raise ValueError(f"{place}: there is no clip (*.mp4) in this folder")
    for path in found:
        known_facts(path)
    return found


@functools.cache
def rendered(kind: str) -> Path:
    """The rendered clip, made by whichever process of the run asks first; the others wait for it."""
    recipe = RECIPES[kind]
    folder = Path(os.environ[RUN]) / "clips"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"rendered-{kind}_{recipe.width}x{recipe.height}.mp4"
    with (folder / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            unfinished = folder / f".{path.name}"
            group = {"g": str(recipe.group), "preset": "superfast", "crf": "34"}
            size = (recipe.width, recipe.height, recipe.pictures)
            sets = f"log-level=none:keyint={recipe.group}:min-keyint={recipe.group}:bframes=0:open-gop=0"
            options = {**group, "flags": "+cgop", "x265-params": sets, **recipe.options}
            encode_clip(unfinished, recipe.encoder, *size, grain=8, **options)
            unfinished.rename(path)
    return path


def encode_clip(
    path: Path, encoder: str, width: int, height: int, count: int, *, grain: int = 1, **options: str
) -> None:
    """Write a moving scene with texture of ``grain`` samples; ``options`` go to the encoder (``bf``, ``g`` …)."""
    random = np.random.default_rng(7)
    coarse = random.integers(0, 60, (height * 2 // grain, width * 2 // grain), dtype=np.int16)
    texture = coarse.repeat(grain, axis=0).repeat(grain, axis=1)
    settings = {"bf": "0", "g": "20", "sc_threshold": "0", "x265-params": "log-level=none", **options}
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream(encoder, rate=RATE, options=settings)
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
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@functools.lru_cache(maxsize=4)
def read_units(path: Path, pictures: int | None = None) -> tuple[StreamSpec, tuple[EncodedUnit, ...]]:
    """A clip's first pictures (else all) as the recorder would hand them over, in decoding order.

    ClipTooShort when it holds fewer than are asked for.
    """
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        name = context.name
        bitstream = av.bitstream.BitStreamFilterContext(f"{name}_mp4toannexb", stream)
        units: list[EncodedUnit] = []
        for packet in container.demux(stream):
            if not packet.size or len(units) == pictures:
                continue
            utc_us = 1_700_000_000_000_000 + int((packet.pts or 0) * packet.time_base * 1_000_000)
            for part in bitstream.filter(packet):
                units.append(EncodedUnit(annexb.split(bytes(part)), utc_us, part.is_keyframe, len(units)))
        rate = float(stream.average_rate) if stream.average_rate else None
        spec = StreamSpec("h264" if name == "h264" else "h265", context.width, context.height, rate)
    if pictures is not None and len(units) < pictures:
        raise ClipTooShort(f"{path.name} holds {len(units)} pictures; this test needs {pictures}")
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
