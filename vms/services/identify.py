"""Who a device is, and whether we know it: one key, one camera, one address (O-21)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from vms.onvif.device import Device

Verdict = Literal["new", "enrolled", "impostor", "replaced"]
# Serial numbers of careless makers: the same on every unit, so they identify nothing.
EMPTY_SERIALS: Final = frozenset({"", "0", "n/a", "none", "null", "unknown", "serialnumber", "123456789"})


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says it is; a serial number means something only beside its manufacturer."""

    endpoint_reference: str = ""
    mac: str = ""
    serial: str = ""
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""

    def keys(self) -> dict[str, str]:
        """The keys by which a device is known, named in French for messages; empty ones left out."""
        keys = {"référence ONVIF": self.endpoint_reference, "adresse MAC": self.mac}
        if self.serial.strip().lower() not in EMPTY_SERIALS and len(set(self.serial)) > 1:
            keys["numéro de série"] = f"{self.manufacturer.lower()}\0{self.serial}"
        return {name: key for name, key in keys.items() if key}


@dataclass(frozen=True, slots=True)
class KnownCamera:
    """A camera of the inventory, or an earlier find of the same search (``id`` empty)."""

    id: str
    commune: str
    name: str
    address: str
    identity: Identity


@dataclass(frozen=True, slots=True)
class Match:
    """What an identity at an address is to the inventory; ``shared`` names the keys that agree."""

    verdict: Verdict
    camera: KnownCamera | None = None
    shared: tuple[str, ...] = ()


async def identify(device: Device, endpoint_reference: str) -> Identity:
    """Ask a device who it is, under an account that may read the system (O-25); its reference is known already."""
    information = await device.information()
    return Identity(
        endpoint_reference=endpoint_reference,
        mac=await device.mac(),
        serial=information.serial,
        manufacturer=information.manufacturer,
        model=information.model,
        firmware=information.firmware,
    )


def compare(identity: Identity, address: str, known: Iterable[KnownCamera]) -> Match:
    """Whether this device is new, enrolled, or claims to be a camera that stands elsewhere: an incident, no update.

    ``impostor``: a key of a known camera at another address, or some of its keys with others that differ.
    ``replaced``: a known camera's address with none of its keys.
    """
    here: Match = Match("new")
    keys = identity.keys()
    for camera in known:
        theirs = camera.identity.keys()
        shared = tuple(name for name, key in keys.items() if theirs.get(name) == key)
        differ = [name for name, key in keys.items() if name in theirs and theirs[name] != key]
        if shared and camera.address == address and not differ:
            here = Match("enrolled", camera, shared)
        elif shared:
            return Match("impostor", camera, shared)
        elif camera.address == address and differ:
            here = Match("replaced", camera)
    return here
