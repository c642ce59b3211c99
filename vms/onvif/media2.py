"""The ONVIF Media2 service of one camera: profiles, encoder settings, stream addresses. No picture passes here."""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from vms.law.masks import Mask
from vms.onvif.discovery import printable
from vms.onvif.masks import read_masks
from vms.onvif.safe_xml import text_of
from vms.onvif.soap import MEDIA2, SCHEMA, AnswerRefused, SoapFault, element, tag
from vms.onvif.soap_client import SoapClient

MAX_PROFILES: Final = 32
MAX_OPTIONS: Final = 16
MAX_RESOLUTIONS: Final = 64
CODECS: Final = {"H264": "h264", "H265": "h265"}  # IANA media subtypes, as Media2 writes them


@dataclass(frozen=True, slots=True)
class Encoder:
    """A video encoder configuration; ``raw`` keeps what we do not know, so that setting it back loses nothing."""

    token: str
    codec: str  # "h264", "h265", or the camera's own word for what we cannot record
    width: int
    height: int
    fps: float
    bitrate_kbps: int
    gov_length: int
    raw: ET.Element


@dataclass(frozen=True, slots=True)
class Profile:
    """A media profile; ``audio`` names the audio configurations in it (P-06: none may stay)."""

    token: str
    name: str
    source: str  # token of the video source configuration: what the lens sees
    encoder: Encoder | None
    audio: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """What one encoder configuration can be set to, for one codec."""

    codec: str
    sizes: tuple[tuple[int, int], ...]
    frame_rates: tuple[float, ...]
    bitrate_kbps: tuple[int, int]


