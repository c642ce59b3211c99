"""The keeper in a simulation, as far as a recorder knows it: takes keys, says how long to keep and what is held."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from typing import Any, Final

from deploy.simulation.faults import Process
from vms.clock import Clock
from vms.clock_guard import ClockGuard
from vms.errors import Unavailable
from vms.keeper.protocol import CameraRetention, DestructionTime, HeldRange
from vms.keys import wrapping

ANSWER_S: Final = 0.003
HANGS_S: Final = 60.0


@functools.cache
def commune_keys() -> tuple[bytes, bytes]:
    """The key pair of every simulated commune: (private, public)."""
    return wrapping.generate_commune_key()


class Keeper:
    """Outlives recorders; away, hanging, or away after it has done what it was asked, as the faults in force say."""

    def __init__(self, commune: str, camera: str, days: int, clock: Clock) -> None:
        self.guard = ClockGuard(clock, None)
        self.wrong: dict[str, float] = {}
        self.hits = 0
        self.days = days
        self.holds: list[HeldRange] = []
        self.wrapped: dict[str, tuple[str, str, int, bytes]] = {}
        self.erased: list[dict[str, Any]] = []
        self._commune, self._camera = commune, camera

    async def put_hour_key(self, commune: str, camera: str, key_id: str, hour_us: int, wrapped: bytes) -> bool:
        """Keep a wrapped key; Unavailable while away."""
        await self._reached()
        self.wrapped[key_id] = (commune, camera, hour_us, wrapped)
        if "keeper-kept-but-away" in self.wrong:
            self._away()
        return True

    async def retention(self, commune: str) -> list[CameraRetention]:
        """Days and holds of the one camera; Unavailable while away."""
        await self._reached()
        return [CameraRetention(camera=self._camera, max_days=self.days, holds=tuple(self.holds))]

    async def destruction_time(self, commune: str) -> DestructionTime:
        """What the keeper's guard makes of the machine's clock; Unavailable while away."""
        await self._reached()
        now_us, doubt = self.guard.now_us(), self.guard.doubt
        said = doubt is not None and doubt.grave
        return DestructionTime(now_us=now_us, what=doubt.what if doubt and said else "")

    async def report_erased(self, commune: str, erased: Sequence[dict[str, Any]]) -> None:
        """Journal destructions; Unavailable while away."""
        await self._reached()
        self.erased += erased

    async def _reached(self) -> None:
        await asyncio.sleep(ANSWER_S)
        if "keeper-hangs" in self.wrong:
            self.hits += 1
            await asyncio.sleep(HANGS_S)
        if "keeper-away" in self.wrong:
            self._away()

    def _away(self) -> None:
        self.hits += 1
        raise Unavailable("Le gardien ne répond pas.")

    def hour_key(self, key_id: str, spooled: dict[str, tuple[str, str, int, bytes]]) -> bytes:
        """A clear hour key, as the commune's holders would open it; KeyError when nobody has it."""
        commune, camera, hour_us, wrapped = self.wrapped.get(key_id) or spooled[key_id]
        info = wrapping.hour_key_info(commune, camera, key_id, hour_us)
        return wrapping.unwrap(commune_keys()[0], wrapped, info)


class KeeperLink:
    """The keeper as one process reaches it: the dead reach nobody."""

    def __init__(self, keeper: Keeper, process: Process) -> None:
        self._keeper, self._process = keeper, process

    async def put_hour_key(self, commune: str, camera: str, key_id: str, hour_us: int, wrapped: bytes) -> bool:
        """See ``Keeper``; the process may die before it asks, and before it hears the answer."""
        self._process.step("key before")
        kept = await self._keeper.put_hour_key(commune, camera, key_id, hour_us, wrapped)
        self._process.step("key after")
        return kept

    async def retention(self, commune: str) -> list[CameraRetention]:
        """See ``Keeper``."""
        self._process.step("retention")
        return await self._keeper.retention(commune)

    async def destruction_time(self, commune: str) -> DestructionTime:
        """See ``Keeper``."""
        self._process.step("destruction time")
        return await self._keeper.destruction_time(commune)

    async def report_erased(self, commune: str, erased: Sequence[dict[str, Any]]) -> None:
        """See ``Keeper``."""
        self._process.step("erased")
        await self._keeper.report_erased(commune, erased)
