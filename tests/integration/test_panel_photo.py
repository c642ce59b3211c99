"""A photograph of the posted notice, from the upload to the request file; what lies changes nothing (P-80)."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.photographs import jpeg, png_of
from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, Town, town
from tests.integration.test_panel import client
from web.photo_header import UPLOAD_LIMIT_BYTES, photo_size

DAY = "2026-11-24"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A camera whose notice was posted today."""
    async with town(tmp_path) as made:
        await made.commission()
        await made.act(CHIEF, "post_panel", camera=CAMERA, date=DAY, place="Entrée de la halle")
        yield made


class Office:
    """The photograph's two routes, as people call them."""

    def __init__(self, place: Town, http: httpx.AsyncClient) -> None:
        self.place, self.http = place, http

    async def send(self, data: bytes, login: str = CHIEF, camera: str = CAMERA, **more: str) -> httpx.Response:
        asked = {"date": DAY, "place": "Entrée de la halle", **more}
        return await self.http.post(self._path(camera), params=asked, content=data, headers=self._as(login))

    async def get(self, login: str = MAYOR) -> httpx.Response:
        return await self.http.get(self._path(CAMERA), headers=self._as(login))

    async def photo(self) -> dict[str, Any] | None:
        cameras = (await self.place.read(MAYOR, "cameras"))["cameras"]
        panel: dict[str, Any] = next(one["panel"] for one in cameras if one["id"] == CAMERA)
        photo: dict[str, Any] | None = panel["photo"]
        return photo

    def kept(self) -> list[str]:
        return sorted(path.name for path in (self.place.home / "panels").rglob("*") if path.is_file())

    def _as(self, login: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.place.tokens[login]}", "Content-Type": "image/jpeg"}

    @staticmethod
    def _path(camera: str) -> str:
        return f"/communes/valclair/cameras/{camera}/panel-photo"


@pytest.fixture
async def office(place: Town) -> AsyncIterator[Office]:
    async with client(place, "https://guet.example") as http:
        http.headers.pop("X-Forwarded-Host")
        yield Office(place, http)


async def document(office: Office, kind: str) -> str:
    made = await office.place.web.make_document(office.place.tokens[MAYOR], kind, {}, b"{}")
    return made.decode()


async def test_a_photograph_is_kept_shown_counted_and_replaced(office: Office) -> None:
    assert (await office.get()).status_code == 404
    made = await office.send(jpeg(1))
    assert made.status_code == 201, made.text
    digest = made.json()["sha256"]
    photo = await office.photo()
    assert photo is not None
    assert (photo["sha256"], photo["place"]) == (digest, "Entrée de la halle")
    shown = await office.get("maire")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert photo_size(shown.content)[0] == 1600
    assert b"GPS" not in shown.content
    record = (await office.place.read(MAYOR, "journal", kind="modification"))["entries"][0]["record"]
    assert (record["act"], record["cameras"], record["detail"]["sha256"]) == ("post_panel_photo", [CAMERA], digest)
    for kind in ("request-file", "conformity"):
        assert "photographié" in await document(office, kind)

    again = (await office.send(jpeg(2))).json()["sha256"]
    assert office.kept() == [f"{again}.jpg"], "the former one is gone"
    # A notice posted anew, elsewhere, is not the one that was photographed.
    await office.place.act(CHIEF, "post_panel", camera=CAMERA, date=DAY, place="Sortie du parking")
    assert await office.photo() is None
    assert (await office.get()).status_code == 404


async def test_what_lies_is_refused_with_its_reason_and_changes_nothing(office: Office) -> None:
    before = (await office.place.read(MAYOR, "journal", kind="modification"))["entries"][0]["seq"]
    whole = jpeg()
    for data, why in (
        (b"%PDF-1.7 called panneau.jpg", "un PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"PK\x03\x04" + bytes(200), "archive"),
        (png_of(50_000, 50_000), "50000"),
        (whole[: len(whole) // 2], "incomplète"),
        (whole[: len(whole) // 2] + b"\xff\xd9", "incomplète"),
        (b"\xff\xd8\xff" + bytes(UPLOAD_LIMIT_BYTES), "12 Mo"),
        (b"", "vide"),
    ):
        refused = await office.send(data)
        assert refused.status_code == 400, why
        assert (why in refused.json()["title"], refused.json()["rule"]) == (True, "P-80")
    assert (office.kept(), await office.photo()) == ([], None)
    assert (await office.place.read(MAYOR, "journal", kind="modification"))["entries"][0]["seq"] == before


async def test_only_who_notes_a_panel_photographs_it_and_only_a_posted_one(office: Office) -> None:
    place = office.place
    await place.add("agent", "officer", ["live"])
    await place.enter("agent", purpose="5")
    assert (await office.send(jpeg(), "agent")).status_code == 403
    assert (await office.send(jpeg(), camera="brumesnil-c01")).status_code == 404
    assert (await office.send(jpeg(), camera="..%2f..%2fkeeper")).status_code in (404, 405)
    for wrong in ({"date": "2026-11-23"}, {"date": "2026-12-24"}, {"date": "hier"}, {"place": ""}):
        assert (await office.send(jpeg(), **wrong)).status_code in (400, 403), wrong
    assert (office.kept(), await office.photo()) == ([], None), "a refused act leaves no picture behind"
    assert (await office.send(jpeg())).status_code == 201
    assert (await office.get("agent")).status_code == 200


async def test_an_altered_photograph_is_not_shown_and_a_worker_that_dies_is_a_refusal(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.send(jpeg())
    [path] = (office.place.home / "panels").rglob("*.jpg")
    path.write_bytes(jpeg(9))
    assert (await office.get()).status_code == 422
    photo = await office.photo()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    refused = await office.send(jpeg(3))
    assert (refused.status_code, refused.json()["rule"]) == (400, "P-80")
    assert await office.photo() == photo
