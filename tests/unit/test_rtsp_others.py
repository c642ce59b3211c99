"""What is not ours on our connection, and what a description offers beside what can be recorded."""

from __future__ import annotations

import itertools
import struct

import pytest

from recorder.rtsp import sdp
from recorder.rtsp.errors import NoVideo
from recorder.rtsp.fragments import Place
from recorder.rtsp.rtp import RtpReceiver

OURS, OTHERS = 0x0A, 0x0B


class Seen:
    """Takes payloads, and notes losses as None."""

    fragmentation = 28
    rests = False

    def __init__(self) -> None:
        self.payloads: list[bytes | None] = []

    def push(
        self, data: bytes | bytearray | memoryview, start: int, end: int, rtp_time: int, marker: bool, received_us: int
    ) -> None:
        self.payloads.append(bytes(data[start:end]))

    def run(self, rtp_time: int, flags: int, body: bytes, received_us: int) -> None:
        self.payloads.append(body)

    def pictures(self, data: bytes, places: list[Place], received_us: int) -> None:
        raise AssertionError("taken as one without rest")

    def lost(self, *, before: bool = False) -> None:
        self.payloads.append(None)


def packet(source: int, sequence: int, *, kind: int = 96) -> bytes:
    return struct.pack(">BBHII", 0x80, kind, sequence, 3600 * sequence, source) + bytes((source, sequence & 0xFF))


def send(receiver: RtpReceiver, *packets: bytes) -> None:
    for data in packets:
        receiver.packet(data, 0, len(data), 0)


def test_another_session_s_stream_between_ours_all_the_time_is_left_out_for_good() -> None:
    """A camera that mixes up its clients (Reolink): both streams go on, each with numbers of its own."""
    seen = Seen()
    receiver = RtpReceiver(96, seen, "cam")
    for turn in range(20):
        send(receiver, *(packet(OURS, 5 * turn + at) for at in range(5)))
        send(receiver, *(packet(OTHERS, 900 + 5 * turn + at) for at in range(5)))
    later = [payload for payload in seen.payloads[20:] if payload is not None]
    assert {payload[0] for payload in later} == {OURS}
    assert len(later) >= 85
    assert seen.payloads.count(None) == 2  # to the other one, and back


def test_a_source_that_was_left_out_is_followed_once_ours_is_silent() -> None:
    """Two sources by turns: what is left out of one of them is told as a loss."""
    seen = Seen()
    receiver = RtpReceiver(96, seen, "cam")
    for turn in range(8):
        source = OURS if turn % 2 == 0 else OTHERS
        for at in range(20):
            data = packet(source, 1000 * (turn % 2) + 20 * (turn // 2) + at)
            receiver.packet(data, 0, len(data), (20 * turn + at) * 40_000)
    runs = [payload[0] if payload else None for payload in seen.payloads]
    changes = [(one, two) for one, two in itertools.pairwise(runs) if None not in (one, two) and one != two]
    assert changes == []
    assert min(runs.count(OURS), runs.count(OTHERS)) >= 40


def test_a_source_that_takes_over_for_good_is_followed() -> None:
    seen = Seen()
    receiver = RtpReceiver(96, seen, "cam")
    for turn, source in enumerate((1, 2, 3, 4)):
        send(receiver, *(packet(source, 1000 * turn + at) for at in range(6)))
    assert [payload[0] if payload else None for payload in seen.payloads] == [
        *[1] * 6, None, *[2] * 6, None, *[3] * 6, None, *[4] * 6,
    ]  # fmt: skip


def test_types_of_other_tracks_are_never_taken_for_ours_and_ours_is_taken_after_all() -> None:
    seen = Seen()
    receiver = RtpReceiver(96, seen, "cam")
    receiver.other_types = frozenset({97})
    send(receiver, *(packet(OTHERS, at, kind=97) for at in range(9)))
    assert seen.payloads == []
    send(receiver, *(packet(OTHERS, 50 + at, kind=98) for at in range(4)))  # no track of that type: perhaps ours
    send(receiver, *(packet(OURS, at) for at in range(4)))
    assert [payload[0] if payload else None for payload in seen.payloads] == [*[OTHERS] * 4, None, *[OURS] * 4]


def described(*lines: str) -> sdp.Description:
    return sdp.parse("\r\n".join(("v=0", *lines, "")).encode(), "cam")


def test_a_type_that_cannot_be_recorded_does_not_stand_in_the_way_of_one_that_can() -> None:
    """The very example of RFC 6184 §8.3, whose first type is of mode 2."""
    found = described(
        "m=audio 0 RTP/AVP 0 101", "m=video 49170 RTP/AVP 100 99 98",
        "a=rtpmap:98 H264/90000", "a=fmtp:98 packetization-mode=0",
        "a=rtpmap:99 H264/90000", "a=fmtp:99 packetization-mode=1",
        "a=rtpmap:100 H264/90000", "a=fmtp:100 packetization-mode=2",
    )  # fmt: skip
    assert found.video.payload_type == 99
    assert found.other_types == {0, 101}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("m=video 0 RTP/AVP 97", "a=rtpmap:97 H264/25000"), "25000"),
        (("m=video 0 RTP/SAVP 97", "a=rtpmap:97 H264/90000", "a=crypto:1 x inline:y"), "SRTP"),
        (("m=video 0 RTP/AVP 97", "a=rtpmap:97 H265/90000", "a=fmtp:97 sprop-max-don-diff=3"), "entrelacement"),
    ],
)
def test_a_track_that_cannot_be_recorded_is_told_only_when_there_is_no_other(lines: tuple[str, ...], says: str) -> None:
    with pytest.raises(NoVideo, match=says):
        described(*lines)
    found = described(*lines, "a=control:a", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H265/90000", "a=control:b")
    assert (found.video.control, found.video.codec) == ("b", "h265")
    assert found.other_types == {97}
