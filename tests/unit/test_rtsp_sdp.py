"""Descriptions as cameras write them: which track is taken, and what is refused."""

from __future__ import annotations

import pytest

from recorder.rtsp import sdp
from recorder.rtsp.errors import NoVideo, StreamDamaged

SPS = b"\x67\x42\xc0\x0d\xda\x05\x07\xe8\x40\x00\x00\x03\x00\x40\x00\x00\x0c\xa3\xc5\x0a\xa8"
PPS = b"\x68\xce\x0f\xc8"
SPROP = "Z0LADdoFB+hAAAADAEAAAAyjxQqo,aM4PyA=="


def parse(*lines: str, newline: str = "\r\n") -> sdp.Description:
    return sdp.parse(newline.join(("v=0", *lines)).encode(), "cam:554")


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_a_usual_description(newline: str) -> None:
    found = parse(
        "a=control:*", "m=audio 0 RTP/AVP 8", "a=control:trackID=2", "m=video 0 RTP/AVP 96",
        "a=rtpmap:96 H264/90000", f"a=fmtp:96 packetization-mode=1;profile=42C; SPROP-parameter-sets={SPROP}",
        "a=control:trackID=1", "m=application 0 RTP/AVP 107", newline=newline,
    )  # fmt: skip
    assert found.control == "*"
    assert found.kinds == ("audio", "video", "application")
    assert found.video == sdp.VideoTrack("h264", 96, "trackID=1", (SPS, PPS))


@pytest.mark.parametrize("name", ["H265", "HEVC", "h265"])
def test_h265_with_its_three_sets(name: str) -> None:
    found = parse(
        "m=video 0 RTP/AVP 98", f"a=rtpmap:98 {name}/90000",
        "a=fmtp:98 sprop-vps=QAEMAf//;sprop-sps=QgEBAWAA;sprop-pps=RAHA",
    )  # fmt: skip
    assert found.video.codec == "h265"
    assert [nal[0] >> 1 for nal in found.video.parameter_sets] == [32, 33, 34]
    assert found.video.control == ""


def test_unreadable_parameter_sets_are_left_out_and_start_codes_stripped() -> None:
    found = parse(
        "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 sprop-parameter-sets=%%%,AAAAAWfAAQ==,aM4PyA"
    )
    assert found.video.parameter_sets == (b"\x67\xc0\x01", PPS)


def test_the_first_track_that_can_be_recorded_is_taken() -> None:
    found = parse(
        "m=video 0 RTP/AVP 26", "a=control:jpeg", "m=video 0 RTP/AVP 97 96", "a=rtpmap:97 VP8/90000",
        "a=rtpmap:96 H264/90000", "a=control:good", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=control:later",
    )  # fmt: skip
    assert (found.video.control, found.video.payload_type) == ("good", 96)


@pytest.mark.parametrize(
    "lines",
    [
        ("m=audio 0 RTP/AVP 0",),
        ("m=video 0 RTP/AVP 26",),
        ("m=video 0 UDP 96", "a=rtpmap:96 H264/90000"),
        ("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/48000"),
        ("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=2"),
        ("m=video 0 RTP/AVP 96", "a=rtpmap:96 H265/90000", "a=fmtp:96 sprop-max-don-diff=1"),
        ("m=video 0 RTP/AVP 200", "a=rtpmap:200 H264/90000"),
        ("m=video",),
        (),
    ],
)
def test_no_track_for_us_is_a_refusal(lines: tuple[str, ...]) -> None:
    with pytest.raises(NoVideo) as caught:
        parse(*lines)
    assert caught.value.cause == "stream-refused"


@pytest.mark.parametrize(
    "body", [b"", b"<html>not here</html>", b"\0" * 500, b"m=video\n" * 40, b"\n" * 5000, b"v=0\n" + b"a=x\n" * 2000]
)
def test_what_is_no_description(body: bytes) -> None:
    with pytest.raises((StreamDamaged, NoVideo)):
        sdp.parse(body, "cam:554")


@pytest.mark.parametrize("payload", ["9" * 5000, "0000999", "١٢"])
def test_a_payload_type_that_is_none_is_not_read_as_one(payload: str) -> None:
    found = parse(
        f"m=audio 0 RTP/AVP {payload}", f"a=rtpmap:{payload} OPUS/48000", f"m=video 0 RTP/AVP 96 {payload}",
        "a=rtpmap:96 H264/90000", "a=control:v",
    )  # fmt: skip
    assert found.video == sdp.VideoTrack("h264", 96, "v", ())
    assert found.other_types == frozenset({-1})
