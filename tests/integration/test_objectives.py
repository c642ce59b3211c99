"""A camera's objective from its page to the préfecture's file: who notes it, what is refused, what is told (T-15)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, Town, town
from tests.integration.test_panel import client
from tests.integration.test_site_plans import CHURCH
from vms.db.engine import ensure_schema, open_engine, write
from vms.model import Camera, CameraHealth, Commune

AIM = {"level": "discern", "outage_hours": 24}


class Office:
    """The routes, as people call them, of a town whose camera records 1280 points in width."""

    def __init__(self, place: Town, http: httpx.AsyncClient) -> None:
        self.place, self.http = place, http

    async def aim(self, camera: str = CAMERA, login: str = CHIEF, **changes: Any) -> httpx.Response:
        return await self._post(f"cameras/{camera}/objective", AIM | changes, login)

    async def put(self, **changes: Any) -> None:
        made = await self._post(f"cameras/{CAMERA}/position", CHURCH | changes, CHIEF)
        assert made.status_code == 201, made.text

    async def camera(self, login: str = CHIEF) -> dict[str, Any]:
        answer = await self.http.get(f"/cameras/{CAMERA}", headers=self._as(login))
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def entries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.place.read(MAYOR, "journal", kind="modification"))["entries"]
        return found

    async def _post(self, path: str, body: dict[str, Any], login: str) -> httpx.Response:
        return await self.http.post(f"/communes/valclair/{path}", json=body, headers=self._as(login))

    def _as(self, login: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.place.tokens[login]}"}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'g.sqlite'}")
    await ensure_schema(engine)
    async with write(engine) as session:
        session.add(Commune(id="valclair", name="Valclair-sur-Brume"))
        await session.flush()
        session.add(Camera(id=CAMERA, commune_id="valclair", number=1, name="Place", created_us=1, updated_us=1))
        await session.flush()
        for stream, width in (("sub", 352), ("main", 1280)):
            session.add(CameraHealth(camera_id=CAMERA, stream=stream, width=width, state="live", updated_us=1))
    await engine.dispose()
    async with town(tmp_path) as place:
        await place.commission()
        await place.add("agent", "officer", ["live"])
        await place.add("delegue", "auditor")
        async with client(place, "https://guet.example") as http:
            http.headers.pop("X-Forwarded-Host")
            yield Office(place, http)


async def test_an_objective_is_noted_told_journalled_with_the_one_before_and_filed(office: Office) -> None:
    seen = await office.camera()
    assert (seen["legal"]["objective"], seen["density"]) == (None, None)
    made = await office.aim()
    assert made.status_code == 201, made.text
    assert (await office.camera())["density"] is None, "nobody said yet where it stands"
    await office.put(angle_deg=90, reach_m=8)
    seen = await office.camera("delegue")
    assert seen["legal"]["objective"] == {"camera": CAMERA, **AIM}
    assert seen["density"] == {"px_m": 80, "asked_px_m": 80, "holds": True}
    await office.aim(level="perceive", outage_hours=4)
    assert (await office.camera())["density"] == {"px_m": 80, "asked_px_m": 125, "holds": False}
    record = (await office.entries())[0]["record"]
    assert (record["act"], record["cameras"]) == ("set_objective", [CAMERA])
    assert (record["detail"]["level"], record["detail"]["outage_hours"]) == ("perceive", 4)
    assert record["detail"]["before"] == {"camera": CAMERA, **AIM}
    await office.put(angle_deg=360)
    assert (await office.camera())["density"] is None
    [order] = (await office.place.read(MAYOR, "documents"))["orders"]
    for kind, asked in (("request-file", {"order": order["id"]}), ("impact-assessment", {})):
        data = json.loads(await office.place.web.make_document(office.place.tokens[MAYOR], kind, asked, b"{}"))
        [row] = next(one for one in data["sections"] if one["id"] == "objectives")["table"]["rows"]
        assert (row["objective"], row["outage"]) == (
            "Percevoir : décrire une personne ou un véhicule (125 px/m)",
            "4 h",
        )


async def test_what_is_no_objective_is_refused_and_nothing_changes(office: Office) -> None:
    before = (await office.entries())[0]["seq"]
    for changes in (
        {"level": "recognise"},
        {"level": ""},
        {"level": None},
        {"outage_hours": 0},
        {"outage_hours": 721},
        {"outage_hours": 1.5},
        {"why": "x"},
    ):
        refused = await office.aim(**changes)
        assert 400 <= refused.status_code < 500, changes
    assert (await office.aim(camera="brumesnil-c01")).json()["rule"] == "P-62"
    for login in ("agent", "delegue"):
        assert (await office.aim(login=login)).status_code == 403
    assert (await office.camera())["legal"]["objective"] is None
    assert (await office.entries())[0]["seq"] == before
