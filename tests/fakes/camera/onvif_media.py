"""The ONVIF media service, version 1, of a virtual camera (ONVIF Media specification)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.camera import encoders
from tests.fakes.camera.accounts import Access
from tests.fakes.camera.encoders import EncoderSetting
from tests.fakes.camera.operations import Operation
from tests.fakes.camera.soap import Call, Fault, element, find, leaf

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera

VIDEO_SOURCE = "source-1"
SOURCE_CONFIGURATION = "source-configuration-1"
AUDIO_SOURCE = "microphone-1"
MULTICAST = (
    "<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address>"
    "<tt:Port>0</tt:Port><tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>"
)


def media_capabilities(name: str) -> str:
    """The service's capabilities."""
    return element(
        name,
        element("trt:ProfileCapabilities", MaximumNumberOfProfiles="2"),
        element("trt:StreamingCapabilities", RTPMulticast="false", RTP_TCP="false", RTP_RTSP_TCP="true"),
        SnapshotUri="false",
        Rotation="false",
    )


def video_source_configuration(camera: VirtualCamera, name: str) -> str:
    """The only video source configuration: the whole picture of the only source."""
    main = encoders.settings(camera)[0]
    bounds = element("tt:Bounds", x="0", y="0", width=str(main.width), height=str(main.height))
    return element(
        name,
        leaf("tt:Name", "Video source"),
        leaf("tt:UseCount", len(camera.streams)),
        leaf("tt:SourceToken", VIDEO_SOURCE),
        bounds,
        token=SOURCE_CONFIGURATION,
    )


def audio_source_configuration(camera: VirtualCamera, name: str) -> str:
    """The microphone's configuration."""
    return element(
        name,
        leaf("tt:Name", "Microphone"),
        leaf("tt:UseCount", len(camera.streams)),
        leaf("tt:SourceToken", AUDIO_SOURCE),
        token="audio-source-configuration-1",
    )


def _encoder(name: str, setting: EncoderSetting) -> str:
    return element(
        name,
        leaf("tt:Name", f"Encoder {setting.stream}"),
        leaf("tt:UseCount", 1),
        leaf("tt:Encoding", "H264"),
        element("tt:Resolution", leaf("tt:Width", setting.width), leaf("tt:Height", setting.height)),
        leaf("tt:Quality", 5),
        element(
            "tt:RateControl",
            leaf("tt:FrameRateLimit", round(setting.fps)),
            leaf("tt:EncodingInterval", 1),
            leaf("tt:BitrateLimit", setting.bitrate_kbps),
        ),
        element("tt:H264", leaf("tt:GovLength", setting.gop), leaf("tt:H264Profile", setting.profile)),
        MULTICAST,
        leaf("tt:SessionTimeout", "PT60S"),
        token=setting.token,
    )


def _audio_encoder(name: str) -> str:
    return element(
        name,
        leaf("tt:Name", "Audio encoder"),
        leaf("tt:UseCount", 1),
        leaf("tt:Encoding", "G711"),
        leaf("tt:Bitrate", 64),
        leaf("tt:SampleRate", 8),
        MULTICAST,
        leaf("tt:SessionTimeout", "PT60S"),
        token="audio-encoder-1",
    )


def _profile(name: str, camera: VirtualCamera, setting: EncoderSetting) -> str:
    h264 = setting.encoding == "H264"  # media version 1 knows no H.265: the encoder is left out, as cameras do
    return element(
        name,
        leaf("tt:Name", f"Profile {setting.stream}"),
        video_source_configuration(camera, "tt:VideoSourceConfiguration"),
        audio_source_configuration(camera, "tt:AudioSourceConfiguration") if camera.audio else "",
        _encoder("tt:VideoEncoderConfiguration", setting) if h264 else "",
        _audio_encoder("tt:AudioEncoderConfiguration") if camera.audio else "",
        token=encoders.profile_token(setting.stream),
        fixed="true",
    )


def _profiles(camera: VirtualCamera, call: Call) -> str:
    return element("trt:GetProfilesResponse", *(_profile("trt:Profiles", camera, s) for s in encoders.settings(camera)))


def _one_profile(camera: VirtualCamera, call: Call) -> str:
    stream = encoders.stream_of_profile(camera, call.text("ProfileToken"))
    setting = encoders.setting(camera, encoders.profile_token(stream))
    return element("trt:GetProfileResponse", _profile("trt:Profile", camera, setting))


def _stream_uri(camera: VirtualCamera, call: Call) -> str:
    stream = encoders.stream_of_profile(camera, call.text("ProfileToken"))
    if call.text("StreamSetup/Stream") != "RTP-Unicast":
        raise Fault("unicast only", "ter:InvalidArgVal", "ter:InvalidStreamSetup")
    if call.text("StreamSetup/Transport/Protocol") not in ("RTSP", "UDP", "TCP"):
        raise Fault("RTSP only", "ter:InvalidArgVal", "ter:InvalidStreamSetup")
    uri = element(
        "trt:MediaUri",
        leaf("tt:Uri", camera.rtsp_url(stream)),
        leaf("tt:InvalidAfterConnect", "false"),
        leaf("tt:InvalidAfterReboot", "false"),
        leaf("tt:Timeout", "PT0S"),
    )
    return element("trt:GetStreamUriResponse", uri)


