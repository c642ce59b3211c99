"""A camera's position and the site plan, from the page to the préfecture's file; what lies changes nothing (P-22)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.fakes.photographs import jpeg, png_of
from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, Town, town
from tests.integration.test_panel import client
from vms.keeper.acts.siting import PLAN_LIMIT_BYTES
from web.documents_archive import archive
from web.kept_files import KeptFiles

pytestmark = pytest.mark.asyncio(loop_scope="module")

PDF = b"%PDF-1.7\n" + b"1 0 obj <<>> endobj\n" * 20 + b"startxref\n9\n%%EOF\n"
CHURCH = {
    "latitude_udeg": 48_123_456,
    "longitude_udeg": -2_345_678,
    "direction_deg": 45,
    "angle_deg": 70,
    "reach_m": 45,
}


class Office:
    """The routes, as people call them."""

    def __init__(self, place: Town, http: httpx.AsyncClient) -> None:
        self.place, self.http = place, http

    async def file(self, data: bytes, login: str = MAYOR, **more: str) -> httpx.Response:
        asked = {"date": "2026-11-20", **more}
        return await self.http.post(self._at("site-plans"), params=asked, content=data, headers=self._as(login))

    async def get(self, digest: str, login: str = MAYOR) -> httpx.Response:
        return await self.http.get(self._at(f"site-plans/{digest}"), headers=self._as(login))

    async def put(self, camera: str = CAMERA, login: str = CHIEF, **changes: Any) -> httpx.Response:
        path = self._at(f"cameras/{camera}/position")
        return await self.http.post(path, json=CHURCH | changes, headers=self._as(login))

    async def plans(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.place.read(MAYOR, "documents"))["site_plans"]
        return found

    async def position(self) -> dict[str, Any] | None:
        cameras = (await self.place.read(MAYOR, "cameras"))["cameras"]
        found: dict[str, Any] | None = next(one["position"] for one in cameras if one["id"] == CAMERA)
        return found

    async def request_file(self, **asked: str) -> dict[str, Any]:
        data = await self.place.web.make_document(self.place.tokens[MAYOR], "request-file", asked, b"{}")
        made: dict[str, Any] = json.loads(data)
        return made

    async def last(self) -> dict[str, Any]:
        entry = (await self.place.read(MAYOR, "journal", kind="modification"))["entries"][0]
        record: dict[str, Any] = entry["record"] | {"seq": entry["seq"]}
        return record

    def kept(self) -> list[str]:
        return sorted(path.name for path in (self.place.home / "plans").rglob("*") if path.is_file())

    def _as(self, login: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.place.tokens[login]}"}

    @staticmethod
    def _at(path: str) -> str:
        return f"/communes/valclair/{path}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with town(tmp_path_factory.mktemp("town")) as place:
        await place.commission()
        await place.add("agent", "officer", ["live"])
        async with client(place, "https://guet.example") as http:
            http.headers.pop("X-Forwarded-Host")
            yield Office(place, http)


async def test_a_position_is_recorded_drawn_and_journalled_with_the_one_before(office: Office) -> None:
    made = await office.put()
    assert made.status_code == 201, made.text
    [order] = (await office.place.read(MAYOR, "documents"))["orders"]
    data = await office.request_file(order=order["id"])
    plan = next(one for one in data["sections"] if one["id"] == "3")["plan"]
    assert [one["direction_deg"] for sheet in plan for one in sheet["cameras"]] == [45]
    assert (plan[0]["latitude"][:6], plan[0]["longitude"][:6]) == ("48.123", "-2.345")
    await office.put(direction_deg=90)
    record = await office.last()
    assert (record["act"], record["cameras"]) == ("place_camera", [CAMERA])
    assert (record["detail"]["direction_deg"], record["detail"]["before"]["direction_deg"]) == (90, 45)


async def test_a_position_that_is_none_is_refused_and_nothing_changes(office: Office) -> None:
    before = (await office.last())["seq"], await office.position()
    for changes in (
        {"latitude_udeg": 0, "longitude_udeg": 0},
        {"latitude_udeg": 90_000_001},
        {"longitude_udeg": -180_000_001},
        {"direction_deg": 360},
        {"angle_deg": 0},
        {"reach_m": 2_001},
        {"latitude_udeg": 48.5},
        {"latitude_udeg": None},
    ):
        refused = await office.put(**changes)
        assert 400 <= refused.status_code < 500, changes
    assert "pleine mer" in (await office.put(latitude_udeg=0, longitude_udeg=9)).json()["title"]
    assert (await office.put(camera="brumesnil-c01")).json()["rule"] == "P-62"
    assert (await office.put(login="agent")).status_code == 403
    assert ((await office.last())["seq"], await office.position()) == before


async def test_a_plan_is_kept_named_handed_out_and_replaced(office: Office) -> None:
    made = await office.file(PDF)
    assert made.status_code == 201, made.text
    digest = sha256(PDF).hexdigest()
    assert made.json()["sha256"] == digest
    shown = await office.get(digest)
    assert (shown.status_code, shown.content) == (200, PDF)
    assert shown.headers["content-disposition"].startswith("attachment;")
    assert shown.headers["x-content-type-options"] == "nosniff"
    facts = next(one for one in (await office.request_file())["sections"] if one["id"] == "2")["facts"]
    assert {"name": "Empreinte SHA-256", "value": digest} in facts
    assert {"name": "Plan du", "value": {"day": "2026-11-20"}} in facts
    record = await office.last()
    assert (record["act"], record["detail"]["sha256"]) == ("file_site_plan", digest)

    picture = jpeg()
    again = (await office.file(picture)).json()["sha256"]
    assert office.kept() == [again], "the former one is gone"
    assert (await office.get(digest)).status_code == 404
    assert [one["media"] for one in await office.plans() if one["order"] == ""] == ["image/jpeg"]


async def test_the_same_file_for_two_orders_is_kept_while_one_is_noted_with_it(office: Office) -> None:
    [order] = (await office.place.read(MAYOR, "documents"))["orders"]
    digest = (await office.file(PDF)).json()["sha256"]
    await office.file(PDF, order=order["id"])
    await office.file(jpeg())
    assert (await office.get(digest)).status_code == 200
    assert sorted(one["order"] for one in await office.plans()) == ["", order["id"]]
    plans = KeptFiles(office.place.home / "plans", "", "Ce plan", "P-22")
    whole = await archive(office.place.web, office.place.tokens[MAYOR], "valclair", b"{}", plans)
    with zipfile.ZipFile(io.BytesIO(whole)) as files:
        [name] = [name for name in files.namelist() if name.startswith("plan-masse-")]
        assert files.read(name) == PDF


async def test_what_is_no_plan_is_refused_with_its_reason_and_nothing_is_kept(office: Office) -> None:
    before = (await office.last())["seq"], office.kept(), await office.plans()
    for data, why in (
        (b"", "vide"),
        (b"PK\x03\x04" + bytes(200), "ni un PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "ni un PDF"),
        (b"MZ" + PDF, "ni un PDF"),
        (PDF[: len(PDF) // 2], "incomplet"),
        (PDF.replace(b"startxref", b"trailer << /Encrypt 5 0 R >>\nstartxref"), "mot de passe"),
        (jpeg()[:4000], "incomplète"),
        (png_of(50_000, 50_000), "trop grande"),
        (PDF + bytes(PLAN_LIMIT_BYTES), "20 Mo"),
    ):
        refused = await office.file(data)
        assert (refused.status_code, refused.json()["rule"]) == (400, "P-22"), why
        assert why in refused.json()["title"]
    assert (await office.file(PDF, date="2027-01-01")).status_code == 400
    assert (await office.file(PDF, order="o-ailleurs")).status_code == 404
    assert (await office.file(PDF, login=CHIEF)).status_code == 403
    assert ((await office.last())["seq"], office.kept(), await office.plans()) == before


async def test_an_altered_plan_is_not_handed_out_and_others_learn_of_none(office: Office) -> None:
    digest = (await office.file(PDF)).json()["sha256"]
    assert (await office.get(digest, login="agent")).status_code == 403
    (office.place.home / "plans" / "valclair" / digest).write_bytes(PDF + b"\n")
    altered = await office.get(digest)
    assert altered.status_code == 422
    assert "empreinte" in altered.json()["title"]
