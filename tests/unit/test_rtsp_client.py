"""The client on real sockets, against a server that says exactly what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from recorder.access_unit import AccessUnit
from recorder.rtsp.client import RtspClient
from recorder.rtsp.dial import EARLY_BYTES
from recorder.rtsp.drain import Drain
from recorder.rtsp.errors import CameraUnreachable, RtspError, StreamDamaged, StreamRefused
from recorder.rtsp.urls import parse_url
from tests.fakes.odd_rtsp import OddServer, Visit, odd_server, reply, sdp
from tests.fakes.small_clip import small_clip
from vms.clock import SystemClock

CLIP = small_clip()
LIMIT_S = 60.0


class Got:
    def __init__(self) -> None:
        self.units: list[AccessUnit] = []
        self._more = asyncio.Event()

    def __call__(self, units: list[AccessUnit]) -> None:
        self.units += units
        self._more.set()

    async def at_least(self, count: int) -> None:
        async with asyncio.timeout(LIMIT_S):
            while len(self.units) < count:
                self._more.clear()
                await self._more.wait()


@contextlib.asynccontextmanager
async def playing(server: OddServer, got: Got) -> AsyncIterator[RtspClient]:
    url, account = parse_url(server.url)
    client = RtspClient(url, account, SystemClock(), Drain(), got)
    try:
        await client.open()
        yield client
    finally:
        client.close()


async def all_of_it(visit: Visit) -> None:
    await visit.clip(CLIP, pace=0.1)


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """What a camera has: a certificate that it made itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "camera.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def test_units_come_through_whole() -> None:
    got = Got()
    async with odd_server(CLIP, all_of_it) as server, playing(server, got):
        await got.at_least(50)
    assert [unit.nals for unit in got.units] == [unit.nals for unit in CLIP.units]


async def test_units_come_through_tls_on_readiness_and_on_the_tick(certificate: ssl.SSLContext) -> None:
    got = Got()
    async with odd_server(CLIP, all_of_it, tls=certificate) as server:
        assert server.url.startswith("rtsps://")
        async with playing(server, got) as client:
            await got.at_least(10)
            client.watched = False
            await got.at_least(50)
    assert [unit.nals for unit in got.units] == [unit.nals for unit in CLIP.units]


@pytest.mark.parametrize("early_bytes, read", [(EARLY_BYTES, False), (2_000, True)])
async def test_a_camera_nobody_watches_is_read_before_the_tick_only_when_much_waits(
    monkeypatch: pytest.MonkeyPatch, early_bytes: int, read: bool
) -> None:
    monkeypatch.setattr("recorder.rtsp.drain.TICK_S", 3600.0)
    monkeypatch.setattr("recorder.rtsp.client.EARLY_BYTES", early_bytes)
    unwatched, sent, got = asyncio.Event(), asyncio.Event(), Got()

    async def all_at_once(visit: Visit) -> None:
        await unwatched.wait()
        await visit.clip(CLIP, count=10, pace=0)
        sent.set()
        await asyncio.Event().wait()

    async with odd_server(CLIP, all_at_once) as server, playing(server, got) as client, asyncio.timeout(LIMIT_S):
        client.watched = False
        unwatched.set()
        await sent.wait()
        if read:
            await got.at_least(5)
            return
        assert got.units == []
        client.watched = True  # somebody comes: what waits is there at once
        await got.at_least(9)


async def test_a_server_that_speaks_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.rtsp.client.OPEN_TIMEOUT_S", 0.3)
    async with odd_server(CLIP) as server:
        server.scheme = "rtsps"
        with pytest.raises(RtspError):
            async with playing(server, Got()):
                pass


@pytest.mark.parametrize("watched", [True, False])
async def test_the_end_of_the_connection_is_told_to_whoever_waits_watched_or_not(
    monkeypatch: pytest.MonkeyPatch, watched: bool
) -> None:
    monkeypatch.setattr("recorder.rtsp.drain.TICK_S", 3600.0)
    ready = asyncio.Event()

    async def hang_up(visit: Visit) -> None:
        await ready.wait()
        await visit.clip(CLIP, count=3, pace=0)
        visit.writer.close()

    async with odd_server(CLIP, hang_up) as server, playing(server, Got()) as client:
        client.watched = watched
        ready.set()
        with pytest.raises(CameraUnreachable, match="coupé"):
            await asyncio.wait_for(client.wait(), LIMIT_S)


