"""``vms bench simulate``: the control plane of many communes under their real rates, without their pictures.

Real are: the keeper's files (one pair per commune), facts, signed plans, journal entries and checkpoints; the shared
database (PostgreSQL when its programs are there, else SQLite) with a writer's own commits; leases; retention of a full
day of one commune, with its files. Simulated is what comes from cameras. Each kind of work is measured on a stated
number of times, and set against how often a system of that size does it: ``scaled`` in the answer names the figures
that are such products. ``--full`` takes every camera and every commune's day instead: hours, and tens of GB.
"""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from deploy.bench.cost import Cost
from deploy.bench.servers import postgresql
from deploy.bench.simulated_index import SEGMENTS_PER_DAY, STREAMS, Index
from deploy.bench.simulated_keeper import SimulatedKeeper, camera_ids, found
from recorder.camera.fleet import RECONCILE_S
from recorder.camera.health import REFRESH_S
from recorder.recording.reporting import REPORT_S
from recorder.retention.sweep import SWEEP_PAUSE_S
from vms.clock import MICRO, ManualClock, UtcTime
from vms.db.engine import ensure_schema, open_engine
from vms.db.leases import RENEW_S
from vms.errors import BadInput, Unavailable
from vms.keeper.gate.plan import PLAN_FRESH_US
from vms.keeper.gate.statement import STATEMENT_LIMIT_BYTES
from vms.keeper.service import TICK_S

COMMUNES_LIMIT_COUNT: Final = 20_000
CAMERAS_LIMIT_COUNT: Final = 200_000
# Cameras of one recorder process: what `vms bench record` says one core takes with room to spare.
CAMERAS_PER_RECORDER: Final = 100
SAMPLE_CAMERAS: Final = 400
HEALTH_ROUNDS: Final = 5
PLANS: Final = 3
TICKS: Final = 3
ROUNDS: Final = 3
OPEN_FILES: Final = 200_000
START: Final = UtcTime.parse("2026-11-24T09:30:00Z")


