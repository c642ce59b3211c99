"""Communes, their declared prefixes, their cameras and how each stream does.

A camera's *legal* state is the keeper's and stands nowhere here. All times are UTC microseconds (``_us``).
"""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, UniqueConstraint
from sqlmodel import JSON, Field, SQLModel

from vms.model.columns import Wide, WideOrNone


class Commune(SQLModel, table=True):
    """A commune: one controller, one tenant (P-03)."""

    id: str = Field(primary_key=True)
    name: str


class Prefix(SQLModel, table=True):
    """An address range where a commune's cameras may be looked for; ``trusted`` is *maîtrisé* (A-01, O-22)."""

    __table_args__ = (UniqueConstraint("commune_id", "cidr"),)

    id: int | None = Field(default=None, primary_key=True)
    commune_id: str = Field(foreign_key="commune.id", index=True)
    cidr: str
    trusted: bool = False
    declared_us: Wide


class Camera(SQLModel, table=True):
    """A camera's address, streams and sealed streaming account; keyed by endpoint reference, MAC and serial (O-21)."""

    __table_args__ = (UniqueConstraint("commune_id", "number"),)

    id: str = Field(primary_key=True)
    commune_id: str = Field(foreign_key="commune.id", index=True)
    number: int
    name: str
    place: str = ""
    kind: str = "onvif"  # onvif | rtsp
    endpoint_reference: str = Field(default="", index=True)
    mac: str = Field(default="", index=True)
    serial: str = Field(default="", index=True)
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    address: str = ""
    onvif_url: str = ""
    main_url: str = ""
    sub_url: str = ""
    # {"token", "codec", "width", "height", "fps", "bitrate_kbps"}: as configured, read back from the camera
    main_profile: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON))
    sub_profile: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON))
    hardened: bool = False
    tls: bool = False
    clock_offset_ms: Wide = 0
    # The camera's *User* account (O-25), sealed to the recorders' identity key; nobody else can open it.
    credential_sealed: bytes = Field(default=b"", sa_column=Column(LargeBinary))
    created_us: Wide
    updated_us: Wide


class CameraHealth(SQLModel, table=True):
    """What one stream of a camera does now, written by its recorder."""

    camera_id: str = Field(primary_key=True, foreign_key="camera.id")
    stream: str = Field(primary_key=True)  # main | sub
    state: str = "stopped"  # stopped | connecting | live | stalled | dark
    cause: str = ""
    since_us: Wide = 0
    last_unit_us: Wide = 0
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    kbps: float = 0.0
    masked_zones: int = 0
    clock_offset_ms: Wide = 0
    recorder: int = 0
    updated_us: Wide = 0


class Incident(SQLModel, table=True):
    """Something a person should know: an impostor, a dark camera, a documented loss."""

    id: int | None = Field(default=None, primary_key=True)
    commune_id: str = Field(index=True)
    camera_id: str = ""
    kind: str
    severity: str = "warn"  # info | warn | grave
    what: str
    todo: str = ""
    rule: str = ""
    opened_us: Wide
    closed_us: WideOrNone = None


class MaskCheck(SQLModel, table=True):
    """When a camera last reported the masks of its own that were validated (O-44), to the minute."""

    camera_id: str = Field(primary_key=True)
    agreed_us: Wide
