"""What we send and what the virtual camera answers, judged by the ONVIF WSDLs and by a client nobody here wrote.

The WSDLs are those inside onvif-zeep-async, with our Media2 subset beside them (decisions 0001, 0002).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onvif
import pytest
from lxml import etree
from zeep.exceptions import Fault

from tests.fakes.camera import UserConfig
from tests.fakes.camera.onvif_media import SOURCE_CONFIGURATION
from tests.fakes.camera_town import Town, camera, farm
from vms.clock import SystemClock
from vms.law.masks import Mask
from vms.onvif.media2 import Media2
from vms.onvif.soap import DEVICE, ENVELOPE, MEDIA2, Credential
from vms.onvif.soap_client import SoapClient
from vms.services import camera_clock
from vms.vault.entry import ADMINISTRATOR, USER

OURS = Path(__file__).parent.parent.parent / "vms" / "onvif" / "wsdl"
THEIRS = Path(onvif.__file__).parent / "wsdl"
XS = "{http://www.w3.org/2001/XMLSchema}"


@pytest.fixture(scope="module")
def wsdls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's WSDLs and ours in one folder, as schemaLocation expects them."""
    folder = tmp_path_factory.mktemp("wsdl")
    for path in (*THEIRS.iterdir(), *OURS.iterdir()):
        if path.is_file():
            shutil.copy(path, folder)
    return folder


def schema(folder: Path, wsdl: str) -> etree.XMLSchema:
    """The message schema inside a WSDL, as one XSD that finds its imports."""
    found = etree.parse(folder / wsdl).find(f".//{XS}schema")
    assert found is not None
    path = folder / f"{wsdl}.xsd"
    path.write_bytes(etree.tostring(found))
    return etree.XMLSchema(etree.parse(path))


@pytest.fixture(scope="module")
def judge(wsdls: Path) -> Callable[[bytes], None]:
    """Fails unless the one element in the body of these bytes is valid."""
    schemas = {DEVICE: schema(wsdls, "devicemgmt.wsdl"), MEDIA2: schema(wsdls, "media2.wsdl")}

    def check(message: bytes) -> None:
        body = etree.fromstring(message).find(f"{{{ENVELOPE}}}Body")
        assert body is not None
        [element] = body
        name = etree.QName(element)
        if name.namespace == ENVELOPE:
            return
        document = etree.ElementTree(etree.fromstring(etree.tostring(element)))
        schemas[str(name.namespace)].assertValid(document)

    return check


async def test_every_message_of_an_enrolment_is_valid(
    tmp_path: Path, judge: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)
    sent: list[bytes] = []
    received: list[bytes] = []
    exchange = SoapClient._exchange

    async def recorded(client: SoapClient, request: Any, where: str) -> Any:
        response, data = await exchange(client, request, where)
        sent.append(request.content)
        if data:
            received.append(data)
        return response, data

    monkeypatch.setattr(SoapClient, "_exchange", recorded)
    async with farm(camera(clock_offset_s=60.0, main_variants=())) as cameras:
        await Town(tmp_path).enrol(cameras["cam-7"])
    names = {etree.QName(etree.fromstring(m).find(f"{{{ENVELOPE}}}Body")[0]).localname for m in sent}  # type: ignore[index]
    assert {
        "GetSystemDateAndTime", "GetServices", "GetUsers", "CreateUsers", "DeleteUsers", "GetDeviceInformation",
        "GetNetworkInterfaces", "SetDiscoveryMode", "GetDiscoveryMode", "SetSystemDateAndTime", "GetNetworkProtocols",
        "GetProfiles", "GetVideoEncoderConfigurationOptions", "GetStreamUri", "RemoveConfiguration",
    } <= names  # fmt: skip
    for message in (*sent, *received):
        judge(message)


