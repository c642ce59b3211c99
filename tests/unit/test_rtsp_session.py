"""The conversation with a camera, without a socket: bytes in, bytes out, the clock told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from recorder.rtsp.auth import Credentials
from recorder.rtsp.conversation import State
from recorder.rtsp.errors import (
    CameraUnreachable,
    NoVideo,
    RtspError,
    StreamDamaged,
    StreamRefused,
    StreamStalled,
    WrongCredential,
)
from recorder.rtsp.keepalive import Habits
from recorder.rtsp.resync import GARBAGE_LIMIT_BYTES
from recorder.rtsp.session import REPLY_TIMEOUT_S, STALL_LIMIT_S, Session
from recorder.rtsp.urls import parse_url
from tests.fakes.odd_rtsp import sdp
from tests.fakes.small_clip import small_clip
from vms.clock import MICRO

URL = "rtsp://192.0.2.9/live"
GOODBYE = b"$\5\0\x08\x81\xcb\0\1\0\0\0\1"


class Talk:
    """A session and the camera's side of it, told what to say."""

    def __init__(self, url: str = URL, account: Credentials | None = None, habits: Habits | None = None) -> None:
        parsed, written = parse_url(url)
        self.session = Session(parsed, account or written, where=parsed.peer, habits=habits)
        self.now_us = 0
        self.session.start(0)

    def asked(self) -> tuple[str, str, dict[str, str]]:
        head = self.session.outgoing().decode()
        assert head.endswith("\r\n\r\n")
        assert head.count("\r\n\r\n") == 1
        lines = head.split("\r\n")
        method, uri, version = lines[0].split(" ")
        assert version == "RTSP/1.0"
        fields = dict(line.split(": ", 1) for line in lines[1:] if line)
        self.cseq = fields["CSeq"]
        return method, uri, fields

    def say(self, status: int, *lines: str, body: bytes = b"") -> None:
        head = [f"RTSP/1.0 {status} Reason", f"CSeq: {self.cseq}", *lines]
        if body:
            head.append(f"Content-Length: {len(body)}")
        data = ("\r\n".join(head) + "\r\n\r\n").encode() + body
        assert self.session.receive(data, self.now_us) == len(data)

    def play(self, *, session: str = "77;timeout=20", public: str = "GET_PARAMETER", control: str = "t1") -> None:
        assert self.asked()[0] == "OPTIONS"
        self.say(200, f"Public: {public}")
        assert self.asked()[0] == "DESCRIBE"
        self.say(200, body=sdp(small_clip(), control=control))
        assert self.asked()[0] == "SETUP"
        self.say(200, "Transport: RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=1", f"Session: {session}")
        assert self.asked()[0] == "PLAY"
        self.say(200)
        assert self.session.state is State.PLAYING


@pytest.fixture
def talk() -> Talk:
    return Talk()


def frames(channel: int = 4, unit: int = 0, sequence: int = 0) -> bytes:
    found = small_clip().units[unit]
    return bytes(found.run.stamped(channel, sequence, found.pts_90k, 1))


def two_units(channel: int = 4, between: bytes = b"") -> bytes:
    """The first two pictures: the first ones of each kind are given only when something follows them."""
    first, second, third = (unit.run for unit in small_clip().units[:3])
    begun = frames(channel, 2, first.count + second.count)[: third.offsets[-1]]
    return frames(channel) + between + frames(channel, 1, first.count) + between + begun


def test_the_whole_way_to_a_picture(talk: Talk) -> None:
    assert talk.asked() == ("OPTIONS", URL, {"CSeq": "1", "User-Agent": "Guet"})
    talk.say(200, "Public: OPTIONS, DESCRIBE")
    method, uri, fields = talk.asked()
    assert (method, uri, fields["Accept"]) == ("DESCRIBE", URL, "application/sdp")
    talk.say(200, "Content-Base: rtsp://192.0.2.9/live/", body=sdp(small_clip(), control="t1"))
    method, uri, fields = talk.asked()
    assert (method, uri) == ("SETUP", "rtsp://192.0.2.9/live/t1")
    assert fields["Transport"] == "RTP/AVP/TCP;unicast;interleaved=0-1"
    talk.say(200, "Transport: RTP/AVP/TCP;unicast;interleaved=4-5", "Session: abc;timeout=20")
    method, uri, fields = talk.asked()
    assert (method, uri, fields["Session"]) == ("PLAY", "rtsp://192.0.2.9/live/", "abc")
    talk.say(200)
    assert talk.session.receive(two_units(), 0) == len(two_units())
    assert [unit.nals for unit in talk.session.units()] == [unit.nals for unit in small_clip().units[:2]]


