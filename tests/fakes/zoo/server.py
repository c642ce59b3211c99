"""The server that plays a scenario: an ordinary camera wherever the scenario says nothing.

Each connection is a ``Peer``. Pictures count as sent when their first byte leaves; the scenario is over when those of
its last visit have been sent, or when it has refused as often as it means to.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.fakes.zoo.pictures import FRAME_90K, Packet, Picture, frame, is_set
from tests.fakes.zoo.scenario import Scenario

PACE = 0.9
SESSION = "12345678"
FIRST_SEQUENCE = 100
FIRST_STAMP = 10_000


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, and the answer an ordinary camera would give."""

    peer: Peer
    method: str
    uri: str
    headers: dict[str, str]
    usual: bytes

    @property
    def cseq(self) -> str:
        """The request's number."""
        return self.headers.get("cseq", "0")

    def says(self, status: str, *lines: str, body: bytes = b"") -> bytes:
        """Another answer."""
        head = [f"RTSP/1.0 {status}", f"CSeq: {self.cseq}", *lines]
        if body:
            head.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(head) + "\r\n\r\n").encode("utf-8", "surrogateescape") + body


@dataclass
class Peer:
    """One connection to the zoo; ``number`` counts them from 0, ``memory`` is the scenario's own."""

    zoo: Zoo
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    asked: list[tuple[str, str]] = field(default_factory=list)
    memory: dict[str, object] = field(default_factory=dict)
    sequence: int = FIRST_SEQUENCE
    stamp: int = FIRST_STAMP
    alive_s: float = 0.0

    @property
    def scenario(self) -> Scenario:
        return self.zoo.scenario

    async def send(self, data: bytes) -> None:
        """Write, and wait until the socket has taken it."""
        self.writer.write(data)
        await self.writer.drain()

    def packets(self, picture: Picture) -> list[Packet]:
        """The picture as an ordinary camera packs it, numbered on."""
        payloads = self.scenario.payloads(picture, self.scenario.codec)
        last = len(payloads) - 1
        made = [
            Packet(payload, self.stamp + picture.stamp, self.sequence + at, marker=at == last)
            for at, payload in enumerate(payloads)
        ]
        self.sequence += len(made)
        return made

    async def picture(self, index: int, picture: Picture, taken_s: float | None = None) -> None:
        """Send one picture, altered as the scenario says, and count it; it was taken at ``taken_s``, now without."""
        made: Sequence[Packet | bytes] = self.packets(picture)
        if self.scenario.alter is not None:
            made = self.scenario.alter(self, index, self.packets_again(made))
        self.zoo.count([picture], taken_s)
        await self.send(b"".join(part.framed() if isinstance(part, Packet) else part for part in made))

    @staticmethod
    def packets_again(made: Sequence[Packet | bytes]) -> list[Packet]:
        return [part for part in made if isinstance(part, Packet)]

    async def show(self, shown: Sequence[Picture], *, first: int = 0) -> None:
        """Send pictures at the zoo's pace."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for at, picture in enumerate(shown):
            due = begun + at * FRAME_90K / 90_000 * self.zoo.pace
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self.picture(first + at, picture, due)

    async def steady(self) -> None:
        """What an ordinary camera does after PLAY."""
        shown = self.scenario.shown()
        for number in range(self.zoo.repeats):
            await self.show(shown, first=number * len(shown))
            self.stamp += len(shown) * FRAME_90K

    def sender_report(self, ntp_s: int, stamp: int, *, ssrc: int = 0x11223344) -> bytes:
        """A sender report on the control channel (RFC 3550 §6.4.1)."""
        fields = (ssrc, ntp_s & 0xFFFFFFFF, 0, stamp & 0xFFFFFFFF, 0, 0)
        return frame(1, b"\x80\xc8\0\x06" + b"".join(value.to_bytes(4, "big") for value in fields))


class Zoo:
    """One scenario's server; ``sent`` are the pictures sent so far over all visits."""

    def __init__(self, scenario: Scenario, pace: float, repeats: int = 1) -> None:
        self.scenario = scenario
        self.repeats = max(repeats, scenario.repeats)
        self._tunnels: dict[str, asyncio.StreamReader] = {}
        self.pace = pace
        self.port = 0
        self.sent: list[Picture] = []
        # When each was taken, by the event loop's clock, and by how much the machine was late in sending the latest.
        self.taken_s: list[float] = []
        self.late_s = 0.0
        self.peers: list[Peer] = []
        self.over = asyncio.Event()
        self.ended_visits = 0

    @property
    def url(self) -> str:
        """Where the recorder is sent."""
        host = f"[{self.scenario.address}]" if ":" in self.scenario.address else self.scenario.address
        account = f"{self.scenario.account}@" if self.scenario.account else ""
        return f"{self.scenario.scheme}://{account}{host}:{self.port}{self.scenario.path}"

    @property
    def base(self) -> str:
        """The stream's address as an ordinary client asks for it."""
        return f"rtsp://{self.scenario.address}:{self.port}{self.scenario.path}"

    def count(self, pictures: Sequence[Picture], taken_s: float | None = None) -> None:
        """Pictures are on their way."""
        now = asyncio.get_running_loop().time()
        self.sent.extend(pictures)
        self.taken_s.extend([now if taken_s is None else taken_s] * len(pictures))
        self.late_s = max(self.late_s, now - self.taken_s[-1])

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; one that begins in HTTP is half of a tunnel."""
        if self.scenario.scheme == "rtsph":
            try:
                tunnelled = await self._tunnel(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                tunnelled = None
            if tunnelled is None:
                writer.close()
                return
            reader = tunnelled
        peer = Peer(self, len(self.peers), reader, writer)
        self.peers.append(peer)
        playing: list[asyncio.Task[None]] = []
        try:
            await self._converse(peer, playing)
        except (
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            ConnectionError,
            asyncio.CancelledError,
            RuntimeError,
        ):
            pass  # the client has gone, our half is closed, or the test is over
        finally:
            for task in playing:
                task.cancel()
            await asyncio.gather(*playing, return_exceptions=True)
            writer.close()
            self._ended()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> asyncio.StreamReader | None:
        """For a GET, what the client will say; a POST is read to its end here, for the GET of the same cookie."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        cookie = head.partition("x-sessioncookie: ")[2].partition("\r\n")[0]
        if head.startswith("GET "):
            said = self._tunnels[cookie] = asyncio.StreamReader()
            writer.write(f"HTTP/1.0 {self.scenario.tunnel}\r\nContent-Type: x\r\n\r\n".encode())
            if "200" not in self.scenario.tunnel:
                self._ended()
                return None
            return said
        waiting = b""
        while piece := await reader.read(4096):
            waiting += piece
            whole = len(waiting) // 4 * 4
            for group in range(0, whole, 4):  # each request is padded for itself
                self._tunnels[cookie].feed_data(base64.b64decode(waiting[group : group + 4]))
            waiting = waiting[whole:]
        self._tunnels[cookie].feed_eof()
        return None

    async def _converse(self, peer: Peer, playing: list[asyncio.Task[None]]) -> None:
        while True:
            first = await peer.reader.readexactly(1)
            if first == b"$":
                head = await peer.reader.readexactly(3)
                await peer.reader.readexactly(int.from_bytes(head[1:], "big"))
                continue
            head = first + await peer.reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"RTSP/"):
                continue  # the client answers what the server asked
            ask = self._ask(peer, head)
            peer.alive_s = asyncio.get_running_loop().time()
            peer.asked.append((ask.method, ask.uri))
            answer = self.scenario.answers.get(ask.method)
            said = answer(ask) if answer is not None else ask.usual
            if said is None:
                continue
            plays = ask.method == "PLAY" and b" 200 " in said[:16]
            if self.scenario.reply is not None:
                said = self.scenario.reply(ask, said)
            await peer.send(said)
            if plays:
                playing.append(asyncio.create_task(self.play(peer)))

    async def play(self, peer: Peer) -> None:
        """Stream; the scenario is over when its last visit has seen all pictures."""
        with contextlib.suppress(ConnectionError):
            await (self.scenario.play(peer) if self.scenario.play is not None else peer.steady())
            await asyncio.sleep(self.scenario.lasts_s)
            if peer.number >= self.scenario.visits - 1 and self.scenario.expect.kept != "none":
                self.over.set()

    def _ended(self) -> None:
        self.ended_visits += 1
        if self.scenario.expect.kept == "none" and self.ended_visits >= self.scenario.visits:
            self.over.set()

    def _ask(self, peer: Peer, head: bytes) -> Ask:
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        method, uri, _ = [*lines[0].split(" "), "", ""][:3]
        fields = (line.partition(":") for line in lines[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        return Ask(peer, method, uri, headers, self._usual(peer, method, headers))

    def _usual(self, peer: Peer, method: str, headers: dict[str, str]) -> bytes:
        blank = Ask(peer, method, "", headers, b"")
        match method:
            case "OPTIONS":
                return blank.says("200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
            case "DESCRIBE":
                body = description(self.scenario)
                if self.scenario.description is not None:
                    body = self.scenario.description(peer, body)
                return blank.says("200 OK", "Content-Type: application/sdp", body=body)
            case "SETUP":
                session = f"Session: {SESSION};timeout={self.scenario.timeout_s}"
                return blank.says("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1", session)
            case _:
                return blank.says("200 OK", f"Session: {SESSION}")


def description(scenario: Scenario) -> bytes:
    """An ordinary description: sound first, as many cameras have it, then H.264 or H.265 with its parameter sets."""
    name = "H264" if scenario.codec == "h264" else "H265"
    sets = [nal for nal in scenario.shown()[0].nals if is_set(nal, scenario.codec)]
    coded = [base64.b64encode(nal).decode() for nal in sets]
    if scenario.codec == "h264":
        parameters = "packetization-mode=1" + (f"; sprop-parameter-sets={','.join(coded)}" if coded else "")
    else:
        kinds = {32: "vps", 33: "sps", 34: "pps"}
        parameters = "; ".join(
            f"sprop-{kinds[nal[0] >> 1 & 0x3F]}={text}" for nal, text in zip(sets, coded, strict=True)
        )
    lines = [
        "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=zoo", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*",
        "m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=control:trackID=9",
        "m=video 0 RTP/AVP 96", f"a=rtpmap:96 {name}/90000", f"a=fmtp:96 {parameters}", "a=control:trackID=1",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n"


@asynccontextmanager
async def serving(
    scenario: Scenario, *, pace: float = PACE, tls: ssl.SSLContext | None = None, repeats: int = 1
) -> AsyncIterator[Zoo]:
    """The scenario's server on a free port of the loopback."""
    zoo = Zoo(scenario, pace, repeats)
    server = await asyncio.start_server(zoo.accept, scenario.address, 0, ssl=tls)
    zoo.port = server.sockets[0].getsockname()[1]
    try:
        yield zoo
    finally:
        server.close()
        for peer in zoo.peers:
            peer.writer.close()
