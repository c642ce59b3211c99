"""Lock-outs that a stranger cannot turn against a police station (design §7).

Failures count per login *and* workstation, so a stranger elsewhere slows only itself; all workstations that never
signed this login in also share one slower bucket, so that changing address does not give endless tries. Pure: times in.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from vms.clock import MICRO
from vms.errors import LimitExceeded

FREE_FAILURES: Final = 5
DELAY_LIMIT_S: Final = 300
SHARED_FREE_FAILURES: Final = 100
SHARED_DELAY_LIMIT_S: Final = 30
FORGET_AFTER_US: Final = 3600 * MICRO
BUCKETS_LIMIT: Final = 10_000
SHARED: Final = "*"


@dataclass(slots=True)
class _Bucket:
    failures: int = 0
    last_us: int = 0


class BackOff:
    """Counts failures and says how long to wait; bounded in memory, the stalest bucket goes first."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def check(self, login: str, workstation: str, now_us: int) -> None:
        """Raise LimitExceeded, saying how long, while this login may not be tried from this workstation."""
        wait_us = self._wait((login, workstation), FREE_FAILURES, DELAY_LIMIT_S, now_us)
        if (login, workstation) not in self._known:
            wait_us = max(wait_us, self._wait((login, SHARED), SHARED_FREE_FAILURES, SHARED_DELAY_LIMIT_S, now_us))
        if wait_us > 0:
            seconds = -(-wait_us // MICRO)
            raise LimitExceeded("Trop d’essais depuis ce poste.", todo=f"Réessayez dans {seconds} s.")

    def failed(self, login: str, workstation: str, now_us: int) -> None:
        """Count a failure."""
        keys = [(login, workstation)]
        if (login, workstation) not in self._known:
            keys.append((login, SHARED))
        for key in keys:
            bucket = self._buckets.setdefault(key, _Bucket())
            stale = now_us - bucket.last_us > FORGET_AFTER_US
            bucket.failures, bucket.last_us = (1 if stale else bucket.failures + 1), now_us
            self._buckets.move_to_end(key)
        while len(self._buckets) > BUCKETS_LIMIT:
            self._buckets.popitem(last=False)

    def succeeded(self, login: str, workstation: str) -> None:
        """Forget this workstation's failures and know it from now on."""
        self._buckets.pop((login, workstation), None)
        self._known[(login, workstation)] = None
        self._known.move_to_end((login, workstation))
        while len(self._known) > BUCKETS_LIMIT:
            self._known.popitem(last=False)

    def _wait(self, key: tuple[str, str], free: int, limit_s: int, now_us: int) -> int:
        bucket = self._buckets.get(key)
        if bucket is None or bucket.failures < free or now_us - bucket.last_us > FORGET_AFTER_US:
            return 0
        delay_s = min(limit_s, 1 << min(bucket.failures - free, 20))
        return bucket.last_us + delay_s * MICRO - now_us
