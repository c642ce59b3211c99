"""A clock by which a test lives step by step: it waits for the others instead of guessing how fast they are."""

from __future__ import annotations

import asyncio
from typing import Any

from vms.clock import ManualClock, UtcTime

LIMIT_S = 60.0


class LivedClock(ManualClock):
    """A clock that moves on only once everybody who lives by it has done what the last step woke them for."""

    def __init__(self, start: UtcTime) -> None:
        super().__init__(start)
        self.people: list[asyncio.Task[Any]] = []
        self._asleep = 0

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has moved past the given time."""
        self._asleep += 1
        try:
            await super().sleep(seconds)
        finally:
            self._asleep -= 1

    async def settled(self) -> None:
        """Wait until each of the people sleeps again or is done, however slow the machine is."""
        for _ in range(3):  # whoever was woken has to stand up first
            await asyncio.sleep(0)
        async with asyncio.timeout(LIMIT_S):
            while self._asleep < sum(not one.done() for one in self.people):  # noqa: ASYNC110 - threads answer too
                await asyncio.sleep(0.001)