class Media2:
    """Calls to the Media2 service at ``url``; every error is one of ``SoapClient.call``."""

    def __init__(self, soap: SoapClient, url: str) -> None:
        self._soap = soap
        self.url: Final = url
        self.host: Final = urlsplit(url).hostname or ""

    async def _call(self, name: str, *children: ET.Element, anonymous: bool = False) -> ET.Element:
        answer = await self._soap.call(self.url, element(tag(MEDIA2, name), *children), anonymous=anonymous)
        if answer.tag != tag(MEDIA2, name + "Response"):
            raise AnswerRefused(f"La caméra a répondu à {name} par autre chose.", where=self.host)
        return answer

    async def profiles(self) -> list[Profile]:
        """Every profile with all its configurations (READ_MEDIA)."""
        answer = await self._call("GetProfiles", element(tag(MEDIA2, "Type"), text="All"))
        return [self._profile(p) for p in answer.findall(tag(MEDIA2, "Profiles"))[:MAX_PROFILES]]

    def _profile(self, profile: ET.Element) -> Profile:
        parts = profile.find(tag(MEDIA2, "Configurations"))
        parts = parts if parts is not None else ET.Element("none")
        source = parts.find(tag(MEDIA2, "VideoSource"))
        encoder = parts.find(tag(MEDIA2, "VideoEncoder"))
        return Profile(
            token=profile.get("token", ""),
            name=printable(text_of(profile.find(tag(MEDIA2, "Name")))),
            source=source.get("token", "") if source is not None else "",
            encoder=self._encoder(encoder) if encoder is not None else None,
            audio=tuple(n for n in ("AudioEncoder", "AudioSource") if parts.find(tag(MEDIA2, n)) is not None),
        )

    def _encoder(self, raw: ET.Element) -> Encoder:
        rate = tag(SCHEMA, "RateControl")
        return Encoder(
            token=raw.get("token", ""),
            codec=_codec(text_of(raw.find(tag(SCHEMA, "Encoding")))),
            width=self._number(raw.find(f"{tag(SCHEMA, 'Resolution')}/{tag(SCHEMA, 'Width')}")),
            height=self._number(raw.find(f"{tag(SCHEMA, 'Resolution')}/{tag(SCHEMA, 'Height')}")),
            fps=self._real(text_of(raw.find(f"{rate}/{tag(SCHEMA, 'FrameRateLimit')}"), 16) or "0"),
            bitrate_kbps=self._number(raw.find(f"{rate}/{tag(SCHEMA, 'BitrateLimit')}")),
            gov_length=int(self._real(raw.get("GovLength", "0"))),
            raw=raw,
        )

    async def options(self, encoder_token: str, profile_token: str) -> list[EncoderOptions]:
        """What an encoder configuration can be set to, one entry a codec we can record (READ_MEDIA)."""
        answer = await self._call(
            "GetVideoEncoderConfigurationOptions",
            element(tag(MEDIA2, "ConfigurationToken"), text=encoder_token),
            element(tag(MEDIA2, "ProfileToken"), text=profile_token),
        )
        found = []
        for option in answer.findall(tag(MEDIA2, "Options"))[:MAX_OPTIONS]:
            sizes = [
                (self._number(r.find(tag(SCHEMA, "Width"))), self._number(r.find(tag(SCHEMA, "Height"))))
                for r in option.findall(tag(SCHEMA, "ResolutionsAvailable"))[:MAX_RESOLUTIONS]
            ]
            bitrate = option.find(tag(SCHEMA, "BitrateRange"))
            low = self._number(bitrate.find(tag(SCHEMA, "Min"))) if bitrate is not None else 0
            high = self._number(bitrate.find(tag(SCHEMA, "Max"))) if bitrate is not None else 0
            rates = tuple(self._real(word) for word in option.get("FrameRatesSupported", "").split()[:MAX_RESOLUTIONS])
            codec = _codec(text_of(option.find(tag(SCHEMA, "Encoding"))))
            if codec in CODECS.values():
                found.append(EncoderOptions(codec, tuple(sizes), rates, (low, high)))
        return found

    async def set_encoder(self, encoder: Encoder, *, codec: str, width: int, height: int, fps: float) -> None:
        """Set codec, size and rate, everything else as it was (class ACTUATE, O-25)."""
        wanted = copy.deepcopy(encoder.raw)
        wanted.tag = tag(MEDIA2, "Configuration")
        names = {ours: theirs for theirs, ours in CODECS.items()}
        _set(wanted, ("Encoding",), names[codec])
        _set(wanted, ("Resolution", "Width"), str(width))
        _set(wanted, ("Resolution", "Height"), str(height))
        if wanted.find(tag(SCHEMA, "RateControl")) is not None:
            _set(wanted, ("RateControl", "FrameRateLimit"), f"{fps:g}")
        await self._call("SetVideoEncoderConfiguration", wanted)

    async def stream_url(self, profile_token: str, *, encrypted: bool) -> str:
        """The RTSP (or, ``encrypted``, RTSPS) address of a profile, at the host we reached (O-23, O-30)."""
        answer = await self._call(
            "GetStreamUri",
            element(tag(MEDIA2, "Protocol"), text="RtspsUnicast" if encrypted else "RTSP"),
            element(tag(MEDIA2, "ProfileToken"), text=profile_token),
        )
        claimed = text_of(answer.find(tag(MEDIA2, "Uri")), 1024)
        url = reachable_stream(claimed, self.host)
        if url is None or url.startswith("rtsps:") != encrypted:
            raise AnswerRefused("La caméra ne donne pas d’adresse de flux utilisable.", where=self.host, rule="O-30")
        return url

    async def remove_audio(self, profile: Profile) -> None:
        """Take every audio configuration out of a profile (P-06)."""
        await self._call(
            "RemoveConfiguration",
            element(tag(MEDIA2, "ProfileToken"), text=profile.token),
            *(element(tag(MEDIA2, "Configuration"), element(tag(MEDIA2, "Type"), text=kind)) for kind in profile.audio),
        )

    async def masks(self) -> tuple[tuple[Mask, ...], bool]:
        """The camera's own masks (READ_MEDIA, O-40), and whether these are all; none when it has no such function.

        One that cannot be read as a mask counts as not there. Errors as for any call: then nothing is known.
        """
        try:
            answer = await self._call("GetMasks")
        except SoapFault as fault:
            if fault.unsupported:
                return (), True
            raise
        return read_masks(answer)

    async def delete_mask(self, token: str) -> None:
        """Remove a privacy mask; class ACTUATE, so that the recorder's account must be refused it (O-25)."""
        await self._call("DeleteMask", element(tag(MEDIA2, "Token"), text=token))

    def _number(self, found: ET.Element | None) -> int:
        return int(self._real(text_of(found, 16) or "0"))

    def _real(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < 1e9:
            raise AnswerRefused(f"La caméra donne un nombre impossible : « {printable(text, 20)} ».", where=self.host)
        return value


def reachable_stream(claimed: str, host: str) -> str | None:
    """A stream's address at the host we reached, without account or fragment (O-23); None when it is no RTSP URL."""
    try:
        parts = urlsplit(claimed)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("rtsp", "rtsps") or not parts.hostname or port == 0 or not claimed.isascii():
        return None
    netloc = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{netloc}:{port}" if port else netloc, parts.path, parts.query, ""))


def _codec(encoding: str) -> str:
    return CODECS.get(encoding.upper().replace(".", ""), printable(encoding, 16))


def _set(root: ET.Element, path: tuple[str, ...], text: str) -> None:
    for name in path:
        child = root.find(tag(SCHEMA, name))
        root = child if child is not None else ET.SubElement(root, tag(SCHEMA, name))
    root.text = text
