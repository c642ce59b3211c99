"""Search a commune's prefixes and say of each device what it is and what stands against enrolling it (O-21…O-23)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vms.clock import Clock
from vms.errors import Damaged, GuetError, Refused, Unauthenticated, Unavailable
from vms.onvif.discovery import DISCOVERY_PORT, Scopes
from vms.onvif.soap import MEDIA2, SoapFault
from vms.onvif.sweep import Found, Progress, Sweep
from vms.onvif.territory import DeclaredPrefix, Territory
from vms.services.device_session import DeviceSessions, require_transport
from vms.services.identify import Identity, KnownCamera, Match, compare

EXAMINE_TIMEOUT_S: Final = 5.0
EXAMINED_AT_ONCE: Final = 8
KNOWN_ADDRESSES_MAX: Final = 256
KNOWN_PORTS_MAX: Final = 4
REPORT_EVERY_S: Final = 0.3


@dataclass(slots=True)
class Sighting:
    """One device of a search; ``state`` is one of FoundDevice's, ``what`` and ``rule`` say why."""

    address: str
    url: str
    prefix: str
    trusted: bool
    identity: Identity
    state: str = "new"
    what: str = ""
    todo: str = ""
    rule: str = ""
    camera: KnownCamera | None = None
    detail: dict[str, Any] = field(default_factory=dict)


OnSighting = Callable[[Sighting], Awaitable[None]]
OnProgress = Callable[[Progress], Awaitable[None]]


class Search:
    """One search; sightings are reported as they are made, and again when a later one changes what they are."""

    def __init__(
        self,
        territory: Territory,
        clock: Clock,
        *,
        known: Sequence[KnownCamera],
        on_sighting: OnSighting,
        on_progress: OnProgress,
        port: int = DISCOVERY_PORT,
        multicast: bool = True,
        addresses: Sequence[str] = (),
        onvif_ports: Sequence[int] = (80,),
    ) -> None:
        self._territory = territory
        self._clock = clock
        self._known = list(known)
        self._on_sighting = on_sighting
        self._on_progress = on_progress
        self._addresses = [a for a in addresses if territory.require(a)][:KNOWN_ADDRESSES_MAX]
        self._onvif_ports = tuple(onvif_ports)[:KNOWN_PORTS_MAX]
        self._waiting: asyncio.Queue[Found | None] = asyncio.Queue()
        self.sightings: Final[list[Sighting]] = []
        self._sweep = Sweep(territory, clock, on_found=self._waiting.put_nowait, port=port, multicast=multicast)

    def stop(self) -> None:
        """Ask no further address; what was found is still examined."""
        self._sweep.stop()

    async def run(self) -> Progress:
        """Search, then try the addresses given that did not answer; the last progress."""
        workers = [asyncio.create_task(self._examine_found()) for _ in range(EXAMINED_AT_ONCE)]
        reporting = asyncio.create_task(self._report_progress())
        try:
            progress = await self._sweep.run()
            answered = {s.address for s in self.sightings}
            for address in self._addresses:
                if address not in answered:
                    self._waiting.put_nowait(self._knock(address))
            for _ in workers:
                self._waiting.put_nowait(None)
            await asyncio.gather(*workers)
        finally:
            for task in (*workers, reporting):
                task.cancel()
            await asyncio.gather(*workers, reporting, return_exceptions=True)
        await self._on_progress(progress)
        return progress

    def _knock(self, address: str) -> Found:
        prefix = self._territory.require(address)
        return Found(address, str(prefix), prefix.trusted, "", "", Scopes(), rewritten=False)

    async def _report_progress(self) -> None:
        while True:
            await self._on_progress(self._sweep.progress)
            await self._clock.sleep(REPORT_EVERY_S)

    async def _examine_found(self) -> None:
        while (found := await self._waiting.get()) is not None:
            urls = [found.url] if found.url else [_device_url(found.address, port) for port in self._onvif_ports]
            for url in urls:
                sighting = await examine(found, url, self._clock)
                if found.url or sighting.state != "not-a-camera":
                    await self._place(sighting)
                    break

    async def _place(self, sighting: Sighting) -> None:
        """Compare with the inventory and with what this search has seen, then report."""
        match = compare(sighting.identity, sighting.address, self._known)
        twins = [s for s in self.sightings if s.address != sighting.address and s.identity.shared(sighting.identity)]
        self.sightings.append(sighting)
        if match.verdict in ("impostor", "replaced") and match.camera is not None:
            _mark_impostor(sighting, match, match.camera)
        elif match.verdict == "enrolled" and match.camera is not None:
            sighting.state, sighting.camera = "enrolled", match.camera
            sighting.what = f"Déjà enrôlée : {match.camera.name}."
        elif twins:
            for twin in (*twins, sighting):
                if twin.state in ("new", "refused", "duplicate"):
                    twin.state, twin.rule = "duplicate", "O-21"
                    twin.what = "Deux équipements donnent la même clé ; aucun ne sera enrôlé avant vérification."
            for twin in twins:
                await self._on_sighting(twin)
        await self._on_sighting(sighting)


def _mark_impostor(sighting: Sighting, match: Match, camera: KnownCamera) -> None:
    sighting.state, sighting.camera, sighting.rule = "impostor", camera, "O-21"
    if match.verdict == "impostor":
        sighting.what = f"Se présente comme la caméra {camera.name} ({', '.join(match.shared)})."
        sighting.todo = f"Attendue en {camera.address}. Rien n’a été modifié : vérifiez sur place."
    else:
        sighting.what = f"Un autre équipement répond à l’adresse de la caméra {camera.name}."
        sighting.todo = "Rien n’a été modifié : vérifiez sur place."


async def examine(found: Found, url: str, clock: Clock) -> Sighting:
    """Ask a device, without any account, what it is; a device that answers nonsense is no camera, and no error."""
    claims = found.scopes
    identity = Identity(found.endpoint_reference, claims.mac, claims.serial, model=claims.hardware)
    sighting = Sighting(found.address, url, found.prefix, found.trusted, identity)
    sighting.detail = {"name": claims.name, "profiles": list(claims.profiles), "address_rewritten": found.rewritten}
    try:
        require_transport(url, DeclaredPrefix.parse(found.prefix, trusted=found.trusted))
        async with DeviceSessions(url, clock, call_timeout_s=EXAMINE_TIMEOUT_S)(None) as device:
            now = clock.utc().us
            sighting.detail["clock_offset_ms"] = ((await device.system_time()).utc.us - now) // 1000
            services = await device.services()
            reference = identity.endpoint_reference or await device.endpoint_reference()
        sighting.identity = Identity(reference, claims.mac, claims.serial, model=claims.hardware)
        if MEDIA2 not in services:
            raise Refused("N’est que de profil S : pas de service Media2.", rule="O-10")
    except Refused as refusal:
        sighting.state, sighting.what, sighting.todo, sighting.rule = (
            "refused",
            refusal.what,
            refusal.todo,
            refusal.rule,
        )
    except Unauthenticated:
        pass  # a camera that guards even what is open to all: what it is shows once an account opens it
    except (Damaged, SoapFault, Unavailable) as error:
        if isinstance(error, SoapFault) and error.unauthorised:
            return sighting
        sighting.state, sighting.what, sighting.todo = "not-a-camera", error.what, error.todo
    except GuetError as error:
        sighting.state, sighting.what, sighting.rule = "refused", error.what, error.rule or "O-25"
    return sighting


def _device_url(address: str, port: int) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}{'' if port == 80 else f':{port}'}/onvif/device_service"
