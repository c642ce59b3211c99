"""RTSP messages: what is taken, what is refused, and every limit."""

from __future__ import annotations

import pytest

from recorder.rtsp import message
from recorder.rtsp.errors import StreamDamaged

WHERE = "192.0.2.7:554"


def response(head: bytes) -> message.Response:
    parsed = message.parse(head, WHERE)
    assert parsed is not None
    found, used = parsed
    assert isinstance(found, message.Response)
    assert used == len(head)
    return found


def test_a_response_with_a_body() -> None:
    found = response(b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 4\r\nX-Thing:  a b \r\n\r\nv=0\n")
    assert (found.status, found.reason, found.cseq, found.body) == (200, "OK", 3, b"v=0\n")
    assert found.headers.get("x-THING") == "a b"
    assert found.headers.get("absent", "none") == "none"


def test_a_message_is_not_there_until_its_last_byte() -> None:
    whole = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nabc"
    for length in range(1, len(whole)):
        assert message.parse(whole[:length], WHERE) is None
    assert message.parse(whole + b"$\0\0\4next", WHERE) is not None


def test_bare_line_feeds_and_folded_fields_are_taken() -> None:
    found = response(b"RTSP/1.0 200 OK\nCSeq: 9\nPublic: OPTIONS,\n DESCRIBE\n\n")
    assert found.cseq == 9
    assert found.headers.get("public") == "OPTIONS, DESCRIBE"


def test_a_field_that_occurs_twice_gives_all_its_values() -> None:
    found = response(b"RTSP/1.0 401 No\r\nWWW-Authenticate: Basic\r\nwww-authenticate: Digest\r\n\r\n")
    assert found.headers.all("WWW-Authenticate") == ("Basic", "Digest")


@pytest.mark.parametrize("value", [b"", b"x", b"-1", b"\xb2", b"12345678901"])
def test_a_sequence_number_that_is_none_is_none(value: bytes) -> None:
    assert response(b"RTSP/1.0 200 OK\r\nCSeq: " + value + b"\r\n\r\n").cseq is None


def test_a_request_of_the_camera_and_its_answer() -> None:
    parsed = message.parse(b"ANNOUNCE rtsp://cam/s RTSP/1.0\r\nCSeq: 7\r\n\r\n", WHERE)
    assert parsed is not None
    request = parsed[0]
    assert isinstance(request, message.Request)
    assert (request.method, request.uri) == ("ANNOUNCE", "rtsp://cam/s")
    assert message.answer(request, 501, "Not Implemented") == b"RTSP/1.0 501 Not Implemented\r\nCSeq: 7\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01 garbage",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"RTSP/1.0 2xx OK\r\n\r\n",
        b"RTSP/1.0 20 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n" + b"a: b\r\n" * (message.HEADER_LIMIT_COUNT + 1) + b"\r\n",
        b"RTSP/1.0 200 OK\r\nX: " + b"a" * message.HEAD_LIMIT_BYTES,
        b"RTSP/1.0 200 OK\r\nX: " + b"a" * message.HEAD_LIMIT_BYTES + b"\r\n\r\n",
        b"A" * 30,
        b"GET\r\n\r\n",
    ],
)
def test_what_is_no_message_is_refused_with_the_peer_in_the_error(data: bytes) -> None:
    with pytest.raises(StreamDamaged) as caught:
        message.parse(data, WHERE)
    assert caught.value.cause == "stream-damaged"
    assert WHERE in caught.value.where
    assert len(str(caught.value)) < 500


def test_a_request_is_written_and_holds_no_smuggled_line() -> None:
    assert message.serialise("PLAY", "rtsp://h/s", {"CSeq": "2"}) == b"PLAY rtsp://h/s RTSP/1.0\r\nCSeq: 2\r\n\r\n"
    for bad in ("a\r\nInjected: yes", "a\nb"):
        with pytest.raises(ValueError, match="line end"):
            message.serialise("PLAY", "rtsp://h/s", {"Session": bad})


@pytest.mark.parametrize(
    "data",
    [
        b"RTSP/2.0 200 OK\r\nCSeq: 7\r\n\r\n",
        b"RTSP/1.0 200\r\nCSeq: 7\r\n\r\n",
        b"rtsp/1.0 200 OK\nno colon here\n: no name\nCSeq : 7 \n\n",
        b"RTSP/1.0 200 OK\r\nServer: \xff\xe9\r\nCSeq:7\r\n\r\n",
    ],
)
def test_what_cameras_write_is_taken(data: bytes) -> None:
    parsed = message.parse(data, "cam:554")
    assert parsed is not None
    found, used = parsed
    assert isinstance(found, message.Response)
    assert (found.status, found.cseq, used) == (200, 7, len(data))
    assert not found.measured


@pytest.mark.parametrize("length", ["many", "-5", "", "1" * 12])
def test_a_length_that_is_no_number_is_as_if_there_were_none(length: str) -> None:
    parsed = message.parse(f"RTSP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\nv=0".encode(), "cam:554")
    assert parsed is not None
    assert isinstance(parsed[0], message.Response)
    assert parsed[0].body == b""
    assert not parsed[0].measured


def test_an_answer_can_be_cut_short() -> None:
    found = message.cut_short(b"RTSP/1.0 200 OK\r\nContent-Length: 400\r\n\r\nv=0\r\n", "cam:554")
    assert found is not None
    assert found.body == b"v=0\r\n"
    assert message.cut_short(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n", "cam:554") is None
    assert message.cut_short(b"OPTIONS * RTSP/1.0\r\n\r\n", "cam:554") is None
