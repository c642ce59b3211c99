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
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.bench.record_sources import REPOSITORY, START_LIMIT_S, STOP_LIMIT_S, end, farm, gstreamer, line_of
from recorder.camera.assignment import recorder_of
from recorder.rtsp import native
from vms.errors import BadInput, Unavailable

CAMERAS_LIMIT_COUNT: Final = 200
# Streams for which one recorder process is enough; the next process starts beyond.
CAMERAS_PER_RECORDER: Final = 100
SAMPLES_COUNT: Final = 5  # of memory; the median is given
SOURCES: Final = ("virtual", "gstreamer")
POLL_S: Final = 0.2
SEGMENT_S: Final = 60
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Use:
    """CPU seconds so far and memory now, of one or several processes."""

    cpu_s: float
    pss_mib: float


@dataclass(frozen=True, slots=True)
class Load:
    """Percent of a core, median memory, and how busy the whole machine was meanwhile."""

    cpu_percent: float
    pss_mib: float
    busy_percent: float


async def run(
    *, cameras: int = 50, seconds: float = 60.0, urls: Sequence[str] = (), clip: Path | None = None,
    recorders: int | None = None, source: str = "virtual", packet_sends: bool = False, pure: bool = False,
    in_turn: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """The JSON object: ``cameras`` of a ``source`` on ``clip`` (else 1080p), or the foreign streams in ``urls``.

    ``recorders`` processes share the streams as the product's do; without a number, one for each CAMERAS_PER_RECORDER
    begun, at most one a core. ``pure`` leaves the compiled part out. ``in_turn``: ffmpeg after us instead of beside us,
    for a machine that cannot carry both. BadInput for what is out of range, Unavailable when streams do not start or a
    tool is missing.
    """
    cores = os.cpu_count() or 1
    if not 1 <= cameras <= CAMERAS_LIMIT_COUNT or not 1 <= seconds <= 86_400 or not 1 <= (recorders or 1) <= 64:
        raise BadInput(f"De 1 à {CAMERAS_LIMIT_COUNT} caméras, de 1 s à un jour.", where="vms bench record")
    if source not in SOURCES:
        raise BadInput(f"La source est l’une de : {', '.join(SOURCES)}.", where="vms bench record")
    if shutil.which("ffmpeg") is None:
        raise Unavailable("ffmpeg est introuvable : il est la mesure de comparaison.", todo="Installez ffmpeg.")
    with tempfile.TemporaryDirectory(prefix="guet-bench-") as folder:
        home = Path(folder)
        async with contextlib.AsyncExitStack() as stack:
            given = list(urls)
            if not given and source == "gstreamer":
                given = await stack.enter_async_context(gstreamer(home, cameras, clip))
            elif not given:
                given = await stack.enter_async_context(farm(home, cameras, clip, packet_sends=packet_sends))
            count = recorders or min(cores, -(-len(given) // CAMERAS_PER_RECORDER))
            figures, causes = await _measure(home, shares(given, count), seconds, pure=pure, in_turn=in_turn)
    return {
        "bench": "record",
        "machine": {
            "cores": cores, "system": platform.platform(), "python": platform.python_version(),
            "load_average": round(os.getloadavg()[0], 2),
        },
        "runs": 1,
        "recorders": count,
        "compiled": native.compiled and not pure,
        "sources": {
            "cameras": len(given), "seconds": seconds, "virtual": not urls and source == "virtual",
            "source": "url" if urls else source, "packet_sends": packet_sends, "in_turn": in_turn,
            "absences": causes,
        },
        "figures": figures,
    }  # fmt: skip


def shares(urls: Sequence[str], recorders: int) -> list[list[str]]:
    """Each recorder's streams, spread as the fleet spreads cameras."""
    parts: list[list[str]] = [[] for _ in range(recorders)]
    for number, url in enumerate(urls):
        parts[recorder_of(f"bench-c{number:03d}", recorders)].append(url)
    return parts


async def _measure(
    home: Path, parts: Sequence[Sequence[str]], seconds: float, *, pure: bool, in_turn: bool
) -> tuple[dict[str, float], list[str]]:
    urls = [url for part in parts for url in part]
    async with contextlib.AsyncExitStack() as stack:
        children, kept = [], []
        for number, part in enumerate(parts):
            (home / f"recorder-{number}").mkdir()
            own = recording(home / f"recorder-{number}", part, pure=pure)
            children.append(await stack.enter_async_context(own))
        pids = [child.pid for child in children]
        if in_turn:
            (ours,) = await _sampled([pids], seconds)
            kept = [await recorded(child) for child in children]
        peers = await stack.enter_async_context(_ffmpegs(home, urls))
        *beside, theirs = await _sampled([*([] if in_turn else [pids]), [peer.pid for peer in peers]], seconds)
        alive = sum(peer.returncode is None for peer in peers)
        if beside:
            ours, kept = beside[0], [await recorded(child) for child in children]
    count = len(urls)
    figures = {
        "cpu_ratio_to_ffmpeg": ours.cpu_percent / theirs.cpu_percent if theirs.cpu_percent else 0.0,
        "memory_ratio_to_ffmpeg": ours.pss_mib / theirs.pss_mib if theirs.pss_mib else 0.0,
        "cpu_percent_per_camera": ours.cpu_percent / count,
        "pss_mib_per_camera": ours.pss_mib / count,
        "ffmpeg_cpu_percent_per_camera": theirs.cpu_percent / count,
        "ffmpeg_pss_mib_per_camera": theirs.pss_mib / count,
        "ffmpeg_alive_count": float(alive),
        # Near 100 the streams, ffmpeg and we wait for each other, and no figure says what recording costs: --in-turn.
        "machine_busy_percent": max(ours.busy_percent, theirs.busy_percent),
    } | {name: float(sum(one[name] for one in kept)) for name in ("gaps", "frames_missing", "units", "sealed_mib")}
    causes = sorted({cause for one in kept for cause in one["causes"]})
    return {name: round(value, 4) for name, value in figures.items()}, causes


async def _sampled(groups: Sequence[Sequence[int]], seconds: float) -> list[Load]:
    """What each group of processes uses over the same seconds."""
    before, busy = [use(pids) for pids in groups], busy_s()
    samples: list[list[Use]] = []
    for _ in range(SAMPLES_COUNT):
        await asyncio.sleep(seconds / SAMPLES_COUNT)
        samples.append([use(pids) for pids in groups])
    busy_percent = 100 * (busy_s() - busy) / seconds / (os.cpu_count() or 1)
    return [
        Load(
            100 * (samples[-1][number].cpu_s - first.cpu_s) / seconds,
            statistics.median(sample[number].pss_mib for sample in samples),
            busy_percent,
        )
        for number, first in enumerate(before)
    ]


def busy_s() -> float:
    """CPU seconds that everything on the machine has used so far."""
    user, nice, system, _, _, *rest = map(int, Path("/proc/stat").read_text().split(maxsplit=11)[1:9])
    return (user + nice + system + sum(rest)) / TICKS_PER_S


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
async def recording(
    home: Path, urls: Sequence[str], *, pure: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Our recorder in a process of its own, every stream with a sealed group; ``pure`` without the compiled part."""
    (home / "ours").mkdir()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.bench.record_child"),
        cwd=REPOSITORY,
        env=os.environ | ({native.PURE_VARIABLE: "1"} if pure else {}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if child.stdin is None:
            raise Unavailable("Le processus de mesure n’a pas d’entrée.", where="vms bench record")
        child.stdin.write(json.dumps({"home": str(home / "ours"), "urls": list(urls)}).encode() + b"\n")
        said = await line_of(child, START_LIMIT_S)
        if said.get("event") != "playing":
            raise Unavailable("Les flux n’ont pas démarré.", where="vms bench record", todo="Vérifiez les adresses.")
        yield child
    finally:
        await end(child)


async def recorded(child: asyncio.subprocess.Process) -> dict[str, Any]:
    """End the recording; what it kept: ``gaps``, ``causes``, ``frames_missing``, ``units``, ``sealed_mib``."""
    if child.stdin is not None:
        child.stdin.close()
    return await line_of(child, STOP_LIMIT_S)


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
        await asyncio.gather(*(end(peer) for peer in peers))


async def _until_written(folder: Path, count: int) -> None:
    """Wait until that many streams have a file."""
    for _ in range(round(START_LIMIT_S / POLL_S)):
        if len({path.name[:3] for path in folder.iterdir()}) >= count:
            return
        await asyncio.sleep(POLL_S)
    raise Unavailable("ffmpeg n’a pas ouvert tous les flux.", where="vms bench record")
