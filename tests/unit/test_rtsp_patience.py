"""On the tick a picture that has begun waits for its rest: the same pictures, in fewer pieces, and not for ever."""

from __future__ import annotations

import struct

import pytest

from recorder.access_unit import AccessUnit
from recorder.rtsp.rtp import BEGUN_LIMIT_BYTES
from recorder.rtsp.session import Session
from tests.unit.test_rtsp_session import Talk

SLICE, KEY = b"\x41\x9a", b"\x65\x88"
FRAME, BODY_BYTES, PACKET_BYTES = 3600, 5000, 1400


def packet(payload: bytes, sequence: int, number: int, *, marker: bool) -> bytes:
    packed = struct.pack(">BBHII", 0x80, 96 | marker << 7, sequence, FRAME * number, 1) + payload
    return struct.pack(">cBH", b"$", 4, len(packed)) + packed


def pictures(count: int) -> bytes:
    """A key picture and others, a delimiter before each, as GStreamer's server sends them."""
    wire, sequence = b"", 0
    for number in range(count):
        head = SLICE if number else KEY
        wire += packet(b"\x09\xf0", sequence, number, marker=False)
        nal = head + bytes((number + 1,)) * BODY_BYTES
        for at in range(1, len(nal), PACKET_BYTES):
            last = at + PACKET_BYTES >= len(nal)
            sequence += 1
            kind = bytes((nal[0] & 0xE0 | 28, (at == 1) << 7 | last << 6 | nal[0] & 0x1F))
            wire += packet(kind + nal[at : at + PACKET_BYTES], sequence, number, marker=last)
        sequence += 1
    return wire


def read(session: Session, wire: bytes, step: int) -> list[AccessUnit]:
    """What comes of a wire read ``step`` bytes at a time."""
    units, carry = [], b""
    for at in range(0, len(wire), step):
        data = carry + wire[at : at + step]
        carry = data[session.receive(data, at) :]
        units += session.units()
    session.receive(carry, len(wire))
    return units + session.finish()


def playing(*, patient: bool) -> Session:
    talk = Talk()
    talk.play()
    talk.session.patient = patient
    return talk.session


@pytest.mark.parametrize("step", [97, 1404, 9000, 26_000])
def test_it_is_the_same_pictures(step: int) -> None:
    wire = pictures(40)
    at_once = [unit.nals for unit in read(playing(patient=False), wire, step)]
    assert [unit.nals for unit in read(playing(patient=True), wire, step)] == at_once
    assert len(at_once) == 40


def test_the_pictures_of_a_read_and_the_one_that_it_began_with_lie_in_one_piece() -> None:
    wire = pictures(60)
    units = read(playing(patient=True), wire, 26_000)[10:]
    assert len({id(unit.data) for unit in units}) <= len(wire) // 26_000
    assert len({id(unit.data) for unit in read(playing(patient=False), wire, 26_000)[10:]}) > len(wire) // 26_000


def test_one_that_never_ends_is_not_looked_through_for_ever() -> None:
    session = playing(patient=True)
    read(session, pictures(10), 26_000)
    sequence, wire = 50, b""  # five packets a picture
    for number in range(2 * BEGUN_LIMIT_BYTES // PACKET_BYTES):
        payload = bytes((0x5C, 0x81 if number == 0 else 0x01)) + b"\x9a" * PACKET_BYTES
        wire += packet(payload, sequence + number, 10, marker=False)
    waiting, longest = b"", 0
    for at in range(0, len(wire), 26_000):
        data = waiting + wire[at : at + 26_000]
        waiting = data[session.receive(data, 0) :]
        longest = max(longest, len(waiting))
    assert BEGUN_LIMIT_BYTES // 2 < longest < BEGUN_LIMIT_BYTES
    assert len(waiting) < 2 * PACKET_BYTES, "its bytes are taken as they come from there on"
