"""Finding one's place again on a connection whose framing is damaged (RFC 2326 §10.12 has no checksum).

Cameras cut frames when a buffer runs over, leave off frame heads, and write bytes of their own between frames. A frame
that is not followed by the start of another is looked at here: either it holds the start of another frame and was cut,
or something foreign follows it. What cannot be explained makes the frame itself suspect, and a suspect frame is left
out: the hole in the numbers then tells what is missing, instead of an altered picture that nobody knows of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recorder.rtsp.rtp import HEADER_BYTES

DOLLAR: Final = 0x24
FRAME_BYTES: Final = 4
# Foreign bytes since the last whole picture, before the connection is given up.
GARBAGE_LIMIT_BYTES: Final = 256 * 1024
# A frame that is not whole after so many bytes is searched for the start of another.
PATIENCE_BYTES: Final = 4096
# As much of the end as a start may still grow out of.
TAIL_BYTES: Final = FRAME_BYTES + HEADER_BYTES
RTCP_KINDS: Final = range(200, 208)
LINE_ENDS: Final = (0x0D, 0x0A)
_WORDS: Final = (
    b"RTSP/", b"OPTIONS ", b"ANNOUNCE ", b"GET_PARAMETER ", b"SET_PARAMETER ", b"REDIRECT ", b"TEARDOWN ", b"DESCRIBE ",
    b"PLAY_NOTIFY ", b"PAUSE ", b"SETUP ", b"PLAY ", b"RECORD ",
)  # fmt: skip
_LONGEST_WORD: Final = max(map(len, _WORDS))
_TEXT: Final = frozenset((9, 10, 13, *range(32, 127)))

Bytes = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells our frames: the channels of pictures and of reports, the payload type, and the source once known."""

    video: int
    control: int
    payload_type: int
    ssrc: int | None

    def is_rtp(self, data: Bytes, start: int, end: int) -> bool:
        """Whether ``data[start:end]`` is a packet of our stream."""
        if end - start < HEADER_BYTES or data[start] >> 6 != 2 or data[start + 1] & 0x7F != self.payload_type:
            return False
        return self.ssrc is None or int.from_bytes(data[start + 8 : start + 12], "big") == self.ssrc

    def is_frame(self, data: Bytes, at: int, end: int) -> bool:
        """Whether a frame of ours certainly starts at ``at``; its head must be in view, its end need not."""
        if end - at < TAIL_BYTES or data[at] != DOLLAR:
            return False
        length = data[at + 2] << 8 | data[at + 3]
        body = at + FRAME_BYTES
        if data[at + 1] == self.video:
            return length >= HEADER_BYTES and self.is_rtp(data, body, end)
        return data[at + 1] == self.control and length >= 8 and data[body] >> 6 == 2 and data[body + 1] in RTCP_KINDS


def begins_message(data: Bytes, at: int, end: int) -> bool:
    """Whether an RTSP message starts at ``at``, as far as it is in view."""
    head = bytes(data[at : min(at + _LONGEST_WORD, end)]).upper()
    return any(head.startswith(word) or word.startswith(head) for word in _WORDS)


def find_start(data: Bytes, at: int, end: int, marks: Marks) -> int:
    """Where the next frame of ours or answer certainly starts in ``data[at:end]``; -1 when none is in view."""
    view = bytes(data[at:end])
    place = find_frame(view, 0, marks)
    answer = view.find(b"RTSP/1.0 ", 0, place if place >= 0 else len(view))
    found = answer if answer >= 0 else place
    return at + found if found >= 0 else -1


def find_frame(view: bytes, at: int, marks: Marks) -> int:
    """Where the next frame of ours certainly starts in ``view`` from ``at`` on; -1 when none is in view."""
    place = view.find(b"$", at)
    while place >= 0 and not marks.is_frame(view, place, len(view)):
        place = view.find(b"$", place + 1)
    return place


def instead_of_frame(data: Bytes, position: int, stop: int, end: int, marks: Marks) -> int:
    """For a frame ``data[position:stop]`` with something else than a frame behind it: where to go on; -1 to take it."""
    if data[stop] in LINE_ENDS or begins_message(data, stop, end):
        return -1
    inner = find_start(data, position + FRAME_BYTES, stop + TAIL_BYTES if stop + TAIL_BYTES < end else end, marks)
    if 0 <= inner < stop:
        return inner
    if data[position + 1] not in (marks.video, marks.control):
        return position + 1
    following = find_start(data, stop, end, marks)
    return -1 if _explained(bytes(data[stop : following if following >= 0 else end]), marks) else stop


def _explained(foreign: bytes, marks: Marks) -> bool:
    """Whether foreign bytes are surely no part of the frame before them: zeros, text, or a packet without its head.

    A NAL unit never ends in zeros, and hardly in eight or more letters.
    """
    if not any(foreign) or (len(foreign) >= 8 and set(foreign) <= _TEXT):
        return True
    headless_report = len(foreign) >= 2 and foreign[0] >> 6 == 2 and foreign[1] in RTCP_KINDS
    return headless_report or marks.is_rtp(foreign, 0, len(foreign))
