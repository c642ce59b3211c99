"""``vms bench record``: what recording costs, beside ``ffmpeg -c copy`` on the same streams in the same run.

Ours seals every group and syncs it to the disk; ffmpeg copies into MP4 files and does neither. Both are separate
processes, measured by ``/proc`` over the same seconds: CPU time, and memory as PSS (shared pages counted by share).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vms.errors import BadInput, Unavailable

REPOSITORY: Final = Path(__file__).parent.parent
CAMERAS_LIMIT_COUNT: Final = 200
START_LIMIT_S: Final = 90.0
STOP_LIMIT_S: Final = 20.0
POLL_S: Final = 0.2
CLIP_S: Final = 10
CLIP: Final = ("1920x1080", "25", "4M")
SEGMENT_S: Final = 60
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Use:
    """CPU seconds so far and memory now, of one or several processes."""

    cpu_s: float
    pss_mib: float


async def run(
    *, cameras: int = 50, seconds: float = 60.0, urls: Sequence[str] = (), clip: Path | None = None
) -> dict[str, Any]:
    """The bench's JSON object: ``cameras`` virtual ones on ``clip`` (else 1080p), or the foreign streams in ``urls``.

    BadInput for numbers out of range, Unavailable when streams do not start or a tool is missing.
    """
    if not 1 <= cameras <= CAMERAS_LIMIT_COUNT or not 1 <= seconds <= 86_400:
        raise BadInput(f"De 1 à {CAMERAS_LIMIT_COUNT} caméras, de 1 s à un jour.", where="vms bench record")
    if shutil.which("ffmpeg") is None:
        raise Unavailable("ffmpeg est introuvable : il est la mesure de comparaison.", todo="Installez ffmpeg.")
    with tempfile.TemporaryDirectory(prefix="guet-bench-") as folder:
        home = Path(folder)
        async with contextlib.AsyncExitStack() as stack:
            given = list(urls) or await stack.enter_async_context(farm(home, cameras, clip))
            figures, kept = await _measure(home, given, seconds)
    return {
        "bench": "record",
        "machine": {"cores": os.cpu_count() or 1, "system": platform.platform(), "python": platform.python_version()},
        "runs": 1,
        "sources": {"cameras": len(given), "seconds": seconds, "virtual": not urls, "absences": kept["causes"]},
        "figures": figures,
    }


async def _measure(home: Path, urls: Sequence[str], seconds: float) -> tuple[dict[str, float], dict[str, Any]]:
    async with recording(home, urls) as child, _ffmpegs(home, urls) as peers:
        ours_before, theirs_before = use([child.pid]), use([peer.pid for peer in peers])
        await asyncio.sleep(seconds)
        ours_after, theirs_after = use([child.pid]), use([peer.pid for peer in peers])
        alive = sum(peer.returncode is None for peer in peers)
        kept = await recorded(child)
    count = len(urls)
    ours_percent = 100 * (ours_after.cpu_s - ours_before.cpu_s) / seconds / count
    theirs_percent = 100 * (theirs_after.cpu_s - theirs_before.cpu_s) / seconds / count
    figures = {
        "cpu_ratio_to_ffmpeg": ours_percent / theirs_percent if theirs_percent else 0.0,
        "memory_ratio_to_ffmpeg": ours_after.pss_mib / theirs_after.pss_mib if theirs_after.pss_mib else 0.0,
        "cpu_percent_per_camera": ours_percent,
        "pss_mib_per_camera": ours_after.pss_mib / count,
        "ffmpeg_cpu_percent_per_camera": theirs_percent,
        "ffmpeg_pss_mib_per_camera": theirs_after.pss_mib / count,
        "ffmpeg_alive_count": float(alive),
        "gaps": float(kept["gaps"]),
        "frames_missing": float(kept["frames_missing"]),
        "units": float(kept["units"]),
        "sealed_mib": kept["sealed_mib"],
    }
    return {name: round(value, 4) for name, value in figures.items()}, kept


def use(pids: Sequence[int]) -> Use:
    """What the processes use; one that has gone counts nothing."""
    cpu_s = pss_mib = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            # Field 2 is the command in parentheses and may hold anything: count from its end.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu_s += (int(fields[11]) + int(fields[12])) / TICKS_PER_S
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    pss_mib += int(line.split()[1]) / 1024
    return Use(cpu_s, pss_mib)


@asynccontextmanager
async def recording(home: Path, urls: Sequence[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Our recorder in a process of its own, every stream with a sealed group."""
    (home / "ours").mkdir()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recorder.bench_child"),
        cwd=REPOSITORY,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if child.stdin is None:
            raise Unavailable("Le processus de mesure n’a pas d’entrée.", where="vms bench record")
        child.stdin.write(json.dumps({"home": str(home / "ours"), "urls": list(urls)}).encode() + b"\n")
        said = await _line(child, START_LIMIT_S)
        if said.get("event") != "playing":
            raise Unavailable("Les flux n’ont pas démarré.", where="vms bench record", todo="Vérifiez les adresses.")
        yield child
    finally:
        await _end(child)


