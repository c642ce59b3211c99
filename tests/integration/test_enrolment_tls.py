"""A-01 on a prefix that is not *maîtrisé*: HTTPS under the certificate first seen, RTSPS, and no way back to plain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.camera import VirtualCamera
from tests.fakes.camera.onvif_media2 import OPERATIONS
from tests.fakes.camera.operations import Operation
from tests.fakes.camera.soap import Call, element, leaf
from tests.fakes.camera_town import FACTORY, Town, camera, farm
from tests.fakes.tls_front import self_signed, tls_front
from vms.clock import SystemClock
from vms.errors import Refused, Unavailable
from vms.onvif.soap import DEVICE
from vms.onvif.soap import element as soap_element
from vms.onvif.soap_client import SoapClient
from vms.onvif.tls import fetch_fingerprint, pinned_context
from vms.services import camera_clock
from vms.services.device_session import DeviceSessions


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)
    return Town(tmp_path, trusted=False)


def rtsps_at(port: int) -> Callable[[VirtualCamera, Call], str]:
    """GetStreamUri of a camera that encrypts its streams, at a port of their own."""

    def rtsps(camera: VirtualCamera, call: Call) -> str:
        assert call.text("Protocol") == "RtspsUnicast"
        stream = call.text("ProfileToken").removeprefix("profile-")
        url = f"rtsps://{camera.config.address}:{port}/{stream}"
        return element("tr2:GetStreamUriResponse", leaf("tr2:Uri", url))

    return rtsps


async def test_an_encrypted_camera_is_enrolled_under_its_certificate(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []
    call = SoapClient.call

    async def noted(client: SoapClient, url: str, body: Any, *, anonymous: bool = False) -> Any:
        used.append(url)
        return await call(client, url, body, anonymous=anonymous)

    monkeypatch.setattr(SoapClient, "call", noted)
    async with farm(camera()) as cameras:
        device = cameras["cam-7"]
        address = device.config.address
        async with (
            tls_front(self_signed(tmp_path), address, device.http_port) as port,
            tls_front(self_signed(tmp_path), address, device.rtsp_port) as streams,
        ):
            access = OPERATIONS["GetStreamUri"].access
            monkeypatch.setitem(OPERATIONS, "GetStreamUri", Operation(access, rtsps_at(streams)))
            url = f"https://127.77.0.7:{port}/onvif/device_service"
            enrolled = await town.enrol(device, url=url)
            assert (enrolled.tls, enrolled.main_url) == (True, f"rtsps://127.77.0.7:{streams}/main")
            # The stream's certificate is another one than the services', and held to as well.
            assert enrolled.main_profile["certificate"] == await fetch_fingerprint("127.77.0.7", streams)
            # The camera names its services over plain HTTP; they are only ever reached over the pinned channel.
            assert {u.split("/")[0] + u.split("/")[2] for u in used} == {f"https:127.77.0.7:{port}"}
            entry = town.vault.read("valclair-c07")
            assert entry is not None
            assert entry.certificate == await fetch_fingerprint("127.77.0.7", port)
            assert enrolled.main_profile["services_certificate"] == entry.certificate  # what recorders are held to
        async with (
            tls_front(self_signed(tmp_path), device.config.address, device.http_port, port),
            tls_front(self_signed(tmp_path), device.config.address, device.rtsp_port, streams),
        ):
            with pytest.raises(Refused) as caught:
                await town.enrol(device, url=url)
            assert caught.value.rule == "A-01"
            # A person has seen that it is the camera: from then on it is held to what it shows now.
            again = await town.enrol(device, url=url, new_certificate=True)
            kept = town.vault.read("valclair-c07")
            assert kept is not None
            shown = await fetch_fingerprint("127.77.0.7", port)
            assert kept.certificate == again.main_profile["services_certificate"] == shown != entry.certificate
            assert again.main_profile["certificate"] != enrolled.main_profile["certificate"]
            await town.enrol(device, url=url)


async def test_a_camera_that_encrypts_its_services_and_not_its_streams_is_refused(town: Town, tmp_path: Path) -> None:
    async with farm(camera()) as cameras:
        device = cameras["cam-7"]
        async with tls_front(self_signed(tmp_path), device.config.address, device.http_port) as port:
            with pytest.raises(Refused) as caught:
                await town.enrol(device, url=f"https://127.77.0.7:{port}/onvif/device_service")
    assert caught.value.rule == "A-01"
    assert town.step("profiles")["rule"] == "A-01"
    assert town.inscribed == []


async def test_another_certificate_gets_no_byte_of_ours(tmp_path: Path) -> None:
    async with farm(camera()) as cameras:
        device = cameras["cam-7"]
        async with tls_front(self_signed(tmp_path), device.config.address, device.http_port) as port:
            url = f"https://127.77.0.7:{port}/onvif/device_service"
            async with SoapClient(SystemClock(), FACTORY, tls=pinned_context("00" * 32)) as soap:
                with pytest.raises(Unavailable):
                    await soap.call(url, soap_element(f"{{{DEVICE}}}GetUsers"))
            with pytest.raises(Refused):
                async with DeviceSessions(url, SystemClock(), "00" * 32)(FACTORY):
                    raise AssertionError("a session was opened")
        assert device.counts.refused == 0


async def test_a_port_without_tls_is_unavailable() -> None:
    async with farm(camera()) as cameras:
        with pytest.raises(Unavailable):
            await fetch_fingerprint("127.77.0.7", cameras["cam-7"].http_port)