async def test_an_encoder_setting_is_valid(
    tmp_path: Path, judge: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes.camera_town import clip

    sent: list[bytes] = []
    post = SoapClient._request

    def recorded(client: SoapClient, url: str, content: bytes) -> Any:
        sent.append(content)
        return post(client, url, content)

    monkeypatch.setattr(SoapClient, "_request", recorded)
    small, large = clip("libx264", 352, 288), clip("libx264", 704, 576)
    async with farm(camera(main=small, sub=None, main_variants=(large,))) as cameras:
        await Town(tmp_path).enrol(cameras["cam-7"])
    settings = [m for m in sent if b"SetVideoEncoderConfiguration" in m]
    assert len(settings) >= 1
    for message in settings:
        judge(message)


async def test_a_client_that_nobody_here_wrote_agrees(
    tmp_path: Path, wsdls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """onvif-zeep-async signs in with the vaulted accounts and sees the camera as we left it, Media2 included."""
    monkeypatch.setenv("HOME", str(tmp_path))  # zeep keeps a schema cache there
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)
    from onvif import ONVIFCamera
    from onvif.definition import SERVICES

    monkeypatch.setitem(SERVICES, "media2", {"ns": MEDIA2, "wsdl": "media2.wsdl", "binding": "Media2Binding"})
    async with farm(camera()) as cameras:
        device = cameras["cam-7"]
        enrolled = await Town(tmp_path).enrol(device)
        entry = Town(tmp_path).vault.read("valclair-c07")
        assert entry is not None
        account = entry.account(ADMINISTRATOR)
        peer = ONVIFCamera(
            device.config.address, device.http_port, account.username, account.password, wsdl_dir=str(wsdls)
        )
        try:
            await peer.update_xaddrs()
            management = await peer.create_devicemgmt_service()
            users = await management.GetUsers()
            assert sorted(u.Username for u in users) == ["guet-admin", "guet-lecture", "guet-operateur"]
            assert await management.GetDiscoveryMode() == "NonDiscoverable"
            media2 = await peer.create_onvif_service("media2")
            profiles = await media2.GetProfiles({"Type": ["All"]})
            sizes = [p.Configurations.VideoEncoder.Resolution.Width for p in profiles]
            assert sizes == [704, 352]
            uri = await media2.GetStreamUri({"Protocol": "RTSP", "ProfileToken": profiles[0].token})
            assert uri == enrolled.main_url
        finally:
            await peer.close()
        user = entry.account(USER)
        weak = ONVIFCamera(device.config.address, device.http_port, user.username, user.password, wsdl_dir=str(wsdls))
        try:
            await weak.update_xaddrs()
            management = await weak.create_devicemgmt_service()
            with pytest.raises(Fault, match="may not do that"):
                await management.SetDiscoveryMode({"DiscoveryMode": "Discoverable"})
        finally:
            await weak.close()
        assert not device.device.discoverable


async def test_masks_that_another_client_makes_are_read_as_it_made_them(
    tmp_path: Path, wsdls: Path, judge: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """onvif-zeep-async creates, changes and deletes; we ask GetMasks, and all that passes is valid (O-40, O-44)."""
    monkeypatch.setenv("HOME", str(tmp_path))
    from onvif import ONVIFCamera
    from onvif.definition import SERVICES

    monkeypatch.setitem(SERVICES, "media2", {"ns": MEDIA2, "wsdl": "media2.wsdl", "binding": "Media2Binding"})
    passed: list[bytes] = []
    exchange = SoapClient._exchange

    async def recorded(client: SoapClient, request: Any, where: str) -> Any:
        response, data = await exchange(client, request, where)
        passed.extend(part for part in (request.content, data) if part)
        return response, data

    monkeypatch.setattr(SoapClient, "_exchange", recorded)
    users = (
        UserConfig(name="hand", password="h" * 12, level="Operator"),
        UserConfig(name="eye", password="e" * 12, level="User"),
    )
    corners = [{"x": -0.5, "y": -0.5}, {"x": 0.25, "y": -0.5}, {"x": 0.3, "y": 0.4}]
    mask = {
        "ConfigurationToken": SOURCE_CONFIGURATION, "Polygon": {"Point": corners}, "Type": "Color", "Enabled": True,
        "Color": {"X": 16, "Y": 128, "Z": 128},
    }  # fmt: skip
    async with farm(camera(factory=False, users=users, masks=4)) as cameras:
        device = cameras["cam-7"]
        peer = ONVIFCamera(device.config.address, device.http_port, "hand", "h" * 12, wsdl_dir=str(wsdls))
        try:
            await peer.update_xaddrs()
            media2 = await peer.create_onvif_service("media2")
            token = await media2.CreateMask({"Mask": mask})
            async with SoapClient(SystemClock(), Credential("eye", "e" * 12)) as soap:
                ours = Media2(soap, device.device_url)
                points = ((-0.5, -0.5), (0.25, -0.5), (0.3, 0.4))
                made = Mask(token, SOURCE_CONFIGURATION, points, "Color", enabled=True)
                assert await ours.masks() == ((made,), True)
                await media2.SetMask({"Mask": {**mask, "token": token, "Enabled": False}})
                assert await ours.masks() == ((replace(made, enabled=False),), True)
                await media2.DeleteMask({"Token": token})
                assert await ours.masks() == ((), True)
        finally:
            await peer.close()
    bodies = [etree.fromstring(m).find(f"{{{ENVELOPE}}}Body") for m in passed if b"Masks" in m]
    names = [etree.QName(body[0]).localname for body in bodies if body is not None]
    assert {"GetMasks", "GetMasksResponse"} <= set(names)
    for message in passed:
        if b"Masks" in message:
            judge(message)