async def recorded(child: asyncio.subprocess.Process) -> dict[str, Any]:
    """End the recording; what it kept: ``gaps``, ``causes``, ``frames_missing``, ``units``, ``sealed_mib``."""
    if child.stdin is not None:
        child.stdin.close()
    return await _line(child, STOP_LIMIT_S)


@asynccontextmanager
async def _ffmpegs(home: Path, urls: Sequence[str]) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """One ``ffmpeg -c copy`` a stream, writing minute files as a recorder would."""
    (home / "ffmpeg").mkdir()
    peers: list[asyncio.subprocess.Process] = []
    try:
        for number, url in enumerate(urls):
            peers.append(
                await asyncio.create_subprocess_exec(
                    *("ffmpeg", "-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i", url, "-an", "-c", "copy"),
                    *(
                        "-f",
                        "segment",
                        "-segment_time",
                        str(SEGMENT_S),
                        str(home / "ffmpeg" / f"{number:03d}-%04d.mp4"),
                    ),
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                )
            )
        await _until_written(home / "ffmpeg", len(urls))
        yield peers
    finally:
        await asyncio.gather(*(_end(peer) for peer in peers))


async def _until_written(folder: Path, count: int) -> None:
    """Wait until that many streams have a file."""
    for _ in range(round(START_LIMIT_S / POLL_S)):
        if len({path.name[:3] for path in folder.iterdir()}) >= count:
            return
        await asyncio.sleep(POLL_S)
    raise Unavailable("ffmpeg n’a pas ouvert tous les flux.", where="vms bench record")


@asynccontextmanager
async def farm(home: Path, cameras: int, clip: Path | None) -> AsyncIterator[list[str]]:
    """That many virtual cameras on one clip, each on its own loopback address."""
    if not (REPOSITORY / "tests" / "fakes" / "camera").is_dir():
        raise BadInput("Les caméras virtuelles ne sont que dans le dépôt.", todo="Donnez des flux avec --url.")
    if clip is None:
        clip = home / "clip.mp4"
        await make_clip(clip)
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
        said = await _line(farm, START_LIMIT_S)
        yield [camera["streams"]["main"] for camera in said["cameras"]]
    finally:
        await _end(farm)


async def make_clip(path: Path) -> None:
    """A 1080p clip of 4 Mbit/s with moving detail, a key frame every two seconds."""
    size, rate, bits = CLIP
    maker = await asyncio.create_subprocess_exec(
        *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate},noise=alls=12:allf=t"),
        *("-t", str(CLIP_S), "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "50", "-sc_threshold", "0"),
        *("-b:v", bits, "-maxrate", bits, "-bufsize", bits, "-pix_fmt", "yuv420p", str(path)),
    )
    if await maker.wait() != 0:
        raise Unavailable("ffmpeg n’a pas pu fabriquer le film de mesure.", where="vms bench record")


async def _line(process: asyncio.subprocess.Process, limit_s: float) -> dict[str, Any]:
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


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
