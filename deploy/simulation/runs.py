"""Many simulations, one seed each, spread over processes; what they came to, added up (``vms bench faults``)."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import platform
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from deploy.simulation.engines import Engines
from deploy.simulation.plan import draw
from deploy.simulation.real import hurt
from deploy.simulation.world import Verdict, simulate
from vms import logs

CHUNK_SEEDS: Final = 25
RUNS_A_COLLECTION: Final = 5
PROBLEMS_SHOWN: Final = 20
YEAR_S: Final = 365.25 * 86_400
# Memory behind files: a simulation syncs nothing to a real disk.
MEMORY: Final = Path("/dev/shm")  # noqa: S108 (only below a new folder of its own)


@dataclass
class Totals:
    """Verdicts, added up."""

    runs: int = 0
    broken: list[tuple[int, list[str]]] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    effective: Counter[str] = field(default_factory=Counter)
    lost_groups: Counter[str] = field(default_factory=Counter)
    worst_loss_groups: int = 0
    worst_loss_slow_groups: int = 0
    virtual_s: float = 0.0
    units_kept: int = 0
    checks: int = 0
    steps: int = 0

    def add(self, verdict: Verdict) -> None:
        """One more run."""
        self.runs += 1
        if verdict.problems:
            self.broken.append((verdict.seed, verdict.problems))
        self.injected += verdict.injected
        self.effective += verdict.effective
        self.lost_groups += verdict.lost_groups
        self.worst_loss_groups = max(self.worst_loss_groups, verdict.worst_loss_groups)
        self.worst_loss_slow_groups = max(self.worst_loss_slow_groups, verdict.worst_loss_slow_groups)
        self.virtual_s += verdict.virtual_s
        self.units_kept += verdict.units_kept
        self.checks += verdict.checks
        self.steps += verdict.steps


class Simulator:
    """Runs seeds one after another, in a folder of its own in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._engines = Engines(folder)

    def run(self, seed: int, *, spare: bool = False) -> Verdict:
        """One simulation, from its seed alone; with a spare volume or without."""
        home = self._folder / str(seed)
        home.mkdir()
        try:
            return simulate(draw(seed, spare=spare), home, self._engines)
        finally:
            shutil.rmtree(home)


@contextmanager
def simulator() -> Iterator[Simulator]:
    """A simulator, and its folder removed at the end."""
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="guet-simulation-", dir=memory) as folder:
        yield Simulator(Path(folder))


def run_seeds(seeds: Iterable[int], *, spare: bool = False) -> list[Verdict]:
    """The verdicts of these seeds, without their traces; what a process of its own does."""
    logs.configure("simulation", logging.CRITICAL)
    verdicts = []
    with simulator() as one:
        # Cycles are collected between runs, among what runs have made: the program itself is not looked through.
        gc.disable()
        gc.collect()
        gc.freeze()
        try:
            for number, seed in enumerate(seeds):
                verdict = one.run(seed, spare=spare)
                verdict.trace.clear()
                verdicts.append(verdict)
                if number % RUNS_A_COLLECTION == 0:
                    gc.collect()
        finally:
            gc.unfreeze()
            gc.enable()
    return verdicts


def run_many(first: int, runs: int, processes: int, *, spare: bool = False) -> Totals:
    """``runs`` simulations with seeds from ``first`` on."""
    totals = Totals()
    chunks = [range(start, min(start + CHUNK_SEEDS, first + runs)) for start in range(first, first + runs, CHUNK_SEEDS)]
    if processes == 1:
        for chunk in chunks:
            for verdict in run_seeds(chunk, spare=spare):
                totals.add(verdict)
        return totals
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for verdicts in pool.imap_unordered(partial(run_seeds, spare=spare), chunks):
            for verdict in verdicts:
                totals.add(verdict)
    totals.broken.sort()
    return totals


def bench(first: int, runs: int, processes: int, *, spare: bool = False) -> dict[str, Any]:
    """The JSON object of ``vms bench faults``, with the table of what was injected and what it cost."""
    begun_s = time.monotonic()
    totals = run_many(first, runs, processes, spare=spare)
    took_s = time.monotonic() - begun_s
    figures = {
        "runs": totals.runs,
        "invariants_broken": len(totals.broken),
        "worst_loss_groups": totals.worst_loss_groups,
        "worst_loss_held_up_groups": totals.worst_loss_slow_groups,
        "faults_injected": sum(totals.injected.values()),
        "checks": totals.checks,
        "steps_that_could_be_the_last": totals.steps,
        "units_recorded": totals.units_kept,
        "simulated_years": round(totals.virtual_s / YEAR_S, 2),
        "took_s": round(took_s, 1),
    }
    return {
        "bench": "faults",
        "machine": {"cores": os.cpu_count() or 1, "system": platform.platform(), "python": platform.python_version()},
        "runs": totals.runs,
        "figures": figures,
        "injected": {
            kind: {
                "times": count,
                "took_effect": totals.effective.get(kind, count),
                "groups_lost": totals.lost_groups[kind],
            }
            for kind, count in sorted(totals.injected.items())
        },
        "broken": [
            {"seed": seed, "replay": replay(seed, spare=spare), "problems": problems[:PROBLEMS_SHOWN]}
            for seed, problems in totals.broken[:PROBLEMS_SHOWN]
        ],
    }


def hurt_for_real(times: int) -> dict[str, Any]:
    """The table of the real faults, over a folder of its own; Damaged or TimeoutError when a recorder failed."""
    with tempfile.TemporaryDirectory(prefix="guet-faults-") as folder:
        return hurt(Path(folder), times)


def replay(seed: int, *, spare: bool = False) -> str:
    """The command that runs just this seed again, and shows what happened."""
    return f"vms bench faults --runs 1 --seed {seed}{' --spare' if spare else ''} --trace"


def traced(seed: int, *, spare: bool = False) -> tuple[list[str], Verdict]:
    """One seed with its plan and everything that happened, in lines."""
    logs.configure("simulation", logging.CRITICAL)
    with simulator() as one:
        verdict = one.run(seed, spare=spare)
    lines = [*draw(seed, spare=spare).describe(), *verdict.trace, *(f"NON  {problem}" for problem in verdict.problems)]
    return lines, verdict
