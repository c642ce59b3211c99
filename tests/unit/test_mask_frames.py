"""The mask worker's byte protocol and its Annex B framing: what goes in comes out, and hostile bytes are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy import annexb
from privacy.frames import BODY_LIMIT_BYTES, Kind, Message, MessageReader, json_message

MESSAGES = st.builds(
    Message,
    kind=st.sampled_from(Kind),
    stream=st.integers(0, 3),
    key=st.booleans(),
    ticket=st.integers(0, 2**63 - 1),
    utc_us=st.integers(0, 2**62),
    body=st.binary(max_size=300),
)


@given(st.lists(MESSAGES, max_size=6), st.integers(1, 64))
def test_messages_survive_any_cutting(messages: list[Message], step: int) -> None:
    data = b"".join(message.encode() for message in messages)
    reader = MessageReader()
    found = [message for at in range(0, len(data), step) for message in reader.feed(data[at : at + step])]
    assert found == messages


def test_a_message_over_the_limit_is_refused_on_both_sides() -> None:
    with pytest.raises(ValueError, match="over"):
        Message(Kind.UNIT, body=bytes(BODY_LIMIT_BYTES + 1)).encode()
    header = bytearray(Message(Kind.UNIT).encode())
    header[4:8] = (BODY_LIMIT_BYTES + 1).to_bytes(4, "big")
    with pytest.raises(ValueError, match="bytes for stream"):
        list(MessageReader().feed(bytes(header)))


@pytest.mark.parametrize(("at", "value"), [(0, 99), (1, 4)])
def test_an_unknown_kind_or_stream_is_refused(at: int, value: int) -> None:
    header = bytearray(Message(Kind.UNIT).encode())
    header[at] = value
    with pytest.raises(ValueError):
        list(MessageReader().feed(bytes(header)))


def test_json_bodies_are_objects() -> None:
    assert json_message(Kind.START, {"a": 1}).json() == {"a": 1}
    for body in (b"[1]", b"1", b"{", b"\xff"):
        with pytest.raises(ValueError):
            Message(Kind.START, body=body).json()


# A NAL unit never holds a start code and never ends in zeros (7.4.1): emulation prevention sees to it.
NALS = st.binary(min_size=1, max_size=40).map(lambda b: b.replace(b"\x00", b"\x01") + b"\x80")


@given(st.lists(NALS, max_size=6))
def test_nal_units_survive_annex_b(nals: list[bytes]) -> None:
    assert annexb.split(annexb.join(nals)) == tuple(nals)


def test_short_start_codes_and_padding_are_understood() -> None:
    assert annexb.split(b"\x00\x00\x00\x00\x01\x67\x01\x00\x00\x01\x68\x02\x00\x00\x00") == (b"\x67\x01", b"\x68\x02")
    assert annexb.split(b"") == annexb.split(b"\x67\x68") == ()


@pytest.mark.parametrize(
    ("codec", "first", "is_slice", "is_set"),
    [
        ("h264", 0x65, True, False),
        ("h264", 0x41, True, False),
        ("h264", 0x67, False, True),
        ("h264", 0x68, False, True),
        ("h264", 0x06, False, False),
        ("h264", 0x09, False, False),
        ("h265", 0x26, True, False),
        ("h265", 0x02, True, False),
        ("h265", 0x40, False, True),
        ("h265", 0x44, False, True),
        ("h265", 0x4E, False, False),
    ],
)
def test_only_slices_and_parameter_sets_are_known(codec: str, first: int, is_slice: bool, is_set: bool) -> None:
    nal = bytes((first, 1, 2))
    assert annexb.is_slice(codec, nal) is is_slice
    assert annexb.is_parameter_set(codec, nal) is is_set
    assert not annexb.is_slice(codec, b"")
