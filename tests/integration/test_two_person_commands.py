"""``vms emergency`` and ``vms keys`` through the application's own routes, each step signed by who takes it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.keeper_town import CAMERA, MAYOR, PASSPHRASE, Town, town
from tests.integration.test_emergency import DAY_S, FIRST, SECOND, later
from tests.integration.town_command import vms
from vms.clock import MICRO, UtcTime


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as made:
        await made.commission()
        await made.add("dpo", "auditor")
        for login in (FIRST, SECOND, "nouvelle"):
            await made.add(login, "officer", ["live"])
        yield made


async def signed(place: Town, login: str, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    return await vms(place, login, *arguments, typed=typed, signing=True)


async def test_an_exceptional_opening_from_the_command_line(place: Town) -> None:
    named = [place.people[FIRST], place.people[SECOND]]
    assert (await signed(place, MAYOR, "emergency", "name", *named, "--motive", "astreinte"))[0] == 0
    await later(place, DAY_S)
    low = place.hour_ago(2).us
    between = ("--from", UtcTime(low).iso(), "--to", UtcTime(low + 600 * MICRO).iso())
    code, out, err = await signed(place, FIRST, "emergency", "ask", CAMERA, *between, "--motive", "accident")
    assert (code, err) == (0, "")
    emergency = out.split(" : ")[0]
    code, out, err = await signed(place, SECOND, "emergency", "confirm", emergency)
    assert (code, err) == (0, ""), "signed as itself, it opens"
    assert await place.watch(SECOND, "replay")
    out = (await signed(place, "dpo", "emergency", "list"))[1]
    assert f"{emergency} : OUVERTE ; {CAMERA}," in out
    assert "Agent et Brigadier" in out
    assert (await signed(place, "dpo", "emergency", "close", emergency, "--motive", "le maire répond"))[0] == 0
    told = json.loads((await signed(place, "dpo", "emergency", "list", "--json"))[1])
    assert [one["state"] for one in told["emergencies"]] == ["over"]

    code, out, _ = await signed(place, MAYOR, "keys", "drill", "--passphrase-stdin", typed=f"{PASSPHRASE}\n")
    assert code == 0
    assert "Rien n’a été déverrouillé" in out
    assert not place.keeper.house.communes.get("valclair").unlocked
    await later(place, 200 * DAY_S)
    code, out, _ = await signed(place, MAYOR, "keys", "show")
    assert code == 1
    assert "ATTENTION : Il y a plus de 6 mois" in out
