"""The byte protocol between a recorder and its mask worker, over one socket pair: bytes in, messages out.

    message = kind u8 ‖ stream u8 ‖ flags u8 ‖ 0 u8 ‖ body length u32 ‖ ticket i64 ‖ utc µs i64 ‖ body     (big-endian)

Towards the worker: START (zones, encoder), OPEN (one stream), UNIT and PRIME (Annex B).
Back: READY, MASKED (Annex B), DROPPED
(the cause), TAKEN (the unit of that ticket has been worked on), FAILED (cause and sentence). JSON where the body is not
video. A message that breaks the format or a limit is a broken peer: ValueError, and the worker is given up.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from privacy.units import NALS_LIMIT, UNIT_LIMIT_BYTES

# A unit's own bytes and a start code before each of its NAL units.
BODY_LIMIT_BYTES: Final = UNIT_LIMIT_BYTES + 4 * NALS_LIMIT
STREAMS_LIMIT: Final = 4
_HEADER: Final = struct.Struct(">BBBxIqq")
KEY_FLAG: Final = 1


class Kind(IntEnum):
    """What a message says."""

    START = 1
    OPEN = 2
    UNIT = 3
    PRIME = 4
    READY = 16
    MASKED = 17
    DROPPED = 18
    TAKEN = 19
    FAILED = 20


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``stream`` is the stream's number, ``ticket`` and ``utc_us`` are those of its unit."""

    kind: Kind
    stream: int = 0
    key: bool = False
    ticket: int = 0
    utc_us: int = 0
    body: bytes = b""

    def encode(self) -> bytes:
        """The message as bytes; ValueError when the body is over the limit."""
        if len(self.body) > BODY_LIMIT_BYTES:
            raise ValueError(f"a message of {len(self.body)} bytes, over {BODY_LIMIT_BYTES}")
        flags = KEY_FLAG if self.key else 0
        return _HEADER.pack(self.kind, self.stream, flags, len(self.body), self.ticket, self.utc_us) + self.body

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; ValueError when it is none."""
        found = json.loads(self.body)
        if not isinstance(found, dict):
            raise ValueError("the message's body is no JSON object")
        return found


def json_message(kind: Kind, content: dict[str, Any], stream: int = 0) -> Message:
    """A message whose body is JSON."""
    return Message(kind, stream, body=json.dumps(content, separators=(",", ":")).encode())


class MessageReader:
    """Cuts received bytes into messages; holds at most one message beyond what was asked for."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages completed by these bytes, in order; ValueError on a broken one."""
        self._held += data
        at = 0
        try:
            while len(self._held) - at >= _HEADER.size:
                kind, stream, flags, length, ticket, utc_us = _HEADER.unpack_from(self._held, at)
                if length > BODY_LIMIT_BYTES or stream >= STREAMS_LIMIT:
                    raise ValueError(f"a message of {length} bytes for stream {stream}")
                end = at + _HEADER.size + length
                if len(self._held) < end:
                    break
                body = bytes(memoryview(self._held)[at + _HEADER.size : end])
                at = end
                yield Message(Kind(kind), stream, bool(flags & KEY_FLAG), ticket, utc_us, body)
        finally:
            del self._held[:at]
