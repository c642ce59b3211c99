"""The same visit made by ``ffmpeg -c copy``, started again after a second whenever it ends: what most recorders do.

Units are told apart by their slices: ffmpeg may move parameter sets, and that is no loss.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import signal
import ssl
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av

from tests.fakes.camera.clips import Codec
from tests.fakes.zoo.scenario import Scenario
from tests.fakes.zoo.server import PACE, serving

RESTART_S = 1.0
STOP_LIMIT_S = 5.0
SAID_LIMIT_CHARS = 160


@dataclass(frozen=True, slots=True)
class Peer:
    """What ffmpeg made of it; ``said`` is its last complaint, since it tells no cause of anything missing."""

    sent: int
    kept: int
    altered: int
    starts: int
    said: str


async def visit(
    scenario: Scenario, *, limit_s: float, pace: float = PACE, tls: ssl.SSLContext | None = None, repeats: int = 1
) -> Peer:
    """Record one scenario until it is over, or for ``limit_s``."""
    with tempfile.TemporaryDirectory(prefix="guet-zoo-") as folder:
        async with serving(scenario, pace=pace, tls=tls, repeats=repeats) as zoo:
            keeper = asyncio.create_task(_restarted(zoo.url, Path(folder)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await zoo.over.wait()
                    await asyncio.sleep(RESTART_S)
            keeper.cancel()
            starts, said = await keeper
        sent = [_slices(picture.nals, scenario.codec) for picture in zoo.sent]
        kept, altered = await asyncio.to_thread(_read, Path(folder), scenario.codec, sent)
    return Peer(len(sent), kept, altered, starts, said)


async def _restarted(url: str, folder: Path) -> tuple[int, str]:
    """Run ffmpeg again and again until cancelled; how often it was started, and what it said last."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise FileNotFoundError("ffmpeg")
    said, starts = "", 0
    process: asyncio.subprocess.Process | None = None
    try:
        while True:
            starts += 1
            process = await asyncio.create_subprocess_exec(
                ffmpeg, "-v", "error", "-nostdin", "-rtsp_transport",
                "http" if url.startswith("rtsph:") else "tcp",
                "-allowed_media_types", "video", "-timeout", "8000000", "-i",
                url.replace("rtsph://", "rtsp://"),
                "-map", "0:v:0", "-map_metadata", "-1", "-c", "copy", "-f", "mp4", "-flush_packets", "1",
                "-movflags", "+frag_every_frame+empty_moov+default_base_moof", str(folder / f"{starts:03d}.mp4"),
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            said = _last(await _errors(process)) or said
            process = None
            await asyncio.sleep(RESTART_S)
    except asyncio.CancelledError:
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_LIMIT_S):
                    said = _last(await _errors(process)) or said
            if process.returncode is None:
                process.kill()
                await process.wait()
        return starts, said


async def _errors(process: asyncio.subprocess.Process) -> bytes:
    """The end of what it writes to stderr, which is read all along: it may write megabytes."""
    tail = b""
    if process.stderr is not None:
        while piece := await process.stderr.read(65_536):
            tail = (tail + piece)[-4096:]
    await process.wait()
    return tail


def _last(errors: bytes) -> str:
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].partition("] ")[2][:SAID_LIMIT_CHARS] or lines[-1][:SAID_LIMIT_CHARS] if lines else ""


def _read(folder: Path, codec: Codec, sent: list[frozenset[str]]) -> tuple[int, int]:
    """How many of the units sent are in the files whole, and how many units in the files were never sent so."""
    left: dict[frozenset[str], int] = {}
    for unit in sent:
        left[unit] = left.get(unit, 0) + 1
    kept = altered = 0
    for path in sorted(folder.glob("*.mp4")):
        for sample in _samples(path):
            unit = _slices(_split(sample), codec)
            if left.get(unit, 0):
                left[unit] -= 1
                kept += 1
            elif unit:
                altered += 1
    return kept, altered


def _samples(path: Path) -> Iterable[bytes]:
    with (
        contextlib.suppress(av.FFmpegError, IndexError, OSError),
        av.open(str(path), metadata_errors="ignore") as container,
    ):
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                yield bytes(packet)


def _split(sample: bytes) -> list[bytes]:
    found, at = [], 0
    while at + 4 <= len(sample):
        length = int.from_bytes(sample[at : at + 4], "big")
        found.append(sample[at + 4 : at + 4 + length])
        at += 4 + length
    return [nal for nal in found if nal]


def _slices(nals: Iterable[bytes], codec: Codec) -> frozenset[str]:
    """The digests of a unit's slices."""
    return frozenset(
        hashlib.sha256(nal).hexdigest()
        for nal in nals
        if (1 <= nal[0] & 0x1F <= 5 if codec == "h264" else nal[0] >> 1 & 0x3F <= 31)
    )
