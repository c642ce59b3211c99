"""Orders for the provisioner, and what discovery found."""

from __future__ import annotations

from sqlmodel import JSON, Column, Field, SQLModel

from vms.model.columns import Wide


class ProvisioningOrder(SQLModel, table=True):
    """One order, signed by the keeper for a signed-in person, carried out by one short-lived process."""

    id: str = Field(primary_key=True)
    commune_id: str = Field(index=True)
    kind: str  # discover | enrol | declare_rtsp | rotate
    token: str  # the keeper's signature over kind, arguments, commune and person
    status: str = "queued"  # queued | running | done | failed
    # {"steps": [{"name", "words", "rule", "state", "at_us"}], "done": n, "total": n, "found": n}
    progress: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON))
    error: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON))
    camera_id: str = ""
    created_us: Wide
    updated_us: Wide


class FoundDevice(SQLModel, table=True):
    """A device that answered within a declared prefix, and what stands against or for enrolling it."""

    id: str = Field(primary_key=True)
    order_id: str = Field(foreign_key="provisioningorder.id", index=True)
    commune_id: str = Field(index=True)
    address: str
    onvif_url: str = ""
    endpoint_reference: str = ""
    mac: str = ""
    serial: str = ""
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    state: str = "new"  # new | enrolled | duplicate | impostor | not-a-camera | refused
    detail: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON))
    found_us: Wide
