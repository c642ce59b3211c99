"""``vms emergency`` and ``vms keys`` through the application's own routes, each step signed by who takes it."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pytest

from deploy import cli
from deploy.admin import session_file
from deploy.admin.api_client import ApiClient
from tests.integration.keeper_town import CAMERA, MAYOR, PASSPHRASE, Town, town
from tests.integration.test_emergency import DAY_S, FIRST, SECOND, later
from tests.integration.test_law_command import client_of
from vms.clock import MICRO, UtcTime


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as made:
        await made.commission()
        await made.add("dpo", "auditor")
        for login in (FIRST, SECOND, "nouvelle"):
            await made.add(login, "officer", ["live"])
        yield made


async def vms(place: Town, login: str, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    """Run a command in a thread of its own as that person; exit code, stdout, stderr."""

    def client() -> ApiClient:
        made = client_of(place, place.tokens[login])
        made.key = place.web._keys[place.tokens[login]]
        return made

    def run() -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), out.getvalue(), err.getvalue()

    saved = mock.Mock(commune="valclair", client=client)
    with (
        mock.patch.object(session_file, "load", return_value=saved),
        mock.patch("sys.argv", ["vms", *arguments]),
        mock.patch("sys.stdin", io.StringIO(typed)),
    ):
        return await asyncio.to_thread(run)


async def test_an_exceptional_opening_from_the_command_line(place: Town) -> None:
    named = [place.people[FIRST], place.people[SECOND]]
    assert (await vms(place, MAYOR, "emergency", "name", *named, "--motive", "astreinte"))[0] == 0
    await later(place, DAY_S)
    low = place.hour_ago(2).us
    between = ("--from", UtcTime(low).iso(), "--to", UtcTime(low + 600 * MICRO).iso())
    code, out, err = await vms(place, FIRST, "emergency", "ask", CAMERA, *between, "--motive", "accident")
    assert (code, err) == (0, "")
    emergency = out.split(" : ")[0]
    code, out, err = await vms(place, SECOND, "emergency", "confirm", emergency)
    assert (code, err) == (0, ""), "signed as itself, it opens"
    assert await place.watch(SECOND, "replay")
    out = (await vms(place, "dpo", "emergency", "list"))[1]
    assert f"{emergency} : OUVERTE ; {CAMERA}," in out
    assert "Agent et Brigadier" in out
    assert (await vms(place, "dpo", "emergency", "close", emergency, "--motive", "le maire répond"))[0] == 0
    told = json.loads((await vms(place, "dpo", "emergency", "list", "--json"))[1])
    assert [one["state"] for one in told["emergencies"]] == ["over"]

    code, out, _ = await vms(place, MAYOR, "keys", "drill", "--passphrase-stdin", typed=f"{PASSPHRASE}\n")
    assert code == 0
    assert "Rien n’a été déverrouillé" in out
    assert not place.keeper.house.communes.get("valclair").unlocked
    await later(place, 200 * DAY_S)
    code, out, _ = await vms(place, MAYOR, "keys", "show")
    assert code == 1
    assert "ATTENTION : Il y a plus de 6 mois" in out
