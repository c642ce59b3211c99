"""Addresses as people declare them, and control attributes as cameras mean them."""

from __future__ import annotations

import pytest

from recorder.rtsp.auth import Credentials
from recorder.rtsp.urls import base_url, parse_url, redirected, resolve_control, track_addresses
from vms.errors import BadInput


def test_the_account_leaves_the_address() -> None:
    url, account = parse_url("rtsp://us%65r:p%40ss@192.0.2.1:8554/a/b?channel=1&subtype=0")
    assert account == Credentials("user", "p@ss")
    assert url.request == "rtsp://192.0.2.1:8554/a/b?channel=1&subtype=0"
    assert (url.host, url.port, url.peer, url.secure) == ("192.0.2.1", 8554, "192.0.2.1:8554", False)


def test_defaults_and_ipv6() -> None:
    url, account = parse_url("RTSPS://[2001:db8::1]")
    assert account is None
    assert (url.host, url.port, url.secure, url.peer) == ("2001:db8::1", 322, True, "[2001:db8::1]:322")
    assert url.request == "rtsps://[2001:db8::1]/"
    assert parse_url("rtsp://cam/x")[0].port == 554


@pytest.mark.parametrize(
    "text",
    ["", "http://cam/x", "rtsp:///x", "rtsp://cam:0/x", "rtsp://cam:99999/x", "rtsp://cam:x/", "rtsp://c/a b",
     "rtsp://c/a\r\nX: y", "rtsp://[::1/x", "file:///etc/passwd", "rtsp://c/" + "a" * 3000],
)  # fmt: skip
def test_what_is_no_stream_address_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_url(text)


@pytest.mark.parametrize(
    ("base", "control", "wanted"),
    [
        # live555: base with slash
        ("rtsp://c/live/", "track1", "rtsp://c/live/track1"),
        # without slash, as Hikvision and many others answer: appended, not resolved
        ("rtsp://c/Streaming/Channels/101", "trackID=1", "rtsp://c/Streaming/Channels/101/trackID=1"),
        # Dahua: the query is part of the base
        ("rtsp://c/cam/realmonitor?channel=1&subtype=0/", "trackID=0",
         "rtsp://c/cam/realmonitor?channel=1&subtype=0/trackID=0"),
        ("rtsp://c/s?x=1", "trackID=0", "rtsp://c/s?x=1/trackID=0"),
        # absolute, even with another host in it: the camera knows itself by that name
        ("rtsp://c/s", "rtsp://10.0.0.1/s/track1", "rtsp://10.0.0.1/s/track1"),
        ("rtsp://c/s", "RTSP://10.0.0.1/s", "RTSP://10.0.0.1/s"),
        ("rtsp://c/s", "*", "rtsp://c/s"),
        ("rtsp://c/s", "", "rtsp://c/s"),
        ("rtsp://c:8554/s/t", "/track1", "rtsp://c:8554/track1"),
        ("rtsp://c/s/", "?ctype=video", "rtsp://c/s/?ctype=video"),
    ],
)  # fmt: skip
def test_control_attributes(base: str, control: str, wanted: str) -> None:
    assert resolve_control(base, control) == wanted


def test_the_base_comes_from_content_base_then_location_then_the_request() -> None:
    request = "rtsp://c/s"
    assert base_url(request, "rtsp://c/b/", "rtsp://c/l/") == "rtsp://c/b/"
    assert base_url(request, "", "rtsp://c/l/") == "rtsp://c/l/"
    assert base_url(request, "", "") == request
    assert base_url(request, "/other/", "") == "rtsp://c/other/"
    assert base_url(request, "rtsp://c/\r\nX: y", "") == request
    assert base_url(request, "x" * 5000, "") == request


