"""The session description (RFC 8866) that a virtual camera answers to DESCRIBE."""

from __future__ import annotations

import base64

from tests.fakes.camera.clips import Clip
from tests.fakes.camera.packetise import AUDIO_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPE

VIDEO_TRACK = "video"
AUDIO_TRACK = "audio"


def describe(clip: Clip, address: str, *, audio: bool, parameter_sets: bool, session: int) -> str:
    """SDP of one stream; ``audio`` offers a PCMU track, ``parameter_sets`` puts them out of band too."""
    lines = [
        "v=0",
        f"o=- {session} 1 IN IP4 {address}",
        "s=virtual camera",
        f"c=IN IP4 {address}",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {VIDEO_PAYLOAD_TYPE}",
        f"b=AS:{clip.bitrate_kbps}",
        f"a=control:{VIDEO_TRACK}",
        f"a=framerate:{clip.fps:g}",
        f"a=rtpmap:{VIDEO_PAYLOAD_TYPE} {'H264' if clip.codec == 'h264' else 'H265'}/90000",
        f"a=fmtp:{VIDEO_PAYLOAD_TYPE} {_format(clip, parameter_sets)}",
        "a=recvonly",
    ]
    if audio:
        lines += [
            f"m=audio 0 RTP/AVP {AUDIO_PAYLOAD_TYPE}",
            "b=AS:64",
            f"a=control:{AUDIO_TRACK}",
            f"a=rtpmap:{AUDIO_PAYLOAD_TYPE} PCMU/8000",
            "a=recvonly",
        ]
    return "\r\n".join(lines) + "\r\n"


def _format(clip: Clip, parameter_sets: bool) -> str:
    encoded = [base64.b64encode(nal).decode() for nal in clip.parameter_sets]
    if clip.codec == "h264":
        fields = ["packetization-mode=1", f"profile-level-id={clip.parameter_sets[0][1:4].hex().upper()}"]
        if parameter_sets:
            fields.append("sprop-parameter-sets=" + ",".join(encoded))
        return "; ".join(fields)
    names = ("sprop-vps", "sprop-sps", "sprop-pps")
    if not parameter_sets:
        return "tx-mode=SRST"
    return "; ".join(f"{name}={value}" for name, value in zip(names, encoded, strict=False))
