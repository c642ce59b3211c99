"""A camera's clock against ours: measured within its second, set when wrong, named when it stays so (A-10)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from vms.clock import MICRO, Clock
from vms.onvif.device import Device
from vms.onvif.soap import AnswerRefused, SoapFault

MAX_ERROR_US: Final = MICRO  # more than one second is an alarm
SET_WHEN_OVER_US: Final = MICRO // 2
SAMPLES_MAX: Final = 12
SAMPLE_EVERY_S: Final = 0.1
PRECISE_ENOUGH_US: Final = 250_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer: asked at, answered at (our clock, µs), and the whole second that the camera said."""

    asked_us: int
    answered_us: int
    said_us: int


@dataclass(frozen=True, slots=True)
class Offset:
    """The camera's clock minus ours lies in [low_us, high_us]."""

    low_us: int
    high_us: int
    from_ntp: bool = False

    @property
    def middle_us(self) -> int:
        """The best guess."""
        return (self.low_us + self.high_us) // 2

    @property
    def wrong(self) -> bool:
        """Whether the error is certainly more than MAX_ERROR_US (A-10)."""
        return self.low_us > MAX_ERROR_US or self.high_us < -MAX_ERROR_US

    def words(self) -> str:
        """The offset for people: milliseconds below ten seconds, else seconds."""
        if abs(self.middle_us) < 10 * MICRO:
            return f"{self.middle_us // 1000} ms"
        return f"{self.middle_us // MICRO} s"


def bounds(samples: Iterable[Sample], *, from_ntp: bool = False) -> Offset | None:
    """The offsets that agree with every sample; None when none does (the clock stepped meanwhile).

    A camera tells whole seconds: it read its clock between ``asked`` and ``answered``, somewhere in the second it said.
    """
    lows, highs = [], []
    for sample in samples:
        lows.append(sample.said_us - sample.answered_us)
        highs.append(sample.said_us + MICRO - sample.asked_us)
    low, high = max(lows), min(highs)
    return Offset(low, high, from_ntp) if low <= high else None


async def measure(device: Device, clock: Clock) -> Offset:
    """Ask until the answers narrow the offset to PRECISE_ENOUGH_US, SAMPLES_MAX times at most."""
    samples: list[Sample] = []
    for asked_times in range(1, SAMPLES_MAX + 1):
        asked = clock.utc().us
        told = await device.system_time()
        samples.append(Sample(asked, clock.utc().us, told.utc.us))
        offset = bounds(samples, from_ntp=told.from_ntp)
        if offset is None:  # a clock stepped while we looked: what it says now counts
            samples = samples[-1:]
            offset = bounds(samples, from_ntp=told.from_ntp)
        if offset is not None and (offset.high_us - offset.low_us <= PRECISE_ENOUGH_US or asked_times == SAMPLES_MAX):
            return offset
        await clock.sleep(SAMPLE_EVERY_S)
    raise AnswerRefused("L’horloge de la caméra ne se laisse pas mesurer.", where=device.host, rule="A-10")


async def set_right(device: Device, clock: Clock) -> Offset:
    """Set the camera's clock at the start of one of our seconds, then measure again."""
    now = clock.utc().us
    await clock.sleep((MICRO - now % MICRO) / MICRO)
    with suppress(SoapFault):  # a camera that only obeys its own NTP: the measure below tells
        await device.set_time(clock.utc())
    return await measure(device, clock)
