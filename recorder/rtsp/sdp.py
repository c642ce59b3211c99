"""Session descriptions (RFC 8866) read for one purpose: the video track that can be recorded.

Sound and metadata tracks are seen and left alone: nothing of them is ever set up (P-06).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from recorder.access_unit import Codec
from recorder.rtsp.errors import NoVideo, StreamDamaged

LINE_LIMIT_COUNT: Final = 2000
MEDIA_LIMIT_COUNT: Final = 64
PARAMETER_SETS_LIMIT_BYTES: Final = 8 * 1024
VIDEO_CLOCK_HZ: Final = 90_000

# Between format parameters: a semicolon, or blanks before a name that they are known by.
_BETWEEN: Final = re.compile(r";|\s+(?=(?:sprop|packetization|profile|level|max|tier|interop|tx)[\w-]*\s*=)", re.I)
_CODECS: Final[dict[str, Codec]] = {"H264": "h264", "H265": "h265", "HEVC": "h265"}


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The track to set up. ``parameter_sets`` are the NAL units announced out of band, possibly none."""

    codec: Codec
    payload_type: int
    control: str
    parameter_sets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """What a camera describes: its aggregate control attribute, the video track, the kinds of all tracks offered.

    ``other_types`` are the payload types of the other tracks.
    """

    control: str
    video: VideoTrack
    kinds: tuple[str, ...]
    other_types: frozenset[int] = frozenset()


@dataclass(slots=True)
class _Media:
    kind: str
    transport: str
    formats: list[str]
    control: str = ""
    encrypted: bool = False
    encodings: dict[str, tuple[str, str]] = field(default_factory=dict)
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)


def parse(body: bytes, where: str) -> Description:
    """The description in ``body``; NoVideo when no track can be recorded, StreamDamaged when it is not SDP."""
    text = body.decode("utf-8", "replace").replace("\r", "\n").replace("\0", "")
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > LINE_LIMIT_COUNT:
        raise StreamDamaged(f"Description SDP de plus de {LINE_LIMIT_COUNT} lignes.", where=where)
    control = ""
    media: list[_Media] = []
    for line in lines:
        kind, equals, value = (part.strip() for part in line.partition("="))
        if equals and kind == "m":
            if len(media) == MEDIA_LIMIT_COUNT:
                raise StreamDamaged(f"Description SDP de plus de {MEDIA_LIMIT_COUNT} pistes.", where=where)
            media.append(_media(value))
        elif equals and kind == "a":
            if media:
                _media_attribute(media[-1], value)
            elif value[:8].lower() == "control:":
                control = value[8:].strip()
    if not media and not any(line.lstrip("\ufeff ").startswith("v=") for line in lines):
        raise StreamDamaged("La description du flux n’est pas du SDP.", where=where)
    kinds = tuple(item.kind for item in media)
    refusals: list[NoVideo] = []
    for item in media:
        track = _video(item, where, refusals) if item.kind == "video" else None
        if track is not None:
            others = {kind for other in media if other is not item for kind in map(_type_number, _types(other))}
            return Description(control, track, kinds, frozenset(others - {track.payload_type}))
    if refusals:
        raise refusals[0]
    named = ", ".join(_describe(item) for item in media)
    offered = "".join(filter(str.isprintable, named))[:120] or "aucune"
    raise NoVideo(
        f"La caméra n’offre aucune image H.264 ou H.265 (pistes : {offered}).",
        where=where,
        todo="Choisissez H.264 ou H.265 dans les réglages de la caméra.",
    )


def _media(value: str) -> _Media:
    words = value.split()
    return _Media(words[0].lower() if words else "", words[2].upper() if len(words) > 2 else "", words[3:])


