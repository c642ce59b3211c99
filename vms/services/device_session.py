"""Sessions with one device at one address of the territory: who opens them decides account and transport once."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from vms.clock import Clock
from vms.errors import Refused
from vms.onvif.device import Device
from vms.onvif.media2 import Media2
from vms.onvif.soap import MEDIA2, Credential
from vms.onvif.soap_client import CALL_TIMEOUT_S, SoapClient
from vms.onvif.territory import DeclaredPrefix
from vms.onvif.tls import fetch_fingerprint, pinned_context


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

    def __init__(
        self, url: str, clock: Clock, certificate: str = "", *, call_timeout_s: float = CALL_TIMEOUT_S
    ) -> None:
        self.url = url
        self._clock = clock
        self.certificate = certificate
        self._call_timeout_s = call_timeout_s
        self._tls: ssl.SSLContext | None = None
        # Set once measured: username tokens of legacy cameras are dated on the camera's clock.
        self.clock_offset_us = 0

    async def _open(self, credential: Credential | None) -> SoapClient:
        """A client; over HTTPS, only to the certificate kept, or to the first one seen when none is (A-01)."""
        if self.url.startswith("https:") and self._tls is None:
            parts = urlsplit(self.url)
            shown = await fetch_fingerprint(parts.hostname or "", parts.port or 443)
            if self.certificate not in ("", shown):
                raise Refused(
                    "La caméra montre un autre certificat qu’à son enrôlement.",
                    where=parts.netloc,
                    todo="Vérifiez sur place que c’est elle, puis enrôlez-la de nouveau en confirmant son certificat.",
                    rule="A-01",
                )
            self.certificate = shown
            self._tls = pinned_context(shown)
        return SoapClient(self._clock, credential, tls=self._tls, call_timeout_s=self._call_timeout_s)

    @asynccontextmanager
    async def __call__(self, credential: Credential | None) -> AsyncIterator[Device]:
        """A session with the device service."""
        async with await self._open(credential) as soap:
            soap.clock_offset_us = self.clock_offset_us
            yield Device(soap, self.url)

    @asynccontextmanager
    async def media(self, credential: Credential) -> AsyncIterator[Media2]:
        """A session with the Media2 service; Refused (O-10) when the camera has none."""
        async with await self._open(credential) as soap:
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
