"""Ready means pictures: each in-service camera has a sealed group on disk and a live fragment that arrives."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import Any, Final

import websockets

from deploy.admin.api_client import ApiClient
from vms.clock import MICRO, Clock
from vms.errors import GuetError, Unavailable

PICTURES_LIMIT_S: Final = 90.0
POLL_S: Final = 0.25


async def wait_until_pictures(client: ApiClient, cameras: list[str], clock: Clock, since_us: int) -> None:
    """Wait until every camera has recorded since then and shows; Unavailable names the one that has not, and why."""
    waiting = dict.fromkeys(cameras, "pas encore d’image")
    for _ in range(int(PICTURES_LIMIT_S / POLL_S)):
        for camera in list(waiting):
            waiting[camera] = await _missing(client, camera, clock, since_us)
            if not waiting[camera]:
                del waiting[camera]
        if not waiting:
            return
        await asyncio.sleep(POLL_S)
    camera, why = next(iter(waiting.items()))
    raise Unavailable(f"La caméra {camera} ne donne pas d’image : {why}.", where=camera, todo="Voyez sa page.")


async def _missing(client: ApiClient, camera: str, clock: Clock, since_us: int) -> str:
    """What the camera still lacks; empty when it is recorded and live."""
    to_us = clock.utc().us + MICRO
    timeline = await client.get(f"/cameras/{camera}/timeline", from_us=since_us, to_us=to_us)
    if not timeline["recorded"]:
        absences: list[dict[str, Any]] = timeline["absences"]
        return f"rien d’enregistré ({absences[-1]['cause']})" if absences else "rien d’enregistré"
    try:
        return "" if await live_fragment(client, camera) else "pas de direct"
    except (GuetError, OSError, websockets.WebSocketException) as error:
        return f"pas de direct ({error})"


async def live_fragment(client: ApiClient, camera: str, limit_s: float = 5.0) -> bytes:
    """The first fragment of a camera's live stream, as a page would receive it."""
    url = client.url.replace("http", "ws", 1) + f"/api/v1/live/{camera}"
    headers = {"Authorization": f"Bearer {client.token}"}
    context = None
    if url.startswith("wss"):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with asyncio.timeout(limit_s):
        async with websockets.connect(url, additional_headers=headers, ssl=context, max_size=64 * MICRO) as socket:
            await socket.send(await client.opening(f"/live/{camera}"))
            binary = 0
            async for message in socket:
                if isinstance(message, bytes):
                    binary += 1
                    if binary == 2:  # the initialisation segment comes first
                        return message
                else:
                    said = json.loads(message)
                    if said["type"] in ("refused", "withdrawn", "away"):
                        raise GuetError.from_dict(said)
    return b""
