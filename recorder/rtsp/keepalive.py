"""Keeping a session alive (RFC 2326 §12.37): by a method that this camera counts, which none of them says plainly.

GET_PARAMETER is what the RFC offers as a ping; cameras that do not list it among their methods may forget a client that
sends OPTIONS, and others never answer GET_PARAMETER. So: what the camera lists, then the other one when a request is
refused or stays unanswered, and from one connection to the next, when the camera hung up on a client it had forgotten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vms.clock import MICRO

SESSION_TIMEOUT_DEFAULT_S: Final = 60
SESSION_TIMEOUT_LIMIT_S: Final = 600
INTERVAL_LIMIT_S: Final = 30.0
INTERVAL_LEAST_S: Final = 0.5
# How long an answer may take before the other method is tried.
ANSWER_LIMIT_S: Final = 5.0
# A camera that hangs up this many timeouts after PLAY, or sooner, may have forgotten its client.
FORGETFUL_TIMEOUTS: Final = 2.5
_TIMEOUT: Final = re.compile(r'timeout\s*[=:]?\s*"?\s*(\d{1,6})', re.I)
_METHODS: Final = ("GET_PARAMETER", "OPTIONS")


@dataclass(slots=True)
class Habits:
    """What is learnt of a camera from one connection to the next: the method that its sessions were lost with."""

    forgets_after: str = ""


class Keepalive:
    """When to ask, and what."""

    def __init__(self, habits: Habits) -> None:
        self._habits = habits
        self._timeout_s = SESSION_TIMEOUT_DEFAULT_S
        self._methods = list(_METHODS)
        self._due_us = 0
        self._began_us = 0
        self._asked_us = 0
        self._refusals = 0
        self._unanswered = False
        self._asked = ""

    def offered(self, public: str) -> None:
        """The camera's methods, as OPTIONS lists them."""
        if "GET_PARAMETER" not in {word.strip().upper() for word in public.split(",")}:
            self._methods.reverse()
        if self._methods[0] == self._habits.forgets_after:
            self._methods.reverse()

    def told(self, parameters: str) -> None:
        """The parameters of the Session header."""
        told = _TIMEOUT.search(parameters)
        self._timeout_s = min(int(told[1]), SESSION_TIMEOUT_LIMIT_S) if told else SESSION_TIMEOUT_DEFAULT_S

    def begin(self, now_us: int) -> None:
        """The camera plays."""
        self._began_us = now_us
        self._due_us = now_us + self._interval_us()

    def due(self, now_us: int) -> str:
        """The method to send now; empty while none is due."""
        late = self._unanswered and now_us - self._asked_us >= min(self._interval_us(), round(ANSWER_LIMIT_S * MICRO))
        if now_us < self._due_us and not late:
            return ""
        if self._unanswered:
            self._methods.reverse()
        self._due_us, self._asked_us = now_us + self._interval_us(), now_us
        self._unanswered, self._asked = True, self._methods[0]
        return self._asked

    def answered(self, method: str, *, accepted: bool) -> None:
        """The camera answered, even if it refused the method."""
        if method == self._asked:
            self._unanswered = False
            if not accepted:
                self._refusals += 1
                self._methods.reverse()
                self._due_us = 0 if self._refusals == 1 else self._due_us  # the other one at once, but only once

    def lost(self, now_us: int) -> None:
        """The camera hung up or knows the session no more: learn from it."""
        if self._asked and now_us - self._began_us < FORGETFUL_TIMEOUTS * max(self._timeout_s, 2) * MICRO:
            self._habits.forgets_after = self._asked

    def _interval_us(self) -> int:
        # Half of the timeout, and half a second less where that is short: we are told the time once a second.
        return round(min(max(self._timeout_s / 2 - 0.5, INTERVAL_LEAST_S), INTERVAL_LIMIT_S) * MICRO)
