"""The machine's clocks in a simulation: the monotonic one is the loop's, the wall clock may be set by anybody."""

from __future__ import annotations

import asyncio
from typing import Final

from deploy.simulation.loop import SimulatedLoop
from vms.clock import MICRO, UtcTime

DAY_US: Final = 86_400 * MICRO
FOLLOWED_US: Final = 600 * MICRO
STOP_US: Final = 900 * MICRO
DOUBT_US: Final = 3 * DAY_US


class VirtualClock:
    """A ``vms.clock.Clock`` over virtual time. ``error_us`` is how far the wall clock is from the true time."""

    def __init__(self, loop: SimulatedLoop, start: UtcTime) -> None:
        self.error_us = 0
        self.boots = 0
        self.errors_us = [0]  # every error there ever was, for whoever must translate its readings
        self._stood: list[tuple[int, int]] = [(0, 0)]  # (since, µs of the monotonic clock; error)
        self._loop = loop
        self._start_us = start.us

    def true_us(self) -> int:
        """The time that a perfect clock would show, UTC µs."""
        return self._start_us + self.monotonic_us()

    def utc(self) -> UtcTime:
        """What the machine takes the time to be."""
        return UtcTime(self.true_us() + self.error_us)

    def monotonic_us(self) -> int:
        """Microseconds since the simulation began."""
        return round(self._loop.time() * MICRO)

    def boot(self) -> str:
        """Another name after each power cut."""
        return f"simulated-{self.boots}"

    async def sleep(self, seconds: float) -> None:
        """Wait on virtual time."""
        await asyncio.sleep(seconds)

    def step(self, seconds: float) -> None:
        """Set the wall clock ahead, or back."""
        self.error_us += round(seconds * MICRO)
        self.errors_us.append(self.error_us)
        since_us, before_us = self._stood[-1]
        if abs(self.error_us - before_us) <= FOLLOWED_US:
            self._stood[-1] = (since_us, max(before_us, self.error_us))
        else:
            self._stood.append((self.monotonic_us(), self.error_us))

    def cut(self) -> None:
        """The power goes: what the monotonic clock says means nothing any more."""
        self.boots += 1

    def believable_us(self) -> int:
        """The latest time that anybody may ever have destroyed by: true, but for what stood for long (P-30).

        A small error is followed; a larger one once the clock has stood by it for three days, or for a quarter of an
        hour where a stop may hide it.
        """
        ends = [since for since, _ in self._stood[1:]] + [self.monotonic_us()]
        worst_us = 0
        for (since_us, error_us), ended_us in zip(self._stood, ends, strict=True):
            stop = self.boots > 0 and error_us <= 7 * DAY_US
            enough_us = 0 if error_us <= FOLLOWED_US else STOP_US if stop else DOUBT_US
            if ended_us - since_us >= enough_us:
                worst_us = max(worst_us, error_us)
        return self.true_us() + worst_us
