"""Cameras shared between machines by leases: each takes its share of what nobody holds, up to what it can carry."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, Final

from recorder.camera.capacity import Capacity
from recorder.segment.progress import Progress, encode
from vms import logs
from vms.clock import MICRO, Clock
from vms.db.leases import RENEW_S, Held, Leases
from vms.errors import Unavailable

# Recorders that start together see each other before any of them takes all there is.
FIRST_LOOK_S: Final = 1.5
# A process that is told to end lets others connect first: a look, a connection, a key frame. Then it must seal, within
# what its supervisor gives it.
HANDOVER_S: Final = 4.0

log = logs.get("recorder.leases")


class LeaseAwaited(Unavailable):
    """The camera's lease is still another's, who is about to give it up."""


class LeasedCameras:
    """The cameras of one worker among many."""

    def __init__(
        self, leases: Leases, capacity: Capacity, clock: Clock, progress: Callable[[], Sequence[Progress]]
    ) -> None:
        """``progress``: how far the open segments are durable, asked at each renewal."""
        self._leases, self._capacity, self._clock, self._progress = leases, capacity, clock, progress
        self._joined_us: int | None = None
        self._lost: set[str] = set()

    async def run(self) -> None:
        """Take the seat and renew until cancelled; Conflict when the seat's process is alive elsewhere."""
        await self._leases.join()
        self._joined_us = self._clock.monotonic_us()
        while True:
            self._leases.capacity = self._capacity.cameras
            lost = await self._leases.renew(encode(self._progress()))
            for name in lost:
                log.error("bail perdu", lease=name)
            self._lost |= {name.partition(":")[2] for name in lost if name.startswith("camera:")}
            await self._clock.sleep(RENEW_S)

    async def settle(self, cameras: Sequence[str], running: Collection[str]) -> Mapping[str, int]:
        """The cameras that are this worker's now, with their fences, of those that are to be recorded.

        What it holds, need no more and runs no more is given back; then it takes what is its share.
        """
        self._capacity.note(len(running))
        wanted, running_names = {_name(one) for one in cameras}, {_name(one) for one in running}
        held = {name for name in self._leases.fences() if name.startswith("camera:")}
        await self._leases.release(held - wanted - running_names)
        room = min(self._capacity.cameras, self._share(len(cameras))) - len(held & wanted)
        if self._leases.draining:
            room = 0
        if room > 0 and self._settled():
            taken = await self._leases.take(sorted(wanted - held), room)
            if taken:
                log.info("caméras prises", count=len(taken), room=room)
        fences = {**await self._soon(wanted, room), **self._leases.fences()}
        return {camera: fences[_name(camera)] for camera in cameras if _name(camera) in fences}

    async def _soon(self, wanted: Collection[str], room: int) -> dict[str, int]:
        """What workers that are ending will give up, with the fences to come: their cameras may be called already."""
        ending = [one.id for one in self._leases.peers if one.draining and one.alive and one.id != self._leases.id]
        if not ending or room <= 0:
            return {}
        held = await self._leases.held_by(ending)
        return {name: held[name] + 1 for name in sorted(held.keys() & wanted)[:room]}

    async def hand_over(self) -> None:
        """Let the others connect to this worker's cameras before it leaves them; at once when there are no others."""
        self._leases.draining = True
        await self._leases.renew(encode(self._progress()))
        others = [one for one in self._leases.peers if one.alive and not one.draining and one.id != self._leases.id]
        if others and any(name.startswith("camera:") for name in self._leases.fences()):
            log.info("relève attendue", others=len(others), wait_s=HANDOVER_S)
            await self._clock.sleep(HANDOVER_S)

    def held(self, camera: str) -> Held:
        """The camera's lease; LeaseAwaited when it is another's now."""
        held = self._leases.held(_name(camera))
        if held is None:
            raise LeaseAwaited("Cette caméra est suivie par un autre enregistreur.", where=camera)
        return held

    def told_lost(self) -> set[str]:
        """The cameras whose lease was lost since the last call: a person should know."""
        lost, self._lost = self._lost, set()
        return lost

    async def while_held(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run ``work`` whenever this worker holds the lease ``name``, which one worker of all does at a time."""
        task: asyncio.Task[None] | None = None
        try:
            while True:
                if self._leases.held(name) is None and self._settled():
                    await self._leases.take([name])
                held = self._leases.held(name)
                mine = held is not None and held.may_write()
                if task is not None and (task.done() or not mine):
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                    task = None
                if mine and task is None:
                    task = asyncio.create_task(work(), name=name)
                await self._clock.sleep(RENEW_S)
        finally:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def leave(self) -> None:
        """Give everything up: others may take it at once."""
        await self._leases.leave()

    def _settled(self) -> bool:
        now_us = self._clock.monotonic_us()
        return self._joined_us is not None and now_us - self._joined_us >= FIRST_LOOK_S * MICRO

    def _share(self, cameras: int) -> int:
        """This worker's part of all cameras, by what each worker that lives can carry."""
        others = sum(
            one.capacity for one in self._leases.peers if one.alive and not one.draining and one.id != self._leases.id
        )
        mine = max(1, self._capacity.cameras)
        return math.ceil(cameras * mine / (mine + others))


def _name(camera: str) -> str:
    return f"camera:{camera}"
