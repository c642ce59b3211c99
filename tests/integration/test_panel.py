"""The QR code of a commune's street panel leads to its public page, and nowhere else (P-80, P-81)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import cv2
import httpx
import numpy as np
import pytest

from recorder.recording.playback import Playback
from recorder.store.attached import reading
from tests.integration.keeper_town import Town, town
from tests.integration.signing_pages import sign_calls
from vms.db.engine import open_engine
from vms.settings import Settings
from web.app import create_app
from web.deps import Services
from web.permits import PermitBook

PIXELS = 8


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town, with nobody signed in on the client."""
    async with town(tmp_path) as made:
        yield made


@asynccontextmanager
async def client(place: Town, public_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The routes of a service that has that public address."""
    engine = open_engine(f"sqlite+aiosqlite:///{place.home / 'g.sqlite'}")
    settings = Settings(home=place.home, public_url=public_url)
    playback = Playback(engine, reading(settings), place.clock)
    app = create_app(Services(settings, place.clock, engine, place.web, playback, PermitBook(place.web, place.clock)))
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1", headers=headers) as made:
        yield sign_calls(made, place)
    await engine.dispose()


def read_code(uri: str) -> str:
    """What a phone reads in the drawing: rows of dark runs, drawn out and given to OpenCV."""
    path = re.search(r"class='qrline'[^>]* d='([^']+)", unquote(uri))
    assert path is not None
    runs: list[tuple[int, int, int]] = []
    x = y = 0
    for kind, numbers in re.findall(r"([Mmh])([-\d. ]*)", path[1]):
        values = [float(one) for one in numbers.split()]
        if kind == "h":
            runs.append((x, y, int(values[0])))
            x += int(values[0])
        elif kind == "M":
            x, y = int(values[0]), int(values[1])
        else:
            x, y = x + int(values[0]), y + int(values[1])
    side = max(max(at + length, row) for at, row, length in runs) + 5
    picture = np.full((side, side), 255, np.uint8)
    for at, row, length in runs:
        picture[row, at : at + length] = 0
    read: Any = cv2.QRCodeDetector().detectAndDecode(cv2.resize(picture, None, fx=PIXELS, fy=PIXELS, interpolation=0))
    return str(read[0])


@pytest.mark.parametrize("public_url", ["https://guet.valclair.example", "https://guet.valclair.example/"])
async def test_the_code_reads_as_the_public_page_whatever_the_caller_claims(place: Town, public_url: str) -> None:
    async with client(place, public_url) as http:
        answer = await http.get("/public/communes/valclair/panel")
    assert answer.status_code == 200
    told = answer.json()
    assert told["address"] == "https://guet.valclair.example/information/valclair"
    assert read_code(told["code"]) == told["address"]
    assert "evil" not in answer.text


async def test_no_code_without_a_public_address_and_none_for_a_commune_of_elsewhere(place: Town) -> None:
    async with client(place, "") as http:
        assert (await http.get("/public/communes/valclair/panel")).json() == {"address": "", "code": ""}
        assert (await http.get("/public/communes/ailleurs/panel")).status_code == 404
        assert (await http.get("/public/communes/..%2fvalclair/panel")).status_code in (400, 404)
