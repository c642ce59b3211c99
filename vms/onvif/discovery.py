"""WS-Discovery messages (OASIS WS-Discovery 1.0 of April 2005, the version ONVIF Core §7 uses): bytes in, facts out.

No socket here; ``sweep.py`` sends and receives. An answer is read as hostile input: any datagram may come from anyone.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4
from xml.etree.ElementTree import Element

from vms.errors import Damaged
from vms.onvif import safe_xml

DISCOVERY_PORT: Final = 3702
MULTICAST_V4: Final = "239.255.255.250"
MAX_DATAGRAM_BYTES: Final = 32 * 1024
MAX_MATCHES: Final = 16
MAX_XADDRS: Final = 8
MAX_SCOPES: Final = 64
SCOPE_PREFIX: Final = "onvif://www.onvif.org/"

SOAP: Final = "{http://www.w3.org/2003/05/soap-envelope}"
WSA: Final = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
WSD: Final = "{http://schemas.xmlsoap.org/ws/2005/04/discovery}"

_PROBE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl">'
    "<e:Header><w:MessageID>{message_id}</w:MessageID>"
    "<w:ReplyTo><w:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</w:Address></w:ReplyTo>"
    '<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>'
    '<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action>'
    "</e:Header><e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"
)


class NotAProbeMatch(Damaged):
    """A datagram that is no ProbeMatches message."""


@dataclass(frozen=True, slots=True)
class Scopes:
    """What a device says about itself in its ONVIF scopes (O-21); claims, not facts, until it has been asked."""

    name: str = ""
    hardware: str = ""
    location: str = ""
    mac: str = ""
    serial: str = ""
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeMatch:
    """One device of an answer; ``xaddrs`` are as the device wrote them, not to be used before ``reachable_url``."""

    endpoint_reference: str
    xaddrs: tuple[str, ...]
    scopes: Scopes
    relates_to: str


def new_message_id() -> str:
    """A fresh ``urn:uuid:…``, so that an answer can be matched to exactly one question."""
    return f"urn:uuid:{uuid4()}"


def build_probe(message_id: str) -> bytes:
    """A Probe for ONVIF video transmitters (WS-Discovery §5.2, ONVIF Core §7.3.2)."""
    return _PROBE.format(message_id=message_id).encode()


def parse_answer(data: bytes, where: str = "") -> list[ProbeMatch]:
    """The devices of a ProbeMatches datagram (WS-Discovery §5.3); NotXml or NotAProbeMatch for anything else."""
    root = safe_xml.parse(data, limit_bytes=MAX_DATAGRAM_BYTES, where=where)
    relates_to = safe_xml.text_of(root.find(f"{SOAP}Header/{WSA}RelatesTo"))
    matches = root.findall(f"{SOAP}Body/{WSD}ProbeMatches/{WSD}ProbeMatch")
    if root.tag != f"{SOAP}Envelope" or not relates_to or root.find(f"{SOAP}Body/{WSD}ProbeMatches") is None:
        raise NotAProbeMatch("Réponse qui n’est pas un ProbeMatches.", where=where)
    if len(matches) > MAX_MATCHES:
        raise NotAProbeMatch(f"Plus de {MAX_MATCHES} équipements en une réponse.", where=where)
    return [_parse_match(match, relates_to) for match in matches]


def _parse_match(match: Element, relates_to: str) -> ProbeMatch:
    reference = safe_xml.text_of(match.find(f"{WSA}EndpointReference/{WSA}Address"))
    xaddrs = safe_xml.text_of(match.find(f"{WSD}XAddrs"), 4096).split()[:MAX_XADDRS]
    scopes = safe_xml.text_of(match.find(f"{WSD}Scopes"), 8192).split()
    return ProbeMatch(normal_reference(reference), tuple(xaddrs), parse_scopes(scopes), relates_to)


def parse_scopes(uris: list[str]) -> Scopes:
    """The entries we know among ONVIF scope URIs (ONVIF Core §7.3.2.2); the rest is left alone."""
    found: dict[str, str] = {}
    profiles: list[str] = []
    for uri in uris[:MAX_SCOPES]:
        if not uri.lower().startswith(SCOPE_PREFIX):
            continue
        category, _, value = uri[len(SCOPE_PREFIX) :].partition("/")
        value = printable(unquote(value))
        if category.lower() == "profile":
            profiles.append(value)
        else:
            found.setdefault(category.lower(), value)
    return Scopes(
        name=found.get("name", ""),
        hardware=found.get("hardware", ""),
        location=found.get("location", ""),
        mac=normal_mac(found.get("macaddress", found.get("mac", ""))),
        serial=found.get("serialnumber", found.get("serial", "")),
        profiles=tuple(profiles),
    )


def printable(text: str, limit_chars: int = 64) -> str:
    """Text that a stranger wrote, made safe to show: printable, one line, bounded."""
    return "".join(c for c in text if c.isprintable()).strip()[:limit_chars]


def normal_reference(text: str) -> str:
    """An endpoint reference in one form (``urn:uuid:`` in lower case), so that equal devices compare equal (O-21)."""
    bare = text.strip().lower()
    for prefix in ("urn:uuid:", "uuid:"):
        bare = bare.removeprefix(prefix)
    try:
        return f"urn:uuid:{UUID(bare)}"
    except ValueError:
        return printable(text, 128)


def normal_mac(text: str) -> str:
    """A MAC address as ``02:4a:11:c0:7e:31``; empty when it is none, or belongs to no single card."""
    digits = re.sub(r"[-:.\s]", "", text.lower())
    if not re.fullmatch(r"[0-9a-f]{12}", digits) or digits == "0" * 12 or int(digits[1], 16) & 1:
        return ""
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


@dataclass(frozen=True, slots=True)
class Reachable:
    """The URL to use for a service, and whether the device had named another host (O-23)."""

    url: str
    rewritten: bool


def reachable_url(claimed: str, sender: str) -> Reachable | None:
    """The service URL at the address that really answered (O-23); None when the claim is no usable HTTP URL.

    A device behind NAT may name its local address, and a hostile one an address outside the prefixes: whatever it
    names, only the host that answered is ever contacted. User information and fragments are dropped.
    """
    try:
        parts = urlsplit(claimed)
        port = parts.port
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return None
    if not re.fullmatch(r"[!-~]*", claimed):
        return None
    ip = ipaddress.ip_address(sender)
    netloc = f"[{ip}]" if ip.version == 6 else str(ip)
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        netloc += f":{port}"
    path = parts.path or "/onvif/device_service"
    query = f"?{parts.query}" if parts.query else ""
    return Reachable(f"{parts.scheme}://{netloc}{path}{query}", rewritten=not _same_host(host, ip))


def _same_host(host: str, ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return ipaddress.ip_address(host.split("%")[0]) == ip
    except ValueError:
        return False


def choose_url(match: ProbeMatch, sender: str) -> Reachable | None:
    """A match's device service URL: one it gave for the address that answered, HTTPS first (A-01); else rewritten."""
    candidates = [r for r in (reachable_url(x, sender) for x in match.xaddrs) if r is not None]
    return min(candidates, key=lambda r: (r.rewritten, not r.url.startswith("https:")), default=None)
