"""What must hold for any bytes that a device answers: to a discovery probe, and to a SOAP call."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from vms.errors import Damaged, GuetError
from vms.onvif import discovery
from vms.onvif.device import Device
from vms.onvif.media2 import Media2
from vms.onvif.soap import open_envelope

SENDER = "10.42.16.48"
URL = f"http://{SENDER}/onvif/device_service"


def discovery_answer(data: bytes) -> None:
    """One datagram: a device or one of our errors; no device ever leads to another host than the one that answered."""
    try:
        matches = discovery.parse_answer(data, SENDER)
    except Damaged:
        return
    for match in matches:
        chosen = discovery.choose_url(match, SENDER)
        if chosen is not None and urlsplit(chosen.url).hostname != SENDER:
            raise AssertionError(f"led to {chosen.url!r}")
        texts = (match.scopes.name, match.scopes.hardware, match.scopes.location, match.scopes.serial)
        if not all(text.isprintable() for text in texts):
            raise AssertionError(f"unprintable: {texts!r}")


def soap_answer(data: bytes) -> None:
    """One answer, through the envelope and every reader as if it answered its question."""
    asyncio.run(_read_everything(data))


class Answering:
    """A SoapClient that answers every call with the same element, renamed to fit."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def call(self, url: str, body: Any, *, anonymous: bool = False) -> Any:
        """The answer under test."""
        answer = open_envelope(self._data, SENDER)
        answer.tag = body.tag + "Response"
        return answer


async def _read_everything(data: bytes) -> None:
    soap: Any = Answering(data)
    device, media = Device(soap, URL), Media2(soap, URL)
    readers = (
        device.system_time, device.services, device.information, device.endpoint_reference, device.mac, device.accounts,
        device.account_limits, device.discoverable, device.protocols, media.profiles,
    )  # fmt: skip
    for reader in readers:
        try:
            await reader()
        except GuetError:
            continue
    for call in (media.options("e", "p"), media.stream_url("p", encrypted=False)):
        try:
            await call
        except GuetError:
            continue
