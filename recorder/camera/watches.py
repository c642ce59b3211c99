"""One watch a camera, of the cameras that are wanted at the time and of no others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vms import logs
from vms.clock import Clock

ROUND_S: Final = 5.0

log = logs.get("recorder.camera_watches")


@dataclass(frozen=True, slots=True)
class Watch:
    """How one camera is watched, until cancelled; when ``holds_to`` is another, the watch begins anew."""

    work: Callable[[], Coroutine[Any, Any, None]]
    holds_to: str = ""


async def watch_cameras(name: str, wanted: Callable[[], Mapping[str, Watch]], clock: Clock) -> None:
    """Until cancelled, run the watch of each camera wanted; one that ended on its own is begun again."""
    running: dict[str, tuple[str, asyncio.Task[None]]] = {}
    try:
        while True:
            now = wanted()
            ended = {
                camera: task
                for camera, (holds_to, task) in running.items()
                if camera not in now or now[camera].holds_to != holds_to or task.done()
            }
            await _end(name, ended)
            for camera in ended:
                del running[camera]
            for camera in now.keys() - running.keys():
                task = asyncio.create_task(now[camera].work(), name=f"{name} {camera}")
                running[camera] = now[camera].holds_to, task
            await clock.sleep(ROUND_S)
    finally:
        await _end(name, {camera: task for camera, (_, task) in running.items()})


async def _end(name: str, watches: Mapping[str, asyncio.Task[None]]) -> None:
    """Cancel them, wait until they have said goodbye, and tell of those that had failed."""
    for task in watches.values():
        task.cancel()
    results = await asyncio.gather(*watches.values(), return_exceptions=True)
    for camera, result in zip(watches, results, strict=True):
        if isinstance(result, Exception):
            log.warning("veille d’une caméra tombée", watch=name, camera=camera, error=str(result))
