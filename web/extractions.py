"""Extractions that this server carries out: one at a time for a request, each with its progress, found by a reload.

A run lives as long as this process. When it restarts, the export view is gone, the worker ends with its socket, no
file is left, and the request is still approved: the agent starts again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from recorder.export.extraction import Place, extract_request
from recorder.export.timestamping import Authorities
from recorder.store.attached import reading
from vms import logs
from vms.errors import Conflict, GuetError, TooManyRequests

if TYPE_CHECKING:
    from web.deps import Services

RUNNING_LIMIT: Final = 4
KEPT_LIMIT_RUNS: Final = 256
# How long the call that starts a run waits for the gate's answer, so that a refusal is told to whoever asked.
START_WAIT_S: Final = 10.0

log = logs.get("web.extractions")


@dataclass(slots=True)
class Run:
    """One extraction: how far it is, or why it ended."""

    done: int = 0
    total: int = 0
    status: str = "running"
    error: GuetError | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def view(self) -> dict[str, Any]:
        """The progress as pages read it."""
        told: dict[str, Any] = {"status": self.status, "done": self.done, "total": self.total}
        return told | ({"error": self.error.to_dict()} if self.error else {})


class Extractions:
    """All runs, by request."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    def progress(self, request: str) -> dict[str, Any] | None:
        """How far the request's last run is, or None when there was none since this server started."""
        run = self._runs.get(request)
        return run.view() if run else None

    async def start(self, services: Services, token: str, request: str, statement: str) -> dict[str, Any]:
        """Start a run on what the page signed; Conflict while one goes on, TooManyRequests when there are too many.

        Raises at once what the gate or the keeper refuse at the start: a rule, StepUpNeeded, Unavailable.
        """
        known = self._runs.get(request)
        if known is not None and known.status == "running":
            raise Conflict("Cette extraction est déjà en cours.", where=request, todo="Suivez son avancement.")
        if sum(run.status == "running" for run in self._runs.values()) >= RUNNING_LIMIT:
            raise TooManyRequests(
                f"{RUNNING_LIMIT} extractions sont déjà en cours.",
                todo="Attendez que l’une d’elles finisse.",
                retry_after_s=60,
            )
        run = Run()
        self._forget_oldest()
        self._runs[request] = run
        work = self._carry_out(run, services, token, request, statement)
        run.task = asyncio.create_task(work, name=f"extraction {request}")
        begun = asyncio.create_task(run.begun.wait())
        await asyncio.wait({run.task, begun}, timeout=START_WAIT_S, return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        if run.error is not None:
            raise run.error
        return run.view()

    async def stop(self) -> None:
        """End every run: the server is stopping, and a worker without its server ends by itself."""
        tasks = [run.task for run in self._runs.values() if run.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry_out(self, run: Run, services: Services, token: str, request: str, statement: str) -> None:
        def advanced(done: int, total: int) -> None:
            run.done, run.total = done, total
            run.begun.set()

        settings = services.settings
        try:
            place = Place(
                engine=services.engine,
                store=reading(settings),
                packages=packages_dir(settings.home),
                clock=services.clock,
                clock_offset_s=settings.test_clock_offset_s,
                authorities=Authorities.of(settings),
            )
            await extract_request(services.keeper, token, request, place, advanced, statement)
        except GuetError as error:
            run.status, run.error = "failed", error
            log.warning("extraction interrompue", request=request, kind=error.kind, rule=error.rule)
        except BaseException:
            run.status, run.error = "failed", GuetError("L’extraction a échoué.", todo="Relancez-la.")
            raise
        else:
            run.status = "done"

    def _forget_oldest(self) -> None:
        ended = [request for request, run in self._runs.items() if run.status != "running"]
        for request in ended[: max(0, len(self._runs) - KEPT_LIMIT_RUNS + 1)]:
            del self._runs[request]


def packages_dir(home: Path) -> Path:
    """The folder of sealed packages."""
    return home / "packages"
