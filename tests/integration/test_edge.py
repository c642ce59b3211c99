"""What a connection may hold, for how long and how many of them, on raw sockets against a real server."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from websockets.asyncio.client import connect

from deploy.ports import free_port
from vms.errors import TooManyRequests
from web import problems
from web.body_limit import BodyLimit, BodyLimits
from web.client_address import networks_of
from web.edge import Edge, EdgeLimits

SHORT: Final = EdgeLimits(
    header_s=0.6, idle_s=0.6, header_bytes=4096, body_wait_s=0.6, body_least_bytes_s=1000, unread_s=0.6, linger_s=0.3,
    linger_bytes=100_000, connections=12, connections_of_one=8,
)  # fmt: skip
PATIENCE_S: Final = 10.0  # what must come, comes within this even on a machine that is more than busy


def app() -> FastAPI:
    """A route that reads JSON, one that reads nothing, a stream of events, one without end of much, a WebSocket."""
    made = FastAPI()
    made.add_middleware(BodyLimit, limits=BodyLimits(other_bytes=10_000))
    problems.install(made)

    @made.post("/json")
    async def as_json(body: dict[str, Any]) -> int:
        return len(body)

    @made.post("/often")
    async def often() -> None:
        raise TooManyRequests("Trop.", retry_after_s=7)

    @made.post("/slow")
    async def slow(request: Request) -> int:
        await asyncio.sleep(1.5)
        return len(await request.body())

    @made.get("/events")
    async def events() -> StreamingResponse:
        async def told() -> AsyncIterator[bytes]:
            for number in range(8):
                yield f"data: {number}\n\n".encode()
                await asyncio.sleep(0.25)

        return StreamingResponse(told(), media_type="text/event-stream")

    @made.get("/much")
    async def much() -> StreamingResponse:
        async def told() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65_536
                await asyncio.sleep(0)

        return StreamingResponse(told())

    @made.websocket("/socket")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            await socket.send_text(await socket.receive_text())

    return made


class Door:
    """A server, its edge, and raw connections to it."""

    def __init__(self, port: int, edge: Edge) -> None:
        self.port, self.edge = port, edge

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def said(self, *sent: bytes, every_s: float = 0.0) -> tuple[int, str, str]:
        """Send pieces until the server ends it or all is sent: status, head and body; 0 when it said nothing."""
        reader, writer = await self.connect()

        async def send() -> None:
            with contextlib.suppress(ConnectionError):
                for piece in sent:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(every_s)

        sending = asyncio.create_task(send())
        data = b""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while piece := await reader.read(65_536):
                    data += piece
        except ConnectionError:
            pass  # closed on what we were still sending; its answer came before
        finally:
            sending.cancel()
            writer.close()
        head, _, body = data.partition(b"\r\n\r\n")
        return int(head.split()[1]) if head else 0, head.decode().lower(), body.decode()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():  # noqa: ASYNC110  it may be the server's state, which tells nobody
                await asyncio.sleep(0.02)


@asynccontextmanager
async def opened(edge: Edge) -> AsyncIterator[Door]:
    """A server of the edge."""
    port = free_port()
    config = uvicorn.Config(
        app(), port=port, http=edge.protocol, ws="websockets-sansio", lifespan="off", log_level="critical",  # type: ignore[arg-type]
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    running = asyncio.create_task(server.serve())
    door = Door(port, edge)
    await door.until(lambda: server.started)
    try:
        yield door
    finally:
        server.should_exit = True
        await running


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with opened(Edge(SHORT)) as made:
        yield made


def post(path: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: guet.test", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def test_a_body_beyond_the_bound_is_a_413_before_it_is_read(door: Door) -> None:
    """Fails when the declared length is not judged, or when the answer waits for the body."""
    status, head, body = await door.said(post("/json", "Content-Length: 400000000"), b"{")
    assert status == 413
    assert "application/problem+json" in head
    assert json.loads(body)["type"] == "urn:guet:limit-exceeded"


@pytest.mark.parametrize("lie", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
async def test_a_length_that_lies_and_chunks_without_end_hold_nothing(door: Door, lie: str) -> None:
    """Fails when a body may be waited for, or taken, for ever."""
    if lie.startswith("Content"):
        status, *_ = await door.said(post("/json", lie), b'{"a": 1}')
        assert status == 408
    else:
        status, *_ = await door.said(post("/json", lie), *([chunk(b" " * 4000)] * 10_000))
        assert status == 413
    await door.until(lambda: not door.edge.open)


async def test_a_longer_body_than_said_is_not_taken_for_the_same_request(door: Door) -> None:
    """Fails when what follows a body is read as more of it."""
    status, *_ = await door.said(post("/json", "Content-Length: 8") + b'{"a": 1}' + b"x" * 5000)
    assert status == 400


async def test_one_byte_at_a_time_ends(door: Door) -> None:
    """Fails when each byte prolongs the wait: headers, a body, a chunk's size, empty lines between requests."""
    drops = [b"x"] * 10_000
    cases = {
        b"POST /json HTTP/1.1\r\nX-A: ": 408,
        post("/json", "Content-Length: 9000"): 408,
        post("/json", "Transfer-Encoding: chunked") + b"1;": 408,
    }
    for start, wanted in cases.items():
        status, *_ = await door.said(start, *drops, every_s=0.05)
        assert status == wanted, start
    await door.said(*([b"\r\n"] * 10_000), every_s=0.05)
    await door.until(lambda: not door.edge.open)


