"""How often something may be done per key in a stretch of time; bounded, lost at a restart. Pure: times in."""

from __future__ import annotations

from collections import OrderedDict, deque

from vms.clock import MICRO
from vms.errors import TooManyRequests

KEYS_LIMIT = 10_000


class Rate:
    """At most ``limit`` times in any ``window_us`` per key; the key unused longest is forgotten first."""

    def __init__(self, limit: int, window_us: int) -> None:
        self._limit = limit
        self._window_us = window_us
        self._taken: OrderedDict[str, deque[int]] = OrderedDict()

    def check(self, key: str, now_us: int, what: str, todo: str) -> None:
        """Raise TooManyRequests with these words when the key has had its share."""
        taken = self._taken.get(key)
        while taken and taken[0] <= now_us - self._window_us:
            taken.popleft()
        if taken and len(taken) >= self._limit:
            wait_us = taken[0] + self._window_us - now_us
            raise TooManyRequests(what, todo=todo, retry_after_s=max(1, -(-wait_us // MICRO)))

    def count(self, key: str, now_us: int) -> None:
        """Count one."""
        self._taken.setdefault(key, deque(maxlen=self._limit)).append(now_us)
        self._taken.move_to_end(key)
        while len(self._taken) > KEYS_LIMIT:
            self._taken.popitem(last=False)
