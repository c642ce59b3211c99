"""A small server that speaks the live and replay WebSockets as the product does, over footage made in the test.

It misbehaves on command: ``server.live`` says what the live stream does, ``server.replay`` what the replay does.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket as sockets
import threading
import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import uvicorn
from fastapi import FastAPI, Query, Response, WebSocket, WebSocketDisconnect
from fastapi.staticfiles import StaticFiles

from recorder.segment.format import GroupHeader, SegmentName
from recorder.stream.fragmenter import fragment, init_segment
from tests.browser.numbered_video import FRAME_US, GROUP_FRAMES, Numbered
from vms.clock import MICRO, UtcTime
from vms.keys.derive import group_context
from vms.keys.sealing import seal_group
from vms.keys.wrapping import seal_to

CAMERA: Final = "valclair-c07"
PERMIT: Final = "permit-17"
INFO: Final = b"guet/key-window/v1"
CLOSE_REFUSED: Final = 4403
CLOSE_AWAY: Final = 4503
HEADER_BYTES: Final = 76


@dataclass(slots=True)
class SealedGroup:
    """One group of a stored segment with its key."""

    segment: str
    number: int
    start_us: int
    offset: int
    length: int
    key: bytes


@dataclass(slots=True)
class Store:
    """Sealed segments in memory, as they would lie on disk."""

    codec: str
    files: dict[str, bytes] = field(default_factory=dict)
    groups: list[SealedGroup] = field(default_factory=list)

    def record(self, video: Numbered, first_number: int, count: int, start_us: int) -> None:
        """Seal ``count`` pictures, numbered on from ``first_number``, as one segment that starts at ``start_us``."""
        hour_key_id = "0" * 32
        name = str(SegmentName(CAMERA, "main", UtcTime(start_us), hour_key_id, 1))
        data = bytearray(b"header of no interest here")
        for number in range(count // GROUP_FRAMES):
            at = number * GROUP_FRAMES
            begin = start_us + at * FRAME_US
            units = [video.at(first_number + at + each, begin + each * FRAME_US) for each in range(GROUP_FRAMES)]
            end = begin + GROUP_FRAMES * FRAME_US
            plain = init_segment(video.fmt) + fragment(units, video.fmt, number + 1, UtcTime(end))
            key = bytes((number + each) % 256 for each in range(32))
            sealed = seal_group(key, group_context(CAMERA, name, number), plain)
            digest = sha256(plain).digest()
            header = GroupHeader.over(number, UtcTime(begin), end - begin, GROUP_FRAMES, digest, sealed).encode()
            data += header
            self.groups.append(SealedGroup(name, number, begin, len(data), len(sealed), key))
            data += sealed
        self.files[name] = bytes(data)


@dataclass(slots=True)
class MediaServer:
    """What the server serves, how it behaves, and what it saw."""

    video: Numbered
    store: Store
    live: str = "play"
    replay: str = "open"
    windows: list[tuple[int, int]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    def app(self, page: Path) -> FastAPI:
        """The routes."""
        app = FastAPI()
        app.add_api_websocket_route("/live", self._live)
        app.add_api_websocket_route(f"/replay/{CAMERA}", self._replay)
        app.add_api_route("/replay/{permit}/segments/{name}", self._bytes)
        app.mount("/", StaticFiles(directory=page, html=True))
        return app

    async def _live(self, socket: WebSocket) -> None:
        await socket.accept()
        self.connections += 1
        try:
            await self._stream(socket)
        except WebSocketDisconnect:
            return

    async def _stream(self, socket: WebSocket) -> None:
        if self.live == "withdraw":
            await _refuse(socket, "refused")
            return
        codec = "hvc1.1.6.L93.B0" if self.live == "h265" and "stream=main" in str(socket.url) else None
        await self._send_stream(socket, codec)
        number, due, last_us, beat = 0, time.monotonic(), 0, 0.0
        while True:
            if time.monotonic() >= beat:
                await self._send_beat(socket, last_us)
                beat = time.monotonic() + 1
            if self.live == "drop":
                await socket.close(1011)
                return
            if self.live == "withdraw":
                await _refuse(socket, "withdrawn")
                return
            if self.live == "away":
                await socket.send_json({"type": "away", "kind": "unavailable", "rule": "", "what": "", "todo": ""})
                await socket.close(CLOSE_AWAY)
                return
            due += FRAME_US / MICRO
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if self.live in ("stall", "dark"):
                continue
            last_us = time.time_ns() // 1000
            first = number == 0
            units = [self.video.at(number, last_us)]
            if first:  # the cached group: one second of pictures in one fragment
                past = range(GROUP_FRAMES)
                units = [self.video.at(each, last_us - (GROUP_FRAMES - 1 - each) * FRAME_US) for each in past]
            await socket.send_bytes(fragment(units, self.video.fmt, number + 1, UtcTime(last_us + FRAME_US)))
            number = (number + (GROUP_FRAMES if first else 1)) % len(self.video.units)
            number = number or GROUP_FRAMES * 2

    async def _send_stream(self, socket: WebSocket, codec: str | None) -> None:
        fmt = self.video.fmt
        await socket.send_json(
            {
                "type": "stream",
                "codec": codec or fmt.codec_string,
                "width": fmt.width,
                "height": fmt.height,
                "camera": {"id": CAMERA, "name": "Rue de la Gare", "place": "Gare"},
                "commune": {"id": "valclair", "name": "Valclair-sur-Brume"},
                "masked": 2,
            }
        )
        await socket.send_bytes(init_segment(fmt))

    async def _send_beat(self, socket: WebSocket, last_us: int) -> None:
        state = "dark" if self.live == "dark" else "live"
        cause = "mask-failed" if self.live == "dark" else ""
        now_us = time.time_ns() // 1000
        beat = {"type": "beat", "utc_us": now_us, "state": state, "cause": cause, "last_unit_us": last_us}
        await socket.send_json(beat)

    async def _replay(self, socket: WebSocket) -> None:
        await socket.accept()
        self.connections += 1
        if self.replay == "withdraw":
            await _refuse(socket, "refused")
            return
        await socket.send_json({"type": "permit", "id": PERMIT, "journal": 12_384})
        try:
            while True:
                try:
                    asked = json.loads(await asyncio.wait_for(socket.receive_text(), 0.1))
                except TimeoutError:
                    asked = None
                if self.replay == "withdraw":
                    await _refuse(socket, "withdrawn")
                    return
                if asked is not None:
                    await socket.send_json(self._window(asked))
        except WebSocketDisconnect:
            return

    def _window(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self.replay == "locked":
            return {"type": "locked", "holders": ["Maire", "Cheffe de service"], "what": "Clé fermée.", "todo": ""}
        start, end = asked["from_us"], asked["to_us"]
        self.windows.append((start, end))
        inside = [group for group in self.store.groups if start <= group.start_us < end]
        names = sorted({group.segment for group in inside})
        keys = [
            {
                "segment": name,
                "groups": {str(g.number): base64.b64encode(g.key).decode() for g in inside if g.segment == name},
            }
            for name in names
        ]
        plain = json.dumps({"keys": keys}).encode()
        sealed = seal_to(base64.b64decode(asked["public"]), plain, INFO, PERMIT.encode())
        segments = [self._segment(name, [g for g in inside if g.segment == name]) for name in names]
        text = base64.b64encode(sealed).decode()
        return {"type": "keys", "from_us": start, "to_us": end, "sealed": text, "segments": segments}

    def _segment(self, name: str, groups: list[SealedGroup]) -> dict[str, Any]:
        duration = GROUP_FRAMES * FRAME_US
        listed = [
            {
                "number": g.number,
                "utc_us": g.start_us,
                "duration_us": duration,
                "offset": g.offset,
                "length": g.length,
            }
            for g in groups
        ]
        start, end = groups[0].start_us, groups[-1].start_us + duration
        return {"name": name, "start_us": start, "end_us": end, "codec": self.store.codec, "groups": listed}

    async def _bytes(self, permit: str, name: str, offset: int = Query(), length: int = Query()) -> Response:
        self.fetched.append(f"{name}@{offset}")
        if permit != PERMIT:
            return Response(status_code=403)
        return Response(self.store.files[name][offset : offset + length], media_type="application/octet-stream")


async def _refuse(socket: WebSocket, kind: str) -> None:
    text = {"kind": "refused", "rule": "P-58", "what": "Habilitation retirée.", "todo": ""}
    await socket.send_json({"type": kind, **text})
    await socket.close(CLOSE_REFUSED)


class Running:
    """The server in a thread of its own, on a free port of loopback, for the length of a ``with``."""

    def __init__(self, server: MediaServer, page: Path) -> None:
        # It listens already: a page that comes before the thread has begun waits for its answer.
        self._socket = sockets.create_server(("127.0.0.1", 0))
        server.url = f"http://localhost:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(server.app(page), log_level="warning", ws="websockets-sansio", lifespan="off")
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._uvicorn.run, args=([self._socket],))

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._uvicorn.should_exit = True
        self._uvicorn.force_exit = True
        self._thread.join(10)
        self._socket.close()