async def test_what_came_before_garbage_is_not_lost() -> None:
    async def garbage(visit: Visit) -> None:
        await visit.clip(CLIP, count=5, pace=0)
        for _ in range(300):
            await visit.send(b"\xff\x00garbage" * 200)

    got = Got()
    async with odd_server(CLIP, garbage) as server, playing(server, got) as client:
        with pytest.raises(StreamDamaged):
            await asyncio.wait_for(client.wait(), LIMIT_S)
    assert len(got.units) == 4  # the last one may have been what the damage began with


async def test_nobody_listens() -> None:
    async with odd_server(CLIP) as server:
        pass
    with pytest.raises(CameraUnreachable, match=r"127\.0\.0\.1"):
        async with playing(server, Got()):
            pass


async def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.rtsp.client.OPEN_TIMEOUT_S", 0.3)
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with silent:
        url, _ = parse_url(f"rtsp://127.0.0.1:{silent.sockets[0].getsockname()[1]}/")
        client = RtspClient(url, None, SystemClock(), Drain(), Got())
        with pytest.raises(CameraUnreachable, match="répond"):
            await client.open()


async def test_a_server_that_sends_an_endless_head() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(b"RTSP/1.0 200 OK\r\n")
            for _ in range(1000):
                writer.write(b"X-Padding: " + b"a" * 1000 + b"\r\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    async with server:
        url, _ = parse_url(f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        client = RtspClient(url, None, SystemClock(), Drain(), Got())
        with pytest.raises(StreamDamaged):
            await client.open()


async def test_a_refusal_keeps_its_status() -> None:
    def no(method: str, uri: str, headers: dict[str, str]) -> bytes | None:
        return reply(453, "Not Enough Bandwidth", headers["cseq"]) if method == "SETUP" else None

    async with odd_server(CLIP, answer=no) as server:
        with pytest.raises(StreamRefused, match="453") as caught:
            async with playing(server, Got()):
                pass
        assert caught.value.status_code == 453


async def test_closing_says_goodbye_and_a_second_time_nothing() -> None:
    got = Got()
    async with odd_server(CLIP, all_of_it) as server:
        async with playing(server, got) as client:
            await got.at_least(1)
            client.close()
            await asyncio.wait_for(client.wait(), LIMIT_S)
        await asyncio.wait_for(server.visits[0].gone.wait(), LIMIT_S)
        assert server.visits[0].methods()[-1] == "TEARDOWN"


async def test_a_fault_of_ours_ends_one_stream_and_is_reported() -> None:
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))

    def broken(units: list[AccessUnit]) -> None:
        raise ZeroDivisionError("a bug")

    async with odd_server(CLIP, all_of_it) as server:
        url, _ = parse_url(server.url)
        client = RtspClient(url, None, SystemClock(), Drain(), broken)
        with pytest.raises(RtspError, match="interne"):
            await client.open()
            await asyncio.wait_for(client.wait(), LIMIT_S)
        assert any(isinstance(context.get("exception"), ZeroDivisionError) for context in reported)
        with contextlib.suppress(ZeroDivisionError):  # a picture that was still in doubt may come here
            client.close()


async def test_controls_that_are_absolute_or_name_another_host_are_asked_for_as_given() -> None:
    async with odd_server(CLIP, all_of_it, description=sdp(CLIP, control="rtsp://10.9.8.7/other/track")) as server:
        got = Got()
        async with playing(server, got):
            await got.at_least(1)
        uris = {method: uri for method, uri, _ in server.visits[0].requests}
        assert uris["SETUP"] == "rtsp://10.9.8.7/other/track"
        assert len(server.visits) == 1  # the connection stays with the host that was declared
