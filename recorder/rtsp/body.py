"""The body of an answer to DESCRIBE, from cameras whose Content-Length is missing, too small or too large.

Until we ask for the next thing a camera has nothing to say but this body. So what follows a body that was too short
belongs to it; one without a length is complete when nothing more comes; and of one that is announced longer than it is,
what has come is taken after a while.
"""

from __future__ import annotations

from typing import Final

from recorder.rtsp import message
from recorder.rtsp.errors import StreamDamaged
from vms.clock import MICRO

SILENCE_S: Final = 0.7


class LooseBody:
    """Collects one body."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._headers = message.Headers(())
        self._bytes = bytearray()
        self._heard_us = 0
        self._cut = b""
        self._skip_bytes = 0
        self.open = False
        self.measured = False

    def begin(self, received: message.Response, now_us: int) -> None:
        """The head has come, with as much body as it announced."""
        self._headers, self._bytes, self._heard_us = received.headers, bytearray(received.body), now_us
        self.open, self.measured = True, received.measured
        self._cut = b""

    def add(self, data: bytes, now_us: int) -> None:
        """More that can only belong to it; StreamDamaged past the limit for bodies."""
        self._bytes += data
        self._heard_us = now_us
        if len(self._bytes) > message.BODY_LIMIT_BYTES:
            raise StreamDamaged(f"Corps RTSP de plus de {message.BODY_LIMIT_BYTES} octets.", where=self._where)

    def complete(self, now_us: int) -> bool:
        """Whether nothing more is to be expected."""
        return self.open and (self.measured or now_us - self._heard_us >= SILENCE_S * MICRO)

    def take(self) -> tuple[message.Headers, bytes]:
        """The head's fields and the body."""
        self.open = False
        return self._headers, bytes(self._bytes)

    def unfinished(self, data: bytes, now_us: int) -> None:
        """An answer of which bytes are missing still; they are left with the caller."""
        if len(data) != len(self._cut):
            self._cut, self._heard_us = data, now_us

    def given_up(self, now_us: int, *, described: bool) -> message.Response | None:
        """The unfinished answer as far as it came, once no more comes; the caller must skip its bytes (``skipped``).

        Only the description (``described``) needs a body; other answers announce some that never come.
        """
        if not self._cut or now_us - self._heard_us < SILENCE_S * MICRO:
            return None
        data, self._cut = self._cut, b""
        found = message.cut_short(data, self._where)
        if found is not None and (found.body or not described):
            self._skip_bytes = len(data)
            return found
        return None

    def skipped(self, available: int) -> int:
        """How many of the bytes at hand were used up by ``given_up``."""
        skip = min(self._skip_bytes, available)
        self._skip_bytes -= skip
        return skip
