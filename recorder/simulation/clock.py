"""The machine's clocks in a simulation: the monotonic one is the loop's, the wall clock may be set by anybody."""

from __future__ import annotations

import asyncio

from recorder.simulation.loop import SimulatedLoop
from vms.clock import MICRO, UtcTime


class VirtualClock:
    """A ``vms.clock.Clock`` over virtual time. ``error_us`` is how far the wall clock is from the true time."""

    def __init__(self, loop: SimulatedLoop, start: UtcTime) -> None:
        self.error_us = 0
        self.errors_us = [0]  # every error there ever was, for whoever must translate its readings
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

    async def sleep(self, seconds: float) -> None:
        """Wait on virtual time."""
        await asyncio.sleep(seconds)

    def step(self, seconds: float) -> None:
        """Set the wall clock ahead, or back."""
        self.error_us += round(seconds * MICRO)
        self.errors_us.append(self.error_us)
