"""How many cameras one recorder process takes: as many as it can at the cost that it measures, and no more.

The cost is the CPU time of the process and of the mask workers it has started, over its cameras; it follows slowly, so
that a busy minute moves nothing. Until there is something to measure, a careful guess stands.
"""

from __future__ import annotations

import math
import resource
import time
from typing import Final

from vms.clock import MICRO, Clock

# One loop is one core; what is left over carries reconnections, adoption and a takeover's first seconds.
TARGET_PART: Final = 0.7
FIRST_GUESS_CAMERAS: Final = 100
LIMIT_CAMERAS: Final = 1000
WINDOW_S: Final = 10.0
FOLLOW_PART: Final = 0.2
# Below this many the cost of the process itself would count as the cameras'.
LEAST_CAMERAS: Final = 5


class Capacity:
    """Measured by ``note`` now and then; ``cameras`` is what may be taken in all."""

    def __init__(self, clock: Clock, most: int | None = None) -> None:
        """``most``: the operator's own limit, whatever is measured."""
        self._clock = clock
        self._most = most or LIMIT_CAMERAS
        self._cost: float | None = None  # of a core, for one camera
        self._since_us, self._since_cpu_s = clock.monotonic_us(), _cpu_s()

    @property
    def cameras(self) -> int:
        """How many cameras in all."""
        if self._cost is None:
            return min(FIRST_GUESS_CAMERAS, self._most)
        return max(1, min(math.floor(TARGET_PART / self._cost), self._most))

    def note(self, running: int) -> None:
        """Measure, once a window, what ``running`` cameras cost."""
        now_us, cpu_s = self._clock.monotonic_us(), _cpu_s()
        passed_s = (now_us - self._since_us) / MICRO
        if passed_s < WINDOW_S:
            return
        cost = max(0.0, cpu_s - self._since_cpu_s) / passed_s / max(1, running)
        self._since_us, self._since_cpu_s = now_us, cpu_s
        if running < LEAST_CAMERAS or cost <= 0:
            return
        self._cost = cost if self._cost is None else self._cost + FOLLOW_PART * (cost - self._cost)


def _cpu_s() -> float:
    # Children count once they have ended: a mask worker is restarted at every change of its camera.
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime
