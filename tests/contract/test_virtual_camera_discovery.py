"""WS-Discovery of virtual cameras: found by unicast and by multicast on loopback, silent when told to hide (O-20)."""

from __future__ import annotations

import asyncio
import socket
import struct
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from lxml import etree

from tests.fakes.camera import CameraConfig, Farm, FarmConfig
from tests.fakes.camera.discovery import GROUP, MULTICAST_PORT, Discovery, reply_to
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.clips import rendered

A = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
D = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
E = "http://www.w3.org/2003/05/soap-envelope"
WAIT_S = 60.0
SILENCE_S = 0.3


def config(number: int, **changes: object) -> CameraConfig:
    given = {"id": f"found-{number}", "address": f"127.0.63.{number}", "main": rendered("small"), "location": "Mairie"}
    return CameraConfig.model_validate({**given, **changes})


@pytest.fixture
async def farm() -> AsyncIterator[Farm]:
    async with Farm(FarmConfig(cameras=(config(1), config(2)), http_port=0, rtsp_port=0, discovery_port=0)) as farm:
        yield farm


def message(kind: str, content: str) -> tuple[str, bytes]:
    message_id = f"urn:uuid:{uuid.uuid4()}"
    text = (
        f'<e:Envelope xmlns:e="{E}" xmlns:a="{A}" xmlns:d="{D}" '
        'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header>'
        f"<a:MessageID>{message_id}</a:MessageID><a:Action>{D}/{kind}</a:Action></e:Header>"
        f"<e:Body><d:{kind}>{content}</d:{kind}></e:Body></e:Envelope>"
    )
    return message_id, text.encode()


class Ear:
    """A UDP socket that keeps what it hears."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.setblocking(False)

    @classmethod
    def plain(cls) -> Ear:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        sock.bind(("127.0.0.1", 0))
        return cls(sock)

    @classmethod
    def of_the_group(cls) -> Ear:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((GROUP, MULTICAST_PORT))
        member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton("127.0.0.1"))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        return cls(sock)

    async def hear(self, within_s: float = WAIT_S) -> etree._Element:
        loop = asyncio.get_running_loop()
        data, _ = await asyncio.wait_for(loop.sock_recvfrom(self.sock, 65536), within_s)
        return etree.fromstring(data)

    async def hear_from(self, farm: Farm, count: int) -> dict[str, etree._Element]:
        """What the farm's cameras said, by endpoint reference; other farms on this machine are not ours."""
        ours = {camera.config.endpoint_reference for camera in farm.cameras.values()}
        heard: dict[str, etree._Element] = {}
        async with asyncio.timeout(WAIT_S):
            while len(heard) < count:
                told = await self.hear()
                reference = told.findtext(f".//{{{A}}}EndpointReference/{{{A}}}Address") or ""
                if reference in ours:
                    heard[reference] = told
        return heard

    def close(self) -> None:
        self.sock.close()


@pytest.fixture
def ear() -> Iterator[Ear]:
    one = Ear.plain()
    yield one
    one.close()


async def test_a_unicast_probe_is_answered_by_the_camera_at_that_address(farm: Farm, ear: Ear) -> None:
    message_id, probe = message("Probe", "<d:Types>dn:NetworkVideoTransmitter</d:Types>")
    camera = farm["found-2"]
    ear.sock.sendto(probe, (camera.config.address, farm.discovery.port))
    told = await ear.hear()
    assert told.findtext(f".//{{{A}}}RelatesTo") == message_id
    assert told.findtext(f".//{{{D}}}XAddrs") == camera.device_url
    assert told.findtext(f".//{{{A}}}EndpointReference/{{{A}}}Address") == camera.config.endpoint_reference
    scopes = (told.findtext(f".//{{{D}}}Scopes") or "").split()
    for part in ("hardware/", "name/", "Profile/", "location/Mairie", f"MacAddress/{camera.config.mac_address}"):
        assert any(f"onvif://www.onvif.org/{part}" in scope for scope in scopes)
    with pytest.raises(TimeoutError):
        await ear.hear(SILENCE_S)


