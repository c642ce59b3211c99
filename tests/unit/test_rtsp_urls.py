"""Addresses as people declare them, and control attributes as cameras mean them."""

from __future__ import annotations

import pytest

from recorder.rtsp.auth import Credentials
from recorder.rtsp.urls import base_url, parse_url, resolve_control
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
