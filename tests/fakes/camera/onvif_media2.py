"""The ONVIF media service, version 2, of a virtual camera (ONVIF Media2 specification), masks included."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from lxml import etree

from tests.fakes.camera import encoders
from tests.fakes.camera.accounts import Access
from tests.fakes.camera.device import Mask
from tests.fakes.camera.encoders import EncoderSetting
from tests.fakes.camera.onvif_media import (
    SOURCE_CONFIGURATION,
    apply_told_encoder,
    audio_source_configuration,
    video_source_configuration,
)
from tests.fakes.camera.operations import Operation
from tests.fakes.camera.soap import Call, Fault, element, find, find_all, flag, leaf

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera

MAX_MASK_POINTS = 10
_mask_numbers = itertools.count(1)


def media2_capabilities(name: str, camera: VirtualCamera) -> str:
    """The service's capabilities; ``Mask`` only when the camera has masks (O-40)."""
    supported = "VideoSource VideoEncoder" + (" AudioSource AudioEncoder" if camera.audio else "")
    masks = flag(camera.config.masks > 0)
    return element(
        name,
        element("tr2:ProfileCapabilities", MaximumNumberOfProfiles="2", ConfigurationsSupported=supported),
        element("tr2:StreamingCapabilities", RTSPStreaming="true", RTPMulticast="false", RTP_RTSP_TCP="true"),
        SnapshotUri="false",
        Rotation="false",
        Mask=masks,
        SourceMask=masks,
    )


def _capabilities(camera: VirtualCamera, call: Call) -> str:
    return element("tr2:GetServiceCapabilitiesResponse", media2_capabilities("tr2:Capabilities", camera))


def _encoder(name: str, setting: EncoderSetting) -> str:
    return element(
        name,
        leaf("tt:Name", f"Encoder {setting.stream}"),
        leaf("tt:UseCount", 1),
        leaf("tt:Encoding", setting.encoding),
        element("tt:Resolution", leaf("tt:Width", setting.width), leaf("tt:Height", setting.height)),
        element(
            "tt:RateControl",
            leaf("tt:FrameRateLimit", setting.fps),
            leaf("tt:BitrateLimit", setting.bitrate_kbps),
            ConstantBitRate="false",
        ),
        leaf("tt:Quality", 5),
        token=setting.token,
        GovLength=str(setting.gop),
        Profile=setting.profile,
    )


def _audio_encoder(name: str) -> str:
    return element(
        name,
        leaf("tt:Name", "Audio encoder"),
        leaf("tt:UseCount", 1),
        leaf("tt:Encoding", "PCMU"),
        leaf("tt:Bitrate", 64),
        leaf("tt:SampleRate", 8),
        token="audio-encoder-1",
    )


def _profiles(camera: VirtualCamera, call: Call) -> str:
    wanted = set(call.texts("Type"))
    token = call.text("Token", "")
    if token:
        encoders.stream_of_profile(camera, token)
    every = "All" in wanted

    def configurations(setting: EncoderSetting) -> str:
        parts = ""
        if every or "VideoSource" in wanted:
            parts += video_source_configuration(camera, "tr2:VideoSource")
        if camera.audio and (every or "AudioSource" in wanted):
            parts += audio_source_configuration(camera, "tr2:AudioSource")
        if every or "VideoEncoder" in wanted:
            parts += _encoder("tr2:VideoEncoder", setting)
        if camera.audio and (every or "AudioEncoder" in wanted):
            parts += _audio_encoder("tr2:AudioEncoder")
        return element("tr2:Configurations", parts) if parts else ""

    found = []
    for setting in encoders.settings(camera):
        own = encoders.profile_token(setting.stream)
        if token in ("", own):
            name = leaf("tr2:Name", f"Profile {setting.stream}")
            found.append(element("tr2:Profiles", name, configurations(setting), token=own, fixed="true"))
    return element("tr2:GetProfilesResponse", *found)