def _snapshot_uri(camera: VirtualCamera, call: Call) -> str:
    raise Fault("no snapshots: a still is a picture too", "ter:ActionNotSupported", code="Receiver")


def _video_sources(camera: VirtualCamera, call: Call) -> str:
    main = encoders.settings(camera)[0]
    source = element(
        "trt:VideoSources",
        leaf("tt:Framerate", main.fps),
        element("tt:Resolution", leaf("tt:Width", main.width), leaf("tt:Height", main.height)),
        token=VIDEO_SOURCE,
    )
    return element("trt:GetVideoSourcesResponse", source)


def _audio_sources(camera: VirtualCamera, call: Call) -> str:
    source = element("trt:AudioSources", leaf("tt:Channels", 1), token=AUDIO_SOURCE) if camera.audio else ""
    return element("trt:GetAudioSourcesResponse", source)


def _source_configurations(camera: VirtualCamera, call: Call) -> str:
    return element("trt:GetVideoSourceConfigurationsResponse", video_source_configuration(camera, "trt:Configurations"))


def _encoder_configurations(camera: VirtualCamera, call: Call) -> str:
    found = [s for s in encoders.settings(camera) if s.encoding == "H264"]
    return element("trt:GetVideoEncoderConfigurationsResponse", *(_encoder("trt:Configurations", s) for s in found))


def _encoder_configuration(camera: VirtualCamera, call: Call) -> str:
    setting = encoders.setting(camera, call.text("ConfigurationToken"))
    return element("trt:GetVideoEncoderConfigurationResponse", _encoder("trt:Configuration", setting))


def _encoder_options(camera: VirtualCamera, call: Call) -> str:
    token = call.text("ConfigurationToken", call.text("ProfileToken", "encoder-main"))
    possible = [o for o in encoders.options(camera, encoders.setting(camera, token).stream) if o.encoding == "H264"]
    h264 = ""
    if possible:
        sizes = dict.fromkeys((o.width, o.height) for o in possible)
        profiles = dict.fromkeys(o.profile for o in possible)
        h264 = element(
            "tt:H264",
            *(element("tt:ResolutionsAvailable", leaf("tt:Width", w), leaf("tt:Height", h)) for w, h in sizes),
            _range("tt:GovLengthRange", min(o.gop for o in possible), max(o.gop for o in possible)),
            _range("tt:FrameRateRange", 1, max(round(o.fps) for o in possible)),
            _range("tt:EncodingIntervalRange", 1, 1),
            *(leaf("tt:H264ProfilesSupported", profile) for profile in profiles),
        )
    return element(
        "trt:GetVideoEncoderConfigurationOptionsResponse",
        element("trt:Options", _range("tt:QualityRange", 1, 10), h264),
    )


def _range(name: str, low: int, high: int) -> str:
    return element(name, leaf("tt:Min", low), leaf("tt:Max", high))


def _set_encoder(camera: VirtualCamera, call: Call) -> str:
    apply_told_encoder(camera, call, call.text("Configuration/Encoding"))
    return element("trt:SetVideoEncoderConfigurationResponse")


def apply_told_encoder(camera: VirtualCamera, call: Call, encoding: str) -> None:
    """Carry out a SetVideoEncoderConfiguration of either media service."""
    told = find(call.element, "Configuration")
    if told is None:
        raise Fault("Configuration is missing", "ter:InvalidArgVal")
    try:
        width, height = (int(call.text(f"Configuration/Resolution/{name}")) for name in ("Width", "Height"))
        fps = float(call.text("Configuration/RateControl/FrameRateLimit", "1"))
    except ValueError as error:
        raise Fault("not a number", "ter:InvalidArgVal") from error
    encoders.apply(camera, str(told.get("token", "")), encoding, width, height, fps)


def _capabilities(camera: VirtualCamera, call: Call) -> str:
    return element("trt:GetServiceCapabilitiesResponse", media_capabilities("trt:Capabilities"))


OPERATIONS = {
    "GetServiceCapabilities": Operation(Access.PRE_AUTH, _capabilities),
    "GetProfiles": Operation(Access.READ_MEDIA, _profiles),
    "GetProfile": Operation(Access.READ_MEDIA, _one_profile),
    "GetStreamUri": Operation(Access.READ_MEDIA, _stream_uri),
    "GetSnapshotUri": Operation(Access.READ_MEDIA, _snapshot_uri),
    "GetVideoSources": Operation(Access.READ_MEDIA, _video_sources),
    "GetAudioSources": Operation(Access.READ_MEDIA, _audio_sources),
    "GetVideoSourceConfigurations": Operation(Access.READ_MEDIA, _source_configurations),
    "GetVideoEncoderConfigurations": Operation(Access.READ_MEDIA, _encoder_configurations),
    "GetVideoEncoderConfiguration": Operation(Access.READ_MEDIA, _encoder_configuration),
    "GetVideoEncoderConfigurationOptions": Operation(Access.READ_MEDIA, _encoder_options),
    "SetVideoEncoderConfiguration": Operation(Access.ACTUATE, _set_encoder),
}