def test_what_waits_for_a_missing_packet_is_handed_out_when_nothing_more_comes(talk: Talk) -> None:
    """Found by the simulation: a recorder stopped in order lost the pictures behind the last packet that was lost."""
    talk.play()
    clip, sequence = small_clip(), 0
    for number, unit in enumerate(clip.units[:6]):
        sent = frames(unit=number, sequence=sequence)
        lacks = unit.run.offsets[1] if unit.run.count > 1 else len(sent)
        talk.session.receive(sent[lacks:] if number == 3 else sent, 0)
        sequence += unit.run.count
    assert [unit.nals for unit in talk.session.units()] == [unit.nals for unit in clip.units[:3]]
    last = talk.session.finish()
    assert [unit.nals for unit in last] == [unit.nals for unit in clip.units[4:6]]
    assert [unit.lost_before for unit in last] == [True, False]
    assert talk.session.finish() == []


def test_sound_is_never_set_up(talk: Talk) -> None:
    """P-06: the description offers a sound track first; no request ever names it."""
    talk.play()
    description = talk.session.description
    assert description is not None
    assert "audio" in description.kinds
    talk.session.teardown()
    assert "trackID=9" not in talk.session.outgoing().decode()


def test_bytes_may_come_in_any_pieces(talk: Talk) -> None:
    talk.play()
    data = b"\r\n" + two_units(between=b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n")
    waiting = b""
    for byte in data:
        waiting += bytes([byte])
        waiting = waiting[talk.session.receive(waiting, 0) :]
    assert waiting == b""
    assert len(talk.session.units()) == 2


def test_frames_before_the_answer_to_play_are_kept(talk: Talk) -> None:
    talk.asked()
    talk.say(200)
    talk.asked()
    talk.say(200, body=sdp(small_clip()))
    talk.asked()
    talk.say(200, "Transport: RTP/AVP/TCP;interleaved=0-1", "Session: 1")
    talk.session.receive(two_units(channel=0), 0)
    assert len(talk.session.units()) == 2
    assert talk.session.state is State.PLAYING


def test_an_answer_without_a_number_belongs_to_the_only_question(talk: Talk) -> None:
    talk.asked()
    talk.session.receive(b"RTSP/1.0 200 OK\r\n\r\n", 0)
    assert talk.asked()[0] == "DESCRIBE"


def test_a_question_of_the_camera_is_answered(talk: Talk) -> None:
    talk.play()
    talk.session.receive(b"OPTIONS rtsp://c RTSP/1.0\r\nCSeq: 4\r\n\r\n", 0)
    assert talk.session.outgoing().startswith(b"RTSP/1.0 200 OK\r\nPublic: OPTIONS, ")
    talk.session.receive(b"RECORD rtsp://c RTSP/1.0\r\nCSeq: 5\r\n\r\n", 0)
    assert talk.session.outgoing() == b"RTSP/1.0 501 Not Implemented\r\nCSeq: 5\r\n\r\n"


def test_digest_on_the_way_and_on_every_request_after() -> None:
    talk = Talk("rtsp://user:pass@192.0.2.9/live")
    talk.asked()
    talk.say(200)
    _, uri, fields = talk.asked()
    assert "user" not in uri
    assert "Authorization" not in fields
    talk.say(401, 'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"')
    method, _, fields = talk.asked()
    assert method == "DESCRIBE"
    assert 'username="user"' in fields["Authorization"]
    assert "pass" not in fields["Authorization"]
    talk.say(200, body=sdp(small_clip()))
    _, uri, fields = talk.asked()
    assert f'uri="{uri}"' in fields["Authorization"]
    assert "nc=00000002" in fields["Authorization"]


def test_a_refused_account_is_a_wrong_credential() -> None:
    talk = Talk("rtsp://user:pass@192.0.2.9/live")
    talk.asked()
    talk.say(401, 'WWW-Authenticate: Digest realm="r", nonce="n"')
    talk.asked()
    with pytest.raises(WrongCredential):
        talk.say(401, 'WWW-Authenticate: Digest realm="r", nonce="m"')


def test_a_camera_that_finds_every_nonce_stale_is_given_up() -> None:
    """As a wrong account, so that the next try waits: cameras lock accounts that fail too often."""
    talk = Talk("rtsp://user:pass@192.0.2.9/live")
    with pytest.raises(WrongCredential):
        for number in range(10):
            talk.asked()
            talk.say(401, f'WWW-Authenticate: Digest realm="r", nonce="{number}", stale=true')


@pytest.mark.parametrize(
    ("status", "cause"),
    [(status, "stream-refused") for status in (302, 403, 404, 453, 454, 500)],
)
def test_refusals_have_a_cause(talk: Talk, status: int, cause: str) -> None:
    talk.asked()
    talk.say(200)
    talk.asked()
    with pytest.raises(RtspError) as caught:
        talk.say(status)
    assert caught.value.cause == cause
    assert "192.0.2.9:554" in caught.value.where


def test_options_unknown_to_the_camera_are_passed_over(talk: Talk) -> None:
    talk.asked()
    talk.say(501)
    assert talk.asked()[0] == "DESCRIBE"


def test_play_is_tried_on_the_track_when_the_aggregate_is_unknown(talk: Talk) -> None:
    talk.asked()
    talk.say(200)
    talk.asked()
    talk.say(200, body=sdp(small_clip(), control="t1"))
    talk.asked()
    talk.say(200, "Transport: RTP/AVP/TCP;interleaved=0-1", "Session: 1")
    assert talk.asked()[1] == URL
    talk.say(460)
    assert talk.asked()[:2] == ("PLAY", URL + "/t1")
    with pytest.raises(StreamRefused):
        talk.say(460)


@pytest.mark.parametrize(
    ("transport", "session", "error"),
    [
        ("RTP/AVP;unicast;client_port=1-2;server_port=3-4", "1", StreamRefused),
        ("RTP/AVP/TCP;interleaved=300-301", "1", StreamDamaged),
        ("RTP/AVP/TCP;interleaved=0-1", "x" * 500, StreamDamaged),
    ],
)
def test_set_ups_that_cannot_work(talk: Talk, transport: str, session: str, error: type[RtspError]) -> None:
    talk.asked()
    talk.say(200)
    talk.asked()
    talk.say(200, body=sdp(small_clip()))
    talk.asked()
    with pytest.raises(error):
        talk.say(200, f"Transport: {transport}", f"Session: {session}")


def test_a_description_without_video_is_refused(talk: Talk) -> None:
    talk.asked()
    talk.say(200)
    talk.asked()
    with pytest.raises(NoVideo):
        talk.say(200, body=b"v=0\r\nm=audio 0 RTP/AVP 0\r\n")


def test_garbage_that_never_ends_is_given_up(talk: Talk) -> None:
    talk.play()
    talk.session.receive(two_units(), 0)
    assert len(talk.session.units()) == 2
    with pytest.raises(StreamDamaged) as caught:
        for _ in range(GARBAGE_LIMIT_BYTES // 4000 + 2):
            talk.session.receive(b"\x00\x01\x02\x03" * 1000, 0)
    assert "192.0.2.9:554" in caught.value.where


@pytest.mark.parametrize("garbage", [bytes(37), b"[warn] venc: buffer full\r\n", b"\x80\xc8\0\6" + bytes(24)])
def test_bytes_between_frames_that_are_surely_no_picture_cost_nothing(talk: Talk, garbage: bytes) -> None:
    talk.play()
    talk.session.receive(two_units(between=garbage), 0)
    assert len(talk.session.units()) == 2


def test_a_frame_with_something_unknown_behind_it_is_left_out(talk: Talk) -> None:
    talk.play()
    talk.session.receive(two_units(), 0)
    count = sum(unit.run.count for unit in small_clip().units[:2])
    talk.session.receive(frames(unit=2, sequence=count) + b"\xde\xad\xbe\xef" * 9, 0)
    third = small_clip().units[2].run.count
    talk.session.receive(frames(unit=3, sequence=count + third), 0)
    assert [unit.lost_before for unit in talk.session.units()] == [False, False]


def ticks(talk: Talk, seconds: float) -> Iterator[bytes]:
    """Seconds pass while pictures come; yields what is sent, without reports."""
    begun = talk.now_us
    number = 1
    while talk.now_us < begun + seconds * MICRO:
        talk.now_us += MICRO
        talk.session.receive(frames(unit=number % 50, sequence=100 * number), talk.now_us)
        talk.session.tick(talk.now_us)
        number += 1
        sent = talk.session.outgoing()
        if sent and sent[:1] != b"$":
            yield sent


def test_keepalives_come_at_half_the_session_s_timeout(talk: Talk) -> None:
    talk.play()  # 20 s
    sent = []
    for data in ticks(talk, 31):
        sent.append(data)
        talk.cseq = data.split(b"CSeq: ")[1].split(b"\r")[0].decode()
        talk.say(200)
    assert [data.split(b" ")[0] for data in sent] == [b"GET_PARAMETER"] * 3
    assert b"Session: 77\r\n" in sent[0]


def test_an_unanswered_method_is_changed(talk: Talk) -> None:
    talk.play()
    sent = [data.split(b" ")[0] for data in ticks(talk, 20)]
    assert sent[:2] == [b"GET_PARAMETER", b"OPTIONS"]


def test_a_camera_that_hangs_up_on_a_client_it_forgot_is_asked_otherwise_next_time() -> None:
    habits = Habits()
    for method in (b"OPTIONS", b"GET_PARAMETER"):
        talk = Talk(habits=habits)
        talk.play(session="1;timeout=20", public="OPTIONS, PLAY")
        first = next(ticks(talk, 15))
        assert first.startswith(method + b" ")
        talk.session.ended(CameraUnreachable("hung up"))


def test_keepalives_use_options_where_nothing_else_is_offered(talk: Talk) -> None:
    talk.play(public="OPTIONS, PLAY")
    assert next(ticks(talk, 12)).startswith(b"OPTIONS ")


def test_a_refused_keepalive_method_is_changed(talk: Talk) -> None:
    talk.play()
    first = next(ticks(talk, 12))
    talk.cseq = first.split(b"CSeq: ")[1].split(b"\r")[0].decode()
    talk.say(501)
    assert next(ticks(talk, 12)).startswith(b"OPTIONS ")


def test_a_forgotten_session_is_a_stall(talk: Talk) -> None:
    talk.play()
    first = next(ticks(talk, 12))
    talk.cseq = first.split(b"CSeq: ")[1].split(b"\r")[0].decode()
    with pytest.raises(StreamStalled):
        talk.say(454)


def test_unanswered_keepalives_are_no_fault_and_fill_no_memory(talk: Talk) -> None:
    talk.play(session="1;timeout=2")
    assert 30 <= len(list(ticks(talk, 60))) <= 60
    assert talk.session.state is State.PLAYING


def test_reports_alone_do_not_keep_a_stream_alive(talk: Talk) -> None:
    talk.play()
    report = b"$\5\0\x1c" + b"\x80\xc8\0\6" + bytes(24)
    for second in range(int(STALL_LIMIT_S)):
        talk.session.receive(report, second * MICRO)
        talk.session.tick(second * MICRO)
    with pytest.raises(StreamStalled):
        talk.session.tick(round((STALL_LIMIT_S + 1) * MICRO))


def test_packets_that_never_make_a_unit_are_damage_and_no_stall(talk: Talk) -> None:
    talk.play()
    for second in range(int(STALL_LIMIT_S)):
        stamp = (second * 90_000).to_bytes(4, "big")
        packet = b"\x80\xe0" + second.to_bytes(2, "big") + stamp + b"\0\0\0\1" + b"\x7c\x05middle"
        talk.session.receive(b"$\4" + len(packet).to_bytes(2, "big") + packet, second * MICRO)
    with pytest.raises(StreamDamaged):
        talk.session.tick(round((STALL_LIMIT_S + 1) * MICRO))


def test_silence_before_playing_is_a_camera_out_of_reach(talk: Talk) -> None:
    talk.session.tick(round(REPLY_TIMEOUT_S * MICRO))
    with pytest.raises(CameraUnreachable):
        talk.session.tick(round(REPLY_TIMEOUT_S * MICRO) + 1)


def test_the_camera_says_goodbye(talk: Talk) -> None:
    talk.play()
    talk.session.receive(two_units(), 0)
    talk.session.receive(GOODBYE, 0)
    talk.session.tick(MICRO // 2)
    with pytest.raises(StreamStalled, match="BYE"):
        talk.session.tick(MICRO)