async def run(*, communes: int, cameras: int, full: bool = False, database: str = "auto") -> dict[str, Any]:
    """The bench's JSON object; BadInput for numbers out of range, Unavailable without the database asked for."""
    if not 1 <= communes <= COMMUNES_LIMIT_COUNT or not communes <= cameras <= CAMERAS_LIMIT_COUNT:
        raise BadInput("Au moins une caméra par commune, et des nombres possibles.", where="vms bench simulate")
    _raise_open_files()
    spread = spread_over(communes, cameras)
    with tempfile.TemporaryDirectory(prefix="guet-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        clock = ManualClock(START)
        keeper_costs = await _keeper(home / "keeper", clock, spread, full)
        async with _database(home, database) as (url, server, kind):
            index_costs = await _index(home, url, server, spread, full)
    costs = keeper_costs | index_costs
    figures = figures_of(costs, communes, cameras)
    return {
        "bench": "simulate",
        "machine": {"cores": os.cpu_count() or 1, "system": platform.platform(), "python": platform.python_version()},
        "runs": 1,
        "sources": {"database": kind, "full": full, "cameras_per_recorder": CAMERAS_PER_RECORDER},
        "measured": {
            name: {"times": one.times, "wall_s": round(one.wall_s, 3), "cpu_ms_each": round(one.cpu_ms_each, 4)}
            for name, one in costs.items()
        },
        "scaled": [] if full else list(SCALED),
        "figures": {name: round(value, 4) for name, value in figures.items()},
    }


SCALED: Final = (
    "control_cpu_percent", "keeper_cpu_percent", "recorders_control_cpu_percent", "retention_cpu_percent",
    "db_writes_per_s", "db_commits_per_s", "retention_day_s",
)  # fmt: skip


def spread_over(communes: int, cameras: int) -> dict[str, int]:
    """How many cameras each commune has: as equal as can be."""
    least, more = divmod(cameras, communes)
    return {f"commune-{n:04d}": least + (1 if n < more else 0) for n in range(communes)}


def rates_of(communes: int, cameras: int) -> dict[str, float]:
    """How often a second a system of that size does each kind of work."""
    recorders = -(-cameras // CAMERAS_PER_RECORDER)
    streams = cameras * len(STREAMS)
    return {
        # Made anew at most once in PLAN_FRESH_US, however many recorders ask.
        "plan": min(recorders / RECONCILE_S, MICRO / PLAN_FRESH_US),
        "plan_asked": recorders / RECONCILE_S,
        "heads": streams / REPORT_S,
        "hour_keys": cameras / 3600,
        "tick": 1 / TICK_S,
        # An erasure report per stream and hour, journalled in batches of one commune.
        "checkpoint": communes / 3600,
        "segments": streams / 60,
        "health": streams / REFRESH_S,
        "renew": recorders / RENEW_S,
        "retention": streams * SEGMENTS_PER_DAY / 86_400,
        "idle": cameras / SWEEP_PAUSE_S,
    }


def figures_of(costs: dict[str, Cost], communes: int, cameras: int) -> dict[str, float]:
    """The figures, from what was measured and how often it happens."""
    rates = rates_of(communes, cameras)
    percent = {name: costs[name].percent(rate) for name, rate in rates.items()}
    keeper = sum(percent[name] for name in ("plan", "plan_asked", "heads", "hour_keys", "tick", "checkpoint"))
    recorders = sum(percent[name] for name in ("segments", "health", "renew"))
    retention = percent["retention"] + percent["idle"]
    # A segment's end and the next one's start are two rows; each destroyed one is marked, then removed.
    rows = 2 * rates["segments"] + rates["health"] + rates["renew"] + 2 * rates["retention"]
    day = costs["retention"].wall_s * (rates["retention"] * 86_400 / costs["retention"].times)
    return {
        "communes": communes,
        "cameras": cameras,
        "control_cpu_percent": keeper + recorders + retention,
        "keeper_cpu_percent": keeper,
        "recorders_control_cpu_percent": recorders,
        "retention_cpu_percent": retention,
        "db_writes_per_s": rows,
        "db_commits_per_s": rates["segments"] + rates["renew"] + cameras / CAMERAS_PER_RECORDER,
        "db_commits_capacity_per_s": costs["segments"].per_s,
        "retention_day_s": day,
        "retention_commune_day_s": costs["retention"].wall_s,
        "db_bytes_per_segment": float(costs["row"].times),
        "retention_idle_sweep_s": costs["idle"].wall_s * cameras / costs["idle"].times,
        "checkpoint_s": costs["checkpoint"].wall_s / (costs["checkpoint"].times / communes),
        "plan_ms": costs["plan"].cpu_ms_each,
        "plan_mib": costs["plan_size"].times / (1024 * 1024),
        # Above the limit of a statement a recorder refuses the plan: more cameras need more keepers.
        "cameras_per_keeper_limit": cameras * STATEMENT_LIMIT_BYTES // costs["plan_size"].times,
        "heads_per_s": costs["heads"].per_s,
        "leases_taken_s": costs["taken"].wall_s,
        "keeper_start_s": costs["start"].wall_s,
        "keeper_memory_mib": costs["memory"].wall_s,
        "keeper_open_files": float(costs["files"].times),
        "keeper_threads": float(costs["threads"].times),
    } | {f"{name}_cpu_percent": value for name, value in percent.items() if name != "retention"}


async def _keeper(folder: Path, clock: ManualClock, spread: dict[str, int], full: bool) -> dict[str, Cost]:
    began_s = time.perf_counter()
    await asyncio.to_thread(found, folder, clock, spread)
    setup = Cost(len(spread), time.perf_counter() - began_s)
    keeper = SimulatedKeeper(folder, clock)
    try:
        costs = {"setup": setup, "start": await keeper.start()}
        costs["plan"], costs["plan_asked"], recorded, size = await keeper.plans(PLANS)
        if recorded != sum(spread.values()):
            raise RuntimeError(f"the plan records {recorded} cameras of {sum(spread.values())}")
        costs["plan_size"] = Cost(size)
        costs["checkpoint"] = await keeper.checkpoints(ROUNDS)
        sample = _sample(spread, full)
        costs["heads"] = await keeper.heads([camera for _, camera in sample], ROUNDS)
        costs["hour_keys"] = await keeper.hour_keys(sample)
        costs["tick"] = await keeper.ticks(TICKS)
        costs["memory"] = Cost(1, _pss_mib())
        costs["files"] = Cost(len(os.listdir("/proc/self/fd")))
        costs["threads"] = Cost(threading.active_count())
        return costs
    finally:
        await keeper.close()


async def _index(home: Path, url: str, server: int | None, spread: dict[str, int], full: bool) -> dict[str, Cost]:
    engine = open_engine(url)
    try:
        await ensure_schema(engine)
        index = Index(engine, ManualClock(START), server)
        every = _cameras(spread)
        await index.declare(every)
        sample = every if full else _sample(spread, full)
        costs = {"segments": await index.segments(sample)}
        costs["health"] = await index.health(every[:CAMERAS_PER_RECORDER], HEALTH_ROUNDS)
        recorders = -(-len(every) // CAMERAS_PER_RECORDER)
        costs["taken"], costs["renew"] = await index.leases(every, recorders, ROUNDS)
        chosen = every if full else [one for one in every if one[0] == every[0][0]]
        others = 0 if full else min(SAMPLE_CAMERAS, len(every) - len(chosen))
        costs["retention"], costs["idle"] = await index.retention(home / "recorder", chosen, others, sample + chosen)
        costs["row"] = Cost(round(index.row_bytes))
        return costs
    finally:
        await engine.dispose()


@asynccontextmanager
async def _database(home: Path, asked: str) -> AsyncIterator[tuple[str, int | None, str]]:
    """URL, first process and kind of the database; PostgreSQL when it is there, unless SQLite is asked for."""
    if asked != "sqlite":
        try:
            async with postgresql(home) as server:
                yield server.url, server.process.pid if server.process else None, "postgresql"
                return
        except Unavailable:
            if asked == "postgresql":
                raise
    yield f"sqlite+aiosqlite:///{home / 'guet.sqlite'}", None, "sqlite"


def _cameras(spread: dict[str, int]) -> list[tuple[str, str]]:
    return [(commune, camera) for commune, count in spread.items() for camera in camera_ids(commune, count)]


def _sample(spread: dict[str, int], full: bool) -> list[tuple[str, str]]:
    """Cameras spread over the communes, as many as the sample has."""
    every = _cameras(spread)
    return every if full else every[:: max(1, len(every) // SAMPLE_CAMERAS)][:SAMPLE_CAMERAS]


def _raise_open_files() -> None:
    """A keeper holds about ten files per commune."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, hard) if hard > 0 else OPEN_FILES, hard))


def _pss_mib() -> float:
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0
