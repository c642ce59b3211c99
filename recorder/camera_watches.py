"""One watch a camera, of the cameras that are wanted at the time and of no others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vms.clock import Clock

ROUND_S: Final = 5.0


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
            for camera, (holds_to, task) in tuple(running.items()):
                if camera not in now or now[camera].holds_to != holds_to or task.done():
                    task.cancel()
                    del running[camera]
            for camera in now.keys() - running.keys():
                task = asyncio.create_task(now[camera].work(), name=f"{name} {camera}")
                running[camera] = now[camera].holds_to, task
            await clock.sleep(ROUND_S)
    finally:
        for _, task in running.values():
            task.cancel()
        await asyncio.gather(*(task for _, task in running.values()), return_exceptions=True)
