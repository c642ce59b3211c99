"""Session descriptions as cameras write them (RFC 8866, RFC 6184 §8, RFC 7798 §7)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from tests.fakes.zoo.pictures import Picture, is_set, pictures, sets_of
from tests.fakes.zoo.scenario import Scenario, refused
from tests.fakes.zoo.server import Peer

Describe = Callable[[Peer, bytes], bytes]


def swap(old: bytes, new: bytes) -> Describe:
    """The usual description with something else in it."""
    return lambda peer, body: body.replace(old, new)


def fmtp(text: bytes) -> Describe:
    """Other format parameters."""
    return lambda peer, body: re.sub(rb"a=fmtp:96 [^\r]*", lambda match: b"a=fmtp:96 " + text if text else b"", body)


def in_band_only() -> tuple[Picture, ...]:
    return pictures()


def sets_first_only() -> tuple[Picture, ...]:
    """Parameter sets before the first key picture only."""
    shown = pictures()
    return shown[:1] + tuple(bare(picture) for picture in shown[1:])


def no_sets() -> tuple[Picture, ...]:
    """Parameter sets never in band."""
    return tuple(bare(picture) for picture in pictures())


def bare(picture: Picture) -> Picture:
    return Picture(tuple(nal for nal in picture.nals if not is_set(nal, "h264")), picture.stamp, picture.key)


def sprop(peer: Peer, body: bytes) -> bytes:
    """The true parameter sets, of a server whose pictures carry none."""
    coded = ",".join(base64.b64encode(nal).decode() for nal in sets_of(pictures(), "h264"))
    return fmtp(f"packetization-mode=1;sprop-parameter-sets={coded}".encode())(peer, body)


OTHER = ",".join(base64.b64encode(nal).decode() for nal in sets_of(pictures("h264", 160, 120, count=2), "h264"))

SCENARIOS = (
    Scenario(name="sets-in-band-only", what="no fmtp at all", description=fmtp(b"")),
    Scenario(name="sets-described-only", what="parameter sets in the description only", make=no_sets,
             description=sprop),
    Scenario(name="sets-once", what="parameter sets before the first key picture only", make=sets_first_only,
             description=fmtp(b"packetization-mode=1")),
    Scenario(name="sets-described-wrong", what="the description's parameter sets are of another size",
             description=fmtp(f"packetization-mode=1;sprop-parameter-sets={OTHER}".encode())),
    Scenario(name="sets-described-nonsense", what="the description's parameter sets are no NAL units",
             description=fmtp(b"packetization-mode=1;sprop-parameter-sets=6QEBAQ==,!!!!,AAAA")),
    Scenario(name="sets-described-half", what="SPS without PPS, and a comma (Hikvision)",
             description=lambda peer, body: re.sub(rb",[A-Za-z0-9+/=]+\r\n", b",\r\n", body, count=1)),
    Scenario(name="sets-described-start-code", what="start codes inside the description's parameter sets",
             description=fmtp(b"packetization-mode=1;sprop-parameter-sets=" + base64.b64encode(
                 b"\0\0\0\1" + sets_of(pictures(), "h264")[0]) + b"," + base64.b64encode(
                 b"\0\0\0\1" + sets_of(pictures(), "h264")[1]))),
    Scenario(name="h265-vps-undescribed", what="H.265 described without VPS", codec="h265",
             description=lambda peer, body: re.sub(rb"sprop-vps=[^;]*; ", b"", body)),
    Scenario(name="level-nonsense", what="profile-level-id is nonsense",
             description=fmtp(b"profile-level-id=TQAf;packetization-mode=1;;; =;x")),
    Scenario(name="mode-0", what="packetization-mode=0, units larger than an MTU alone",
             description=fmtp(b"packetization-mode=0"), payloads=lambda picture, codec: list(picture.nals)),
    Scenario(name="several-video-tracks", what="JPEG, then H.264, then H.264 again", description=swap(
        b"m=video 0", b"m=video 0 RTP/AVP 26\r\na=control:trackID=0\r\nm=video 0")),
    Scenario(name="two-payload-types", what="m=video with two types, the first unknown", description=swap(
        b"m=video 0 RTP/AVP 96", b"m=video 0 RTP/AVP 98 96\r\na=rtpmap:98 smart/0/25000")),
    Scenario(name="no-rtpmap", what="no rtpmap; the format parameters tell", description=lambda peer, body: re.sub(
        rb"a=rtpmap:96[^\r]*\r\n", b"", body)),
    Scenario(name="rtpmap-odd-case", what="h264 in lower case, blanks, channels", description=swap(
        b"a=rtpmap:96 H264/90000", b"a=rtpmap: 96  h264/90000/1")),
    Scenario(name="sdp-lf", what="line ends are LF, no last one", description=lambda peer, body: body.replace(
        b"\r\n", b"\n").rstrip()),
    Scenario(name="sdp-cr", what="line ends are CR", description=lambda peer, body: body.replace(b"\r\n", b"\r")),
    Scenario(name="sdp-blank-lines", what="blank lines and blanks everywhere", description=lambda peer, body: (
        body.replace(b"\r\n", b" \r\n\r\n"))),
    Scenario(name="sdp-invalid-lines", what="c=IN, o=- 1 1 IN, s= empty (Uniview)", description=lambda peer, body: (
        body.replace(b"c=IN IP4 0.0.0.0", b"c=IN").replace(b"o=- 1 1 IN IP4 127.0.0.1", b"o=-").replace(
            b"s=zoo", b"s="))),
    Scenario(name="sdp-nul", what="a NUL at the end of the body", description=lambda peer, body: body + b"\0\0"),
    Scenario(name="sdp-latin-1", what="a name that is no UTF-8", description=swap(b"s=zoo", b"s=Entr\xe9e")),
    Scenario(name="sdp-large", what="700 lines of manufacturer's attributes", description=lambda peer, body: (
        body + b"a=Media_header:MEDIAINFO=494D4B48;\r\n" * 700)),
    Scenario(name="sdp-onvif-metadata", what="metadata and back channel tracks", description=lambda peer, body: (
        body + b"m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:trackID=4\r\n"
        b"m=audio 0 RTP/AVP 116 115\r\na=rtpmap:116 MPEG4-GENERIC/64000\r\na=sendonly\r\n")),
    Scenario(name="savpf-profile", what="RTP/AVPF in the media line", description=swap(
        b"m=video 0 RTP/AVP ", b"m=video 0 RTP/AVPF ")),
    Scenario(name="media-port-odd", what="a port and a count in the media line", description=swap(
        b"m=video 0 ", b"m=video 5000/2 ")),
    Scenario(name="jpeg-only", what="only JPEG is offered", expect=refused("stream-refused", "H.264"),
             description=swap(b"RTP/AVP 96\r\na=rtpmap:96 H264/90000", b"RTP/AVP 26\r\na=rtpmap:26 JPEG/90000")),
    Scenario(name="sound-only", what="only sound is offered", expect=refused("stream-refused", "audio"),
             description=lambda peer, body: body.partition(b"m=video")[0]),
    Scenario(name="interleaved-mode", what="packetization-mode=2", expect=refused("stream-refused", "mode 2"),
             description=fmtp(b"packetization-mode=2;sprop-interleaving-depth=4")),
    Scenario(name="wrong-clock", what="a video clock of 25000 Hz", expect=refused("stream-refused", "25000"),
             description=swap(b"H264/90000", b"H264/25000")),
    Scenario(name="empty-description", what="an empty body", expect=refused("stream-damaged", "SDP"),
             description=lambda peer, body: b""),
    Scenario(name="not-sdp", what="a page instead of a description", expect=refused("stream-damaged", "SDP"),
             description=lambda peer, body: b"<html><body>Not found</body></html>"),
    Scenario(name="sdp-endless", what="2,000 lines", expect=refused("stream-damaged", "lignes"),
             description=lambda peer, body: body + b"a=x\r\n" * 2000),
)  # fmt: skip
