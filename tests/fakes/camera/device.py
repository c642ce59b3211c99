"""What a camera's device service remembers, apart from its accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from tests.fakes.camera.config import CameraConfig

SCOPE_ROOT = "onvif://www.onvif.org/"
MAX_SCOPES = 32


@dataclass(slots=True)
class NetworkProtocol:
    """HTTP, HTTPS or RTSP, on or off. Turning one off is remembered; the virtual port stays open."""

    name: Literal["HTTP", "HTTPS", "RTSP"]
    enabled: bool
    port: int


@dataclass(slots=True)
class Mask:
    """A privacy mask as the camera was told it (Media2 ``Mask``)."""

    token: str
    xml: str


@dataclass(slots=True)
class DeviceState:
    """Mutable state of the device and Media2 mask services; a reboot keeps it."""

    config: CameraConfig
    discoverable: bool = True
    configured_scopes: list[str] = field(default_factory=list)
    ntp_servers: list[str] = field(default_factory=list)
    clock_source: Literal["Manual", "NTP"] = "Manual"
    time_zone: str = "CET-1CEST,M3.5.0,M10.5.0/3"
    protocols: list[NetworkProtocol] = field(default_factory=list)
    masks: dict[str, Mask] = field(default_factory=dict)
    metadata_version: int = 1
    reboots: int = 0

    def __post_init__(self) -> None:
        self.discoverable = self.config.discoverable
        if self.config.location:
            self.configured_scopes.append(f"{SCOPE_ROOT}location/{quote(self.config.location)}")

    @property
    def fixed_scopes(self) -> list[str]:
        """Scopes that nobody can remove (O-21)."""
        config = self.config
        profiles = ["Streaming"] + (["T"] if config.media2 else [])
        scopes = [f"{SCOPE_ROOT}Profile/{name}" for name in profiles]
        scopes += [
            f"{SCOPE_ROOT}type/video_encoder",
            f"{SCOPE_ROOT}hardware/{quote(config.model)}",
            f"{SCOPE_ROOT}name/{quote(config.name or config.id)}",
            f"{SCOPE_ROOT}MacAddress/{config.mac_address}",
            f"{SCOPE_ROOT}SerialNumber/{config.serial_number}",
        ]
        return scopes

    @property
    def scopes(self) -> list[str]:
        """All scopes, as discovery announces them."""
        return self.fixed_scopes + self.configured_scopes
