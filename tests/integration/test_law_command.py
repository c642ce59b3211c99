"""``vms law explain`` through the application's own routes: what it prints, and its exit codes (design §10)."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest

from deploy import cli
from deploy.admin import session_file
from deploy.admin.api_client import API, ApiClient
from recorder.playback import Playback
from recorder.store.attached import reading
from tests.integration.keeper_town import CAMERA, IMAGE_ACTS, MAYOR, Town, town
from vms.db.engine import open_engine
from vms.errors import Unauthenticated
from vms.keeper.client import KeeperForWeb
from vms.settings import Settings
from web.app import create_app
from web.deps import Services
from web.permits import PermitBook


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with a camera in service, an officer and a data protection officer."""
    async with town(tmp_path) as made:
        await made.commission()
        made.people["h"] = await made.add("agent", "officer", IMAGE_ACTS)
        await made.add("dpo", "auditor")
        made.clock.advance(seconds=60)
        yield made


def client_of(place: Town, token: str) -> ApiClient:
    """A client of the town's routes; its keeper's connections belong to the loop that it is used in."""
    keeper, settings = KeeperForWeb(place.run / "k-web.sock"), Settings(home=place.home)
    engine = open_engine(f"sqlite+aiosqlite:///{place.home / 'g.sqlite'}")
    playback = Playback(engine, reading(settings), place.clock)
    app = create_app(Services(settings, place.clock, engine, keeper, playback, PermitBook(keeper, place.clock)))
    client = ApiClient("http://localhost", token)
    client._http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://localhost{API}")
    return client


async def vms(place: Town, login: str, *arguments: str) -> tuple[int, str, str]:
    """Run the command in a thread of its own, as that person; exit code, stdout, stderr."""
    saved = mock.Mock(commune="valclair", client=lambda: client_of(place, place.tokens[login]))

    def run() -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), out.getvalue(), err.getvalue()

    with (
        mock.patch.object(session_file, "load", return_value=saved),
        mock.patch("sys.argv", ["vms", "law", *arguments]),
    ):
        return await asyncio.to_thread(run)


async def explained(place: Town, *arguments: str, login: str = "dpo") -> tuple[int, str, str]:
    return await vms(place, login, "explain", *arguments)


async def test_it_prints_every_element_with_its_article_and_ends_with_the_answer(place: Town) -> None:
    served = place.clock.utc().iso()
    code, out, err = await explained(place, "Agent", "live", CAMERA, "--at", served)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("PERMIS : Agent (p-")
    assert lines[0].endswith("voir en direct, valclair-c01, 2026-11-24T14:13:36Z")
    assert "  oui  Autorisation du préfet commencée" in out
    assert "[P-24, CSI R252-17]" in out
    assert "NON" not in out
    place.clock.advance(seconds=1)
    await place.act(MAYOR, "withdraw", habilitation=place.people["h"], motive="fin de mission")
    code, out, _ = await explained(place, "Agent", "live", CAMERA)
    assert code == 1
    assert out.startswith("REFUSÉ : Agent")
    assert "  NON  Habilitation non retirée" in out
    assert "Adressez-vous au maire. [P-58, CSI R253-3 (choix)]" in out
    assert (await explained(place, "Agent", "live", CAMERA, "--at", served))[0] == 0


async def test_json_is_for_machines(place: Town) -> None:
    code, out, _ = await explained(place, "Agent", "export", CAMERA, "--json")
    told: dict[str, Any] = json.loads(out)
    assert (code, told["allowed"], told["refusal"]["rule"]) == (1, False, "P-72")
    assert {part["about"] for part in told["parts"]} == {"question", "habilitation", "camera"}


WRONG = [
    ("dpo", ("Agent", "arrest", CAMERA), 2, "Acte inconnu"),
    ("dpo", ("Agent", "live"), 2, "CAMÉRA"),
    ("dpo", ("Agent", "live", CAMERA, "--at", "hier"), 2, "at"),
    ("dpo", ("Agent", "live", CAMERA, "--at", "2031-01-01"), 2, "avenir"),
    ("dpo", ("Personne", "live", CAMERA), 1, "Personne de ce nom"),
    ("agent", ("Agent", "live", CAMERA), 1, "Il revient à"),
]


async def test_wrong_use_and_refusals(place: Town) -> None:
    for login, arguments, code, said in WRONG:
        got, out, err = await explained(place, *arguments, login=login)
        assert (got, out) == (code, ""), arguments
        assert said in err


async def test_without_a_session_nothing_is_asked() -> None:
    def nobody() -> None:
        raise Unauthenticated("Vous n’êtes pas connecté.", todo="Connectez-vous : vms login.")

    asked = mock.patch("sys.argv", ["vms", "law", "explain", "a", "live", "c"])
    with mock.patch.object(session_file, "load", nobody), asked, pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
