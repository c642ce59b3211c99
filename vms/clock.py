"""Time: one type for instants, one protocol for clocks, so that nothing reads the machine's clock by itself.

Instants are UTC, whole microseconds since 1970 (no leap seconds, as POSIX). Local time exists only on screens and in
calendar rules (P-31: one month is counted in Europe/Paris).
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from vms.errors import BadInput

MICRO: Final = 1_000_000
HOUR_US: Final = 3600 * MICRO
PARIS: Final = ZoneInfo("Europe/Paris")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
LATEST_US: Final = 253_402_300_799 * MICRO  # the last second of the year 9999


@dataclass(frozen=True, order=True, slots=True)
class UtcTime:
    """An instant, in whole microseconds since 1970-01-01T00:00:00Z."""

    us: int

    def __post_init__(self) -> None:
        if not 0 <= self.us <= LATEST_US:
            raise BadInput(f"L’instant {self.us} µs est hors du calendrier.", todo="Vérifiez l’horloge.")

    @classmethod
    def parse(cls, text: str) -> UtcTime:
        """The instant written as ISO 8601 with an offset (``Z`` or ``+01:00``); BadInput when there is none."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise BadInput(f"« {text[:40]} » n’est pas une date ISO 8601.") from error
        return cls.at(moment)

    @classmethod
    def at(cls, moment: datetime) -> UtcTime:
        """The instant of an aware datetime; BadInput for a naive one."""
        if moment.tzinfo is None:
            raise BadInput("Une date sans décalage horaire ne désigne pas un instant.", todo="Ajoutez Z ou +01:00.")
        return cls((moment - EPOCH) // timedelta(microseconds=1))

    def datetime(self) -> datetime:
        """The same instant as an aware datetime in UTC."""
        return EPOCH + timedelta(microseconds=self.us)

    def iso(self) -> str:
        """ISO 8601 in UTC with six decimals, e.g. ``2026-11-24T14:12:36.123456Z``."""
        return self.datetime().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def compact(self) -> str:
        """The instant as it stands in segment names: ``20261124T141236123456Z``."""
        return self.datetime().strftime("%Y%m%dT%H%M%S%fZ")

    def plus(self, *, us: int = 0, seconds: float = 0, days: int = 0) -> UtcTime:
        """This instant moved by the given amounts (a day is 24 h here; calendar rules live in ``vms.law``)."""
        return UtcTime(self.us + us + round(seconds * MICRO) + days * 24 * HOUR_US)

    def since(self, other: UtcTime) -> int:
        """Microseconds from ``other`` to this instant; negative when this one is earlier."""
        return self.us - other.us

    def hour(self) -> UtcTime:
        """The start of the UTC hour that holds this instant (camera-hour keys are cut there)."""
        return UtcTime(self.us - self.us % HOUR_US)


def paris_date(moment: UtcTime) -> date:
    """The calendar day in Europe/Paris."""
    return moment.datetime().astimezone(PARIS).date()


class Clock(Protocol):
    """Where every part gets its time from."""

    def utc(self) -> UtcTime:
        """The wall clock now."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds on a clock that never steps; only differences mean anything."""
        ...

    def boot(self) -> str:
        """Names the machine's run since it was switched on: the monotonic clock goes on while this stays the same."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on this clock."""
        ...


class SystemClock:
    """The machine's clock; ``offset_s`` moves the wall clock for tests that must live past a due date (P-30)."""

    def __init__(self, offset_s: int = 0) -> None:
        self._offset_us = offset_s * MICRO
        try:
            name = BOOT_ID.read_text(encoding="ascii").strip()
        except OSError:
            name = f"unknown-{time.time_ns()}"  # no evidence that the machine ran on: a start
        self._boot = f"{name}+{offset_s}"

    def utc(self) -> UtcTime:
        """The machine's wall clock, moved by the test offset."""
        return UtcTime(time.time_ns() // 1000 + self._offset_us)

    def monotonic_us(self) -> int:
        """The machine's monotonic clock."""
        return time.monotonic_ns() // 1000

    def boot(self) -> str:
        """The kernel's name for this run; a moved test clock stands for a machine that was off meanwhile."""
        return self._boot

    async def sleep(self, seconds: float) -> None:
        """Sleep for real."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that only moves when told, for tests and simulations."""

    def __init__(self, start: UtcTime) -> None:
        self._now = start
        self._monotonic_us = 0
        self._boots = 0
        self._sleepers: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0

    def utc(self) -> UtcTime:
        """The instant last set."""
        return self._now

    def monotonic_us(self) -> int:
        """Microseconds advanced so far; wall-clock steps do not count."""
        return self._monotonic_us

    def boot(self) -> str:
        """As often as ``off`` was called."""
        return f"manual-{self._boots}"

    def off(self, *, seconds: float) -> None:
        """The machine is switched off for a while: time passes, and only the wall clock knows by how much."""
        self._boots += 1
        self._now = self._now.plus(seconds=seconds)

    def step(self, *, seconds: float) -> None:
        """Move the wall clock only, as an operator or NTP would; sleepers do not notice."""
        self._now = self._now.plus(seconds=seconds)

    def advance(self, *, seconds: float) -> None:
        """Let time pass: both clocks move, and sleepers that are due wake."""
        self._now = self._now.plus(seconds=seconds)
        self._monotonic_us += round(seconds * MICRO)
        while self._sleepers and self._sleepers[0][0] <= self._monotonic_us:
            heapq.heappop(self._sleepers)[2]()

    async def sleep(self, seconds: float) -> None:
        """Wait until ``advance`` has moved past the given time."""
        woken = asyncio.Event()
        self._order += 1
        heapq.heappush(self._sleepers, (self._monotonic_us + round(seconds * MICRO), self._order, woken.set))
        await woken.wait()
