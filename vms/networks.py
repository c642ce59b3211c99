"""Addresses as whoever counts them must see them: an IPv6 customer has a whole network, and counts once."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Final

ADDRESS_LIMIT_CHARS: Final = 64
NETWORK_CHARS: Final = 19  # the first 64 bits, written out: what one customer has


def customer_network(address: str) -> str:
    """An IPv4 address as it is, the /64 of an IPv6 one; what is no address stays as it was given, cut."""
    text = address[:ADDRESS_LIMIT_CHARS]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped) if found.ipv4_mapped else found.exploded[:NETWORK_CHARS]
    return str(found)
