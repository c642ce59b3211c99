"""Tables of the shared database: cameras and how they do, footage, gaps, orders. Never people, never keys."""

from vms.model.cameras import Camera, CameraHealth, Commune, Incident, Prefix
from vms.model.footage import Absence, ErasureReport, Segment, StreamMark
from vms.model.provisioning import FoundDevice, ProvisioningOrder

__all__ = [
    "Absence",
    "Camera",
    "CameraHealth",
    "Commune",
    "ErasureReport",
    "FoundDevice",
    "Incident",
    "Prefix",
    "ProvisioningOrder",
    "Segment",
    "StreamMark",
]
