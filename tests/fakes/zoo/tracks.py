"""Descriptions that break the grammar of SDP, or tell another stream than the one that comes (RFC 8866)."""

from __future__ import annotations

import base64
import re

from tests.fakes.zoo.descriptions import OTHER, fmtp, no_sets, swap
from tests.fakes.zoo.packets import each
from tests.fakes.zoo.pictures import pictures, sets_of
from tests.fakes.zoo.scenario import WRECKED, Scenario, refused
from tests.fakes.zoo.server import Peer

SPS, PPS = (base64.b64encode(nal).decode() for nal in sets_of(pictures(), "h264"))


def sets_as(text: str) -> dict[str, object]:
    """Parameter sets in the description only, written as ``text``."""
    return {"make": no_sets, "description": fmtp(text.encode())}


def in_lines_of_two(peer: Peer, body: bytes) -> bytes:
    """The format parameters in two lines, the sets in the first of them."""
    two = f"sprop-parameter-sets={SPS},{PPS}\r\na=fmtp:96 packetization-mode=1;profile-level-id=42E01F"
    return fmtp(two.encode())(peer, body)


SCENARIOS = (
    Scenario(name="sdp-bom", what="a byte order mark before the description", description=lambda peer, body: (
        b"\xef\xbb\xbf" + body)),
    Scenario(name="sdp-indented", what="every line begins with blanks", description=lambda peer, body: b"".join(
        b"  " + line + b"\r\n" for line in body.split(b"\r\n") if line)),
    Scenario(name="sdp-only-media", what="three lines: media, encoding, address (go2rtc 679)", description=lambda peer,
             body: b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=0\r\n"),
    Scenario(name="sdp-capitals", what="attribute names in capitals", description=lambda peer, body: body.replace(
        b"a=rtpmap", b"a=RTPMAP").replace(b"a=fmtp", b"a=FMTP").replace(b"a=control", b"a=Control")),
    Scenario(name="sdp-blanks-at-equals", what="blanks around the equal signs", description=lambda peer, body: re.sub(
        rb"(?m)^(\w)=", rb"\1 = ", body)),
    Scenario(name="sdp-port-negative", what="a negative port and no address (Tuya)", description=swap(
        b"m=video 0 ", b"m=video -1353744643 ")),
    Scenario(name="sdp-fields-between", what="c=, b= and i= lines between attributes, a= before m=", description=swap(
        b"a=rtpmap:96", b"c=IN IP4 '&\x01\xff\r\nb=AS:0\r\ni=\xff\r\na=rtpmap:96")),
    Scenario(name="rtpmap-other-type", what="m= says 96, rtpmap, fmtp and packets say 97", description=lambda peer,
             body: body.replace(b"a=rtpmap:96", b"a=rtpmap:97").replace(b"a=fmtp:96", b"a=fmtp:97"),
             alter=each(lambda index, at, packet: packet.but(payload_type=97))),
    Scenario(name="type-35", what="payload type 35 (not dynamic)", description=lambda peer, body: body.replace(
        b"RTP/AVP 96", b"RTP/AVP 35").replace(b":96 ", b":35 "), alter=each(
        lambda index, at, packet: packet.but(payload_type=35))),
    Scenario(name="profile-udp", what="RTP/AVP/UDP in the media line", description=swap(
        b"m=video 0 RTP/AVP ", b"m=video 0 RTP/AVP/UDP ")),
    Scenario(name="two-resolutions", what="two H.264 tracks: the first is the one", description=lambda peer, body: (
        body + b"m=video 0 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\na=control:trackID=2\r\n")),
    Scenario(name="twenty-tracks", what="twenty tracks of metadata behind the picture", description=lambda peer, body: (
        body + b"m=application 0 RTP/AVP 107\r\na=control:trackID=4\r\n" * 20)),
    Scenario(name="sets-in-quotes", what="the described parameter sets in quotes", **sets_as(
        f'packetization-mode=1;sprop-parameter-sets="{SPS},{PPS}"')),
    Scenario(name="sets-with-blanks", what="blanks around and after the described parameter sets", **sets_as(
        f" packetization-mode = 1 ; sprop-parameter-sets = {SPS} , {PPS} ; ")),
    Scenario(name="sets-without-padding", what="the described parameter sets without = at their ends", **sets_as(
        f"packetization-mode=1;sprop-parameter-sets={SPS.rstrip('=')},{PPS.rstrip('=')}")),
    Scenario(name="sets-capitals", what="SPROP-PARAMETER-SETS in capitals, a colon behind fmtp's type", **sets_as(
        f"PACKETIZATION-MODE=1;SPROP-PARAMETER-SETS={SPS},{PPS}")),
    Scenario(name="sets-in-blanks-only", what="format parameters parted by blanks alone", **sets_as(
        f"packetization-mode=1 sprop-parameter-sets={SPS},{PPS}")),
    Scenario(name="fmtp-twice", what="two fmtp lines, the sets in the first", make=no_sets,
             description=in_lines_of_two),
    Scenario(name="sets-three", what="parameter sets of two sizes described, the last is right", description=fmtp(
        f"packetization-mode=1;sprop-parameter-sets={OTHER},{SPS},{PPS}".encode())),
    Scenario(name="encrypted", what="SRTP with its key in the description", expect=refused("stream-refused", "SRTP"),
             description=lambda peer, body: body.replace(b"m=video 0 RTP/AVP ", b"m=video 0 RTP/SAVP ")
             + b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm\r\n"),
    Scenario(name="codec-not-as-described", what="H.264 is described, H.265 comes", codec="h265",
             expect=WRECKED, description=lambda peer, body: re.sub(
                 rb"a=fmtp:96 [^\r]*", b"a=fmtp:96 packetization-mode=1", body.replace(b"H265", b"H264"))),
)  # fmt: skip
