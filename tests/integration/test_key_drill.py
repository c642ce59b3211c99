"""The key-loss drill: what it proves, what it does not unlock, and what is told to be wanting (A-14)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.admin.keys import lines
from tests.integration.keeper_town import CHIEF, MAYOR, PASSPHRASE, Town, town
from vms.clock import UtcTime
from vms.errors import Damaged, LimitExceeded, NotFound, Refused
from vms.keeper.communes import Commune
from vms.keeper.files.records import Holder
from vms.keys.passphrase import wrap_private
from vms.keys.wrapping import generate_commune_key

DAY_S = 86_400


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as made:
        yield made


def valclair(place: Town) -> Commune:
    return place.keeper.house.communes.get("valclair")


async def key_of(place: Town) -> dict[str, Any]:
    key: dict[str, Any] = (await place.read(MAYOR, "retention"))["key"]
    return key


async def test_a_drill_opens_the_key_unlocks_nothing_and_is_dated_in_the_journal(place: Town) -> None:
    before = await key_of(place)
    assert (before["drilled_us"], before["warnings"]) == (None, []), "a commune just founded has half a year"
    told = await place.web.drill_key(place.tokens[MAYOR], "valclair", PASSPHRASE)
    assert not valclair(place).unlocked
    assert told["drilled_us"] == place.clock.utc().us
    assert [(one["label"], one["drilled_us"] is not None) for one in told["holders"]] == [
        ("Cheffe de service PM", False),
        ("Le maire", True),
    ]
    assert told["drill_due_us"] == UtcTime.parse("2027-05-24T13:12:36Z").us  # six months of Paris later
    entry = (await place.read(MAYOR, "journal", kind="modification"))["entries"][0]
    assert (entry["seq"], entry["record"]["act"]) == (told["journal"], "drill_key")
    assert entry["record"]["detail"] == {"holder": place.people[MAYOR], "holders": 2}
    assert PASSPHRASE not in json.dumps(entry)
    await place.restart()
    assert (await key_of(place))["drilled_us"] == told["drilled_us"]
    assert "exercice le 2026-11-24" in "\n".join(lines(told))


async def test_another_passphrase_another_person_and_another_key_prove_nothing(place: Town) -> None:
    for wrong in (PASSPHRASE + " aussi", "", PASSPHRASE.upper()):  # the first is the other holder's
        with pytest.raises(Refused):
            await place.web.drill_key(place.tokens[MAYOR], "valclair", wrong)
    await place.add("agent", "officer")
    with pytest.raises(Refused, match="détenteur"):
        await place.web.drill_key(place.tokens["agent"], "valclair", PASSPHRASE)
    with pytest.raises(NotFound):
        await place.web.drill_key(place.tokens[MAYOR], "ailleurs", PASSPHRASE)
    assert (await key_of(place))["drilled_us"] is None
    # A holder's box that opens well, but holds a key which is not the commune's any more.
    person = place.people[CHIEF]
    box = wrap_private(generate_commune_key()[0], "une tout autre phrase")
    commune = valclair(place)
    await commune.change(
        lambda change: change.put("holder", person, Holder(person, "Cheffe", box, change.now_us)), place_author(place)
    )
    with pytest.raises(Damaged, match="autre clé"):
        await place.web.drill_key(place.tokens[CHIEF], "valclair", "une tout autre phrase")
    assert (await key_of(place))["drilled_us"] is None
    # Guessing here is slowed down like guessing at an unlocking.
    with pytest.raises(LimitExceeded):
        for _ in range(20):
            try:
                await place.web.drill_key(place.tokens[MAYOR], "valclair", "une phrase au hasard")
            except Refused:
                continue


def place_author(place: Town) -> Any:
    return next(iter(place.keeper.house.sessions._live.values())).author()


async def test_what_is_wanting_is_told_until_it_is_mended(place: Town) -> None:
    place.clock.advance(seconds=182 * DAY_S)
    for login in (MAYOR, CHIEF):
        await place.enter(login)
    [wanting] = (await key_of(place))["warnings"]
    assert wanting["kind"] == "drill"
    told = await place.web.drill_key(place.tokens[CHIEF], "valclair", PASSPHRASE + " aussi")
    assert told["warnings"] == []
    listed = (await place.read(MAYOR, "people"))["people"]
    [chief] = [one for one in listed if one["person"] == place.people[CHIEF]]
    await place.act(MAYOR, "withdraw", habilitation=chief["habilitations"][0]["id"], motive="mutation")
    # Only the mayor is left, who has never shown that it opens: the drill of who left counts no more.
    gone = await key_of(place)
    assert {one["kind"] for one in gone["warnings"]} == {"holders", "drill"}
    assert [one["present"] for one in gone["holders"]] == [False, True]
    said = "\n".join(lines(gone))
    assert "n’est plus habilité ici" in said
    assert said.count("ATTENTION") == 2
    told = await place.web.drill_key(place.tokens[MAYOR], "valclair", PASSPHRASE)
    assert [one["kind"] for one in told["warnings"]] == ["holders"]
