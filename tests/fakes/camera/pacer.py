"""One timer for all streams of a farm: it sleeps until the next unit is due and sends what falls due together."""

from __future__ import annotations

import asyncio
import heapq

from tests.fakes.camera.stream import LiveStream, monotonic_us

COALESCE_US = 2_000
"""Units due within this are sent on the same wake-up: a frame may leave this much early."""


class Pacer:
    """Wakes streams that somebody plays or a card records; the others cost nothing."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, LiveStream]] = []
        self._active: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_us = 0

    def watch(self, stream: LiveStream) -> None:
        """Start sending a stream (again); harmless when it is being sent already."""
        if id(stream) in self._active:
            return
        stream.resume()
        self._active.add(id(stream))
        heapq.heappush(self._heap, (stream.due_us(), id(stream), stream))
        self._arm()

    def close(self) -> None:
        """Send nothing any more."""
        if self._timer:
            self._timer.cancel()
        self._heap.clear()
        self._active.clear()

    def _arm(self) -> None:
        if not self._heap:
            return
        due = self._heap[0][0]
        if self._timer and not self._timer.cancelled() and self._armed_us <= due:
            return
        if self._timer:
            self._timer.cancel()
        self._armed_us = due
        self._timer = asyncio.get_running_loop().call_at(due / 1e6, self._fire)

    def _fire(self) -> None:
        self._timer = None
        limit = monotonic_us() + COALESCE_US
        while self._heap and self._heap[0][0] <= limit:
            _, key, stream = heapq.heappop(self._heap)
            if not stream.wanted:
                self._active.discard(key)
                continue
            stream.emit()
            heapq.heappush(self._heap, (stream.due_us(), key, stream))
        self._arm()
