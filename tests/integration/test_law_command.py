"""``vms law explain`` through the application's own routes: what it prints, and its exit codes (design §10)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from deploy import cli
from deploy.admin import session_file
from tests.integration.keeper_town import CAMERA, IMAGE_ACTS, MAYOR, Town, town
from tests.integration.town_command import vms
from vms.errors import Unauthenticated


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with a camera in service, an officer and a data protection officer."""
    async with town(tmp_path) as made:
        await made.commission()
        made.people["h"] = await made.add("agent", "officer", IMAGE_ACTS)
        await made.add("dpo", "auditor")
        made.clock.advance(seconds=60)
        yield made


async def explained(place: Town, *arguments: str, login: str = "dpo") -> tuple[int, str, str]:
    return await vms(place, login, "law", "explain", *arguments)


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
