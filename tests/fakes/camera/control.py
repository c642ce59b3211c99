"""The farm's control endpoint: JSON over HTTP on loopback, for tests that run the cameras as a process.

GET  /                                     where everything listens
GET  /cameras/ID                           counts, streams, accounts
GET  /cameras/ID/sent/STREAM?player&since_us   the access units sent, with their digests
GET  /cameras/ID/card/STREAM               the access units on the card, with the camera's time
POST /cameras/ID/misbehave {"kind": …}     see ``misbehave``
POST /cameras {camera configuration}       one more camera
POST /cameras/ID/remove {}                 one camera fewer
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from tests.fakes.camera.config import CameraConfig
from tests.fakes.camera.misbehave import misbehave

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera
    from tests.fakes.camera.farm import Farm

MAX_BODY_BYTES = 1 << 20


class ControlServer:
    """One request per connection."""

    def __init__(self, farm: Farm, address: str, port: int) -> None:
        self._farm = farm
        self._address = address
        self._port = port
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Base URL, known once started."""
        return f"http://{self._address}:{self._port}"

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self._address, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the socket."""
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ", 2)
            lengths = [line.partition(":")[2] for line in head if line.lower().startswith("content-length:")]
            length = min(int(lengths[0]) if lengths else 0, MAX_BODY_BYTES)
            body = json.loads(await reader.readexactly(length) or b"{}")
            status, answer = await self._answer(method, target, body)
        except (KeyError, ValueError, ValidationError) as error:
            status, answer = "400 Bad Request", {"error": str(error)}
        except (EOFError, OSError):
            writer.close()
            return
        data = json.dumps(answer).encode()
        head_lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(data)}"]
        writer.write("\r\n".join([*head_lines, "Connection: close", "", ""]).encode() + data)
        writer.close()

    async def _answer(self, method: str, target: str, body: dict[str, Any]) -> tuple[str, Any]:
        url = urlsplit(target)
        path = url.path.strip("/").split("/")
        query = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
        match method, path:
            case "GET", [""]:
                return "200 OK", self._farm.describe()
            case "GET", ["cameras", camera_id]:
                return "200 OK", _state(self._farm[camera_id])
            case "GET", ["cameras", camera_id, "sent", stream]:
                return "200 OK", _sent(self._farm[camera_id], stream, query)
            case "GET", ["cameras", camera_id, "card", stream]:
                kept = self._farm[camera_id].card[stream].between(0, 1 << 62)
                return "200 OK", [{"digest": one.unit.digest, "utc_us": one.utc_us} for one in kept]
            case "POST", ["cameras", camera_id, "misbehave"]:
                misbehave(self._farm[camera_id], body.pop("kind"), **body)
                return "200 OK", _state(self._farm[camera_id])
            case "POST", ["cameras"]:
                camera = await self._farm.add(CameraConfig.model_validate_json(json.dumps(body)))
                return "200 OK", _state(camera)
            case "POST", ["cameras", camera_id, "remove"]:
                await self._farm.remove(camera_id)
                return "200 OK", {}
        return "404 Not Found", {"error": f"no {target}"}


def _state(camera: VirtualCamera) -> dict[str, Any]:
    return {
        "id": camera.config.id,
        "address": camera.config.address,
        "clock_offset_us": camera.clock_offset_us,
        "audio": camera.audio,
        "discoverable": camera.device.discoverable,
        "accounts": [{"name": account.name, "level": account.level} for account in camera.accounts.all()],
        "counts": asdict(camera.counts),
        "faults": asdict(camera.faults),
        "streams": {
            name: {
                "players": [player.number for player in stream.players],
                "units": stream.ledger.units,
                "octets": stream.ledger.octets,
                "dropped": stream.ledger.dropped,
                "codec": stream.clip.codec,
                "width": stream.clip.width,
                "height": stream.clip.height,
                "fps": stream.clip.fps,
                "faults": asdict(stream.faults),
            }
            for name, stream in camera.streams.items()
        },
    }


def _sent(camera: VirtualCamera, stream: str, query: dict[str, int]) -> list[dict[str, Any]]:
    ledger = camera.streams[stream].ledger
    found = ledger.since(query["since_us"]) if "since_us" in query else list(ledger)
    return [sent.to_dict() for sent in found if query.get("player") in (None, sent.player)]
