"""What is closed on a camera and what will not close (A-04, O-20, P-06); cameras that guard more than they should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.camera import VirtualCamera, onvif_device, onvif_media2
from tests.fakes.camera.accounts import Access
from tests.fakes.camera.device import NetworkProtocol
from tests.fakes.camera.operations import Operation
from tests.fakes.camera.soap import Call, Fault, element
from tests.fakes.camera_town import PREFIX, Town, camera, farm
from tests.fakes.provisioning_town import order_town
from vms.onvif import sweep
from vms.services import camera_clock


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)
    return Town(tmp_path)


def with_protocols(device: VirtualCamera, *names: Any) -> list[NetworkProtocol]:
    """Give the camera more open protocols than it needs."""
    extra = [NetworkProtocol(name, True, 1000 + number) for number, name in enumerate(names)]
    device.device.protocols = [
        NetworkProtocol("HTTP", True, device.http_port), NetworkProtocol("RTSP", True, device.rtsp_port), *extra
    ]  # fmt: skip
    return extra


async def test_protocols_that_nobody_needs_are_closed(town: Town) -> None:
    async with farm(camera()) as cameras:
        extra = with_protocols(cameras["cam-7"], "TELNET", "FTP")
        enrolled = await town.enrol(cameras["cam-7"])
        assert [p.enabled for p in extra] == [False, False]
        assert [p.enabled for p in cameras["cam-7"].device.protocols[:2]] == [True, True]
    step = town.step("hardening")
    assert (step["state"], step["facts"]["closed"], step["facts"]["open"]) == (
        "done",
        ["TELNET", "FTP"],
        ["HTTP", "RTSP"],
    )
    assert enrolled.hardened


async def test_a_protocol_that_will_not_close_is_named(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(_: VirtualCamera, __: Call) -> str:
        return element("tds:SetNetworkProtocolsResponse")

    monkeypatch.setitem(onvif_device.OPERATIONS, "SetNetworkProtocols", Operation(Access.WRITE_SYSTEM, deaf))
    async with farm(camera()) as cameras:
        with_protocols(cameras["cam-7"], "TELNET")
        enrolled = await town.enrol(cameras["cam-7"])
    step = town.step("hardening")
    assert (step["state"], step["rule"], "TELNET" in step["todo"]) == ("warn", "A-04", True)
    assert not enrolled.hardened


async def test_a_camera_that_goes_on_announcing_itself_is_named(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(_: VirtualCamera, __: Call) -> str:
        raise Fault("not here", "ter:ActionNotSupported", code="Receiver")

    monkeypatch.setitem(onvif_device.OPERATIONS, "SetDiscoveryMode", Operation(Access.WRITE_SYSTEM, unsupported))
    async with farm(camera()) as cameras:
        enrolled = await town.enrol(cameras["cam-7"])
    assert (town.step("hardening")["rule"], enrolled.hardened) == ("O-20", False)


async def test_a_recorder_account_that_may_write_is_refused(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """O-25: a camera without the default access policy gives its recorder's account every right."""
    operation = onvif_device.OPERATIONS["SetDiscoveryMode"]
    monkeypatch.setitem(onvif_device.OPERATIONS, "SetDiscoveryMode", replace(operation, access=Access.READ_SYSTEM))
    async with farm(camera()) as cameras:
        with pytest.raises(Exception, match="O-25"):
            await town.enrol(cameras["cam-7"])
    assert (town.step("rights")["state"], town.inscribed) == ("failed", [])


async def test_sound_is_taken_out_of_every_profile(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """P-06, on a camera that lets its profiles change."""
    taken: list[str] = []

    def remove(device: VirtualCamera, call: Call) -> str:
        taken.extend(call.texts("Configuration/Type"))
        device.audio = False
        return element("tr2:RemoveConfigurationResponse")

    monkeypatch.setitem(onvif_media2.OPERATIONS, "RemoveConfiguration", Operation(Access.WRITE_SYSTEM, remove))
    async with farm(camera(audio=True)) as cameras:
        await town.enrol(cameras["cam-7"])
        assert not cameras["cam-7"].audio
    assert taken == ["AudioEncoder", "AudioSource"] * 2
    assert (town.step("audio")["state"], town.step("audio")["rule"]) == ("done", "")


@pytest.mark.parametrize("guarded", [("GetSystemDateAndTime",), ("GetServices", "GetEndpointReference")])
async def test_a_camera_that_guards_what_is_open_to_all_is_still_enrolled(
    short_home: Path, monkeypatch: pytest.MonkeyPatch, guarded: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sweep, "PROBES_PER_SECOND", 200)
    monkeypatch.setattr(sweep, "ANSWER_WAIT_S", 0.4)
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)
    for name in guarded:
        operation = onvif_device.OPERATIONS[name]
        monkeypatch.setitem(onvif_device.OPERATIONS, name, replace(operation, access=Access.READ_SYSTEM))
    async with farm(camera()) as cameras, order_town(short_home, cameras.discovery.port) as net:
        await net.prefix(PREFIX)
        row = await net.enrol(cameras["cam-7"])
        assert row.status == "done", row.error
        assert [f.state for f in await net.found()] == ["enrolled"]