def _media_attribute(media: _Media, value: str) -> None:
    name, _, rest = value.partition(":")
    name, rest = name.strip().lower(), rest.strip()
    if name == "control":
        media.control = rest
    elif name == "rtpmap":
        payload, encoding = (*rest.split(None, 1), "")[:2] if rest else ("", "")
        encoding_name, _, clock = encoding.strip().partition("/")
        media.encodings[payload] = (encoding_name.upper(), clock.partition("/")[0])
    elif name == "fmtp":
        payload, text = (*rest.split(None, 1), "")[:2] if rest else ("", "")
        pairs = (item.strip().partition("=") for item in _BETWEEN.split(text))
        told = {key.strip().lower(): given.strip().strip('"') for key, _, given in pairs if key.strip()}
        media.parameters.setdefault(payload, {}).update(told)
    elif name in ("crypto", "key-mgmt"):
        media.encrypted = True


def _types(media: _Media) -> tuple[str, ...]:
    """Payload types; those that only their own lines name come last: some cameras number the media line otherwise."""
    return tuple(dict.fromkeys((*media.formats, *media.encodings)))


def _type_number(payload: str) -> int:
    """The number of a payload type, -1 when it is none."""
    return int(payload) if payload.isascii() and payload.isdigit() and len(payload) <= 3 and int(payload) < 128 else -1


def _video(media: _Media, where: str, refusals: list[NoVideo]) -> VideoTrack | None:
    """The track in the first of its types that can be recorded; why others cannot is added to ``refusals``."""
    if not media.transport.startswith(("RTP/AVP", "RTP/SAVP")):
        return None
    for payload in _types(media):
        parameters = media.parameters.get(payload, {})
        name, clock = media.encodings.get(payload) or (_told_by(parameters), "")
        codec = _CODECS.get(name)
        if codec is None or _type_number(payload) < 0:
            continue
        refusal = _refusal(media, codec, clock, parameters, where)
        if refusal is None:
            return VideoTrack(codec, int(payload), media.control, _parameter_sets(codec, parameters))
        refusals.append(refusal)
    return None


def _refusal(media: _Media, codec: Codec, clock: str, parameters: dict[str, str], where: str) -> NoVideo | None:
    """Why this kind of pictures cannot be recorded. Out-of-order modes (RFC 6184 mode 2, RFC 7798 with a decoding
    order number) are not offered by cameras.
    """
    if clock not in ("", str(VIDEO_CLOCK_HZ)):
        return NoVideo(f"Horloge vidéo de {clock[:12]!a} Hz au lieu de 90000.", where=where)
    if media.encrypted and "SAVP" in media.transport:
        return NoVideo(
            "La caméra chiffre ses images (SRTP).", where=where, todo="Choisissez RTSP par TLS ou sans chiffrement."
        )
    if codec == "h264" and parameters.get("packetization-mode") == "2":
        return NoVideo("La caméra impose l’entrelacement H.264 (mode 2).", where=where)
    if codec == "h265" and parameters.get("sprop-max-don-diff", "0") not in ("", "0"):
        return NoVideo("La caméra impose l’entrelacement H.265.", where=where)
    return None


def _told_by(parameters: dict[str, str]) -> str:
    """The encoding that format parameters belong to, where a camera leaves rtpmap out."""
    if parameters.keys() & {"sprop-vps", "sprop-sps", "sprop-pps"}:
        return "H265"
    return "H264" if parameters.keys() & {"sprop-parameter-sets", "packetization-mode", "profile-level-id"} else ""


def _parameter_sets(codec: Codec, parameters: dict[str, str]) -> tuple[bytes, ...]:
    """NAL units of the ``sprop`` parameters; unreadable ones are left out, since most cameras repeat them in band."""
    names = ("sprop-parameter-sets",) if codec == "h264" else ("sprop-vps", "sprop-sps", "sprop-pps")
    found: list[bytes] = []
    for name in names:
        for given in parameters.get(name, "").split(","):
            text = "".join(given.split())
            try:
                nal = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            except (binascii.Error, ValueError):
                continue
            # Some cameras put a start code inside; it is not part of the unit.
            nal = nal.removeprefix(b"\0\0\0\1").removeprefix(b"\0\0\1")
            if 2 <= len(nal) <= PARAMETER_SETS_LIMIT_BYTES:
                found.append(nal)
    return tuple(found)


def _describe(media: _Media) -> str:
    names = "/".join(name for name, _ in media.encodings.values()) or "/".join(media.formats[:3])
    return f"{media.kind} {names}".strip()
