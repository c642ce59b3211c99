"""Live pictures: a permit for each view, fragments relayed as they come, dark as soon as the permit ends.

The socket speaks text for facts (``stream``, ``beat``, ``restart``, ``late``, ``refused``, ``withdrawn``) and binary
for fMP4: an initialisation segment, the current group of pictures as one fragment, then one fragment a frame. A
fragment's ``tfdt`` is the capture time in UTC, in 90 kHz ticks. The page speaks first: what it signed, and again from
time to time while it watches (``open``, ``renew``; decision 0015).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, Final, Literal

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from vms import logs
from vms.db.engine import read
from vms.errors import GuetError, NotFound, Refused, Unauthenticated, Unavailable
from vms.model import Camera, Commune
from vms.wire import Channel, ChannelClosed, WireClient
from web.deps import Services
from web.permits import Lease
from web.race import until_first_ends
from web.security import token_of

router = APIRouter(tags=["live"])
CLOSE_REFUSED: Final = 4403
CLOSE_UNAUTHENTICATED: Final = 4401
CLOSE_AWAY: Final = 4503
CLOSE_GONE: Final = 4404
SEND_LIMIT_S: Final = 10.0
OPENING_LIMIT_S: Final = 10.0
MESSAGE_LIMIT_CHARS: Final = 8192

log = logs.get("web.live")
Stream = Literal["main", "sub"]


@router.websocket("/live/{camera_id}")
async def live(socket: WebSocket, camera_id: str, stream: Stream = Query("main")) -> None:
    """Watch one camera's stream, masked and recorded pictures only."""
    await _view(socket, camera_id, stream, "live")


@router.websocket("/framing/{camera_id}")
async def framing(socket: WebSocket, camera_id: str, stream: Stream = Query("main")) -> None:
    """Watch one camera during its framing session: in memory only, time-boxed, journalled (P-57)."""
    await _view(socket, camera_id, stream, "framing")


async def _view(socket: WebSocket, camera_id: str, stream: Stream, act: str) -> None:
    services: Services = socket.app.state.services
    await socket.accept()
    lease: Lease | None = None
    try:
        token = token_of(socket)
        lease = await services.permits.admit(token, act, [camera_id], statement=await opening(socket))
        facts = await _facts(services, camera_id)
        recorder = await services.relay.way_to(camera_id, stream)
        args = {"permit": lease.token, "camera": camera_id, "stream": stream}
        async with WireClient(recorder).stream("live", args) as channel:
            await _relay(services, socket, channel, lease, facts | {"view": lease.id})
    except WebSocketDisconnect:
        return
    except GuetError as error:
        await say_and_close(socket, error, "refused" if lease is None else "withdrawn")
    finally:
        if lease is not None:
            await services.permits.close(lease)


async def _facts(services: Services, camera_id: str) -> dict[str, Any]:
    async with read(services.engine) as session:
        camera = await session.get(Camera, camera_id)
        if camera is None:
            raise NotFound("Cette caméra n’existe pas.", where=camera_id[:80])
        commune = await session.get(Commune, camera.commune_id)
    return {
        "camera": {"id": camera.id, "number": camera.number, "name": camera.name, "place": camera.place},
        "commune": {"id": camera.commune_id, "name": commune.name if commune else camera.commune_id},
    }


async def opening(socket: WebSocket) -> str:
    """What the page signed, in its first message; empty when it says nothing, and the keeper will refuse it."""
    try:
        async with asyncio.timeout(OPENING_LIMIT_S):
            return signed_in(await said(socket), "open")
    except TimeoutError:
        return ""


async def said(socket: WebSocket) -> str:
    """The page's next message; empty for one that is no text, which no page of ours sends. WebSocketDisconnect."""
    try:
        message = await socket.receive()
    except RuntimeError as error:  # gone while something was being sent to it
        raise WebSocketDisconnect(CLOSE_AWAY) from error
    if message["type"] != "websocket.receive":
        raise WebSocketDisconnect(message.get("code", CLOSE_AWAY))
    return message.get("text") or ""


def signed_in(text: str, kind: str) -> str:
    """The statement in a message of that kind; empty in any other."""
    try:
        message = json.loads(text[:MESSAGE_LIMIT_CHARS])
    except (ValueError, RecursionError):
        return ""
    if not isinstance(message, dict) or message.get("type") != kind:
        return ""
    return str(message.get("statement", ""))


async def _relay(services: Services, socket: WebSocket, channel: Channel, lease: Lease, facts: dict[str, Any]) -> None:
    """Three directions until one ends: pictures down, permits up, and the page's signatures until its goodbye."""
    heard = _heard(services, socket, lease)
    await until_first_ends(_pictures(socket, channel, facts), _permits(channel, lease), heard)


async def _pictures(socket: WebSocket, channel: Channel, facts: dict[str, Any]) -> None:
    while True:
        data, body = await channel.receive()
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                if body:
                    await socket.send_bytes(body)
                else:
                    await socket.send_json({**data, **facts} if data.get("type") == "stream" else data)
        except TimeoutError as error:
            raise Unavailable("La page ne prend plus les images.", where="direct", todo="Rechargez-la.") from error


async def _permits(channel: Channel, lease: Lease) -> None:
    last = lease.token
    while True:
        await lease.change()
        token = lease.token  # raises the refusal, or Unavailable when it has lapsed
        if token != last:
            last = token
            await channel.send({"renew": token})


async def _heard(services: Services, socket: WebSocket, lease: Lease) -> None:
    while True:
        statement = signed_in(await said(socket), "renew")
        if statement:
            await services.permits.prolong(lease, statement)


async def say_and_close(socket: WebSocket, error: GuetError, kind: str) -> None:
    """Tell the page why the view ends, then close with a code that says whether to try again."""
    code = CLOSE_AWAY
    if isinstance(error, Refused):
        code = CLOSE_REFUSED
    elif isinstance(error, Unauthenticated):
        code = CLOSE_UNAUTHENTICATED
    elif isinstance(error, NotFound):
        code = CLOSE_GONE
    elif isinstance(error, ChannelClosed | Unavailable):
        kind = "away"
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.send_json({"type": kind, **error.to_dict()})
        await socket.close(code)
