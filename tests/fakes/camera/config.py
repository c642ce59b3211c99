"""What a farm of virtual cameras is made of, as data (JSON on disk, pydantic in memory)."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["Administrator", "Operator", "User"]
DigestAlgorithm = Literal["MD5", "SHA-256"]

ENDPOINT_NAMESPACE = uuid.UUID("6e0c7a52-9a53-5d5c-8f0b-1f3c3d0f6f11")
"""Endpoint references are derived from camera ids, so that a camera keeps its own across restarts (O-21)."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UserConfig(_Strict):
    """One ONVIF account of a camera; ``level`` is the ONVIF user level (O-25)."""

    name: str
    password: str
    level: Level = "Administrator"


class CameraConfig(_Strict):
    """One virtual camera: where it listens, what it streams, how it behaves from the start.

    ``main`` and ``sub`` are MP4 files streamed without transcoding; ``main_variants`` are other clips that
    the main stream can be configured to (another size or codec), as encoder settings of a real camera are.
    ``card`` gives it a memory card that records both streams (Profile G).
    ``factory`` says that the first account still has its factory password: streams and settings are
    refused to it until it is changed. ``packet_sends`` gives each RTP packet a send of its own, as simple
    cameras do; else a unit's packets leave together. ``memory`` is the file of its flash (``memory.py``); None forgets.
    """

    id: str
    address: str
    main: Path
    sub: Path | None = None
    main_variants: tuple[Path, ...] = ()
    name: str = ""
    location: str = ""
    manufacturer: str = "Guet"
    model: str = "Virtual-1"
    firmware: str = "1.0.0"
    serial: str = ""
    mac: str = ""
    endpoint: str = ""
    users: tuple[UserConfig, ...] = (UserConfig(name="admin", password="admin"),)  # the factory account
    factory: bool = True
    discoverable: bool = True
    onvif: bool = True
    media2: bool = True
    audio: bool = True
    masks: int = 0
    card: bool = False
    digest: tuple[DigestAlgorithm, ...] = ("MD5",)
    username_token: bool = True
    rtsp_authentication: bool = True
    nonce_lifetime_s: float = 60.0
    session_timeout_s: int = 60
    clock_offset_s: float = 0.0
    announced_size: tuple[int, int] | None = None
    start_phase_s: float = 0.0
    packet_sends: bool = False
    memory: Path | None = None

    @property
    def endpoint_reference(self) -> str:
        """The stable ``urn:uuid:…`` of the device (O-21)."""
        return self.endpoint or f"urn:uuid:{uuid.uuid5(ENDPOINT_NAMESPACE, self.id)}"

    @property
    def mac_address(self) -> str:
        """The MAC address, colon-separated; locally administered when none is given."""
        if self.mac:
            return self.mac
        digits = uuid.uuid5(ENDPOINT_NAMESPACE, "mac:" + self.id).hex[:10]
        return "02:" + ":".join(digits[i : i + 2] for i in range(0, 10, 2))

    @property
    def serial_number(self) -> str:
        """The serial number; derived from the id when none is given."""
        return self.serial or "GV" + uuid.uuid5(ENDPOINT_NAMESPACE, "serial:" + self.id).hex[:10].upper()


class FarmConfig(_Strict):
    """Many cameras in one process. Ports are the same on every address; 0 lets the system choose one."""

    cameras: tuple[CameraConfig, ...] = Field(min_length=1)
    http_port: int = 8080
    rtsp_port: int = 8554
    discovery_port: int = 3702
    multicast: bool = True
    control_address: str = "127.0.0.1"
    control_port: int = 0
