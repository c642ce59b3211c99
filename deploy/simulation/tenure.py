"""A camera held by a lease, as a recorder among several holds it (compare ``fleet.py``): run while it is ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from recorder.camera.capacity import Capacity
from recorder.camera.leases import LeasedCameras
from vms.clock import Clock
from vms.db.leases import Held, Leases
from vms.errors import Conflict

JOIN_RETRY_S: Final = 3.0
WATCH_S: Final = 1.0


class Steady(Capacity):
    """Carries one camera, whatever the machine below the simulation has to do."""

    def note(self, running: int) -> None:
        """Measure nothing."""


class Tenure:
    """One camera's lease, and what is done when it comes and goes."""

    def __init__(self, engine: AsyncEngine, clock: Clock, camera: str) -> None:
        self.fence: int | None = None
        self._clock, self._camera = clock, camera
        self._leases = Leases(engine, clock, "this-machine/0", 1)
        self._leased = LeasedCameras(self._leases, Steady(clock, 1), clock, lambda: ())

    async def join(self) -> None:
        """Take the seat and renew; a database that is away has the process started again by its supervisor."""
        while True:
            try:
                await self._leased.run()
            except (SQLAlchemyError, Conflict):
                await self._clock.sleep(JOIN_RETRY_S)

    async def watch(self, change: Callable[[int | None], Awaitable[None]]) -> None:
        """Call ``change`` with the new fence, or None, whenever it is another."""
        while True:
            await self._clock.sleep(WATCH_S)
            fences = await self._leased.settle([self._camera], [self._camera] if self.fence is not None else [])
            if fences.get(self._camera) != self.fence:
                self.fence = fences.get(self._camera)
                await change(self.fence)

    def held(self) -> Held:
        """The lease; LeaseAwaited when it is another's."""
        return self._leased.held(self._camera)

    async def leave(self) -> None:
        """Give the camera up."""
        await self._leased.leave()
