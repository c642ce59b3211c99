"""Work that must keep its order but not the caller's time: one thread, a few pieces in waiting, errors told later."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

WAITING_LIMIT_COUNT: Final = 4


class Lane:
    """Runs what it is given, one after another, on a thread of its own; hashing and sealing let other threads run."""

    def __init__(self, waiting_limit_count: int = WAITING_LIMIT_COUNT) -> None:
        self._limit = waiting_limit_count
        self._pool = ThreadPoolExecutor(1)
        self._waiting: deque[Future[object]] = deque()

    def run(self, work: Callable[[], object]) -> None:
        """Take one more piece; waits while too many are waiting, and raises what an earlier one raised."""
        self._waiting.append(self._pool.submit(work))
        while len(self._waiting) > self._limit:
            self._waiting.popleft().result()

    def drain(self) -> None:
        """Wait until everything is done; raises what a piece raised."""
        while self._waiting:
            self._waiting.popleft().result()

    def close(self) -> None:
        """Wait until everything is done, whatever comes of it, and take nothing more (RuntimeError)."""
        self._pool.shutdown(wait=True)
