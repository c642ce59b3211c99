"""Streams for the benches: virtual cameras of ours, or GStreamer's RTSP server, on a clip of 1080p at 4 Mbit/s."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from vms.errors import BadInput, Unavailable

REPOSITORY: Final = Path(__file__).parent.parent.parent
START_LIMIT_S: Final = 90.0
STOP_LIMIT_S: Final = 20.0
CLIP_S: Final = 10
CLIP: Final = ("1920x1080", "25", "4M")
# The distribution's Python, for which GStreamer's bindings are packaged.
SYSTEM_PYTHON: Final = Path("/usr/bin/python3")


@asynccontextmanager
async def farm(home: Path, cameras: int, clip: Path | None, *, packet_sends: bool = False) -> AsyncIterator[list[str]]:
    """That many virtual cameras on one clip, each on its own loopback address; ``packet_sends``: one send a packet."""
    if not (REPOSITORY / "tests" / "fakes" / "camera").is_dir():
        raise BadInput("Les caméras virtuelles ne sont que dans le dépôt.", todo="Donnez des flux avec --url.")
    clip = clip or await make_clip(home / "clip.mp4")
    config = {
        "cameras": [
            {
                "id": f"bench-{number}",
                "address": f"127.0.{1 + number // 250}.{1 + number % 250}",
                "main": str(clip),
                "onvif": False,
                "rtsp_authentication": False,
                "factory": False,
                "start_phase_s": number * 0.037,
                "packet_sends": packet_sends,
            }
            for number in range(cameras)
        ],
        "rtsp_port": 0,
        "http_port": 0,
        "discovery_port": 0,
    }
    path = home / "farm.json"
    path.write_text(json.dumps(config))
    farm = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fakes.camera", "--config", str(path)),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        said = await line_of(farm, START_LIMIT_S)
        yield [camera["streams"]["main"] for camera in said["cameras"]]
    finally:
        await end(farm)


@asynccontextmanager
async def gstreamer(home: Path, cameras: int, clip: Path | None) -> AsyncIterator[list[str]]:
    """GStreamer's server with that many mounts of one clip, a pipeline of its own for each client."""
    script = REPOSITORY / "tests" / "peers" / "gst_rtsp.py"
    if not script.is_file():
        raise BadInput("Le serveur GStreamer n’est que dans le dépôt.", todo="Donnez des flux avec --url.")
    clip = clip or await make_clip(home / "clip.mp4")
    python = str(SYSTEM_PYTHON) if SYSTEM_PYTHON.exists() else sys.executable
    server = await asyncio.create_subprocess_exec(
        *(python, str(script), "--clip", str(clip), "--mounts", str(cameras)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield list((await line_of(server, START_LIMIT_S))["urls"])
    finally:
        await end(server)


async def make_clip(path: Path) -> Path:
    """A 1080p clip of 4 Mbit/s with moving detail, a key frame every two seconds."""
    size, rate, bits = CLIP
    maker = await asyncio.create_subprocess_exec(
        *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate},noise=alls=12:allf=t"),
        *("-t", str(CLIP_S), "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "50", "-sc_threshold", "0"),
        *("-b:v", bits, "-maxrate", bits, "-bufsize", bits, "-pix_fmt", "yuv420p", str(path)),
    )
    if await maker.wait() != 0:
        raise Unavailable("ffmpeg n’a pas pu fabriquer le film de mesure.", where="vms bench record")
    return path


async def line_of(process: asyncio.subprocess.Process, limit_s: float) -> dict[str, Any]:
    """The next JSON line of a process; Unavailable when it ends or takes too long."""
    if process.stdout is None:
        raise Unavailable("Le processus de mesure n’a pas de sortie.", where="vms bench record")
    try:
        async with asyncio.timeout(limit_s):
            line = await process.stdout.readline()
        found: dict[str, Any] = json.loads(line)
    except (TimeoutError, ValueError) as error:
        raise Unavailable("Un processus de mesure n’a rien répondu.", where="vms bench record") from error
    return found


async def end(process: asyncio.subprocess.Process) -> None:
    """Stop a process, by force when it takes too long."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
