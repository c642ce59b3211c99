"""The replay header extension (ONVIF Streaming specification): read from hostile packets, asked for as specified."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.rtsp.replay import STAMPS_LIMIT_COUNT, ReplayReceiver, Stamp, parse_stamp, replay_options
from tests.fakes.camera.replay import extension
from vms.clock import MICRO, UtcTime
from vms.errors import BadInput

AT = 1_795_000_000 * MICRO + 123_457


class Nothing:
    """A depacketiser that keeps nothing."""

    def push(self, *args: object) -> None:
        """Take a payload."""

    def lost(self, *, before: bool = False) -> None:
        """Take note of a loss."""


def packet(header: bytes, *, sequence: int = 1, stamp: int = 0, first: int = 0x90) -> bytes:
    return struct.pack(">BBHII", first, 0x60, sequence & 0xFFFF, stamp, 7) + header + b"\x41payload"


@pytest.mark.parametrize("flags", range(0, 256, 16))
def test_time_and_flags_are_read(flags: int) -> None:
    data = packet(extension(AT, flags, 300))
    assert parse_stamp(data, 0, len(data)) == Stamp(
        AT, bool(flags & 0x80), bool(flags & 0x40), bool(flags & 0x20), bool(flags & 0x10)
    )


def test_a_jpeg_extension_behind_it_does_not_matter() -> None:
    header = bytearray(extension(AT, 0x80, 1))
    header[2:4] = (4).to_bytes(2, "big")
    data = packet(bytes(header) + b"\xff\xd8\0\0")
    found = parse_stamp(data, 0, len(data))
    assert found is not None
    assert found.camera_us == AT


@pytest.mark.parametrize(
    "header", [b"\xbe\xde\0\x03" + bytes(12), b"\xab\xac\0\x02" + bytes(8), b"\xab\xac\0\x03" + bytes(4)]
)
def test_another_or_a_short_extension_is_none(header: bytes) -> None:
    data = packet(header)[: 12 + len(header)]
    assert parse_stamp(data, 0, len(data)) is None


@given(st.binary(max_size=64))
def test_no_packet_breaks_it(data: bytes) -> None:
    parse_stamp(data, 0, len(data))


def test_stamps_of_units_that_never_come_do_not_fill_memory() -> None:
    receiver = ReplayReceiver(0x60, Nothing(), "camera")
    for number in range(STAMPS_LIMIT_COUNT + 100):
        data = packet(extension(AT + number, 0, 1), sequence=number, stamp=number * 3600)
        receiver.packet(data, 0, len(data), 0)
    assert len(receiver._stamps) == STAMPS_LIMIT_COUNT
    assert receiver.take(0) is None
    last = receiver.take((STAMPS_LIMIT_COUNT + 99) * 3600)
    assert last is not None
    assert last.camera_us == AT + STAMPS_LIMIT_COUNT + 99


def test_what_is_asked_is_what_the_specification_says() -> None:
    options = replay_options(UtcTime(AT), UtcTime(AT + MICRO))
    assert options.setup_headers == (("Require", "onvif-replay"),)
    assert dict(options.play_headers) == {
        "Require": "onvif-replay",
        "Range": "clock=20261118T110640.123457Z-20261118T110641.123457Z",
        "Rate-Control": "no",
        "Immediate": "yes",
        "Frames": "all",
    }
    with pytest.raises(BadInput):
        replay_options(UtcTime(AT), UtcTime(AT))
