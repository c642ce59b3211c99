"""Who asks: the connection's other end, or, behind a declared proxy, whom that proxy names (``VMS_TRUSTED_PROXIES``).

``X-Forwarded-For`` is a list to which each proxy adds, on the right, whom it was asked by. It is read from the right
past proxies that are declared, and no further: what stands to the left of the first stranger is that stranger's word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.requests import HTTPConnection

FORWARDED_FOR: Final = "x-forwarded-for"
HOPS_LIMIT: Final = 16

Proxies = Sequence[IPv4Network | IPv6Network]


def networks_of(declared: Iterable[str]) -> Proxies:
    """The declared proxies; ValueError for what is no address and no network."""
    return tuple(ip_network(one) for one in declared)


def peer_of(connection: HTTPConnection) -> str:
    """The other end of the connection, proxy or not; empty when it has none."""
    return connection.client.host if connection.client else ""


def address_of(connection: HTTPConnection) -> str:
    """The client's address; empty when there is none."""
    services = connection.app.state.services
    proxies: Proxies = services.proxies if services is not None else ()
    return client_address(peer_of(connection), connection.headers.getlist(FORWARDED_FOR), proxies)


def client_address(peer: str, forwarded: Sequence[str], proxies: Proxies) -> str:
    """The first from the right that is no declared proxy's; a proxy's own when all are, or one is unreadable."""
    client = peer
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    for hop in (*reversed(hops[-HOPS_LIMIT:]), ""):
        if not is_proxy(client, proxies):
            return client
        found = _address(hop)
        if found is None:
            return client
        client = str(found)
    return client


def is_proxy(address: str, proxies: Proxies) -> bool:
    """Whether an address is a declared proxy's."""
    found = _address(address)
    return found is not None and any(found.version == one.version and found in one for one in proxies)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address, without the port that some proxies write beside it."""
    bare = text.partition("]")[0].lstrip("[") if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
