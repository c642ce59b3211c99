"""From timed units to groups for the store and fragments for viewers, with an absence for every hole (S4).

Units are pushed synchronously, from within the read of the camera's socket; what must wait for a disk goes through a
bounded queue to one task. What is pushed here is what may be kept and shown: masks come before (P-10).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from recorder.access_unit import MEDIA_CLOCK_HZ, StreamFormat, TimedUnit
from recorder.stream.fragmenter import playable
from recorder.stream.live_hub import Hub
from recorder.stream.sink import GroupSink, SinkRefused
from vms import logs
from vms.clock import MICRO, Clock, UtcTime

# A group is handed over at the next key frame, or when it reaches one of these: the loss that a crash may cause.
GROUP_LIMIT_US: Final = 10 * MICRO
GROUP_LIMIT_BYTES: Final = 8 * 1024 * 1024
# A group takes in further key frames until it lasts this long: where each picture is one, the disk is not asked to sync
# each picture.
GROUP_LEAST_US: Final = 320_000
# What waits for the disk: this many groups, or as many as last this long together. Beyond, the disk is too slow, which
# is an absence and no growing memory.
QUEUE_LIMIT_GROUPS: Final = 8
QUEUE_LIMIT_US: Final = 8 * MICRO
QUEUE_LIMIT_BYTES: Final = 48 * 1024 * 1024
# A group that has been on its way to the store for as long tells of one that hangs. The operating system may hold a
# sync for minutes (a failing device's retries, a network file system), and nothing ends it.
STALLED_US: Final = 10 * MICRO
STALLED: Final = "store-stalled"
# How long nothing is tried after the sink has refused a group.
REFUSED_RETRY_S: Final = 5.0
DURATION_LIMIT_US: Final = MICRO

log = logs.get("recorder.pipeline")


@dataclass(frozen=True, slots=True)
class Group:
    """A closed group on its way to the sink; its units are let go of once they are in one piece."""

    units: list[TimedUnit]
    fmt: StreamFormat
    start: UtcTime
    end: UtcTime
    size: int

    @property
    def lasts_us(self) -> int:
        """From its first picture to its end."""
        return self.end.us - self.start.us


class Pipeline:
    """One stream's way to its sink and its viewers."""

    def __init__(self, name: str, clock: Clock, hub: Hub, sink: GroupSink | None, zone_set: str | None) -> None:
        """``name`` is for logs; without a sink nothing is kept (framing); ``zone_set`` is what was burnt in."""
        self.hub = hub
        self.absent_cause: str | None = ""
        self.last_unit: TimedUnit | None = None
        self.resumed: TimedUnit | None = None  # the picture that ended the last absence
        self._absent_since: UtcTime | None = None
        self._name = name
        self._clock = clock
        self._sink = sink
        self._zone_set = zone_set
        self._fmt: StreamFormat | None = None
        self._units: list[TimedUnit] = []
        self._size = 0
        self._sequence = 0
        self._queue: asyncio.Queue[Callable[[], Awaitable[None]] | None] = asyncio.Queue()
        self._queued_groups = 0
        self._queued_us = 0
        self._queued_bytes = 0
        self._overflowing = False
        self._refused_until_us = 0
        self._refused_cause = ""
        self._absence_told = ""  # the cause of the absence that the sink has been told last, and that is open
        self._at_work_since_us: int | None = None  # on what the sink has been given
        self._task = asyncio.get_running_loop().create_task(self._drain(), name=f"sink {name}") if sink else None

    @property
    def fmt(self) -> StreamFormat | None:
        """The format now kept and shown; None during an absence."""
        return self._fmt

    @property
    def covered_until(self) -> UtcTime | None:
        """Up to where time is told for: by the last unit, or by an absence since. Nothing may be stamped before it."""
        last = self.last_unit
        if last is None or (self._absent_since is not None and self._absent_since > last.utc):
            return self._absent_since
        expected_us = (last.duration_90k or 0) * 100 // 9
        return last.utc.plus(us=max(1, min(expected_us, DURATION_LIMIT_US)))

    def push(self, unit: TimedUnit, fmt: StreamFormat | None) -> None:
        """Take the next unit. ``fmt`` comes with key units; a unit that no decoder could use is left out."""
        inner = unit.unit
        if inner.lost_before and self.absent_cause is None:
            self.fault("stream-damaged", "Des paquets manquent dans le flux.", dark=False, before=unit.utc)
        if self.absent_cause and self._absent_since is not None and unit.utc < self._absent_since:
            return  # taken before the absence changed its cause, and late: that time is told for already
        if inner.key:
            if fmt is None:
                self.fault("parameter-sets-missing", "Image clé sans jeux de paramètres.")
                return
            self._begin_group(unit, fmt)
        elif self.absent_cause is not None or self._fmt is None:
            return
        elif self._too_long(unit):
            self._hand_over(unit.utc)
        if self._sink is not None:
            self._units.append(unit)
            self._size += inner.size_bytes()
        self.last_unit = unit
        if self._fmt is not None:
            self.hub.publish(unit, self._fmt)

    def push_all(self, units: list[TimedUnit]) -> None:
        """Take the units of one read: what ``push`` does with each, but at once for those that decide nothing."""
        plain_from = size = 0
        for at, unit in enumerate(units):
            inner = unit.unit
            if inner.key or inner.lost_before:
                self._push_plain(units[plain_from:at], size)
                self.push(unit, inner.fmt)
                plain_from, size = at + 1, 0
            else:
                size += inner.stop - inner.start
        self._push_plain(units[plain_from:], size)

    def _push_plain(self, units: list[TimedUnit], size: int) -> None:
        """Take units that are no key units, each with its predecessor, of ``size`` bytes together."""
        if not units or self.absent_cause is not None or self._fmt is None:
            return
        if self._sink is not None:
            lasts_us = units[-1].utc_us - (self._units or units)[0].utc_us
            if self._size + size > GROUP_LIMIT_BYTES or lasts_us > GROUP_LIMIT_US:  # some may still belong to it
                for unit in units:
                    self.push(unit, None)
                return
            self._units += units
            self._size += size
        self.last_unit = units[-1]
        self.hub.publish_plain(units, size)

    def fault(self, cause: str, detail: str, *, dark: bool = True, before: UtcTime | None = None) -> None:
        """Nothing is recorded from the end of the last unit on, or from ``before`` when that is earlier, since a unit
        has come then which may end the absence; viewers are told when ``dark``.
        """
        end = self.covered_until
        if before is not None and end is not None and before < end:
            end = before
        if self.absent_cause is None and end is not None:
            self._hand_over(end)
            start = end
        else:
            start = self._clock.utc() if end is None else max(self._clock.utc(), end)
        if dark:
            self.hub.dark(cause)
        if self.absent_cause == cause:
            return
        self.absent_cause = cause
        self._absent_since = start
        self._fmt = None
        log.warning("absence", stream=self._name, cause=cause, detail=detail)
        if self._sink is not None:
            self._queue.put_nowait(lambda: self._be_absent(start, cause, detail))

    @property
    def unkept_cause(self) -> str:
        """Why pictures that come are not kept, or may not be; empty while they are."""
        since_us = self._at_work_since_us
        stalled = since_us is not None and self._clock.monotonic_us() - since_us >= STALLED_US
        return self._refused_cause or (STALLED if stalled or self._overflowing else "")

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The task that feeds the sink: it only ends by ``close``, or by an error that its owner must see."""
        return self._task

    async def close(self, cause: str, detail: str) -> None:
        """Hand over the open group, then the absence that begins, and wait until the sink has all of it."""
        self.fault(cause, detail)
        if self._task is not None and self._sink is not None:
            self._queue.put_nowait(None)
            try:
                await self._task
            finally:
                await self._sink.close()

    def _begin_group(self, unit: TimedUnit, fmt: StreamFormat) -> None:
        if self.absent_cause is not None:
            self.absent_cause = None
            self.resumed = unit
            if self._sink is not None:
                at = unit.utc
                self._queue.put_nowait(lambda: self._resume(at))
        elif not self._units or fmt != self._fmt or _lasts_enough(self._units[0], unit):
            self._hand_over(unit.utc)
        self._fmt = fmt

    def _too_long(self, unit: TimedUnit) -> bool:
        if not self._units:
            return False
        return self._size > GROUP_LIMIT_BYTES or unit.utc_us - self._units[0].utc_us > GROUP_LIMIT_US

    def _hand_over(self, end: UtcTime) -> None:
        """Queue the open group, which lasts until ``end``."""
        units, self._units = self._units, []
        size, self._size = self._size, 0
        if not units or self._fmt is None or self._sink is None:
            return
        group = Group(units, self._fmt, units[0].utc, end, size)
        full = self._queued_groups >= QUEUE_LIMIT_GROUPS and self._queued_us >= QUEUE_LIMIT_US
        if full or self._queued_bytes + size > QUEUE_LIMIT_BYTES:
            if self._overflowing:
                return  # the absence that the first lost group began is still queued, or open
            self._overflowing = True
            start = group.start
            self._queue.put_nowait(lambda: self._refused(start, STALLED, "Le stockage ne suit pas."))
            return
        self._overflowing = False
        self._queued_groups += 1
        self._queued_us += group.lasts_us
        self._queued_bytes += size
        self._queue.put_nowait(lambda: self._store(group))

    async def _store(self, group: Group) -> None:
        self._queued_groups -= 1
        self._queued_us -= group.lasts_us
        self._queued_bytes -= group.size
        sink = self._sink
        if sink is None or self._clock.monotonic_us() < self._refused_until_us:
            return
        start = group.start
        if self._refused_cause:
            await self._resume(start)
        self._sequence += 1
        plaintext, count = playable(group.units, group.fmt, self._sequence, group.end), len(group.units)
        group.units.clear()
        try:
            await sink.group(plaintext, start, group.end, count, group.fmt, self._zone_set)
        except SinkRefused as error:
            await self._refused(start, error.cause, str(error))
        else:
            self._refused_cause = ""
            self._absence_told = ""

    async def _refused(self, start: UtcTime, cause: str, detail: str) -> None:
        """From ``start`` on nothing is kept, though pictures come; tried again after a pause."""
        log.warning("groupe non conservé", stream=self._name, cause=cause, detail=detail)
        self._refused_until_us = self._clock.monotonic_us() + round(REFUSED_RETRY_S * MICRO)
        self._refused_cause = cause
        await self._be_absent(start, cause, detail)

    async def _be_absent(self, start: UtcTime, cause: str, detail: str) -> None:
        if self._sink is not None and cause != self._absence_told:
            self._absence_told = cause
            await self._sink.absence(start, cause, detail)

    async def _resume(self, at: UtcTime) -> None:
        if self._sink is not None:
            self._absence_told = ""
            await self._sink.resume(at)

    async def _drain(self) -> None:
        while (work := await self._queue.get()) is not None:
            self._at_work_since_us = self._clock.monotonic_us()
            await work()
            self._at_work_since_us = None


def _lasts_enough(first: TimedUnit, following: TimedUnit) -> bool:
    """Whether a group from the one to the other need not take in more: by the stream's own clock too, since what comes
    late and at once after a start is stamped close together.
    """
    by_media_us = (following.unit.rtp_time - first.unit.rtp_time) * MICRO // MEDIA_CLOCK_HZ
    return max(following.utc_us - first.utc_us, by_media_us) >= GROUP_LEAST_US
