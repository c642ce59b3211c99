"""A small RTSP server in the test's own loop that says exactly what a test wants it to say.

The virtual camera of ``tests/fakes/camera`` behaves like a camera; this one behaves like whatever a script tells: odd
headers, other channels, raw bytes after PLAY. One connection is one ``Visit``.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.fakes.camera.clips import Clip, ClipUnit

SSRC = 0x11223344


@dataclass
class Visit:
    """One connection: what was asked, and a way to send."""

    writer: asyncio.StreamWriter
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    interleaved: list[tuple[int, bytes]] = field(default_factory=list)
    sequence: int = 100
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def methods(self) -> list[str]:
        return [method for method, _, _ in self.requests]

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def unit(self, unit: ClipUnit, stamp: int, *, channel: int = 0, drop: frozenset[int] = frozenset()) -> None:
        """Send one access unit; ``drop`` are the packets of it to leave out."""
        frames = bytes(unit.run.stamped(channel, self.sequence & 0xFFFF, stamp & 0xFFFFFFFF, SSRC))
        ends = [*unit.run.offsets[1:], len(frames)]
        kept = [frames[a:b] for n, (a, b) in enumerate(zip(unit.run.offsets, ends, strict=True)) if n not in drop]
        self.sequence += unit.run.count
        await self.send(b"".join(kept))

    async def clip(self, clip: Clip, *, start: int = 0, count: int | None = None, pace: float = 1.0) -> None:
        """Send units of a clip in (paced) real time."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        units = clip.units[start : None if count is None else start + count]
        for unit in units:
            due = begun + (unit.pts_90k - units[0].pts_90k) / 90_000 * pace
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self.unit(unit, unit.pts_90k + 1_000)


Play = Callable[[Visit], Awaitable[None]]
Answer = Callable[[str, str, dict[str, str]], bytes | None]


def sdp(clip: Clip, *, control: str = "trackID=0", sprop: bool = False, audio: bool = True, extra: str = "") -> bytes:
    """A description with a sound track first, as some cameras have it."""
    import base64

    name = "H264" if clip.codec == "h264" else "H265"
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=odd", "t=0 0", "a=control:*"]
    if audio:
        lines += ["m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=control:trackID=9"]
    lines += ["m=video 0 RTP/AVP 96", f"a=rtpmap:96 {name}/90000"]
    if sprop and clip.codec == "h264":
        sets = ",".join(base64.b64encode(nal).decode() for nal in clip.parameter_sets)
        lines.append(f"a=fmtp:96 packetization-mode=1; sprop-parameter-sets={sets}")
    lines += [f"a=control:{control}"]
    if extra:
        lines.append(extra)
    return "\r\n".join(lines).encode() + b"\r\n"


class OddServer:
    """The server; ``visits`` holds every connection so far."""

    def __init__(self, clip: Clip, play: Play | None, answer: Answer | None, description: bytes | None) -> None:
        self.visits: list[Visit] = []
        self.port = 0
        self.path = "/stream"
        self.scheme = "rtsp"
        self._clip = clip
        self._play = play
        self._answer = answer
        self._description = description if description is not None else sdp(clip)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{self.path}"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(writer)
        self.visits.append(visit)
        playing: asyncio.Task[None] | None = None
        try:
            while True:
                first = await reader.readexactly(1)
                if first == b"$":
                    head = await reader.readexactly(3)
                    payload = await reader.readexactly(int.from_bytes(head[1:], "big"))
                    visit.interleaved.append((head[0], payload))
                    continue
                head = first + await reader.readuntil(b"\r\n\r\n")
                method, uri, headers = _request(head)
                visit.requests.append((method, uri, headers))
                reply = self._answer(method, uri, headers) if self._answer else None
                await visit.send(reply if reply is not None else self._usual(method, headers))
                if method == "PLAY" and self._play is not None and (reply is None or b" 200 " in reply[:20]):
                    playing = asyncio.create_task(self._run(visit))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            if playing is not None:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)
            writer.close()
            visit.gone.set()

    async def _run(self, visit: Visit) -> None:
        if self._play is not None:
            with contextlib.suppress(ConnectionError):
                await self._play(visit)

    def _usual(self, method: str, headers: dict[str, str]) -> bytes:
        cseq = headers.get("cseq", "0")
        if method == "OPTIONS":
            return ok(cseq, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
        if method == "DESCRIBE":
            body = self._description
            return ok(cseq, "Content-Type: application/sdp", f"Content-Length: {len(body)}") + body
        if method == "SETUP":
            return ok(cseq, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 12345;timeout=60")
        return ok(cseq, "Session: 12345")


def ok(cseq: str, *lines: str) -> bytes:
    return reply(200, "OK", cseq, *lines)


def reply(status: int, reason: str, cseq: str, *lines: str) -> bytes:
    return ("\r\n".join([f"RTSP/1.0 {status} {reason}", f"CSeq: {cseq}", *lines]) + "\r\n\r\n").encode()


def _request(head: bytes) -> tuple[str, str, dict[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    method, uri, _ = lines[0].split(" ", 2)
    fields = (line.partition(":") for line in lines[1:] if line)
    return method, uri, {name.strip().lower(): value.strip() for name, _, value in fields}


@asynccontextmanager
async def odd_server(
    clip: Clip,
    play: Play | None = None,
    *,
    answer: Answer | None = None,
    description: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[OddServer]:
    """Serve on a free port of 127.0.0.1 for the length of the block."""
    odd = OddServer(clip, play, answer, description)
    server = await asyncio.start_server(odd.accept, "127.0.0.1", 0, ssl=tls)
    odd.port = server.sockets[0].getsockname()[1]
    odd.scheme = "rtsps" if tls else "rtsp"
    try:
        yield odd
    finally:
        server.close()
        for visit in odd.visits:
            visit.writer.close()
