"""Live viewers of one stream: muxed once whatever their number, each behind a bounded queue.

A viewer gets the stream's format and initialisation, the group so far as *one* fragment, then a fragment per frame. One
that is too slow loses what it has not fetched, goes on at the next key frame and is told (``late``): memory is bounded
and a picture shown is never a broken one. While nobody watches, the group is only kept, not muxed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from recorder.access_unit import StreamFormat, TimedUnit
from recorder.stream.fragmenter import fragment, init_segment
from vms.clock import UtcTime
from vms.errors import TooManyRequests

QUEUE_LIMIT_MESSAGES: Final = 60
QUEUE_LIMIT_BYTES: Final = 8 * 1024 * 1024
CACHED_GROUP_LIMIT_BYTES: Final = 16 * 1024 * 1024
CACHED_GROUP_LIMIT_UNITS: Final = 1500
VIEWERS_LIMIT_COUNT: Final = 64

Kind = Literal["stream", "fragment", "restart", "late", "dark"]


@dataclass(frozen=True, slots=True)
class LiveMessage:
    """One message to a viewer.

    ``stream``: ``fmt`` and the initialisation segment in ``data``. ``fragment``: ``data``, whose first unit was taken
    at ``utc``. ``restart``: another ``stream`` follows. ``late``: frames were left out. ``dark``: no picture until the
    next ``stream``, because of ``cause``.
    """

    kind: Kind
    data: bytes = b""
    fmt: StreamFormat | None = None
    utc: UtcTime | None = None
    key: bool = False
    cause: str = ""


class Viewer:
    """One viewer's queue."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._queue: deque[LiveMessage] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._awaiting_key = True
        self._started = False
        self.late_count = 0

    async def next(self) -> LiveMessage:
        """The next message; waits for one."""
        while not self._queue:
            self._wake.clear()
            await self._wake.wait()
        message = self._queue.popleft()
        self._bytes -= len(message.data)
        return message

    def close(self) -> None:
        """Leave the hub."""
        self._hub.leave(self)

    def put(self, message: LiveMessage) -> None:
        """Queue a message, dropping to the next key frame when the viewer is too slow."""
        if message.kind == "fragment":
            if self._awaiting_key and not message.key:
                return
            full = len(self._queue) >= QUEUE_LIMIT_MESSAGES or self._bytes + len(message.data) > QUEUE_LIMIT_BYTES
            if full and self._queue:
                self._drop_fragments()
                if not message.key:
                    return
            self._awaiting_key = False
        else:
            self._awaiting_key = True
        if message.kind == "stream":
            if self._started:
                self._queue.append(LiveMessage("restart"))
            self._started = True
        self._queue.append(message)
        self._bytes += len(message.data)
        self._wake.set()

    def _drop_fragments(self) -> None:
        """Keep what changes the player's state, lose the pictures, say so once."""
        kept = [message for message in self._queue if message.kind not in ("fragment", "late")]
        kept = kept[-4:]  # the last format with its restart: older ones have no pictures left
        self._queue = deque([*kept, LiveMessage("late")])
        self._bytes = sum(len(message.data) for message in self._queue)
        self._awaiting_key = True
        self.late_count += 1


class Hub:
    """The viewers of one (camera, stream) and the group that a new one starts with."""

    def __init__(self) -> None:
        # Called when the first viewer comes or the last one goes.
        self.on_watched: Callable[[], None] | None = None
        self._viewers: list[Viewer] = []
        self._fmt: StreamFormat | None = None
        self._init = b""
        self._group: list[TimedUnit] = []
        self._group_bytes = 0
        self._running = False
        self._sequence = 0
        self._cause = ""

    @property
    def watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._viewers)

    @property
    def ready(self) -> bool:
        """Whether a new viewer would see a picture at once."""
        return bool(self._group)

    def join(self) -> Viewer:
        """A new viewer, its queue filled with what it needs to start; TooManyRequests when there are too many."""
        if len(self._viewers) >= VIEWERS_LIMIT_COUNT:
            raise TooManyRequests(
                f"Déjà {VIEWERS_LIMIT_COUNT} visionnages de ce flux.",
                todo="Fermez une vue, puis recommencez.",
                retry_after_s=5,
            )
        viewer = Viewer(self)
        self._viewers.append(viewer)
        self._tell(1)
        if self._fmt is not None:
            viewer.put(LiveMessage("stream", self._init, self._fmt))
            if self._group:
                viewer.put(self._fragment(self._group, key=True))
        elif self._cause:
            viewer.put(LiveMessage("dark", cause=self._cause))
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        if viewer in self._viewers:
            self._viewers.remove(viewer)
            self._tell(0)

    def _tell(self, count: int) -> None:
        if len(self._viewers) == count and self.on_watched is not None:
            self.on_watched()

    def publish(self, unit: TimedUnit, fmt: StreamFormat) -> None:
        """Hand a unit to everybody. Units before the first key frame, or after a hole, must not come here."""
        if unit.unit.key:
            self._group, self._group_bytes, self._running = [], 0, True
            if fmt != self._fmt:
                self._change(fmt)
        elif not self._running:
            return
        if unit.unit.key or self._group:
            self._group.append(unit)
            self._hold_within(unit.unit.size_bytes())
        self._broadcast(unit)

    def publish_plain(self, units: list[TimedUnit], size: int) -> None:
        """``publish`` for units that are no key units, of ``size`` bytes together, in the format as it is."""
        if not self._running:
            return
        if self._group:
            self._group += units
            self._hold_within(size)
        if self._viewers:
            for unit in units:
                self._broadcast(unit)

    def dark(self, cause: str) -> None:
        """No picture any more, because of ``cause`` (one of the absence causes); what was kept is forgotten."""
        self._group, self._group_bytes, self._running = [], 0, False
        self._fmt, self._init = None, b""
        if cause != self._cause:
            self._cause = cause
            for viewer in self._viewers:
                viewer.put(LiveMessage("dark", cause=cause))

    def _hold_within(self, more_bytes: int) -> None:
        """Count what the group has grown by. Too long to keep: viewers who are there go on, a new one waits for the
        next key frame."""
        self._group_bytes += more_bytes
        if self._group_bytes > CACHED_GROUP_LIMIT_BYTES or len(self._group) > CACHED_GROUP_LIMIT_UNITS:
            self._group, self._group_bytes = [], 0

    def _change(self, fmt: StreamFormat) -> None:
        self._fmt, self._init, self._cause = fmt, init_segment(fmt), ""
        for viewer in self._viewers:
            viewer.put(LiveMessage("stream", self._init, fmt))

    def _broadcast(self, unit: TimedUnit) -> None:
        if not self._viewers:
            return
        message = self._fragment([unit], key=unit.unit.key)
        for viewer in self._viewers:
            viewer.put(message)

    def _fragment(self, units: list[TimedUnit], *, key: bool) -> LiveMessage:
        if self._fmt is None:
            raise ValueError("a fragment needs a format")
        self._sequence += 1
        data = fragment(units, self._fmt, self._sequence, None)
        return LiveMessage("fragment", data, utc=units[0].utc, key=key)
