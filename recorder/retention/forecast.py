"""How long a volume lasts: what is stored, what comes in at the measured rates, what falls due; pure arithmetic.

Footage leaves when it is due, so a volume that is large enough is never full however long one records: a forecast that
divides the room by the rate would cry wolf all year. Each camera's term, minimum and holds are counted instead, hour
by hour, until every camera is at its term. Two instants come out: when the reserve is reached (from then on footage is
destroyed early, a documented loss), and when only protected footage is left (recording stops, camera by camera), P-35.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from recorder.retention.policies import DAY_US, spans, term
from vms.clock import HOUR_US, MICRO
from vms.keeper.protocol import CameraRetention
from vms.law.retention import MAX_DAYS, held

# Beyond the longest term (P-31) nothing changes any more at a steady rate: what comes in is what goes.
HORIZON_HOURS: Final = (MAX_DAYS + 2) * 24
WARN_DAYS: Final = 7
# A hold without an end outlasts every horizon.
FAR_US: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes of one camera that start within [start, end)."""

    start_us: int
    end_us: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CameraStock:
    """What one camera has on disk, how fast that grows while it records, and how long it must and may stay."""

    camera: str
    commune: str
    bytes_per_s: float
    stored: tuple[Stored, ...]
    policy: CameraRetention | None

    @property
    def stored_bytes(self) -> int:
        """All it has on disk."""
        return sum(one.size_bytes for one in self.stored)

    def protected_bytes(self, now_us: int) -> int:
        """What may not go early: young, held, or of a commune whose policy was never heard."""
        return sum(one.size_bytes for one in self.stored if _free_us(one, self.policy) > now_us)


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the volume's reserve is reached, and when nothing more may go; None when never at these rates."""

    reserve_us: int | None
    stop_us: int | None
    bytes_per_s: float
    stored_bytes: int
    needed_bytes: int

    def level(self, now_us: int) -> str:
        """``warn`` from WARN_DAYS ahead on, ``ok`` before."""
        first = min((one for one in (self.reserve_us, self.stop_us) if one is not None), default=None)
        return "warn" if first is not None and first < now_us + WARN_DAYS * DAY_US else "ok"


def forecast(stocks: Sequence[CameraStock], free_bytes: int, reserve_bytes: int, now_us: int) -> Forecast:
    """The forecast of one volume with ``free_bytes`` left, from ``now_us`` on."""
    stored = sum(one.stored_bytes for one in stocks)
    rate = sum(one.bytes_per_s for one in stocks)
    room = free_bytes - reserve_bytes
    return Forecast(
        reserve_us=_first_over(room, _growth(stocks, now_us), now_us),
        stop_us=_first_over(room + stored, _protected(stocks, now_us), now_us),
        bytes_per_s=rate,
        stored_bytes=stored,
        needed_bytes=round(sum(_needed(one, now_us) for one in stocks)),
    )


class _Curve:
    """A quantity at the end of each hour to come: what flows in from some hour on, and what is gone at another."""

    def __init__(self, now_us: int, start: float = 0.0) -> None:
        self._now_us = now_us
        self._slopes = [0.0] * (HORIZON_HOURS + 1)  # per hour, from that hour on
        self._steps = [0.0] * (HORIZON_HOURS + 1)
        self._start = start

    def flow(self, bytes_per_s: float, from_hour: int, to_hour: int) -> None:
        """Bytes come in from one hour to another."""
        per_hour = bytes_per_s * HOUR_US / MICRO
        self._slopes[min(from_hour, HORIZON_HOURS)] += per_hour
        self._slopes[min(to_hour, HORIZON_HOURS)] -= per_hour

    def leave(self, size_bytes: int, at_us: int) -> None:
        """Bytes leave at an instant; what left before now, or leaves after the horizon, changes nothing."""
        hour = (at_us - self._now_us) // HOUR_US
        if at_us > self._now_us and hour < HORIZON_HOURS:
            self._steps[hour] -= size_bytes

    def hours(self) -> list[float]:
        """The quantity at the end of each hour."""
        total, slope, found = self._start, 0.0, []
        for hour in range(HORIZON_HOURS):
            slope += self._slopes[hour]
            total += slope + self._steps[hour]
            found.append(total)
        return found


def _growth(stocks: Sequence[CameraStock], now_us: int) -> list[float]:
    """Bytes that the volume has gained since now, at the end of each hour to come."""
    curve = _Curve(now_us)
    for one in stocks:
        curve.flow(one.bytes_per_s, 0, _days(one.policy) * 24)
        for kept in one.stored:
            curve.leave(kept.size_bytes, _gone_us(kept, one.policy))
    return curve.hours()


def _protected(stocks: Sequence[CameraStock], now_us: int) -> list[float]:
    """Bytes that may not go early, at the end of each hour to come."""
    curve = _Curve(now_us, sum(one.protected_bytes(now_us) for one in stocks))
    for one in stocks:
        curve.flow(one.bytes_per_s, 0, _minimum_days(one.policy) * 24)
        for kept in one.stored:
            curve.leave(kept.size_bytes, _free_us(kept, one.policy))
    return curve.hours()


def _first_over(room: float, wanted: Sequence[float], now_us: int) -> int | None:
    """The instant at which ``wanted`` first exceeds ``room``, straight lines between full hours; None when never."""
    if room < 0:
        return now_us
    before = 0.0
    for hour, value in enumerate(wanted):
        if value > room:
            part = (room - before) / (value - before) if value > before else 0.0
            return now_us + round((hour + max(0.0, part)) * HOUR_US)
        before = value
    return None


def _needed(one: CameraStock, now_us: int) -> float:
    """Bytes of a camera at its term: its days at its rate, and what holds keep beyond."""
    keeping = [] if one.policy is None else spans(one.policy, now_us)
    held_bytes = sum(kept.size_bytes for kept in one.stored if held(kept.start_us, kept.end_us, keeping))
    return one.bytes_per_s * _days(one.policy) * 86_400 + held_bytes


def _days(policy: CameraRetention | None) -> int:
    return MAX_DAYS if policy is None else min(policy.max_days, MAX_DAYS)


def _minimum_days(policy: CameraRetention | None) -> int:
    """Without a policy nothing may go early: the law's month is protected."""
    return MAX_DAYS if policy is None else min(policy.min_days or 0, policy.max_days)


def _held_until_us(kept: Stored, policy: CameraRetention) -> int:
    """Until when holds keep stored bytes; 0 when none does."""
    ends = [
        FAR_US if hold.until_us is None else hold.until_us
        for hold in policy.holds
        if held(kept.start_us, kept.end_us, [(hold.from_us, hold.to_us)])
    ]
    return max(ends, default=0)


def _gone_us(kept: Stored, policy: CameraRetention | None) -> int:
    """When stored bytes go by themselves: due, and no hold."""
    due_us = term(policy, kept.end_us - 1)
    return due_us if policy is None else max(due_us, _held_until_us(kept, policy))


def _free_us(kept: Stored, policy: CameraRetention | None) -> int:
    """From when on stored bytes may go early: not young, not held; without a policy, when they are due."""
    if policy is None:
        return term(None, kept.end_us - 1)
    young_until_us = kept.end_us + policy.min_days * DAY_US if policy.min_days is not None else 0
    return max(young_until_us, _held_until_us(kept, policy))
