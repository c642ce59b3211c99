"""WS-Discovery messages: what we ask, what we accept, what we never follow (O-21…O-23)."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.onvif_answers import REFERENCE, probe_match
from vms.errors import BadInput, Damaged, LimitExceeded, Refused
from vms.onvif import discovery, safe_xml
from vms.onvif.territory import DeclaredPrefix, Territory


def test_a_probe_names_its_id_and_asks_for_video_transmitters() -> None:
    message_id = discovery.new_message_id()
    root = fromstring(discovery.build_probe(message_id))
    assert root.findtext(f"{discovery.SOAP}Header/{discovery.WSA}MessageID") == message_id
    types = root.findtext(f"{discovery.SOAP}Body/{discovery.WSD}Probe/{discovery.WSD}Types")
    assert types == "dn:NetworkVideoTransmitter"
    assert discovery.new_message_id() != message_id


def test_an_answer_gives_reference_addresses_and_scopes() -> None:
    scopes = (
        "onvif://www.onvif.org/name/Halle%20fa%C3%A7ade onvif://www.onvif.org/hardware/GC-2"
        " onvif://www.onvif.org/MacAddress/024A11C07E31 onvif://www.onvif.org/SerialNumber/S-77"
        " onvif://www.onvif.org/Profile/T onvif://www.onvif.org/Profile/G http://elsewhere.example/x"
    )
    [match] = discovery.parse_answer(probe_match("urn:uuid:q", "http://10.0.0.5/a http://[fe80::1]/a", scopes=scopes))
    assert match.endpoint_reference == REFERENCE
    assert match.xaddrs == ("http://10.0.0.5/a", "http://[fe80::1]/a")
    assert match.scopes == discovery.Scopes(
        name="Halle façade", hardware="GC-2", mac="02:4a:11:c0:7e:31", serial="S-77", profiles=("T", "G")
    )
    assert match.relates_to == "urn:uuid:q"


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n<html>",
        b"<a>",
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<?xml version='1.0'?><!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        b"<?xml version='1.0' encoding='no-such-code'?><a/>",
        b"<a>" * 40 + b"</a>" * 40,
        b"<a>" + b"<b/>" * 20_001 + b"</a>",
        probe_match("", "http://10.0.0.5/"),
        probe_match("urn:uuid:q", "x" * discovery.MAX_DATAGRAM_BYTES),
        b"\xff\xfe<\x00a\x00",
    ],
)
def test_hostile_datagrams_are_a_clear_error(hostile: bytes) -> None:
    with pytest.raises(Damaged) as caught:
        discovery.parse_answer(hostile, where="10.0.0.9")
    assert caught.value.where == "10.0.0.9"
    assert caught.value.what


def test_an_xml_bomb_is_refused_before_it_grows() -> None:
    bomb = b"<!DOCTYPE z [<!ENTITY a 'aaaaaaaaaa'>" + b"".join(
        b"<!ENTITY %c '&%c;&%c;&%c;&%c;'>" % (98 + i, 97 + i, 97 + i, 97 + i, 97 + i) for i in range(20)
    )
    with pytest.raises(safe_xml.NotXml, match="type de document"):
        safe_xml.parse(bomb + b"]><z>&u;</z>", limit_bytes=10_000)


@pytest.mark.parametrize(
    ("claimed", "expected", "rewritten"),
    [
        ("http://10.42.16.48/onvif/device_service", "http://10.42.16.48/onvif/device_service", False),
        ("http://10.42.16.48:80/x", "http://10.42.16.48/x", False),
        ("https://10.42.16.48:8443/x?y=1", "https://10.42.16.48:8443/x?y=1", False),
        ("http://192.168.1.64:8000/onvif", "http://10.42.16.48:8000/onvif", True),
        ("http://camera.local/onvif", "http://10.42.16.48/onvif", True),
        ("http://admin:secret@10.42.16.48/onvif#f", "http://10.42.16.48/onvif", False),
        ("http://10.42.16.48", "http://10.42.16.48/onvif/device_service", False),
    ],
)
def test_only_the_host_that_answered_is_ever_contacted(claimed: str, expected: str, rewritten: bool) -> None:
    """O-23."""
    assert discovery.reachable_url(claimed, "10.42.16.48") == discovery.Reachable(expected, rewritten)


@pytest.mark.parametrize(
    "claimed",
    ["", "file:///etc/passwd", "ftp://10.42.16.48/", "http://", "http://a:99999/", "http://a:0/", "http://[::1/",
     "http://10.42.16.48/a\u00e9"],
)  # fmt: skip
def test_a_claim_that_is_no_http_url_is_no_address(claimed: str) -> None:
    assert discovery.reachable_url(claimed, "10.42.16.48") is None


def test_among_claims_the_true_address_comes_before_the_safe_one_and_https_before_http() -> None:
    xaddrs = "http://192.168.1.2/a https://192.168.1.2/a http://10.42.16.48/b https://10.42.16.48/c"
    [match] = discovery.parse_answer(probe_match("q", xaddrs))
    assert discovery.choose_url(match, "10.42.16.48") == discovery.Reachable("https://10.42.16.48/c", rewritten=False)


@given(st.text(max_size=200))
def test_no_claim_ever_leads_elsewhere(claimed: str) -> None:
    reached = discovery.reachable_url(claimed, "10.42.16.48")
    assert reached is None or reached.url.split("/")[2].split(":")[0] == "10.42.16.48"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("02-4A-11-C0-7E-31", "02:4a:11:c0:7e:31"),
        ("024a.11c0.7e31", "02:4a:11:c0:7e:31"),
        ("00:00:00:00:00:00", ""),
        ("ff:ff:ff:ff:ff:ff", ""),
        ("01:00:5e:00:00:01", ""),
        ("02:4a:11:c0:7e", ""),
    ],
)
def test_mac_addresses_compare_in_one_form(written: str, normal: str) -> None:
    assert discovery.normal_mac(written) == normal


def test_endpoint_references_compare_in_one_form() -> None:
    for written in (REFERENCE.upper(), REFERENCE.removeprefix("urn:"), REFERENCE.removeprefix("urn:uuid:")):
        assert discovery.normal_reference(written) == REFERENCE
    assert discovery.normal_reference("some\nthing") == "something"


def test_a_territory_is_declared_or_refused() -> None:
    with pytest.raises(Refused) as caught:
        Territory([])
    assert caught.value.rule == "O-22"
    territory = Territory([DeclaredPrefix.parse("10.42.16.0/24"), DeclaredPrefix.parse("10.42.16.0/28", trusted=True)])
    assert territory.require("10.42.16.5").trusted
    assert not territory.require("10.42.16.200").trusted
    for outside in ("10.42.17.1", "not an address", "::1", ""):
        assert territory.prefix_of(outside) is None
        with pytest.raises(Refused):
            territory.require(outside)


@pytest.mark.parametrize("cidr", ["10.42.16.1/24", "10.42.16", "", "999.1.1.1/24"])
def test_a_prefix_that_is_none_is_named(cidr: str) -> None:
    with pytest.raises(BadInput):
        DeclaredPrefix.parse(cidr)


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "224.0.0.0/24", "2001:db8::/64", "0.0.0.0/0"])
def test_a_prefix_too_large_to_be_a_commune_is_refused(cidr: str) -> None:
    with pytest.raises(LimitExceeded):
        DeclaredPrefix.parse(cidr)


def test_hosts_leave_out_network_and_broadcast() -> None:
    assert [str(a) for a in DeclaredPrefix.parse("10.42.16.0/30").hosts()] == ["10.42.16.1", "10.42.16.2"]
    assert [str(a) for a in DeclaredPrefix.parse("10.42.16.7/32").hosts()] == ["10.42.16.7"]
