"""An RTSP client as plain as can be, written for tests only: it believes what it reads and counts."""

from __future__ import annotations

import asyncio
import hashlib
import re
import struct
from dataclasses import dataclass, field

LIMIT_S = 60.0
READ_LIMIT_BYTES = 128 << 20


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Packet:
    """One interleaved frame; RTP fields when it is RTP."""

    channel: int
    payload: bytes

    @property
    def sequence(self) -> int:
        return int(struct.unpack_from("!H", self.payload, 2)[0])

    @property
    def timestamp(self) -> int:
        return int(struct.unpack_from("!I", self.payload, 4)[0])

    @property
    def marker(self) -> bool:
        return bool(self.payload[1] & 0x80)

    @property
    def media(self) -> bytes:
        return self.payload[12:]


@dataclass
class Unit:
    """An access unit put together again."""

    timestamp: int
    nals: list[bytes] = field(default_factory=list)

    @property
    def types(self) -> list[int]:
        return [nal[0] & 0x1F for nal in self.nals]


class Client:
    """One connection to one stream."""

    def __init__(self, url: str, user: tuple[str, str] | None = None) -> None:
        found = re.match(r"rtsp://([\d.]+):(\d+)/", url)
        assert found
        self.url = url
        self._host, self._port = found[1], int(found[2])
        self._user = user
        self._challenge = ""
        self._sequence = 0
        self._session = ""
        self._waiting: list[Packet] = []

    async def __aenter__(self) -> Client:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=READ_LIMIT_BYTES)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._writer.transport.abort()

    async def ask(self, method: str, url: str = "", headers: str = "", *, session: str | None = None) -> Answer:
        """One request and its answer; interleaved frames that come between are kept."""
        url = url or self.url
        self._sequence += 1
        told = self._session if session is None else session
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._sequence}"]
        lines += [f"Session: {told}"] if told else []
        lines += [self._authorization(method, url)] if self._challenge and self._user else []
        self._writer.write("\r\n".join([*lines, *headers.splitlines(), "", ""]).encode())
        async with asyncio.timeout(LIMIT_S):
            while (first := await self._reader.readexactly(1)) == b"$":
                self._waiting.append(await self._frame())
            head = (first + await self._reader.readuntil(b"\r\n\r\n")).decode()
            pairs = [line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line]
            fields = {name.lower(): value for name, value in pairs}
            body = (await self._reader.readexactly(int(fields.get("content-length", "0")))).decode()
        self._session = fields.get("session", self._session).split(";")[0]
        self._challenge = fields.get("www-authenticate", self._challenge)
        return Answer(int(head.split(" ", 2)[1]), fields, body)

    async def signed(self, method: str, url: str = "", headers: str = "") -> Answer:
        """As ``ask``, once more with credentials when they are asked for."""
        answer = await self.ask(method, url, headers)
        return await self.ask(method, url, headers) if answer.status == 401 else answer

    async def play(self, *tracks: str) -> Answer:
        """DESCRIBE, SETUP of the tracks, PLAY."""
        await self.signed("DESCRIBE")
        for number, track in enumerate(tracks or ("video",)):
            channels = f"{2 * number}-{2 * number + 1}"
            answer = await self.signed(
                "SETUP", f"{self.url}/{track}", f"Transport: RTP/AVP/TCP;unicast;interleaved={channels}"
            )
            assert answer.status == 200, answer
        return await self.signed("PLAY")

    async def packet(self) -> Packet:
        """The next interleaved frame; EOFError (asyncio's) when the camera hangs up."""
        if self._waiting:
            return self._waiting.pop(0)
        async with asyncio.timeout(LIMIT_S):
            mark = await self._reader.readexactly(1)
            if mark != b"$":
                raise ValueError(f"not an interleaved frame: {mark!r}")
            return await self._frame()

    async def unit(self) -> Unit:
        """The next whole access unit of the video on channel 0 (H.264)."""
        unit: Unit | None = None
        while True:
            packet = await self.packet()
            if packet.channel != 0:
                continue
            unit = unit or Unit(packet.timestamp)
            add_h264(unit.nals, packet.media)
            if packet.marker:
                return unit

    async def _frame(self) -> Packet:
        channel, length = struct.unpack("!BH", await self._reader.readexactly(3))
        return Packet(channel, await self._reader.readexactly(length))

    def _authorization(self, method: str, url: str) -> str:
        assert self._user
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', self._challenge))
        make = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[told["algorithm"]]

        def digest(text: str) -> str:
            return make(text.encode()).hexdigest()

        name, password = self._user
        secret = digest(f"{name}:{told['realm']}:{password}")
        answer = digest(f"{secret}:{told['nonce']}:{digest(f'{method}:{url}')}")
        return (
            f'Authorization: Digest username="{name}", realm="{told["realm"]}", nonce="{told["nonce"]}", '
            f'uri="{url}", response="{answer}", algorithm={told["algorithm"]}'
        )


def add_h264(nals: list[bytes], payload: bytes) -> None:
    """Put an RFC 6184 payload's NAL units into the list."""
    kind = payload[0] & 0x1F
    if kind == 24:
        at = 1
        while at < len(payload):
            length = int.from_bytes(payload[at : at + 2], "big")
            nals.append(payload[at + 2 : at + 2 + length])
            at += 2 + length
    elif kind == 28:
        if payload[1] & 0x80:
            nals.append(bytes([payload[0] & 0xE0 | payload[1] & 0x1F]))
        nals[-1] += payload[2:]
    else:
        nals.append(payload)
