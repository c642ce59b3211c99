"""After a loss: a stream that brings no key picture any more, or none that can be read, is given up for a new one."""

from __future__ import annotations

import struct

import pytest

from recorder.rtsp.errors import KeyFrameAwaited, ParameterSetsMissing
from recorder.rtsp.session import KEY_LIMIT_S, Session
from recorder.rtsp.urls import parse_url
from tests.fuzz.rtsp_target import DESCRIPTIONS, answers
from tests.unit.test_h264 import IDR, PPS, SPS, P
from vms.clock import MICRO

NO_SPS = b"\x67\x42\0\x1f" + bytes(9)


class Stream:
    """A session that plays; a picture a second, each in packets of its own."""

    def __init__(self) -> None:
        url, _ = parse_url("rtsp://192.0.2.1/s")
        self.session = Session(url, None, where=url.peer)
        self.session.start(0)
        for answer in answers(DESCRIPTIONS[0]).split(b"RTSP/1.0 ")[1:]:
            self.session.receive(b"RTSP/1.0 " + answer, 0)
        self.second = self.sequence = 0

    def picture(self, *nals: bytes, lost: int = 0) -> None:
        self.second += 1
        self.sequence += lost
        for at, nal in enumerate(nals):
            marker = 0x80 if at == len(nals) - 1 else 0
            head = struct.pack(">BBHII", 0x80, marker | 96, self.sequence & 0xFFFF, self.second * 90_000, 7)
            packet = head + nal
            self.session.receive(struct.pack(">cBH", b"$", 0, len(packet)) + packet, self.second * MICRO)
            self.sequence += 1
        self.session.tick(self.second * MICRO)


def test_pictures_without_a_key_picture_after_a_loss_are_given_up() -> None:
    stream = Stream()
    stream.picture(SPS, PPS, IDR)
    stream.picture(P)
    stream.picture(P, lost=1000)
    with pytest.raises(KeyFrameAwaited):
        for _ in range(round(KEY_LIMIT_S) + 2):
            stream.picture(P)
    assert stream.second > KEY_LIMIT_S


def test_long_groups_without_a_loss_are_no_reason() -> None:
    stream = Stream()
    stream.picture(SPS, PPS, IDR)
    for _ in range(3 * round(KEY_LIMIT_S)):
        stream.picture(P)


def test_losses_between_key_pictures_that_come_are_no_reason() -> None:
    stream = Stream()
    for turn in range(2 * round(KEY_LIMIT_S)):
        stream.picture(SPS, PPS, IDR, lost=1000 if turn else 0)
        stream.picture(P, lost=1000)


def test_key_pictures_whose_sets_became_unreadable_are_given_up_as_that() -> None:
    stream = Stream()
    stream.picture(SPS, PPS, IDR)
    stream.picture(P)
    with pytest.raises(ParameterSetsMissing):
        for _ in range(round(KEY_LIMIT_S) + 2):
            stream.picture(NO_SPS, PPS, IDR)
