"""Who asks: the other end, or whom a declared proxy names."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vms.networks import customer_network
from vms.settings import Settings
from web.client_address import client_address, networks_of

PROXIES = networks_of(["10.0.0.0/8", "2001:db8:1::7"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        # A stranger's word about itself is worth nothing.
        ("203.0.113.9", ["192.0.2.1"], "203.0.113.9"),
        ("10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        # What the client wrote itself stands to the left of what the proxy added.
        ("10.0.0.1", ["198.51.100.66, 192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.66", "192.0.2.1, 10.0.0.2"], "192.0.2.1"),
        ("10.0.0.1", ["192.0.2.1:5123"], "192.0.2.1"),
        ("2001:db8:1::7", ["[2001:db8:9::1]:443"], "2001:db8:9::1"),
        ("::ffff:10.0.0.1", ["::ffff:192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1, _hidden"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [", ".join(["192.0.2.1"] + ["10.0.0.2"] * 1000)], "10.0.0.2"),
        ("testclient", ["192.0.2.1"], "testclient"),
    ],
)
def test_only_declared_proxies_are_believed(peer: str, forwarded: list[str], client: str) -> None:
    """Fails when the list is read from the left, from anybody, or past what cannot be read."""
    assert client_address(peer, forwarded, PROXIES) == client


def test_nobody_is_believed_unless_declared() -> None:
    """Fails when a proxy is trusted by default, the machine itself included."""
    assert Settings().trusted_proxies == []
    assert client_address("127.0.0.1", ["192.0.2.1"], ()) == "127.0.0.1"


def test_a_proxy_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="VMS_TRUSTED_PROXIES"):
        Settings(trusted_proxies=["10.0.0.1/8"])


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
        ("?", "?"),
        ("x" * 100, "x" * 64),
    ],
)
def test_an_ipv6_customer_counts_once(address: str, counted: str) -> None:
    """Fails when each address of a /64 counts for itself."""
    assert customer_network(address) == counted