async def test_a_multicast_probe_is_answered_by_every_camera(farm: Farm, ear: Ear) -> None:
    ear.sock.sendto(message("Probe", "")[1], (GROUP, MULTICAST_PORT))
    heard = await ear.hear_from(farm, 2)
    assert {told.findtext(f".//{{{D}}}XAddrs") for told in heard.values()} == {
        camera.device_url for camera in farm.cameras.values()
    }


PROBES = {
    "<d:Types/>": True,
    "<d:Types>dn:NetworkVideoDisplay</d:Types>": False,
    "<d:Types>unknown:NetworkVideoTransmitter</d:Types>": False,
    "<d:Scopes>onvif://www.onvif.org/location</d:Scopes>": True,
    "<d:Scopes>onvif://www.onvif.org/loc</d:Scopes>": False,
    "<d:Scopes>onvif://www.onvif.org/name/found-1 onvif://www.onvif.org/location/mairie</d:Scopes>": True,
    "<d:Scopes>onvif://www.onvif.org/name/found-1 onvif://www.onvif.org/location/ecole</d:Scopes>": False,
    f'<d:Scopes MatchBy="{D}/ldap">onvif://www.onvif.org/location</d:Scopes>': False,
}


@pytest.mark.parametrize("content", PROBES)
async def test_types_and_scopes_narrow_a_probe(farm: Farm, content: str) -> None:
    assert (reply_to(message("Probe", content)[1], farm["found-1"]) is not None) == PROBES[content]


async def test_resolve_is_answered_only_by_the_one_meant(farm: Farm) -> None:
    reference = farm["found-1"].config.endpoint_reference
    content = f"<a:EndpointReference><a:Address>{reference}</a:Address></a:EndpointReference>"
    _, resolve = message("Resolve", content)
    assert b"ResolveMatches" in (reply_to(resolve, farm["found-1"]) or b"")
    assert reply_to(resolve, farm["found-2"]) is None


NOISE = (b"", b"\x00" * 500, b"<a/>", b"<!DOCTYPE x [<!ENTITY e 'x'>]><x>&e;</x>", message("Hello", "")[1])


@pytest.mark.parametrize("data", NOISE)
async def test_noise_is_not_answered(farm: Farm, data: bytes) -> None:
    assert reply_to(data, farm["found-1"]) is None


async def test_a_hidden_camera_says_bye_and_then_nothing(farm: Farm, ear: Ear) -> None:
    listener = Ear.of_the_group()
    camera = farm["found-1"]
    camera.set_discoverable(False)
    told = (await listener.hear_from(farm, 1))[camera.config.endpoint_reference]
    assert told.findtext(f".//{{{A}}}Action") == f"{D}/Bye"
    ear.sock.sendto(message("Probe", "")[1], (camera.config.address, farm.discovery.port))
    with pytest.raises(TimeoutError):
        await ear.hear(SILENCE_S)
    camera.set_discoverable(True)
    told = (await listener.hear_from(farm, 1))[camera.config.endpoint_reference]
    assert told.findtext(f".//{{{A}}}Action") == f"{D}/Hello"
    listener.close()


async def test_an_impostor_has_anothers_endpoint_reference(farm: Farm, ear: Ear) -> None:
    victim = farm["found-1"].config.endpoint_reference
    await farm.add(config(9, endpoint=victim))
    references = set()
    for address in ("127.0.63.1", "127.0.63.9"):
        ear.sock.sendto(message("Probe", "")[1], (address, farm.discovery.port))
        told = await ear.hear()
        references.add(told.findtext(f".//{{{A}}}EndpointReference/{{{A}}}Address"))
    assert references == {victim}
    await farm.remove("found-9")
    ear.sock.sendto(message("Probe", "")[1], ("127.0.63.9", farm.discovery.port))
    with pytest.raises((TimeoutError, ConnectionError)):
        await ear.hear(SILENCE_S)


async def test_a_camera_without_onvif_is_not_found(ear: Ear) -> None:
    plain = FarmConfig(cameras=(config(1, onvif=False),), http_port=0, rtsp_port=0, discovery_port=0, multicast=False)
    async with Farm(plain) as farm:
        assert farm.describe()["cameras"][0]["device_url"] is None
        assert isinstance(farm.discovery, Discovery)
        assert farm.discovery.port == 0
        misbehave(farm["found-1"], "drop")
