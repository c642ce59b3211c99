"""Requests as somebody who wants one taken at any price would register and decide them (P-08, P-72, P-74, P-83)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.keeper_town import CAMERA, MAYOR, Town, extracting_town
from tests.integration.test_keeper_requests import FIELDS, register
from vms.clock import MICRO
from vms.errors import BadInput, Conflict, Refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = "brumesnil-c01"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A town with one camera in service, a secretary, and an officer who may extract."""
    async with extracting_town(tmp_path_factory.mktemp("town")) as made:
        yield made


def state(place: Town) -> tuple[list[Any], ...]:
    """All that a refusal must not change in the commune."""
    reader = place.keeper.house.communes.get("valclair").store.reader
    tables = [name for (name,) in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return tuple(reader.execute(f"SELECT * FROM {name}").fetchall() for name in tables)


def with_field(**changed: Any) -> dict[str, Any]:
    return {"fields": FIELDS | changed}


LIES: dict[str, tuple[dict[str, Any], str, str]] = {
    "a field ticked": (with_field(officer_name=True), "P-72", "« officer_name » n’est pas de la bonne sorte"),
    "a field as a number": (with_field(procedure_number=4127), "P-72", "n’est pas de la bonne sorte"),
    "a field as a huge number": (with_field(unit=10**4000), "P-72", "n’est pas de la bonne sorte"),
    "an identity checked by a word": (
        {"frame": "droit_acces", "fields": {"authority": "Une personne", "identity_checked": "non"}},
        "P-72",
        "n’est pas de la bonne sorte",
    ),
    "an end of instruction beyond all tables": (
        {
            "frame": "preliminaire",
            "fields": FIELDS | {"general_instruction": "IG 7", "general_instruction_until_us": 10**30},
        },
        "",
        "trop grand",
    ),
    "a plate": (with_field(plate="AA-123-BB"), "P-72", "ne porte pas de champ « plate »"),
    "a look": (with_field(visage="moustache"), "P-72", "ne porte pas de champ « visage »"),
    "what only the keeper notes": (with_field(extension="", right="access"), "P-72", "ne porte pas de champ"),
    "a field of nothing that shows": (with_field(unit="\u2800\u3164"), "P-72", "exige le champ « unit »"),
    "a field of points": (with_field(offence="..."), "P-72", "exige le champ « offence »"),
    "a field turned round": (with_field(officer_name="\u202eJPO"), "", "illisible"),
    "a field in two lines": (with_field(officer_name="OPJ\u2028autre"), "", "illisible"),
    "a field with a command in it": (with_field(officer_name="OPJ\x1b[2J"), "", "illisible"),
    "a motive in two lines": ({"motive": "gare\u2029nord"}, "", "caractères de contrôle"),
    "a field without end": (with_field(officer_name="x" * 100_000), "P-58", "trop long"),  # no page signs for so much
    "half a character": (with_field(officer_name="\ud800"), "", "ne peut pas être transmis"),
    "a field whose name is two lines": (with_field(**{"unit\n": "x"}), "", "fields"),
    "a camera twice": ({"cameras": [CAMERA, CAMERA]}, "", "chaque caméra s’y nomme une fois"),
    "no camera": ({"cameras": []}, "", "il en faut au moins 1"),
    "ten thousand cameras": ({"cameras": [f"valclair-c{n}" for n in range(10_000)]}, "", "il en faut au plus 64"),
    "a camera in capitals": ({"cameras": [CAMERA.upper()]}, "P-62", "n’est pas de"),
    "a neighbour's camera": ({"cameras": [CAMERA, OTHER]}, "P-62", "n’est pas de"),
    "the thirtieth of February": ({"from_us": "2026-02-30"}, "", "l’instant est illisible"),
    "an hour that comes twice": ({"from_us": "2026-10-25T02:30:00"}, "", "l’instant est illisible"),
    "an instant as a fraction": ({"from_us": 1.5}, "", "un instant est attendu"),
    "an instant beyond the calendar": ({"to_us": 10**18}, "", "hors du calendrier"),
    "a range of no length": ({"from_us": 5, "to_us": 5}, "", "finit avant d’avoir commencé"),
    "a range of before the term, over a quarter's end": (
        {"from_us": "2026-09-30T21:59:00Z", "to_us": "2026-09-30T22:01:00Z"},
        "P-30",
        "sont détruites",
    ),
    "an answer due yesterday": ({"answer_by": "2026-11-23"}, "", "déjà passée"),
    "a frame that is none": ({"frame": "flagrant"}, "P-72", "n’existe pas"),
}


async def test_each_lie_has_its_reason_and_leaves_nothing(place: Town) -> None:
    before = state(place)
    for what, (changes, rule, reason) in LIES.items():
        with pytest.raises((BadInput, Refused)) as no:
            await register(place, **changes)
        assert (no.value.rule, reason in str(no.value)) == (rule, True), (what, str(no.value))
    assert state(place) == before
    # What people do type: a hard space, an accent made of two characters.
    assert await register(place, **with_field(officer_number="n°\u00a0214\u202f873", unit="Brigade de l’E\u0301glise"))


async def test_an_answer_to_a_query_may_not_say_more_than_a_request(place: Town) -> None:
    made = await register(place)
    await place.act(MAYOR, "decide", request=made["request"], decision="query")
    before = state(place)
    for fields in ({"plate": "AA-123-BB"}, {"extension": ""}, {"right": "access"}, {"unit": 5}, {"unit": ""}):
        with pytest.raises(Refused) as no:
            await place.act("secretariat", "complete_request", request=made["request"], fields=fields)
        assert no.value.rule == "P-72", fields
    assert state(place) == before


async def test_of_decisions_taken_at_once_one_stands(place: Town) -> None:
    request = (await register(place))["request"]
    asked = [{"decision": "execute"}, {"decision": "refuse", "ground": "not_a_recipient"}, {"decision": "execute"}]
    done = await asyncio.gather(
        *(place.act(MAYOR, "decide", request=request, **one) for one in asked), return_exceptions=True
    )
    taken = [one for one in done if isinstance(one, dict)]
    assert len(taken) == 1
    assert all(isinstance(one, Conflict) for one in done if not isinstance(one, dict)), done
    entries = (await place.read(MAYOR, "journal", limit=500))["entries"]
    decided = [one for one in entries if one["record"]["act"] == "decide"]
    assert [one["seq"] for one in decided if one["record"]["detail"]["request"] == request] == [taken[0]["journal"]]


async def test_a_ground_is_of_the_list_to_the_letter(place: Town) -> None:
    request = (await register(place))["request"]
    before = state(place)
    for ground in ("", "__class__", "\u202enot_a_recipient", "NOT_A_RECIPIENT", "not_a_recipient "):
        with pytest.raises(Refused) as no:
            await place.act(MAYOR, "decide", request=request, decision="refuse", ground=ground)
        assert no.value.rule == "P-74", ground
    assert state(place) == before


async def test_a_right_rests_on_a_decision_that_can_be_read(place: Town) -> None:
    given = {
        "person": place.people["agent"], "role": "officer", "signed_by": "Le maire", "from_": "2026-01-01",
        "until": "2027-12-31", "scope": {"cameras": "all", "acts": ["live"]},
    }  # fmt: skip
    before = state(place)
    for reference in (" ", "...", "\u2800\u2800", "\u3164", "2026\u2029autre", "\u202e6202"):
        with pytest.raises(BadInput, match="decision_ref"):
            await place.act(MAYOR, "grant", decision_ref=reference, **given)
    assert state(place) == before


async def test_a_deputy_decides_until_the_delegations_last_second(place: Town) -> None:
    """A second later it is over, though the session and its confirmed password still hold."""
    today = "2026-11-24"
    basis = {"reference": "Arrêté 12", "from": "2026-01-01", "until": today}
    await place.add("adjointe", "deputy", basis=basis, until=today)
    made = [(await register(place))["request"] for _ in range(3)]
    last = (place.clock.utc().us // (86_400 * MICRO)) * 86_400 * MICRO + 23 * 3600 * MICRO  # midnight in Paris
    place.clock.step(seconds=(last - MICRO - place.clock.utc().us) / MICRO)
    await place.enter("adjointe")
    assert await place.act("adjointe", "decide", request=made[0], decision="execute")
    place.clock.step(seconds=1)
    before = state(place)
    with pytest.raises(Refused) as no:
        await place.act("adjointe", "decide", request=made[1], decision="execute")
    assert no.value.rule == "P-58"
    assert state(place) == before
