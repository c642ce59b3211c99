"""What a page does in the demonstration's story: open recorded groups and the sealed package with keys of its own.

The server hands sealed bytes; their keys come sealed to the X25519 key that was made here, and go no further.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import websockets

from deploy.admin.api_client import ApiClient
from vms.errors import Damaged, GuetError
from vms.evidence.sealed import open_parts
from vms.keeper.protocol import KEY_WINDOW_INFO, PACKAGE_WINDOW_INFO
from vms.keys import derive, sealing
from vms.keys.wrapping import generate_peer_key, open_from

ANSWER_LIMIT_S: Final = 30.0
MESSAGE_LIMIT_BYTES: Final = 8 * 1024 * 1024
REFUSALS: Final = ("refused", "withdrawn", "away", "locked", "bad-window")


async def replayed_groups(client: ApiClient, camera: str, from_us: int, to_us: int) -> int:
    """Open every group of a window (µs, five minutes at most) as the replay page does; how many there were.

    Raises the gate's refusal, and Damaged when a group does not open.
    """
    private, public = generate_peer_key()
    async with _socket(client, f"/replay/{camera}?stream=main") as socket:
        permit = str((await _said(socket))["id"])
        await socket.send(await client.window(permit, camera, from_us, to_us, public))
        answer = await _said(socket)
        if not answer["segments"]:
            return 0
        told = open_from(private, base64.b64decode(answer["sealed"]), KEY_WINDOW_INFO, permit.encode())
        keys = {one["segment"]: one["groups"] for one in json.loads(told)["keys"]}
        counts = [
            await _open_segment(client, permit, camera, segment, keys[segment["name"]])
            for segment in answer["segments"]
        ]
    return sum(counts)


async def _open_segment(
    client: ApiClient, permit: str, camera: str, segment: dict[str, Any], keys: dict[str, str]
) -> int:
    for group in segment["groups"]:
        span = {"offset": group["offset"], "length": group["length"]}
        sealed = await client.request("GET", f"/replay/{permit}/segments/{segment['name']}", params=span)
        context = derive.group_context(camera, segment["name"], int(group["number"]))
        sealing.open_group(base64.b64decode(keys[str(group["number"])]), context, sealed.content)
    return len(segment["groups"])


async def open_package(client: ApiClient, request: str, folder: Path) -> Path:
    """Download a request's sealed package, ask for its key, and write it opened into ``folder``; its path.

    Raises the gate's refusal, and Damaged when the sealed file is not what was sealed; then nothing is left.
    """
    sealed = (await client.request("GET", f"/requests/{request}/package")).content
    private, public = generate_peer_key()
    told = await client.post(f"/requests/{request}/package/key", {"public": base64.b64encode(public).decode()})
    key = open_from(private, base64.b64decode(told["sealed"]), PACKAGE_WINDOW_INFO, told["permit"].encode())
    path = folder / f"{told['package']}.zip"
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as out:
            for part in open_parts(BytesIO(sealed), told["package"], key):
                out.write(part)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


@asynccontextmanager
async def _socket(client: ApiClient, path: str) -> AsyncIterator[websockets.ClientConnection]:
    url = client.url.replace("http", "ws", 1) + "/api/v1" + path
    headers = {"Authorization": f"Bearer {client.token}"}
    async with websockets.connect(
        url, additional_headers=headers, max_size=MESSAGE_LIMIT_BYTES, open_timeout=ANSWER_LIMIT_S, proxy=None
    ) as socket:
        await socket.send(await client.opening(path))
        yield socket


async def _said(socket: websockets.ClientConnection) -> dict[str, Any]:
    """The server's next message; its refusal is raised as the error it is."""
    async with asyncio.timeout(ANSWER_LIMIT_S):
        message = json.loads(await socket.recv())
    if not isinstance(message, dict):
        raise Damaged("Le serveur a dit autre chose que ce qui était attendu.", where="replay")
    if message["type"] in REFUSALS:
        raise GuetError.from_dict(message)
    return message
