"""What the virtual camera still knows after its process ended, as a real camera's flash does; and what it forgets."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.contract.test_virtual_camera_onvif import ADDRESS, CONTENT, MASK, ask, clips
from tests.fakes.camera import CameraConfig, Farm, FarmConfig, UserConfig
from tests.fakes.camera.soap import DEVICE, MEDIA2


def config(memory: Path | None, **changes: object) -> CameraConfig:
    main, sub, other = clips()
    given = {"id": "cam", "address": ADDRESS, "main": main, "sub": sub, "main_variants": (other,), "masks": 4}
    users = (UserConfig(name="boss", password="boss-secret"), UserConfig(name="hand", password="hand-secret"))
    return CameraConfig.model_validate({**given, "users": users, "factory": True, "memory": memory, **changes})


def farm_of(camera: CameraConfig) -> Farm:
    return Farm(FarmConfig(cameras=(camera,), http_port=0, rtsp_port=0, discovery_port=0, multicast=False))


async def tell(farm: Farm, namespace: str, name: str, content: str, password: str = "boss-secret") -> httpx.Response:
    """One operation as ``boss``, by digest."""
    return await ask(farm["cam"], namespace, name, content, ("boss", password))


NEW_PASSWORD = (
    "<tds:User><tt:Username>boss</tt:Username><tt:Password>long-enough-2</tt:Password>"
    "<tt:UserLevel>Administrator</tt:UserLevel></tds:User>"
)


async def change_everything(farm: Farm) -> None:
    """Password, an account, an account fewer, discovery, scopes, NTP, a mask, another size of the main stream."""
    orders = [(DEVICE, "SetUser", NEW_PASSWORD)]
    orders += [
        (namespace, name, CONTENT[namespace, name])
        for namespace, name in (
            (DEVICE, "CreateUsers"),
            (DEVICE, "DeleteUsers"),
            (DEVICE, "SetDiscoveryMode"),
            (DEVICE, "SetScopes"),
            (DEVICE, "SetNTP"),
            (DEVICE, "SetNetworkProtocols"),
            (MEDIA2, "CreateMask"),
        )
    ]
    width = CONTENT[MEDIA2, "SetVideoEncoderConfiguration"].replace("320", "640").replace("240", "480")
    orders.append((MEDIA2, "SetVideoEncoderConfiguration", width))
    for number, (namespace, name, content) in enumerate(orders):
        answer = await tell(farm, namespace, name, content, "long-enough-2" if number else "boss-secret")
        assert answer.status_code == 200, (name, answer.text)


async def test_a_restart_keeps_what_the_camera_was_told(tmp_path: Path) -> None:
    memory = tmp_path / "flash" / "cam.json"
    async with farm_of(config(memory)) as farm:
        await change_everything(farm)
    async with farm_of(config(memory)) as farm:
        camera = farm["cam"]
        assert {one.name: (one.password, one.factory) for one in camera.accounts.all()} == {
            "boss": ("long-enough-2", False),
            "new": ("long-enough-1", False),
        }
        assert not camera.device.discoverable
        assert camera.device.configured_scopes == ["onvif://www.onvif.org/location/here"]
        assert camera.device.ntp_servers == ["127.0.0.1"]
        assert len(camera.device.masks) == 1
        assert camera.streams["main"].clip.width == 640
        # The factory password is no way in any more, and a new mask takes no remembered mask's place.
        assert (await tell(farm, DEVICE, "GetUsers", "")).status_code == 401
        assert (await tell(farm, MEDIA2, "CreateMask", MASK, "long-enough-2")).status_code == 200
        assert len(camera.device.masks) == 2


async def test_without_a_file_it_forgets(tmp_path: Path) -> None:
    async with farm_of(config(None)) as farm:
        await change_everything(farm)
    async with farm_of(config(None)) as farm:
        assert [one.name for one in farm["cam"].accounts.all()] == ["boss", "hand"]
        assert farm["cam"].device.discoverable
    assert list(tmp_path.iterdir()) == []


async def test_reading_writes_nothing_new(tmp_path: Path) -> None:
    memory = tmp_path / "cam.json"
    async with farm_of(config(memory)) as farm:
        await change_everything(farm)
        before = memory.stat().st_ino
        await tell(farm, DEVICE, "GetUsers", "", "long-enough-2")
        await tell(farm, DEVICE, "DeleteUsers", "<tds:Username>nobody</tds:Username>", "long-enough-2")
        assert memory.stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir()] == ["cam.json"]


async def test_a_memory_cut_short_is_said(tmp_path: Path) -> None:
    memory = tmp_path / "cam.json"
    memory.write_text(json.dumps({"accounts": []})[:-4])
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        farm_of(config(memory))
