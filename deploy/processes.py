"""The processes of one machine and the order they start and stop in.

The supervisor owns signals: SIGTERM stops web first, so that nobody is shown half a system, then the recorders, which
close their segments, then the keeper, within 10 s in all. A process that dies is started again with a growing wait;
the others do not notice (design §3).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from typing import Final

from vms import logs
from vms.clock import Clock
from vms.settings import Settings

RESTART_FIRST_S: Final = 0.2
# Each second of waiting is a second that nobody records: a process that ran for a while comes back at once.
RESTART_MAX_S: Final = 5.0
STEADY_AFTER_S: Final = 5.0
STOP_WEB_S: Final = 2.0
STOP_RECORDERS_S: Final = 6.0
STOP_KEEPER_S: Final = 2.0

log = logs.get("deploy.processes")


@dataclass(slots=True)
class Child:
    """One supervised process: what to start, and how it went so far."""

    name: str
    arguments: list[str]
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    stopping: bool = False
    started: asyncio.Event = field(default_factory=asyncio.Event)


def child_environment(settings: Settings) -> dict[str, str]:
    """The settings as this supervisor resolved them, for a child that reads them from its environment."""
    env = dict(os.environ)
    for name, value in settings.model_dump(mode="json", exclude_none=True).items():
        env[f"VMS_{name.upper()}"] = str(value) if not isinstance(value, list | dict) else json.dumps(value)
    env["PYTHONUNBUFFERED"] = "1"
    return env


class Supervisor:
    """Starts the children, keeps them running, stops them in order."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._env = child_environment(settings)
        recorders = [
            Child(f"recorder-{i}", ["-m", "deploy.process", "recorder", "--index", str(i)])
            for i in range(settings.recorder_count())
        ]
        # A machine that only records asks another's keeper, and its cameras are seen on the head's pages.
        self.keeper = [Child("keeper", ["-m", "deploy.process", "keeper"])] if settings.has_keeper else []
        self.recorders = recorders
        self.web = [Child("web", ["-m", "deploy.process", "web"])] if settings.is_head else []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def children(self) -> list[Child]:
        """All children in starting order."""
        return [*self.keeper, *self.recorders, *self.web]

    def start(self) -> None:
        """Start every child and watch it."""
        self._tasks = [asyncio.create_task(self._keep(child), name=child.name) for child in self.children]

    async def _keep(self, child: Child) -> None:
        wait_s = RESTART_FIRST_S
        while not child.stopping:
            begun_us = self._clock.monotonic_us()
            child.process = await asyncio.create_subprocess_exec(
                sys.executable, *child.arguments, env=self._env, start_new_session=True
            )
            child.started.set()
            code = await child.process.wait()
            if child.stopping:
                return
            lasted_s = (self._clock.monotonic_us() - begun_us) / 1e6
            wait_s = RESTART_FIRST_S if lasted_s > STEADY_AFTER_S else min(wait_s * 2, RESTART_MAX_S)
            child.restarts += 1
            log.warning("processus arrêté, redémarrage", child=child.name, code=code, wait_s=round(wait_s, 1))
            await self._clock.sleep(wait_s)

    async def stop(self) -> None:
        """Stop web, then the recorders, then the keeper; what does not end in its time is killed."""
        for child in self.children:
            child.stopping = True
        await _end(self.web, STOP_WEB_S)
        await _end(self.recorders, STOP_RECORDERS_S)
        await _end(self.keeper, STOP_KEEPER_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _end(children: list[Child], limit_s: float) -> None:
    running = [child.process for child in children if child.process is not None and child.process.returncode is None]
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(limit_s):
            await asyncio.gather(*(process.wait() for process in running))
    except TimeoutError:
        for process in running:
            if process.returncode is None:
                log.warning("processus tué après son délai", pid=process.pid)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        await asyncio.gather(*(process.wait() for process in running))
