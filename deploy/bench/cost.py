"""What a run of work costs: how often it was done, how long it took, and the CPU of ours and of a server it used."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Cost:
    """``times`` the work was done, in ``wall_s``, for ``cpu_s`` of one core."""

    times: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def cpu_ms_each(self) -> float:
        """CPU of one time, in milliseconds."""
        return self.cpu_s * 1000 / self.times if self.times else 0.0

    @property
    def per_s(self) -> float:
        """Times a second, as measured."""
        return self.times / self.wall_s if self.wall_s else 0.0

    def percent(self, times_per_s: float) -> float:
        """Percent of one core that it takes at a rate."""
        return self.cpu_ms_each * times_per_s / 10


@contextmanager
def measured(cost: Cost, server: int | None = None) -> Iterator[None]:
    """Add what happens in here to ``cost``; ``server`` is the first process of a server whose CPU counts too."""
    cpu_s, began_s = _cpu_s(server), time.perf_counter()
    yield
    cost.wall_s += time.perf_counter() - began_s
    cost.cpu_s += _cpu_s(server) - cpu_s


def _cpu_s(server: int | None) -> float:
    ours = time.process_time()
    if server is None:
        return ours
    return ours + sum(_ticks(pid) for pid in (server, *_children(server))) / TICKS_PER_S


def _children(parent: int) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if _stat(pid)[1:2] == [str(parent)]]


def _ticks(pid: int) -> int:
    """User and system time of a process and of its ended children."""
    fields = _stat(pid)
    return sum(int(one) for one in fields[11:15])


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []
