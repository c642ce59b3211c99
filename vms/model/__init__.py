"""Tables of the shared database: cameras and how they do, footage, gaps, orders. Never people, never keys."""

from vms.model.cameras import Camera, CameraHealth, Commune, Incident, MaskCheck, Prefix
from vms.model.edge import ClockMark, EdgeHead, Mending
from vms.model.footage import Absence, ErasureReport, Segment, StreamMark
from vms.model.leases import Lease, Worker
from vms.model.provisioning import FoundDevice, ProvisioningOrder
from vms.model.storage import CameraStorage, RecordedMinute, RecordingStop, Volume

__all__ = [
    "Absence",
    "Camera",
    "CameraHealth",
    "CameraStorage",
    "ClockMark",
    "Commune",
    "EdgeHead",
    "ErasureReport",
    "FoundDevice",
    "Incident",
    "Lease",
    "MaskCheck",
    "Mending",
    "Prefix",
    "ProvisioningOrder",
    "RecordedMinute",
    "RecordingStop",
    "Segment",
    "StreamMark",
    "Volume",
    "Worker",
]
