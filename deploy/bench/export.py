"""``vms bench export``: an hour of 1080p extracted while cameras record, beside ``cp`` and ``sha256sum`` of its bytes.

The request, its decision, the permit, the keys and the signature are the keeper's; the worker is the product's own
process. The cameras are virtual and recorded by the recorder's own loop in a process of its own, throughout both.
Copy, hash and extraction take turns, so that each run has its peer beside it.
"""

from __future__ import annotations

import asyncio
import os
import platform
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.bench.footage import Preparer, make_clip
from deploy.bench.record import recorded, recording
from deploy.bench.record_sources import farm
from deploy.bench.town import AGENT, COMMUNE, MAYOR, BenchTown, bench_town, past
from deploy.ports import free_port
from recorder.export.extraction import Place, extract_request
from recorder.store.local import LocalStore
from vms.clock import UtcTime
from vms.errors import BadInput, Unavailable

CAMERA: Final = f"{COMMUNE}-c01"
RUNS_LIMIT_COUNT: Final = 20
CAMERAS_LIMIT_COUNT: Final = 200
MINUTES_LIMIT: Final = 60
FRAME: Final = "flagrance"
FIELDS: Final = {
    "authority": "banc de mesure",
    "officer_name": "OPJ",
    "officer_number": "0",
    "unit": "banc de mesure",
    "procedure_number": "1/2026",
    "offence": "mesure",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One run, in seconds."""

    copy_s: float
    hash_s: float
    export_s: float

    @property
    def ratio(self) -> float:
        """How long the extraction took, by the time of copy and hash."""
        return self.export_s / (self.copy_s + self.hash_s)


async def run(*, runs: int = 3, cameras: int = 20, minutes: int = MINUTES_LIMIT) -> dict[str, Any]:
    """The bench's JSON object: ``minutes`` of 1080p at 4 Mbit/s extracted ``runs`` times while ``cameras`` record.

    BadInput for numbers out of range, Unavailable when ffmpeg, cp or sha256sum refuses.
    """
    if not (1 <= runs <= RUNS_LIMIT_COUNT and 1 <= cameras <= CAMERAS_LIMIT_COUNT and 1 <= minutes <= MINUTES_LIMIT):
        raise BadInput(f"De 1 à {MINUTES_LIMIT} min, 1 à {CAMERAS_LIMIT_COUNT} caméras.", where="vms bench export")
    with tempfile.TemporaryDirectory(prefix="guet-bench-") as folder:
        home = Path(folder)
        async with bench_town(home / "home", free_port(), [CAMERA]) as town:
            busy = await make_clip(home, "busy", "1920x1080", "4M", busy=True)
            start = past(town, 1 + minutes / 60)
            end = start.plus(seconds=60 * minutes)
            preparer = Preparer(town, await town.web.commune_key(COMMUNE))
            await preparer.write(CAMERA, "main", start, end, lambda _: busy)
            request = await _decided(town, start, end)
            async with _recorded(home, cameras, home / "busy.mp4") as kept:
                turns = [await _turn(town, home, request) for _ in range(runs)]
    stored = kept | {"ratios": [round(turn.ratio, 3) for turn in turns]}
    return {
        "bench": "export",
        "machine": {"cores": os.cpu_count() or 1, "system": platform.platform(), "python": platform.python_version()},
        "runs": runs,
        "sources": {"minutes": minutes, "cameras_recording": cameras, **stored},
        "figures": figures(turns) | {"gaps": float(kept["gaps"]), "frames_missing": float(kept["frames_missing"])},
    }


def figures(turns: Sequence[Turn]) -> dict[str, float]:
    """Medians; the ratio is that of each run to its own peer."""
    found = {
        "time_ratio_to_copy_and_hash": statistics.median(turn.ratio for turn in turns),
        "export_s": statistics.median(turn.export_s for turn in turns),
        "copy_s": statistics.median(turn.copy_s for turn in turns),
        "hash_s": statistics.median(turn.hash_s for turn in turns),
    }
    return {name: round(value, 3) for name, value in found.items()}


async def _decided(town: BenchTown, start: UtcTime, end: UtcTime) -> str:
    """A request for the whole range, registered by the agent and granted by the mayor; its id."""
    made = await town.act(
        AGENT,
        "register_request",
        frame=FRAME,
        fields=FIELDS,
        cameras=[CAMERA],
        from_us=start.us,
        to_us=end.us,
        motive="mesure",
    )
    await town.act(MAYOR, "decide", request=made["request"], decision="execute")
    return str(made["request"])


@asynccontextmanager
async def _recorded(home: Path, cameras: int, clip: Path) -> AsyncIterator[dict[str, Any]]:
    """That many cameras recording meanwhile; what the yielded dictionary holds at the end is what they kept."""
    kept: dict[str, Any] = {}
    async with farm(home, cameras, clip) as urls, recording(home, urls) as child:
        yield kept
        kept |= await recorded(child)


async def _turn(town: BenchTown, home: Path, request: str) -> Turn:
    """Copy and hash the stored segments, then extract them."""
    files = sorted(str(path) for path in (town.settings.store_dir / COMMUNE).rglob("*.seg"))
    copies = home / "copies"
    copies.mkdir()
    begun = time.perf_counter()
    await _command("cp", *files, str(copies))
    copied = time.perf_counter()
    await _command("sha256sum", *(str(path) for path in sorted(copies.iterdir())))
    hashed = time.perf_counter()
    for path in copies.iterdir():
        path.unlink()
    copies.rmdir()
    await town.web.step_up(town.tokens[AGENT], town.password)
    packages = home / "packages"
    place = Place(town.engine, LocalStore(town.settings.store_dir, ""), packages, town.clock)
    started = time.perf_counter()
    exported = await extract_request(town.web, town.tokens[AGENT], request, place, lambda done, total: None)
    taken = time.perf_counter() - started
    exported.path.unlink()
    return Turn(copied - begun, hashed - copied, taken)


async def _command(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    if await process.wait() != 0:
        raise Unavailable(f"{command[0]} a échoué.", where="vms bench export")