async def test_half_open_and_idle_connections_end(door: Door) -> None:
    """Fails when a connection that says nothing, or nothing more, is kept."""
    assert (await door.said())[0] == 0
    assert (await door.said(b"GET"))[0] == 408
    assert (await door.said(post("/json", "Content-Length: 2") + b"{}"))[0] == 200
    assert not door.edge.open


@pytest.mark.parametrize(
    "start", [b"GET / HTTP/1.1\r\nX-A: ", post("/json", "Transfer-Encoding: chunked") + b"0\r\nX-A: "]
)
async def test_headers_and_trailers_without_end_are_refused(door: Door, start: bytes) -> None:
    """Fails when headers are taken without bound."""
    status, *_ = await door.said(start, *([b"x" * 1000] * 10_000))
    assert status == 431


async def test_a_body_that_gets_on_is_taken_however_long_it_lasts(door: Door) -> None:
    """Fails when the whole body has one deadline: 2,400 bytes at 2,000 a second outlast the wait."""
    pieces = [b" " * 100] * 23
    status, _, body = await door.said(post("/json", "Content-Length: 2302"), *pieces, b"{}", every_s=0.05)
    assert (status, body) == (200, "0")


async def test_an_address_and_the_service_have_so_many_connections(door: Door) -> None:
    """Fails when connections are not counted, or not given back."""
    kept = [await door.connect() for _ in range(SHORT.connections_of_one)]
    await door.until(lambda: door.edge.open.total() == SHORT.connections_of_one)
    status, head, _ = await door.said()
    assert (status, "retry-after: 2" in head) == (429, True)
    for _, writer in kept:
        writer.close()
    await door.until(lambda: not door.edge.open)
    assert (await door.said(post("/json", "Content-Length: 2") + b"{}"))[0] == 200


async def test_a_declared_proxy_speaks_for_many_but_not_for_all() -> None:
    """Fails when a proxy is held to what one address may have, or to nothing at all."""
    async with opened(Edge(SHORT, networks_of(["127.0.0.0/8"]))) as door:
        kept = [await door.connect() for _ in range(SHORT.connections)]
        await door.until(lambda: door.edge.open.total() == SHORT.connections)
        assert (await door.said())[0] == 503
        for _, writer in kept:
            writer.close()


async def test_an_answer_that_nobody_reads_ends(door: Door) -> None:
    """Fails when a client that stops reading is waited for."""
    _, writer = await door.connect()
    writer.write(b"GET /much HTTP/1.1\r\nHost: guet.test\r\n\r\n")
    await door.until(lambda: bool(door.edge.open))
    await door.until(lambda: not door.edge.open)
    writer.close()


async def test_events_sockets_and_slow_answers_outlive_every_deadline(door: Door) -> None:
    """Fails when a deadline for requests holds for answers or WebSockets too."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.port}", trust_env=False, timeout=30) as client:
        assert (await client.post("/slow", content=b"{}")).json() == 2
        assert (await client.get("/events")).text.count("data:") == 8
        often = await client.post("/often")
        assert (often.status_code, often.headers["retry-after"]) == (429, "7")
        refused = await client.post("/json", content=b" " * 20_000)  # answered early; the connection goes on
        assert refused.status_code == 413
        assert (await client.post("/json", json={})).status_code == 200
    async with connect(f"ws://127.0.0.1:{door.port}/socket") as socket:
        await asyncio.sleep(1.5)
        await socket.send("encore")
        assert await socket.recv() == "encore"
