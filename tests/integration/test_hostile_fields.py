"""Every field of every route, filled with what no page sends: the answer is never the server's fault."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from recorder.recording.playback import Playback
from recorder.store.attached import reading
from tests.integration.keeper_town import CAMERA, MAYOR, Town, town
from tests.system.routes import Contract, Way, every_way
from vms.db.engine import ensure_schema, open_engine
from vms.keeper.clients.audiences import KeeperForWeb
from vms.settings import Settings
from web.app import create_app
from web.deps import Services
from web.permits import PermitBook

# As JSON text: half of a character, no character, what is no ASCII at the length of a key, numbers beyond any table.
HOSTILE: Final = (
    '"\\ud800"', '"\\u0000"', f'"{"é" * 44}"', f'"{"٣" * 12}"', '"-1"', "9223372036854775808", f"1{'0' * 400}",
    "-1", "1e400", "NaN", "null", "[]", "{}", '{"\\ud800": "\\ud800"}', '["\\ud800"]', f'"{"[" * 2000}"',
    f"{'[' * 2000}{']' * 2000}",
)  # fmt: skip
HOSTILE_PARTS: Final = ("%00", "%ff", "%ED%A0%80", quote("é" * 44), quote("٣"), "9" * 30, "..%2f..")
SLOW: Final = ("/events",)  # a stream without end
END: Final = Way("DELETE", "/api/v1/session")  # ends the session that all the rest is asked with
MARK: Final = "@@here@@"


class Door:
    """The application on a keeper, and what the mayor may say to it."""

    def __init__(self, place: Town, services: Services) -> None:
        self.app = create_app(services)
        self.headers = {"Authorization": f"Bearer {place.tokens[MAYOR]}", "content-type": "application/json"}
        self.values = {"commune": "valclair", "camera_id": CAMERA, "camera": CAMERA}
        self.contract = Contract(self.app, dict(self.values))

    async def fault(self, client: httpx.AsyncClient, method: str, path: str, body: str | None) -> str:
        """What was sent, when the answer is an internal error; empty otherwise."""
        answer = await client.request(method, path, content=body.encode() if body else None, headers=self.headers)
        return f"{method} {path} {(body or '')[:200]} → {answer.status_code}" if answer.status_code == 500 else ""

    def paths(self, way: Way) -> Iterator[str]:
        """The way with one hostile part after the other."""
        good = {name: self.values.get(name, "x1") for name in way.parameters()}
        for name in way.parameters():
            for part in HOSTILE_PARTS:
                yield way.filled(good | {name: part})

    def bodies(self, way: Way) -> Iterator[str]:
        """A body with one hostile member after the other, down to its deepest."""
        whole = self.contract.body(way)
        if not isinstance(whole, dict):
            return
        for marked in marks(whole | dict.fromkeys(self._optional(way), "x")):
            for hostile in HOSTILE:
                yield json.dumps(marked).replace(f'"{MARK}"', hostile)

    def _optional(self, way: Way) -> list[str]:
        told = self.app.openapi()["paths"][way.path][way.method.lower()]["requestBody"]["content"]
        schema = told["application/json"]["schema"]
        found = self.app.openapi()["components"]["schemas"].get(schema.get("$ref", "").rsplit("/", 1)[-1], {})
        return [one for one in found.get("properties", {}) if one not in found.get("required", [])]


def marks(value: Any) -> Iterator[Any]:
    """Copies of a value, each with one of its members marked."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from (value | {key: other} for other in marks(one))
    elif isinstance(value, list) and value:
        yield from ([other, *value[1:]] for other in marks(value[0]))
    yield MARK


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with town(tmp_path) as place:
        await place.commission()
        settings = Settings(home=place.home)
        engine = open_engine(settings.database_url)
        await ensure_schema(engine)
        keeper = KeeperForWeb(place.run / "k-web.sock")
        playback = Playback(engine, reading(settings), place.clock)
        yield Door(place, Services(settings, place.clock, engine, keeper, playback, PermitBook(keeper, place.clock)))
        await engine.dispose()


async def test_no_field_of_no_route_makes_an_internal_error(door: Door) -> None:
    """Fails when a decoder lets its own error out: base64 of what is no ASCII, half a character, a number too big."""
    transport = httpx.ASGITransport(door.app, raise_app_exceptions=False)
    found = []
    sent = 0
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
        for way in every_way(door.app):
            if way.method not in ("GET", "POST", "PUT", "DELETE") or way.path.endswith(SLOW) or way == END:
                continue
            good = way.filled({name: door.values.get(name, "x1") for name in way.parameters()})
            asked = [(path, None) for path in door.paths(way)] + [(good, body) for body in door.bodies(way)]
            asked += [(f"{good}?{name}={part}", None) for name in queries(door, way) for part in HOSTILE_PARTS]
            for path, body in asked:
                sent += 1
                found.append(await door.fault(client, way.method, path, body))
        signed_in = await client.get("/api/v1/session", headers=door.headers)
    assert signed_in.json()["person"]["login"] == MAYOR  # to the end: what is refused at the door proves nothing
    assert sent > 1000
    assert [one for one in found if one] == []


def queries(door: Door, way: Way) -> list[str]:
    """The names of a way's query parameters."""
    told = door.app.openapi()["paths"].get(way.path, {}).get(way.method.lower(), {})
    return [one["name"] for one in told.get("parameters", []) if one["in"] == "query"]