@pytest.mark.parametrize(
    ("text", "host", "port", "request_line"),
    [
        ("rtsp://[2001:db8::7]/a", "2001:db8::7", 554, "rtsp://[2001:db8::7]/a"),
        ("rtsps://[::1]:8322/a?b", "::1", 8322, "rtsps://[::1]:8322/a?b"),
        ("rtsp://[fe80::1%25eth0]:554/a", "fe80::1%eth0", 554, "rtsp://[fe80::1]:554/a"),
        ("rtsp://u:p@[::1]/a", "::1", 554, "rtsp://[::1]/a"),
    ],
)
def test_ipv6_addresses(text: str, host: str, port: int, request_line: str) -> None:
    """RFC 6874: a zone is for this machine's use, the camera knows it by another name."""
    url, _ = parse_url(text)
    assert (url.host, url.port, url.request) == (host, port, request_line)
    assert url.peer == f"[{host}]:{port}"


def test_a_tunnel_asks_for_the_stream_in_rtsp() -> None:
    url, account = parse_url("rtsph://user:pass@192.0.2.1/live")
    assert (url.tunnel, url.secure, url.port, url.request) == (True, False, 80, "rtsp://192.0.2.1/live")
    assert account is not None


REQUEST = "rtsp://192.0.2.1:554/live/main?channel=1"


@pytest.mark.parametrize(
    ("base", "control", "expected"),
    [
        (REQUEST, "track1", REQUEST + "/track1"),
        (REQUEST, "track1", "rtsp://192.0.2.1:554/live/main/track1?channel=1"),
        (REQUEST, "track1", "rtsp://192.0.2.1:554/live/track1"),
        (REQUEST, "rtsp://10.0.0.1/x/track1", "rtsp://10.0.0.1/x/track1"),
        (REQUEST, "rtsp://10.0.0.1/x/track1", "rtsp://192.0.2.1:554/x/track1"),
        ("rtsp://0.0.0.0/live/", "track1", REQUEST + "/track1"),
    ],
)
def test_every_address_that_a_control_attribute_has_meant_is_tried(base: str, control: str, expected: str) -> None:
    found = track_addresses(REQUEST, base, control)
    assert expected in found
    assert len(found) == len(set(found)) <= 8
    assert found[0] == resolve_control(base, control)


@pytest.mark.parametrize("control", ["", "*"])
def test_no_control_attribute_is_the_stream_itself(control: str) -> None:
    assert track_addresses(REQUEST, REQUEST, control)[0] == REQUEST


@pytest.mark.parametrize("control", ["track 1", "caf\xe9", "a\x00b", "a\x7fb"])
def test_what_no_request_line_can_carry_is_escaped(control: str) -> None:
    found = resolve_control(REQUEST, control)
    assert found.isascii()
    assert found.isprintable()
    assert " " not in found


@pytest.mark.parametrize(
    "location", ["rtsp://192.0.2.1/other", "rtsp://192.0.2.1:8554/", "rtsp://u:p@192.0.2.1/x", "/x"]
)
def test_a_camera_may_send_us_elsewhere_on_its_own_host(location: str) -> None:
    target = redirected(parse_url(REQUEST)[0], location)
    assert target is not None
    assert target.host == "192.0.2.1"


@pytest.mark.parametrize(
    "location",
    [
        "rtsp://192.0.2.2/x",
        "rtsp://localhost/x",
        "http://192.0.2.1/",
        "rtsps://192.0.2.1/",
        "",
        "//192.0.2.2/x",
        "rtsp:",
    ],
)
def test_a_camera_may_send_us_nowhere_else(location: str) -> None:
    assert redirected(parse_url(REQUEST)[0], location) is None
    assert redirected(parse_url("rtsps://192.0.2.1/a")[0], "rtsp://192.0.2.1/a") is None


def test_a_content_base_without_its_scheme_is_completed_for_the_host_that_was_asked() -> None:
    assert base_url("rtsp://192.0.2.1:1935/", "192.0.2.1:1935/live/", "") == "rtsp://192.0.2.1:1935/live/"
    assert base_url("rtsp://192.0.2.1/a", "stream live 1", "") == "rtsp://192.0.2.1/a"
