"""What a page does, without a browser: watches live, asks for key windows, opens groups, and reads what is inside.

The reading of pictures is PyAV's, not the product's: a group's plaintext is an MP4 like any other.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import av
import websockets

from deploy.admin.api_client import ApiClient
from tests.fakes.camera.clips import unit_digest
from vms.clock import MICRO
from vms.errors import GuetError
from vms.keeper.protocol import KEY_WINDOW_INFO, KEY_WINDOW_LIMIT_US
from vms.keys import derive, sealing, wrapping

MESSAGE_LIMIT_BYTES: Final = 64 * 1024 * 1024
ANSWER_LIMIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Group:
    """An opened group: where it lay, the time it covers, its plaintext."""

    segment: str
    number: int
    start_us: int
    end_us: int
    plaintext: bytes
    key: bytes

    def units(self) -> list[tuple[bytes, ...]]:
        """The NAL units of each access unit, in order."""
        with av.open(io.BytesIO(self.plaintext)) as container:
            packets = [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]
        return [nals_of(packet) for packet in packets]

    def digests(self) -> list[str]:
        """What the virtual camera's ledger says of the same units."""
        return [unit_digest(nals) for nals in self.units()]


def nals_of(sample: bytes) -> tuple[bytes, ...]:
    """The NAL units of an MP4 sample (ISO/IEC 14496-15)."""
    nals, at = [], 0
    while at + 4 <= len(sample):
        length = int.from_bytes(sample[at : at + 4], "big")
        nals.append(sample[at + 4 : at + 4 + length])
        at += 4 + length
    return tuple(nals)


@asynccontextmanager
async def socket_of(client: ApiClient, path: str) -> AsyncIterator[websockets.ClientConnection]:
    """A WebSocket of the API as the person signed in with ``client``."""
    url = client.url.replace("http", "ws", 1) + "/api/v1" + path
    headers = {"Authorization": f"Bearer {client.token}"}
    async with websockets.connect(
        url, additional_headers=headers, max_size=MESSAGE_LIMIT_BYTES, open_timeout=ANSWER_LIMIT_S, proxy=None
    ) as socket:
        with suppress(websockets.ConnectionClosed):  # it may have said why and closed already
            await socket.send(await client.opening(path))
        yield socket


class Replay:
    """One consultation: a permit, a page key, windows of groups."""

    def __init__(self, client: ApiClient, socket: websockets.ClientConnection, camera: str) -> None:
        self._client, self._socket, self._camera, self.permit = client, socket, camera, ""
        self._private, self._public = wrapping.generate_peer_key()

    async def said(self) -> dict[str, Any]:
        """The next message; a refusal or an end is raised as the error it is."""
        async with asyncio.timeout(ANSWER_LIMIT_S):
            message: dict[str, Any] = json.loads(await self._socket.recv())
        if message["type"] in ("refused", "withdrawn", "away", "locked", "bad-window"):
            raise GuetError.from_dict(message)
        return message

    async def window(self, from_us: int, to_us: int) -> list[Group]:
        """The groups that touch a window of at most five minutes, opened."""
        await self._socket.send(await self._client.window(self.permit, self._camera, from_us, to_us, self._public))
        answer = await self.said()
        if not answer["segments"]:
            return []
        sealed = base64.b64decode(answer["sealed"])
        told = wrapping.open_from(self._private, sealed, KEY_WINDOW_INFO, self.permit.encode())
        keys = {one["segment"]: one["groups"] for one in json.loads(told)["keys"]}
        groups: list[Group] = []
        for segment in answer["segments"]:
            groups += await self._segment(segment, keys[segment["name"]])
        return groups

    async def _segment(self, segment: dict[str, Any], keys: dict[str, str]) -> list[Group]:
        """All asked groups of one segment with one read: they lie one after another, headers between them."""
        wanted: list[dict[str, Any]] = segment["groups"]
        base = int(wanted[0]["offset"])
        length = int(wanted[-1]["offset"]) + int(wanted[-1]["length"]) - base
        path = f"/replay/{self.permit}/segments/{segment['name']}"
        data = (await self._client.request("GET", path, params={"offset": base, "length": length})).content
        camera, opened = segment["name"].split(".")[0], []
        for group in wanted:
            number, at = int(group["number"]), int(group["offset"]) - base
            key = base64.b64decode(keys[str(number)])
            context = derive.group_context(camera, segment["name"], number)
            plain = sealing.open_group(key, context, data[at : at + int(group["length"])])
            start = int(group["utc_us"])
            opened.append(Group(segment["name"], number, start, start + int(group["duration_us"]), plain, key))
        return opened


@asynccontextmanager
async def replay(client: ApiClient, camera: str, stream: str = "main") -> AsyncIterator[Replay]:
    """A replay of one camera's stream; GuetError when it is refused."""
    async with socket_of(client, f"/replay/{camera}?stream={stream}") as socket:
        page = Replay(client, socket, camera)
        page.permit = str((await page.said())["id"])
        yield page


async def opened_groups(client: ApiClient, camera: str, stream: str, from_us: int, to_us: int) -> list[Group]:
    """Every group between two instants, window after window, in order, each once."""
    found: dict[tuple[str, int], Group] = {}
    async with replay(client, camera, stream) as page:
        start = from_us
        while start < to_us:
            end = min(to_us, start + KEY_WINDOW_LIMIT_US)
            for group in await page.window(start, end):
                found[group.segment, group.number] = group
            start = end
    return sorted(found.values(), key=lambda group: group.start_us)


@dataclass(slots=True)
class LiveView:
    """A live view: what came, and whether it is still lit."""

    camera: str
    fragments: list[bytes] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    last_picture_s: float = 0.0
    ended: bool = False

    def end_of(self, kinds: Sequence[str]) -> dict[str, Any] | None:
        """The message that ended the view, if one did."""
        return next((one for one in self.texts if one["type"] in kinds), None)


async def watch(client: ApiClient, view: LiveView, stream: str = "main", act: str = "live") -> None:
    """Fill ``view`` with what the server sends (``act`` live or framing), until the socket closes or the task ends."""
    loop = asyncio.get_running_loop()
    try:
        async with socket_of(client, f"/{act}/{view.camera}?stream={stream}") as socket:
            async for message in socket:
                if isinstance(message, bytes):
                    view.fragments.append(message)
                    view.last_picture_s = loop.time()
                else:
                    view.texts.append(json.loads(message))
    except (OSError, websockets.WebSocketException):
        view.texts.append({"type": "lost"})
    finally:
        view.ended = True


async def timeline(client: ApiClient, camera: str, stream: str, from_us: int, to_us: int) -> dict[str, Any]:
    """Recorded ranges and absences of a stream."""
    answer: dict[str, Any] = await client.get(
        f"/cameras/{camera}/timeline", stream=stream, from_us=from_us, to_us=to_us + MICRO
    )
    return answer
