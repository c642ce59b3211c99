"""A camera that shows another certificate than the one it is held to: seen, confirmed by a person, then kept (A-01).

Seeing changes nothing. What is kept is exactly what the person confirmed: should the camera, or whoever stands between
it and us, show yet another one by then, nothing is changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from vms.clock import Clock
from vms.errors import Conflict, Refused
from vms.model import Camera
from vms.onvif.soap import Credential
from vms.onvif.tls import fetch_fingerprint
from vms.services.device_session import DeviceSessions
from vms.services.identify import Identity, Match, identify
from vms.services.steps import Steps
from vms.services.stream_certificate import CERTIFICATE, SERVICES_CERTIFICATE, encrypted_place, pinned
from vms.vault.entry import ADMINISTRATOR, VaultEntry
from vms.vault.files import Vault

Place = Literal["services", "main", "sub"]
SERVICES: Final = "services"
HTTPS_PORT: Final = 443
PLAN: Final = (
    ("compare", "Comparer à ce que vous avez confirmé"),
    ("identify", "Reconnaître la caméra"),
    ("keep", "Retenir le certificat"),
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One of a camera's certificates, of its services or of a stream: SHA-256 (hex) as kept and as shown now."""

    of: Place
    kept: str
    shown: str

    def plain(self) -> dict[str, str]:
        """As the order's row holds it."""
        return {"of": self.of, "kept": self.kept, "shown": self.shown}


async def look(camera: Camera) -> list[Certificate]:
    """What the camera shows now beside what it is held to; Unavailable where it does not answer over TLS.

    Conflict when nothing of it is encrypted: there is no certificate to keep.
    """
    services = urlsplit(camera.onvif_url)
    https = (services.hostname or "", services.port or HTTPS_PORT) if services.scheme == "https" else None
    places: tuple[tuple[Place, tuple[str, int] | None, str], ...] = (
        (SERVICES, https, pinned(camera.main_profile, SERVICES_CERTIFICATE)),
        ("main", encrypted_place(camera.main_url), pinned(camera.main_profile)),
        ("sub", encrypted_place(camera.sub_url), pinned(camera.sub_profile)),
    )
    found = []
    for of, place, kept in places:
        if place is not None:
            found.append(Certificate(of, kept, await fetch_fingerprint(*place)))
    if not found:
        raise Conflict("Cette caméra ne chiffre rien : elle n’a pas de certificat.", where=camera.id, rule="A-01")
    return found


async def renew(
    camera: Camera,
    seen: Mapping[Place, str],
    *,
    vault: Vault,
    clock: Clock,
    steps: Steps,
    compare: Callable[[Identity], Awaitable[Match]],
) -> dict[str, Any]:
    """Hold the camera to what a person confirmed, and return its row's new profiles; the vault has it already.

    Refused when it shows anything else by now (A-01), or when whoever answers is not that camera (O-21).
    """
    async with steps.step("compare") as step:
        shown = {one.of: one.shown for one in await look(camera)}
        if shown != dict(seen):
            raise Refused(
                "La caméra ne montre plus le certificat que vous avez confirmé.",
                where=camera.address,
                todo="Rien n’a changé. Regardez-le de nouveau ; s’il change encore, quelqu’un répond à sa place.",
                rule="A-01",
            )
        step["detail"] = "La caméra montre ce que vous avez vu."
    entry = vault.read(camera.id)
    async with steps.step("identify") as step:
        if camera.kind != "onvif" or entry is None:
            step["detail"] = "Une source sans ONVIF ne dit pas qui elle est : seul votre constat compte."
        else:
            await _recognise(camera, entry, shown.get(SERVICES, ""), clock, compare)
            step["detail"] = "Même référence ONVIF et mêmes comptes qu’à l’enrôlement."
    async with steps.step("keep") as step:
        main, sub = dict(camera.main_profile), dict(camera.sub_profile)
        if SERVICES in shown:
            main[SERVICES_CERTIFICATE] = shown[SERVICES]
            if entry is not None:
                vault.write(replace(entry, certificate=shown[SERVICES]))
        for profile, stream in ((main, "main"), (sub, "sub")):
            if stream in shown:
                profile[CERTIFICATE] = shown[stream]
        step["detail"] = "Guet ne parle plus qu’à l’équipement qui montre ce certificat."
    return {"main_profile": main, "sub_profile": sub}


async def _recognise(
    camera: Camera, entry: VaultEntry, certificate: str, clock: Clock, compare: Callable[[Identity], Awaitable[Match]]
) -> None:
    """Sign in under the vault's administrator, over the confirmed certificate alone, and compare who answers."""
    session = DeviceSessions(camera.onvif_url, clock, certificate)
    session.clock_offset_us = camera.clock_offset_ms * 1000
    account = entry.account(ADMINISTRATOR)
    async with session(Credential(account.username, account.password)) as device:
        identity = await identify(device, await device.endpoint_reference())
    match = await compare(identity)
    if match.verdict != "enrolled" or match.camera is None or match.camera.id != camera.id:
        raise Refused(
            "Ce n’est pas cette caméra qui répond.",
            where=camera.address,
            todo="Rien n’a changé. Vérifiez sur place lequel des équipements est le vrai.",
            rule="O-21",
        )
