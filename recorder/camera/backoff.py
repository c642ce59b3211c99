"""Trying again: waits that grow, with jitter, so that a street of cameras does not come back in one storm."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

RETRY_FIRST_S: Final = 0.5
# Tried for as long as it is away: a camera that is back waits no longer than this for its recorder.
RETRY_LIMIT_S: Final = 8.0
# A camera locks accounts that fail too often: a refused one is not tried again and again.
RETRY_CREDENTIAL_S: Final = 60.0
STEADY_S: Final = 20.0


class Backoff:
    """The wait before each new try of one stream."""

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        """``jitter`` gives numbers in [0, 1)."""
        self._jitter = jitter
        self._ceiling_s = RETRY_FIRST_S

    def after(self, cause: str, lasted_s: float) -> float:
        """Seconds to wait after a try that ended by ``cause`` and had lasted ``lasted_s``."""
        if lasted_s >= STEADY_S:
            self._ceiling_s = RETRY_FIRST_S
        ceiling = self._ceiling_s
        self._ceiling_s = min(2 * ceiling, RETRY_LIMIT_S)
        if cause == "wrong-credential":
            ceiling = RETRY_CREDENTIAL_S
        return ceiling * (0.5 + self._jitter() / 2)
