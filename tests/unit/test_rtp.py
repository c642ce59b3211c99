"""RTP headers, sequence numbers and media time, one packet at a time."""

from __future__ import annotations

import struct

import pytest

from recorder.rtsp.errors import StreamDamaged
from recorder.rtsp.fragments import signed_difference
from recorder.rtsp.reorder import HELD_LIMIT_US
from recorder.rtsp.rtp import MALFORMED_LIMIT_COUNT, RtpReceiver, trim


class Seen:
    fragmentation = 28

    def __init__(self) -> None:
        self.payloads: list[tuple[bytes, int, bool]] = []
        self.losses = 0

    def push(
        self, data: bytes | bytearray | memoryview, start: int, end: int, rtp_time: int, marker: bool, received_us: int
    ) -> None:
        self.payloads.append((bytes(data[start:end]), rtp_time, marker))

    def run(self, rtp_time: int, flags: int, body: bytes, received_us: int) -> None:
        raise AssertionError("single packets make no runs")

    def lost(self, *, before: bool = False) -> None:
        self.losses += 1


def packet(
    sequence: int, stamp: int = 0, payload: bytes = b"x", *, marker: bool = False, ssrc: int = 1, kind: int = 96
) -> bytes:
    second = kind | (0x80 if marker else 0)
    return struct.pack(">BBHII", 0x80, second, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc) + payload


def feed(*packets: bytes) -> tuple[RtpReceiver, Seen]:
    seen = Seen()
    receiver = RtpReceiver(96, seen, "cam:554")
    for data in packets:
        receiver.packet(data, 0, len(data), 0)
    return receiver, seen


def test_payload_marker_and_time() -> None:
    _, seen = feed(packet(1, 10, b"a"), packet(2, 10, b"b", marker=True), packet(3, 3610, b"c"))
    assert seen.payloads == [(b"a", 10, False), (b"b", 10, True), (b"c", 3610, False)]
    assert seen.losses == 0


def test_sequence_numbers_wrap() -> None:
    receiver, seen = feed(*(packet(number) for number in range(65_530, 65_545)))
    assert len(seen.payloads) == 15
    assert seen.losses == 0
    assert receiver.highest_sequence == 1 << 16 | 8


def test_media_time_wraps_without_a_jump() -> None:
    _, seen = feed(packet(1, 0xFFFFFFF0), packet(2, 0x10), packet(3, 0xFFFFFFFF))
    assert [time for _, time, _ in seen.payloads] == [0xFFFFFFF0, 0x100000010, 0xFFFFFFFF]


@pytest.mark.parametrize(("numbers", "lost", "kept"), [
    ((1, 2, *range(5, 60)), [2], 57),
    ((65_534, *range(1, 60)), [2], 60),
    ((1, 2, 50), [47], 3),  # too far ahead to have overtaken anything
    ((4, 5, 4, 6), [], 3),  # a late packet whose copy was there is left out
    ((5, 5, 6), [], 2),  # and so is one that comes twice
    ((5, 5, 6, 6, 7, 7), [], 3),
    ((1, 2, 3, 4, 1, 2, 3, 4, 5), [], 5),
    ((5, 4, 6), [1], 2),  # the first of all was overtaken
])  # fmt: skip
def test_missing_late_and_repeated_numbers(numbers: tuple[int, ...], lost: list[int], kept: int) -> None:
    receiver, seen = feed(*(packet(number) for number in numbers))
    assert seen.losses == len(lost)
    assert len(seen.payloads) == kept
    assert receiver.lost_packets == (sum(lost) if numbers[0] != 5 else 0)


@pytest.mark.parametrize("order", [(1, 3, 2, 4), (1, 4, 3, 2), (1, 3, 4, 5, 2, 6), (65_534, 0, 65_535, 1)])
def test_overtaken_packets_are_put_in_order(order: tuple[int, ...]) -> None:
    _, seen = feed(*(packet(number, payload=bytes([number & 0xFF])) for number in order))
    wanted = sorted(order, key=lambda number: (number - order[0]) & 0xFFFF)
    assert [payload[0] for payload, _, _ in seen.payloads] == [number & 0xFF for number in wanted]
    assert seen.losses == 0


def test_packets_are_not_held_for_ever() -> None:
    seen = Seen()
    receiver = RtpReceiver(96, seen, "cam:554")
    for number, at_us in ((1, 0), (3, 0), (4, HELD_LIMIT_US - 1), (5, HELD_LIMIT_US)):
        data = packet(number)
        receiver.packet(data, 0, len(data), at_us)
    assert seen.losses == 1
    assert len(seen.payloads) == 4


