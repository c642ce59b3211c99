"""Whatever words stand in a camera's header fields and description, only an ``RtspError`` comes of it, fit to be kept.

The mutations in ``test_rtsp_mutations`` break bytes; here the grammar is kept, and the words in it are nasty.
"""

from __future__ import annotations

import random

import pytest

from recorder.rtsp.errors import Redirected, RtspError
from recorder.rtsp.session import Session
from recorder.rtsp.urls import parse_url, redirected
from vms.clock import MICRO

WORDS = (
    "", "*", "/", "//", "//[", "[::1", "rtsp://", "rtsp://[", "rtsp://[::1]:x/", "rtsp://h:99999/", "http://h/",
    "track ID=é", "\udcff\udce9", "\x01\x02", "%zz", "?", "#", "a" * 3000, "-1", "9" * 20, "٣", "²", "timeout=",
    'timeout="9', "interleaved=255-256", "interleaved=-", "RTP/AVP/TCP;unicast;interleaved=0-0", "Digest",
    "Digest realm=",
    'Digest realm="a", nonce="b"', 'Digest nonce=x, algorithm=SHA-512-256-sess, qop="auth-int"', "=", '"', "\\", ";",
    ",",
    'realm="\udcff", nonce="\\', " ", "rtsp://192.0.2.1/x", "/\udce9", "//192.0.2.9/x", "\u202e", "H264/90000",
    "H265/0",
    "96 H264/90000", "97 H265/x/1", "sprop-parameter-sets=Z0LADdoFB+hAAAADAEAAAAyjxQqo,aM4PyA==", "sprop-sps=AAAA",
    "packetization-mode=2", "crypto:1 x", "video 0 RTP/SAVP 96", "video 0 RTP/AVP 96", "m=video 0 RTP/AVP",
)  # fmt: skip
FIELDS = (
    "CSeq", "Session", "Transport", "Content-Length", "Content-Base", "Location", "WWW-Authenticate", "Public", "X",
)  # fmt: skip
LINES = ("m=", "a=rtpmap:", "a=fmtp:", "a=control:", "a=", "c=", "v=", "x")
STATUSES = (*("200",) * 8, "401", "401", "302", "400", "404", "454", "457", "503", "100", "abc")
ADDRESSES = ("rtsp://user:pass@192.0.2.1/s", "rtsp://192.0.2.1/s?a=b&c", "rtsp://[fe80::1%25eth0]/x")


class Camera:
    """Answers each request of one session with words drawn by ``seed``."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.url, account = parse_url(self.dice.choice(ADDRESSES))
        self.session = Session(self.url, account, where=self.url.peer)

    def value(self) -> str:
        words = (self.dice.choice(WORDS) for _ in range(self.dice.choice((1, 1, 1, 2, 4))))
        return self.dice.choice(("", "; ", ",", " ")).join(words)

    def description(self) -> list[str]:
        lines = [self.dice.choice(LINES) + self.value() for _ in range(self.dice.choice((0, 3, 9)))]
        usual = ["v=0", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", f"a=control:{self.value()}"]
        return [*usual, f"a=fmtp:96 {self.value()}", *lines] if self.dice.random() < 0.8 else lines

    def answer(self, asked: str) -> bytes:
        method = asked.partition(" ")[0]
        number = asked.partition("CSeq: ")[2].partition("\r\n")[0]
        status = self.dice.choice(STATUSES)
        fields = [f"CSeq: {number if self.dice.random() < 0.9 else self.value()}"]
        fields += [f"{self.dice.choice(FIELDS)}: {self.value()}" for _ in range(self.dice.randrange(4))]
        body = "\r\n".join(self.description()) if method == "DESCRIBE" else ""
        if status == "401":
            fields.append(f'WWW-Authenticate: Digest realm="r", nonce="{self.dice.random()}"')
        if method == "SETUP" and self.dice.random() < 0.8:
            fields += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 12;timeout=60"]
        coded = body.encode("utf-8", "surrogateescape")
        if body and self.dice.random() < 0.8:
            fields.insert(1, f"Content-Length: {len(coded)}")
        head = "\r\n".join([f"RTSP/1.0 {status} {self.dice.choice(WORDS)}", *fields])
        return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + coded

    def talk(self) -> None:
        """A whole conversation; RtspError when it comes to an end."""
        self.session.start(0)
        waiting = b""
        for second in range(9):
            waiting += self.answer(self.session.outgoing().decode("utf-8", "replace"))
            waiting = waiting[self.session.receive(waiting, second * MICRO) :]
            self.session.tick(second * MICRO)


def told(camera: Camera) -> RtspError | None:
    """What ends the conversation with this camera, if anything does."""
    try:
        camera.talk()
    except RtspError as error:
        return error
    return None


@pytest.mark.parametrize("first", range(0, 3000, 500))
def test_nasty_words_end_a_conversation_with_a_cause_at_worst(first: int) -> None:
    cameras = [Camera(seed) for seed in range(first, first + 500)]
    ends = [(camera, told(camera)) for camera in cameras]
    said = [(camera, error) for camera, error in ends if error is not None]
    assert len(said) > 300
    for camera, error in said:
        assert error.cause
        assert str(error).isprintable()
        assert len(str(error)) < 2000
        target = redirected(camera.url, error.location) if isinstance(error, Redirected) else None
        assert target is None or target.host == camera.url.host
