"""WS-Discovery of virtual cameras (OASIS/ONVIF 2005-04 version): Hello, Bye, Probe, Resolve; unicast and multicast.

A camera in non-discoverable mode neither listens nor sends (O-20).
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lxml import etree

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera

GROUP = "239.255.255.250"
MULTICAST_PORT = 3702
LOOPBACK = "127.0.0.1"
ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
NETWORK = "http://www.onvif.org/ver10/network/wsdl"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
EVERYBODY = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
TYPES = frozenset({(NETWORK, "NetworkVideoTransmitter"), (DEVICE, "Device")})
MATCH_RFC3986 = f"{DISCOVERY}/rfc3986"
MAX_DATAGRAM_BYTES = 64 * 1024

_instance = int(time.time())
_numbers = itertools.count(1)


def reply_to(data: bytes, camera: VirtualCamera) -> bytes | None:
    """The answer to a Probe or Resolve, or None when the camera is not meant or the message is not one."""
    if not camera.device.discoverable:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return None
    message_id = root.findtext(f"{{{ENVELOPE}}}Header/{{{ADDRESSING}}}MessageID")
    if not message_id:
        return None
    probe = root.find(f"{{{ENVELOPE}}}Body/{{{DISCOVERY}}}Probe")
    if probe is not None:
        return _message("ProbeMatches", camera, message_id.strip()) if _matches(probe, camera) else None
    resolve = root.findtext(
        f"{{{ENVELOPE}}}Body/{{{DISCOVERY}}}Resolve/{{{ADDRESSING}}}EndpointReference/{{{ADDRESSING}}}Address"
    )
    if resolve and resolve.strip() == camera.config.endpoint_reference:
        return _message("ResolveMatches", camera, message_id.strip())
    return None


def _matches(probe: etree._Element, camera: VirtualCamera) -> bool:
    wanted = probe.find(f"{{{DISCOVERY}}}Types")
    if wanted is not None:
        for name in (wanted.text or "").split():
            prefix, _, local = name.rpartition(":")
            if (str(wanted.nsmap.get(prefix or None, "")), local) not in TYPES:
                return False
    scopes = probe.find(f"{{{DISCOVERY}}}Scopes")
    if scopes is None or not (scopes.text or "").split():
        return True
    if scopes.get("MatchBy", MATCH_RFC3986) != MATCH_RFC3986:
        return False
    return all(any(_within(have, want) for have in camera.device.scopes) for want in (scopes.text or "").split())


def _within(have: str, want: str) -> bool:
    """RFC 3986 matching of WS-Discovery §5.1: equal, or a prefix by whole path segments."""
    have, want = have.rstrip("/"), want.rstrip("/")
    return have.lower() == want.lower() or have.lower().startswith(want.lower() + "/")


def _message(kind: str, camera: VirtualCamera, relates_to: str = "") -> bytes:
    """A ProbeMatches, ResolveMatches, Hello or Bye."""
    announcing = kind in ("Hello", "Bye")
    reference = f"<a:EndpointReference><a:Address>{camera.config.endpoint_reference}</a:Address></a:EndpointReference>"
    content = reference
    if kind != "Bye":
        content += (
            "<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>"
            f"<d:Scopes>{escape(' '.join(camera.device.scopes))}</d:Scopes>"
            f"<d:XAddrs>{camera.device_url}</d:XAddrs>"
            f"<d:MetadataVersion>{camera.device.metadata_version}</d:MetadataVersion>"
        )
    if not announcing:
        match = kind.removesuffix("es")
        content = f"<d:{match}>{content}</d:{match}>"
    related = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{ENVELOPE}" xmlns:a="{ADDRESSING}" '
        f'xmlns:d="{DISCOVERY}" xmlns:dn="{NETWORK}" xmlns:tds="{DEVICE}"><e:Header>'
        f"<a:Action>{DISCOVERY}/{kind}</a:Action><a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID>{related}"
        f"<a:To>{EVERYBODY if announcing else ANONYMOUS}</a:To>"
        f'<d:AppSequence InstanceId="{_instance}" MessageNumber="{next(_numbers)}"/></e:Header>'
        f"<e:Body><d:{kind}>{content}</d:{kind}></e:Body></e:Envelope>"
    ).encode()


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, addr)


class Discovery:
    """Listens for all cameras of a farm: one unicast socket each, one multicast socket on loopback for all."""

    def __init__(self, cameras: Iterable[VirtualCamera], port: int, *, multicast: bool) -> None:
        self._cameras = {camera.config.id: camera for camera in cameras if camera.config.onvif}
        self.port = port
        self._multicast = multicast
        self._sockets: dict[str, asyncio.DatagramTransport] = {}
        self._group: asyncio.DatagramTransport | None = None
        self.probes = 0

    async def start(self) -> None:
        """Bind every socket and say Hello for each discoverable camera."""
        for camera in tuple(self._cameras.values()):
            await self.add(camera)
        if self._multicast:
            self._group = await self._open_group()

    async def add(self, camera: VirtualCamera) -> None:
        """Listen on a camera's own address too."""
        loop = asyncio.get_running_loop()
        sock = _udp((camera.config.address, self.port))
        if self.port == 0:
            self.port = sock.getsockname()[1]

        def received(data: bytes, addr: tuple[str, int]) -> None:
            self._answer(camera, data, addr)

        transport, _ = await loop.create_datagram_endpoint(lambda: _Listener(received), sock=sock)
        self._cameras[camera.config.id] = camera
        self._sockets[camera.config.id] = transport
        camera.announce = self.announce
        if camera.device.discoverable:
            self.announce("Hello", camera)

    def announce(self, kind: str, camera: VirtualCamera) -> None:
        """Send a Hello or Bye to the multicast group on loopback."""
        transport = self._sockets.get(camera.config.id)
        if transport and self._multicast:
            transport.sendto(_message(kind, camera), (GROUP, MULTICAST_PORT))

    def remove(self, camera: VirtualCamera) -> None:
        """Say Bye for a camera and stop listening for it."""
        if camera.device.discoverable:
            self.announce("Bye", camera)
        self._cameras.pop(camera.config.id, None)
        transport = self._sockets.pop(camera.config.id, None)
        if transport:
            transport.close()

    def stop(self) -> None:
        """Say Bye and close."""
        for camera in self._cameras.values():
            if camera.device.discoverable:
                self.announce("Bye", camera)
        for transport in self._sockets.values():
            transport.close()
        if self._group:
            self._group.close()

    async def _open_group(self) -> asyncio.DatagramTransport:
        sock = _udp((GROUP, MULTICAST_PORT))
        membership = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(LOOPBACK))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)

        def received(data: bytes, addr: tuple[str, int]) -> None:
            for camera in self._cameras.values():
                self._answer(camera, data, addr)

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Listener(received), sock=sock)
        return transport

    def _answer(self, camera: VirtualCamera, data: bytes, addr: tuple[str, int]) -> None:
        self.probes += 1
        reply = reply_to(data, camera) if len(data) <= MAX_DATAGRAM_BYTES else None
        transport = self._sockets.get(camera.config.id)
        if reply and transport:
            transport.sendto(reply, addr)


def _udp(address: tuple[str, int]) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    sock.bind(address)
    return sock