def test_a_counter_that_begins_anew_is_believed_from_its_second_packet_on() -> None:
    receiver, seen = feed(packet(500, 0), packet(10, 3600), packet(11, 3600), packet(12, 3600))
    assert seen.losses == 1
    assert len(seen.payloads) == 3
    assert receiver.late_packets == 1


def test_another_source_is_a_loss_and_loses_no_packet_of_its_own() -> None:
    _, seen = feed(packet(1, 100, ssrc=1), *(packet(900 + n, 50 + n, ssrc=2) for n in range(4)))
    assert seen.losses == 1
    assert [time for _, time, _ in seen.payloads] == [100, 50, 51, 52, 53]


def test_another_source_that_numbers_on_is_the_same_stream() -> None:
    _, seen = feed(packet(1, ssrc=1), packet(2, ssrc=2), packet(3, ssrc=2), packet(4, ssrc=3))
    assert seen.losses == 0
    assert len(seen.payloads) == 4


def test_packets_of_a_session_long_gone_between_ours_are_not_ours() -> None:
    ours = [packet(number, ssrc=1) for number in range(40)]
    theirs = [packet(7000 + number, ssrc=9) for number in range(40)]
    receiver, seen = feed(*(data for pair in zip(ours, theirs, strict=True) for data in pair))
    assert seen.losses == 0
    assert len(seen.payloads) == 40
    assert receiver.foreign_packets > 30


def test_a_payload_type_other_than_described_is_taken_when_there_is_no_other() -> None:
    _, seen = feed(*(packet(number, kind=97) for number in range(5)))
    assert len(seen.payloads) == 5
    assert seen.losses == 0


def test_another_payload_type_is_not_ours() -> None:
    receiver, seen = feed(packet(1), packet(1, kind=97), packet(2))
    assert len(seen.payloads) == 2
    assert seen.losses == 0
    assert receiver.foreign_packets == 1


def test_sources_extension_and_padding_are_taken_off() -> None:
    sources = struct.pack(">BBHII", 0x82, 96, 1, 0, 1) + bytes(8) + b"body"
    extension = struct.pack(">BBHII", 0x90, 96, 2, 0, 1) + b"\xab\xac\0\3" + bytes(12) + b"body"
    padding = struct.pack(">BBHII", 0xA0, 96, 3, 0, 1) + b"body\0\0\3"
    all_three = struct.pack(">BBHII", 0xB1, 96, 4, 0, 1) + bytes(4) + b"\xbe\xde\0\1" + bytes(4) + b"body\1"
    _, seen = feed(sources, extension, padding, all_three)
    assert [payload for payload, _, _ in seen.payloads] == [b"body"] * 4


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x60\0\1\0\0\0\0\0\0\0",
        b"\x40\x60\0\1" + bytes(20),  # version 1
        b"\x8f\x60\0\1" + bytes(20),  # 15 sources in 12 bytes
        b"\x90\x60\0\1" + bytes(8) + b"\0\0",  # no room for the extension
        b"\x90\x60\0\1" + bytes(8) + b"\0\0\xff\xff" + bytes(20),
        b"\xa0\x60\0\1" + bytes(8) + b"abc\0",  # padding of 0
        b"\xa0\x60\0\1" + bytes(8) + b"abc\x09",  # padding longer than what there is
        b"\xa0\x60\0\1" + bytes(8),
    ],
)
def test_packets_whose_lengths_do_not_add_up_are_left_out(data: bytes) -> None:
    receiver, seen = feed(data)
    assert receiver.malformed_packets == 1
    assert seen.payloads == []


def test_too_many_malformed_packets_in_a_row_end_the_stream() -> None:
    with pytest.raises(StreamDamaged, match="RTP") as caught:
        feed(*[b"\0" * 30] * MALFORMED_LIMIT_COUNT)
    assert "cam:554" in caught.value.where
    feed(*[b"\0" * 30, packet(1)] * (2 * MALFORMED_LIMIT_COUNT))  # never that many in a row


def test_differences_on_the_circle() -> None:
    assert signed_difference(5, 0xFFFFFFFB) == 10
    assert signed_difference(0xFFFFFFFB, 5) == -10
    assert signed_difference(1 << 31, 0) == -(1 << 31)


def test_trim_leaves_a_plain_packet_alone() -> None:
    data = packet(1, payload=b"abc")
    assert trim(data, data[0], 0, len(data)) == (12, 15)
