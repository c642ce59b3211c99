"""A host that answers each HTTP request with bytes a test chose: what no honest server would send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Script = Callable[["Host", bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Host:
    """Where it listens, and every request it got, head and body."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)


def answer(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """An HTTP answer around ``body``."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/soap+xml\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def fixed(*answers: bytes) -> Script:
    """Each request gets the next answer; the last one stays."""

    async def script(host: Host, _: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answers[min(len(host.requests), len(answers)) - 1])

    return script


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[Host]:
    """Serve on a loopback port until the block ends."""
    host = Host()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            request = head + await reader.readexactly(length)
            host.requests.append(request)
            await script(host, request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    host.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/onvif/device_service"
    try:
        yield host
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