def _stream_uri(camera: VirtualCamera, call: Call) -> str:
    stream = encoders.stream_of_profile(camera, call.text("ProfileToken"))
    if call.text("Protocol") not in ("RTSP", "RtspUnicast"):
        raise Fault("RTSP over TCP only", "ter:InvalidArgVal", "ter:InvalidStreamSetup")
    return element("tr2:GetStreamUriResponse", leaf("tr2:Uri", camera.rtsp_url(stream)))


def _snapshot_uri(camera: VirtualCamera, call: Call) -> str:
    raise Fault("no snapshots: a still is a picture too", "ter:ActionNotSupported", code="Receiver")


def _source_configurations(camera: VirtualCamera, call: Call) -> str:
    if call.text("ConfigurationToken", SOURCE_CONFIGURATION) != SOURCE_CONFIGURATION:
        raise Fault("no such configuration", "ter:InvalidArgVal", "ter:NoConfig")
    return element("tr2:GetVideoSourceConfigurationsResponse", video_source_configuration(camera, "tr2:Configurations"))


def _wanted_settings(camera: VirtualCamera, call: Call) -> list[EncoderSetting]:
    token = call.text("ConfigurationToken", call.text("ProfileToken", ""))
    return [encoders.setting(camera, token)] if token else encoders.settings(camera)


def _encoder_configurations(camera: VirtualCamera, call: Call) -> str:
    found = (_encoder("tr2:Configurations", setting) for setting in _wanted_settings(camera, call))
    return element("tr2:GetVideoEncoderConfigurationsResponse", *found)


def _encoder_options(camera: VirtualCamera, call: Call) -> str:
    possible = [o for s in _wanted_settings(camera, call) for o in encoders.options(camera, s.stream)]
    answers = []
    for encoding in dict.fromkeys(option.encoding for option in possible):
        of_encoding = [option for option in possible if option.encoding == encoding]
        sizes = dict.fromkeys((o.width, o.height) for o in of_encoding)
        gops = sorted({o.gop for o in of_encoding})
        answers.append(
            element(
                "tr2:Options",
                leaf("tt:Encoding", encoding),
                element("tt:QualityRange", leaf("tt:Min", 1), leaf("tt:Max", 10)),
                *(element("tt:ResolutionsAvailable", leaf("tt:Width", w), leaf("tt:Height", h)) for w, h in sizes),
                element(
                    "tt:BitrateRange",
                    leaf("tt:Min", 64),
                    leaf("tt:Max", max(o.bitrate_kbps for o in of_encoding)),
                ),
                GovLengthRange=f"{gops[0]} {gops[-1]}",
                FrameRatesSupported=" ".join(f"{fps:g}" for fps in sorted({o.fps for o in of_encoding}, reverse=True)),
                ProfilesSupported=" ".join(dict.fromkeys(o.profile for o in of_encoding)),
                ConstantBitRateSupported="false",
            )
        )
    return element("tr2:GetVideoEncoderConfigurationOptionsResponse", *answers)


def _set_encoder(camera: VirtualCamera, call: Call) -> str:
    apply_told_encoder(camera, call, call.text("Configuration/Encoding"))
    return element("tr2:SetVideoEncoderConfigurationResponse")


# ── masks: kept and told, not burnt in, for a virtual camera encodes nothing ──


def _need_masks(camera: VirtualCamera) -> None:
    if camera.config.masks == 0:
        raise Fault("this camera has no masks", "ter:ActionNotSupported", code="Receiver")


def _masks(camera: VirtualCamera, call: Call) -> str:
    _need_masks(camera)
    token = call.text("Token", "")
    return element("tr2:GetMasksResponse", *(m.xml for m in camera.device.masks.values() if token in ("", m.token)))


