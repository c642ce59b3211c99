"""What destroys what is held or shortens what is kept: two persons, a delay, and a way to stop it (decision 0032)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, DELAY_S, MAYOR, Town, town
from vms.errors import Conflict, NotFound, Refused, StepUpNeeded
from vms.keeper.identity.sessions import STEP_UP_US
from vms.law.facts import Hold
from vms.law.rulebook import rulebook

DEPUTY, BASIS = "adjointe", {"reference": "arrêté de délégation", "from": "2026-01-01", "until": "2027-12-31"}
ORDER = {
    "prefect": "Préfet du Nord", "from": "2026-11-01", "until": "2031-07-06", "purposes": [1, 3, 5],
}  # fmt: skip


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as made:
        await made.commission()
        await made.add(DEPUTY, "deputy", basis=BASIS)
        yield made


async def hold(place: Town) -> str:
    start = place.hour_ago()
    asked = {"authority": "TJ", "reference": "4127/2026", "requester": "OPJ", "procedure": "flagrance"}
    made = await place.act(
        CHIEF, "place_hold", cameras=[CAMERA], from_us=start.us, to_us=start.plus(seconds=60).us, **asked
    )
    return str(made["hold"])


def held(place: Town, name: str) -> Hold:
    return next(one for one in place.keeper.house.communes.get("valclair").facts.holds if one.id == name)


def days_kept(place: Town) -> int:
    facts = place.keeper.house.communes.get("valclair").facts
    order = facts.order_of(facts.cameras[CAMERA], place.clock.utc().us)
    assert order is not None
    return order.max_days


async def pending(place: Town, login: str = MAYOR) -> list[dict[str, Any]]:
    waiting: list[dict[str, Any]] = (await place.read(login, "pending_acts"))["pending"]
    return waiting


async def wait(place: Town, seconds: float) -> None:
    place.clock.advance(seconds=seconds)
    await place.keeper.house.tick()
    for login in (MAYOR, CHIEF, DEPUTY):
        await place.enter(login)


async def test_a_hold_is_released_by_two_persons_a_day_later_and_the_journal_names_both(place: Town) -> None:
    """Fails when the office runs ``release_hold`` at once, or ``apply_due`` ignores ``effective_us``."""
    name = await hold(place)
    asked = await place.act(CHIEF, "release_hold", hold=name, motive="close")
    await wait(place, DELAY_S + 1)
    assert held(place, name).released_us is None, "one person releases nothing, however long they wait"
    confirmed = await place.act(MAYOR, "confirm_act", pending=asked["pending"])
    assert confirmed["effective_us"] == place.clock.utc().us + DELAY_S * 1_000_000
    await wait(place, DELAY_S - 60)
    assert held(place, name).released_us is None
    await wait(place, 61)
    assert held(place, name).released_us is not None
    assert await pending(place) == []
    record = (await place.read(MAYOR, "journal", act="release_hold"))["entries"][0]["record"]
    both = {"asked_by": place.people[CHIEF], "confirmed_by": place.people[MAYOR], "pending": asked["pending"]}
    assert both.items() <= record["detail"].items()
    assert record["author"]["person"] == place.people[CHIEF]


async def test_the_second_is_another_person_and_the_mayors_or_a_deputys(place: Town) -> None:
    """Fails when ``confirm_lapse`` lets the first person confirm, or a head of service while a deputy is there."""
    waiting = (await place.act(MAYOR, "release_hold", hold=await hold(place), motive="close"))["pending"]
    with pytest.raises(Refused, match="deux personnes"):
        await place.act(MAYOR, "confirm_act", pending=waiting)
    with pytest.raises(Refused, match="élu délégué"):
        await place.act(CHIEF, "confirm_act", pending=waiting)
    place.clock.advance(seconds=STEP_UP_US / 1_000_000 + 1)
    with pytest.raises(StepUpNeeded):
        await place.act(DEPUTY, "confirm_act", pending=waiting)
    await place.enter(DEPUTY)
    assert (await place.act(DEPUTY, "confirm_act", pending=waiting))["effective_us"]
    with pytest.raises(Refused, match="déjà confirmé"):
        await place.act(DEPUTY, "confirm_act", pending=waiting)


async def test_where_the_mayor_is_alone_and_asks_the_head_of_service_is_the_second(tmp_path: Path) -> None:
    """Fails when the second must be mayoral even where nobody else is."""
    async with town(tmp_path) as place:
        await place.commission()
        waiting = (await place.act(MAYOR, "release_hold", hold=await hold(place), motive="close"))["pending"]
        assert (await place.act(CHIEF, "confirm_act", pending=waiting))["effective_us"]


async def test_it_is_stopped_until_its_hour_by_who_may_take_it_and_by_the_auditor(place: Town) -> None:
    """Fails when ``stop`` leaves the act waiting."""
    await place.add("dpo", "auditor")
    await place.add("agent", "officer")
    name = await hold(place)
    waiting = (await place.act(CHIEF, "release_hold", hold=name, motive="close"))["pending"]
    await place.act(MAYOR, "confirm_act", pending=waiting)
    with pytest.raises(Refused):
        await place.act("agent", "stop_act", pending=waiting, motive="non")
    told = (await pending(place, "dpo"))[0]
    assert (told["may_confirm"], told["may_stop"], told["args"]["hold"]) == (False, True, name)
    await place.act("dpo", "stop_act", pending=waiting, motive="procédure encore ouverte")
    await wait(place, DELAY_S + 1)
    assert held(place, name).released_us is None
    with pytest.raises(NotFound):
        await place.act(MAYOR, "confirm_act", pending=waiting)
    acts = [one["record"]["act"] for one in (await place.read(MAYOR, "journal", kind="modification"))["entries"]]
    assert acts[:3] == ["stop_act", "confirm_act", "propose_act"]


async def test_nobody_who_lost_the_right_meanwhile_decides_anything(place: Town) -> None:
    """Fails when ``apply_due`` does not ask the gate again for both."""
    name = await hold(place)
    waiting = (await place.act(CHIEF, "release_hold", hold=name, motive="close"))["pending"]
    await place.act(DEPUTY, "confirm_act", pending=waiting)
    people = (await place.read(MAYOR, "people"))["people"]
    right = next(
        one for person in people if person["person"] == place.people[DEPUTY] for one in person["habilitations"]
    )
    await place.act(MAYOR, "withdraw", habilitation=right["id"], motive="fin de délégation")
    place.clock.advance(seconds=DELAY_S + 1)
    await place.keeper.house.tick()
    await place.enter(MAYOR)
    assert held(place, name).released_us is None
    assert await pending(place) == []
    record = (await place.read(MAYOR, "journal", act="drop_act"))["entries"][0]["record"]
    assert record["detail"]["pending"] == waiting


async def test_what_nobody_confirms_runs_out_and_the_very_same_is_not_asked_twice(place: Town) -> None:
    name = await hold(place)
    waiting = (await place.act(CHIEF, "release_hold", hold=name, motive="close"))["pending"]
    with pytest.raises(Conflict):
        await place.act(CHIEF, "release_hold", hold=name, motive="close")
    await wait(place, rulebook().durations.second_person_days * 86_400 + 1)
    with pytest.raises(NotFound):
        await place.act(MAYOR, "confirm_act", pending=waiting)


async def test_an_order_that_shortens_waits_and_one_that_does_not_is_recorded_at_once(place: Town) -> None:
    """Fails when ``_shortens`` of orders or of cameras says no: footage of ten days would go at the next tick."""
    former = (await place.read(MAYOR, "orders"))["orders"][0]["id"]
    longer = await place.act(MAYOR, "record_order", reference="plus long", max_days=20, replaces=former, **ORDER)
    assert longer["order"]
    assert days_kept(place) == 20
    later = ORDER | {"from": "2026-11-10"}
    asked = {"reference": "plus court", "max_days": 5, "replaces": longer["order"]}
    waiting = (await place.act(CHIEF, "record_order", **asked, **later))["pending"]
    apart = await place.act(MAYOR, "record_order", reference="à part", max_days=2, **ORDER)
    moved = (await place.act(CHIEF, "authorise_camera", camera=CAMERA, order=apart["order"]))["pending"]
    assert days_kept(place) == 20
    assert {one["id"] for one in await pending(place)} == {waiting, moved}
    await place.act(MAYOR, "confirm_act", pending=waiting)
    await wait(place, DELAY_S + 1)
    assert days_kept(place) == 5
    await place.act(MAYOR, "confirm_act", pending=moved)
    await wait(place, DELAY_S + 1)
    assert days_kept(place) == 2


async def test_a_hold_that_is_over_is_released_at_once_and_one_that_is_not_there_is_not_found(place: Town) -> None:
    name = await hold(place)
    await place.agree(CHIEF, MAYOR, "release_hold", hold=name, motive="close")
    await place.enter(CHIEF)
    assert (await place.act(CHIEF, "release_hold", hold=name, motive="close"))["released"] is False
    with pytest.raises(NotFound):
        await place.act(CHIEF, "release_hold", hold="g-1", motive="close")
