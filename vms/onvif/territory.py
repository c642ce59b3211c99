"""Where a commune's cameras may be looked for: its declared prefixes, and nothing else (O-22, A-01)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from vms.errors import BadInput, LimitExceeded, Refused

# A larger range is a typing error far more often than a commune; it also bounds how long one search lasts.
PREFIX_MAX_ADDRESSES: Final = 4096
TERRITORY_MAX_PREFIXES: Final = 32

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class DeclaredPrefix:
    """One address range; ``trusted`` is *maîtrisé*: plain RTSP and HTTP are bearable there (A-01)."""

    network: Network
    trusted: bool = False

    @classmethod
    def parse(cls, cidr: str, *, trusted: bool = False) -> DeclaredPrefix:
        """The prefix written as ``10.42.16.0/24``; BadInput when it is none, LimitExceeded when too large to search."""
        try:
            network = ipaddress.ip_network(cidr.strip(), strict=True)
        except ValueError as error:
            raise BadInput(
                f"« {cidr[:50]} » n’est pas un préfixe.", todo="Écrivez-le comme 10.42.16.0/24, bits d’hôte à zéro."
            ) from error
        if network.is_multicast or network.num_addresses > PREFIX_MAX_ADDRESSES:
            raise LimitExceeded(
                f"Le préfixe {network} compte plus de {PREFIX_MAX_ADDRESSES} adresses.",
                todo="Déclarez les sous-réseaux où se trouvent vraiment des caméras.",
                rule="O-22",
            )
        return cls(network, trusted)

    def hosts(self) -> Iterator[Address]:
        """Every address a device may have in this prefix (network and broadcast addresses left out)."""
        return iter(self.network.hosts())

    def __str__(self) -> str:
        return str(self.network)


class Territory:
    """The declared prefixes of one commune; the only place that decides whether an address may be spoken to."""

    def __init__(self, prefixes: Iterable[DeclaredPrefix]) -> None:
        self.prefixes: Final = tuple(prefixes)
        if not self.prefixes:
            raise Refused(
                "Aucun préfixe n’est déclaré pour cette commune.",
                todo="Déclarez d’abord les plages d’adresses de ses caméras.",
                rule="O-22",
            )
        if len(self.prefixes) > TERRITORY_MAX_PREFIXES:
            raise LimitExceeded(f"Plus de {TERRITORY_MAX_PREFIXES} préfixes en une recherche.", rule="O-22")

    def prefix_of(self, address: str) -> DeclaredPrefix | None:
        """The declared prefix that holds ``address`` (an IP literal), the narrowest first; None outside."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return None
        holding = [p for p in self.prefixes if ip.version == p.network.version and ip in p.network]
        return max(holding, key=lambda p: p.network.prefixlen, default=None)

    def require(self, address: str) -> DeclaredPrefix:
        """The declared prefix that holds ``address``; Refused (O-22) when none does."""
        prefix = self.prefix_of(address)
        if prefix is None:
            raise Refused(
                f"L’adresse {address[:50]} est hors des préfixes déclarés.",
                where=address[:50],
                todo="Déclarez son préfixe, ou corrigez l’adresse.",
                rule="O-22",
            )
        return prefix
