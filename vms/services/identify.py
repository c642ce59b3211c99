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

    def shared(self, other: Identity) -> tuple[str, ...]:
        """The keys that agree, named in French for messages; an empty key agrees with nothing."""
        return tuple(name for name, ours, theirs in self._pairs(other) if ours == theirs)

    def differing(self, other: Identity) -> tuple[str, ...]:
        """The keys that both have and that disagree."""
        return tuple(name for name, ours, theirs in self._pairs(other) if ours != theirs)

    def _pairs(self, other: Identity) -> list[tuple[str, str, str]]:
        pairs = [
            ("référence ONVIF", self.endpoint_reference, other.endpoint_reference),
            ("adresse MAC", self.mac, other.mac),
        ]
        makers = {self.manufacturer.lower(), other.manufacturer.lower()} - {""}
        if len(makers) < 2 and _identifies(self.serial) and _identifies(other.serial):
            pairs.append(("numéro de série", self.serial, other.serial))
        return [pair for pair in pairs if pair[1] and pair[2]]


def _identifies(serial: str) -> bool:
    return serial.strip().lower() not in EMPTY_SERIALS and len(set(serial)) > 1


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
    for camera in known:
        shared, differ = identity.shared(camera.identity), identity.differing(camera.identity)
        if shared and camera.address == address and not differ:
            here = Match("enrolled", camera, shared)
        elif shared:
            return Match("impostor", camera, shared)
        elif camera.address == address and differ:
            here = Match("replaced", camera)
    return here
