"""Fuzz what a camera answers over SOAP: ``python tests/fuzz/fuzz_soap.py -runs=100000``.

The bytes go through the envelope and then through every reader of an answer, as if they answered its question; whatever
they are, what comes out is a value or one of our errors.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import atheris

with atheris.instrument_imports(include=["vms.onvif"]):
    from vms.errors import GuetError
    from vms.onvif.device import Device
    from vms.onvif.media2 import Media2
    from vms.onvif.soap import open_envelope

URL = "http://10.42.16.48/onvif/device_service"


class Answering:
    """A SoapClient that answers every call with the same element, renamed to fit."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def call(self, url: str, body: Any, *, anonymous: bool = False) -> Any:
        """The answer under test."""
        answer = open_envelope(self._data, "10.42.16.48")
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


def one(data: bytes) -> None:
    """One answer."""
    asyncio.run(_read_everything(data))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
