"""Close on a camera what a recorder does not need, as far as ONVIF lets us see and close it (A-04, O-20, P-06)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vms.onvif.device import Device
from vms.onvif.media2 import Media2, Profile
from vms.onvif.soap import SoapFault

# What ONVIF itself needs; anything else that a camera lists (Telnet, FTP, SNMP…) is turned off.
NEEDED_PROTOCOLS: Final = frozenset({"HTTP", "HTTPS", "RTSP"})


@dataclass(frozen=True, slots=True)
class Closed:
    """What was closed, what is still open, and what would not close."""

    closed: tuple[str, ...]
    open: tuple[str, ...]
    stubborn: tuple[str, ...]


async def hide(device: Device) -> bool:
    """Make the camera non-discoverable (O-20) and read it back; False when it cannot be."""
    try:
        await device.set_discoverable(discoverable=False)
        return not await device.discoverable()
    except SoapFault:
        return False


async def close_protocols(device: Device) -> Closed:
    """Turn off every network protocol that is not needed (A-04), and say what the camera shows afterwards."""
    try:
        before = [p for p in await device.protocols() if p.enabled]
        for protocol in before:
            if protocol.name not in NEEDED_PROTOCOLS:
                try:
                    await device.set_protocol(protocol, enabled=False)
                except SoapFault:
                    continue  # counted below, from what the camera shows
        after = {p.name for p in await device.protocols() if p.enabled}
    except SoapFault:
        return Closed((), (), ())
    return Closed(
        closed=tuple(p.name for p in before if p.name not in after),
        open=tuple(sorted(after)),
        stubborn=tuple(sorted(after - NEEDED_PROTOCOLS)),
    )


async def silence(media: Media2, profiles: list[Profile]) -> list[Profile]:
    """Take audio out of every profile that has any (P-06); the profiles that still have some afterwards."""
    with_audio = [p for p in profiles if p.audio]
    for profile in with_audio:
        try:
            await media.remove_audio(profile)
        except SoapFault:
            continue  # the profiles read back below tell
    return [p for p in await media.profiles() if p.audio] if with_audio else []
