"""Video encoder settings of a camera, as both media services tell and change them.

A virtual camera encodes nothing: its options are the clips it has. Setting a size or codec that one of them
has makes the stream go on with that clip, as a real encoder restarts with new parameter sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.fakes.camera.clips import Clip, load_clip
from tests.fakes.camera.soap import Fault

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera

STREAM_NAMES = ("main", "sub")
Encoding = Literal["H264", "H265"]
PROFILES = {66: "Baseline", 77: "Main", 88: "Extended", 100: "High"}


@dataclass(frozen=True, slots=True)
class EncoderSetting:
    """One video encoder configuration as it is now."""

    stream: str
    encoding: Encoding
    width: int
    height: int
    fps: float
    gop: int
    bitrate_kbps: int
    profile: str

    @property
    def token(self) -> str:
        """The configuration's token."""
        return f"encoder-{self.stream}"


def setting_of(stream: str, clip: Clip) -> EncoderSetting:
    """The setting that the clip stands for."""
    keys = [number for number, unit in enumerate(clip.units) if unit.key]
    return EncoderSetting(
        stream=stream,
        encoding="H264" if clip.codec == "h264" else "H265",
        width=clip.width,
        height=clip.height,
        fps=clip.fps,
        gop=keys[1] - keys[0] if len(keys) > 1 else len(clip.units),
        bitrate_kbps=clip.bitrate_kbps,
        profile=PROFILES.get(clip.parameter_sets[0][1], "Main") if clip.codec == "h264" else "Main",
    )


def settings(camera: VirtualCamera) -> list[EncoderSetting]:
    """The settings of every stream of the camera; sizes are the announced ones where the camera lies."""
    found = []
    for name, stream in camera.streams.items():
        setting = setting_of(name, stream.clip)
        if camera.config.announced_size and name == "main":
            width, height = camera.config.announced_size
            setting = EncoderSetting(
                name,
                setting.encoding,
                width,
                height,
                setting.fps,
                setting.gop,
                setting.bitrate_kbps,
                setting.profile,
            )
        found.append(setting)
    return found


def setting(camera: VirtualCamera, token: str) -> EncoderSetting:
    """The setting with this configuration token (or its stream's profile token)."""
    for candidate in settings(camera):
        if token in (candidate.token, profile_token(candidate.stream)):
            return candidate
    raise Fault(f"no configuration {token}", "ter:InvalidArgVal", "ter:NoConfig")


def profile_token(stream: str) -> str:
    """The token of the fixed media profile of a stream."""
    return f"profile-{stream}"


def stream_of_profile(camera: VirtualCamera, token: str) -> str:
    """The stream of a media profile."""
    for name in camera.streams:
        if token == profile_token(name):
            return name
    raise Fault(f"no profile {token}", "ter:InvalidArgVal", "ter:NoProfile")


def options(camera: VirtualCamera, stream: str) -> list[EncoderSetting]:
    """Every setting that the stream can have."""
    if stream == "main":
        return [setting_of(stream, load_clip(path)) for path in (camera.config.main, *camera.config.main_variants)]
    return [setting_of(stream, camera.streams[stream].clip)]


def apply(camera: VirtualCamera, token: str, encoding: str, width: int, height: int, fps: float) -> None:
    """Change a configuration; a frame rate above the clip's or a size that no clip has is refused."""
    current = setting(camera, token)
    if (current.encoding, current.width, current.height) == (encoding, width, height):
        _need_rate(fps, current.fps)
        return
    paths = (camera.config.main, *camera.config.main_variants) if current.stream == "main" else ()
    for path in paths:
        candidate = setting_of(current.stream, load_clip(path))
        if (candidate.encoding, candidate.width, candidate.height) == (encoding, width, height):
            _need_rate(fps, candidate.fps)
            camera.switch_clip(current.stream, path)
            return
    raise Fault("this encoder cannot do that", "ter:InvalidArgVal", "ter:ConfigModify")


def _need_rate(wanted: float, possible: float) -> None:
    if not 0 < wanted <= possible + 0.5:
        raise Fault(f"frame rates up to {possible:g} are possible", "ter:InvalidArgVal", "ter:ConfigModify")