def _told_mask(call: Call, token: str) -> Mask:
    told = find(call.element, "Mask")
    points = find_all(call.element, "Mask/Polygon/Point")
    if told is None or not 3 <= len(points) <= MAX_MASK_POINTS:
        raise Fault("a polygon of 3 to 10 points", "ter:InvalidArgVal", "ter:InvalidPolygon")
    if call.text("Mask/ConfigurationToken") != SOURCE_CONFIGURATION:
        raise Fault("no such configuration", "ter:InvalidArgVal", "ter:NoConfig")
    corners = "".join(element("tt:Point", x=str(point.get("x")), y=str(point.get("y"))) for point in points)
    color = find(told, "Color")
    shade = element("tr2:Color", **{str(k): str(v) for k, v in color.attrib.items()}) if color is not None else ""
    xml = element(
        "tr2:Masks",
        leaf("tr2:ConfigurationToken", SOURCE_CONFIGURATION),
        element("tr2:Polygon", corners),
        leaf("tr2:Type", call.text("Mask/Type")),
        shade,
        leaf("tr2:Enabled", call.text("Mask/Enabled")),
        token=token,
    )
    return Mask(token, xml)


def _create_mask(camera: VirtualCamera, call: Call) -> str:
    _need_masks(camera)
    if len(camera.device.masks) >= camera.config.masks:
        raise Fault("no mask is left", "ter:Action", "ter:MaxMasks", code="Receiver")
    # A restarted camera remembers masks that this process never numbered.
    token = next(name for name in (f"mask-{number}" for number in _mask_numbers) if name not in camera.device.masks)
    mask = _told_mask(call, token)
    camera.device.masks[mask.token] = mask
    return element("tr2:CreateMaskResponse", leaf("tr2:Token", mask.token))


def _known_mask(camera: VirtualCamera, token: str) -> str:
    _need_masks(camera)
    if token not in camera.device.masks:
        raise Fault("no such mask", "ter:InvalidArgVal", "ter:NoConfig")
    return token


def _set_mask(camera: VirtualCamera, call: Call) -> str:
    told: etree._Element | None = find(call.element, "Mask")
    token = _known_mask(camera, str(told.get("token")) if told is not None else "")
    camera.device.masks[token] = _told_mask(call, token)
    return element("tr2:SetMaskResponse")


def _delete_mask(camera: VirtualCamera, call: Call) -> str:
    del camera.device.masks[_known_mask(camera, call.text("Token"))]
    return element("tr2:DeleteMaskResponse")


def _mask_options(camera: VirtualCamera, call: Call) -> str:
    _need_masks(camera)
    colorspace = "http://www.onvif.org/ver10/colorspace/YCbCr"
    color = element("tt:ColorList", X="16", Y="128", Z="128", Colorspace=colorspace)
    options = element(
        "tr2:Options",
        leaf("tr2:MaxMasks", camera.config.masks),
        leaf("tr2:MaxPoints", MAX_MASK_POINTS),
        leaf("tr2:Types", "Color"),
        element("tr2:Color", color),
        RectangleOnly="false",
        SingleColorOnly="true",
    )
    return element("tr2:GetMaskOptionsResponse", options)


OPERATIONS = {
    "GetServiceCapabilities": Operation(Access.PRE_AUTH, _capabilities),
    "GetProfiles": Operation(Access.READ_MEDIA, _profiles),
    "GetStreamUri": Operation(Access.READ_MEDIA, _stream_uri),
    "GetSnapshotUri": Operation(Access.READ_MEDIA, _snapshot_uri),
    "GetVideoSourceConfigurations": Operation(Access.READ_MEDIA, _source_configurations),
    "GetVideoEncoderConfigurations": Operation(Access.READ_MEDIA, _encoder_configurations),
    "GetVideoEncoderConfigurationOptions": Operation(Access.READ_MEDIA, _encoder_options),
    "SetVideoEncoderConfiguration": Operation(Access.ACTUATE, _set_encoder),
    "GetMasks": Operation(Access.READ_MEDIA, _masks),
    "CreateMask": Operation(Access.ACTUATE, _create_mask),
    "SetMask": Operation(Access.ACTUATE, _set_mask),
    "DeleteMask": Operation(Access.ACTUATE, _delete_mask),
    "GetMaskOptions": Operation(Access.READ_MEDIA, _mask_options),
}
