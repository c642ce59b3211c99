"""Sessions with one device at one address of the territory: who opens them decides account and transport once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vms.clock import Clock
from vms.errors import Refused
from vms.onvif.device import Device
from vms.onvif.media2 import Media2
from vms.onvif.soap import MEDIA2, Credential
from vms.onvif.soap_client import SoapClient
from vms.onvif.territory import DeclaredPrefix


def require_transport(url: str, prefix: DeclaredPrefix) -> None:
    """Refused (A-01) for plain HTTP on a prefix that is not *maîtrisé*: passwords would cross it in clear."""
    if not prefix.trusted and not url.startswith("https:"):
        raise Refused(
            f"Le préfixe {prefix} n’est pas maîtrisé et la caméra ne chiffre pas ses échanges.",
            where=url.split("/")[2],
            todo="Activez HTTPS et RTSPS dans la caméra, ou faites déclarer le préfixe maîtrisé.",
            rule="A-01",
        )


class DeviceSessions:
    """Opens sessions with the device at ``url``, under the account given each time."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self._clock = clock
        # Set once measured: username tokens of legacy cameras are dated on the camera's clock.
        self.clock_offset_us = 0

    @asynccontextmanager
    async def __call__(self, credential: Credential | None) -> AsyncIterator[Device]:
        """A session with the device service."""
        async with SoapClient(self._clock, credential) as soap:
            soap.clock_offset_us = self.clock_offset_us
            yield Device(soap, self.url)

    @asynccontextmanager
    async def media(self, credential: Credential) -> AsyncIterator[Media2]:
        """A session with the Media2 service; Refused (O-10) when the camera has none."""
        async with SoapClient(self._clock, credential) as soap:
            soap.clock_offset_us = self.clock_offset_us
            services = await Device(soap, self.url).services()
            if MEDIA2 not in services:
                raise Refused(
                    "La caméra n’a pas le service Media2 : elle n’est que de profil S.",
                    where=self.url.split("/")[2],
                    todo="Mettez à jour son micrologiciel, ou remplacez-la par une caméra de profil T.",
                    rule="O-10",
                )
            yield Media2(soap, services[MEDIA2])
