"""RTSP through two HTTPS connections, each held to the camera's certificate, before servers that speak TLS (O-30)."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recorder.access_unit import AccessUnit
from recorder.rtsp.client import RtspClient
from recorder.rtsp.drain import Drain
from recorder.rtsp.errors import CameraUnreachable, OtherCertificate
from recorder.rtsp.urls import StreamUrl, parse_url, redirected
from tests.fakes.tls_front import self_signed, tls_front
from tests.fakes.zoo.accounts import ACCOUNT, DIGEST, asks
from tests.fakes.zoo.scenario import Scenario
from tests.fakes.zoo.server import Zoo, serving
from vms.clock import SystemClock
from vms.onvif.tls import fetch_fingerprint
from vms.services.declare_rtsp import split_account
from vms.services.stream_certificate import CERTIFICATE, pin

LIMIT_S = 30.0
ASKING = Scenario(name="https-tunnel", what="an account asked for inside", scheme="rtsph", account=ACCOUNT,
                  answers=asks(DIGEST))  # fmt: skip


@contextlib.asynccontextmanager
async def camera(context: ssl.SSLContext) -> AsyncIterator[tuple[Zoo, str]]:
    """A camera behind TLS, and its address."""
    async with serving(ASKING) as zoo, tls_front(context, "127.0.0.1", zoo.port) as port:
        yield zoo, f"rtsphs://{ACCOUNT}@127.0.0.1:{port}/stream"


async def plays(address: str, certificate: str) -> list[AccessUnit]:
    """What comes of the stream until it has played for a while."""
    url, account = parse_url(address)
    units: list[AccessUnit] = []
    enough = asyncio.Event()

    def take(more: list[AccessUnit]) -> None:
        units.extend(more)
        if len(units) >= 5:
            enough.set()

    client = RtspClient(url, account, SystemClock(), Drain(), take, certificate=certificate)
    try:
        await client.open()
        async with asyncio.timeout(LIMIT_S):
            await enough.wait()
    finally:
        client.close()
    return units


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_pictures_come_through_the_pinned_tunnel(tmp_path: Path, version: ssl.TLSVersion) -> None:
    context = self_signed(tmp_path)
    context.minimum_version = context.maximum_version = version
    async with camera(context) as (zoo, address):
        profile: dict[str, str] = {}
        await pin(profile, split_account(address)[0])  # as at enrolment
        assert profile[CERTIFICATE] == await fetch_fingerprint("127.0.0.1", parse_url(address)[0].port)
        units = await plays(address, profile[CERTIFICATE])
        assert any(unit.key for unit in units)
        methods = [method for method, _ in zoo.peers[0].asked]
        assert methods[:2].count("DESCRIBE") >= 1
        assert "PLAY" in methods
        assert {uri.split(":")[0] for _, uri in zoo.peers[0].asked} == {"rtsp"}, "inside it is plain RTSP"


async def test_another_certificate_hears_neither_cookie_nor_account(tmp_path: Path) -> None:
    async with camera(self_signed(tmp_path)) as (zoo, address):
        with pytest.raises(OtherCertificate):
            await plays(address, "0" * 64)
        assert zoo.peers == []
        assert await plays(address, ""), "without a pin any certificate keeps listeners out, as with RTSPS"


@pytest.mark.parametrize("said", [b"HTTP/1.0 400 Bad Request\r\n\r\n", b""])
async def test_what_speaks_no_tls_or_hangs_up_is_unreachable(said: bytes) -> None:
    def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(CameraUnreachable):
            await plays(f"rtsphs://{ACCOUNT}@127.0.0.1:{port}/stream", "")


def test_the_address_is_https_outside_and_rtsp_inside() -> None:
    url, account = parse_url("rtsphs://user:pass@192.0.2.1/live")
    assert (url.tunnel, url.secure, url.port, url.request) == (True, True, 443, "rtsp://192.0.2.1/live")
    assert account is not None
    # Where the camera sends us to is its own affair; the way there stays the tunnel.
    moved = redirected(url, "rtsp://192.0.2.1:8554/other")
    assert moved == StreamUrl("rtsphs", "192.0.2.1", 443, "rtsp://192.0.2.1:8554/other", tunnel=True)
    assert redirected(url, "rtsp://192.0.2.2/other") is None
