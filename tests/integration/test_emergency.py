"""The exceptional opening by two persons: who may, for what, for how long, and who is told (decision 0016, P-58)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.mail import message_for
from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, PASSPHRASE, Town, town
from vms.clock import HOUR_US, MICRO, UtcTime
from vms.errors import BadInput, GuetError, NotFound, Refused, StepUpNeeded
from vms.keys.wrapping import generate_peer_key
from vms.settings import Settings

DAY_S = 86_400
FIRST, SECOND = "agent", "brigadier"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """Two officers without the right to replay, named by the mayor a day ago; nobody of them is the mayor's deputy."""
    async with town(tmp_path) as made:
        await made.commission()
        await made.commission("valclair-c02")
        await made.add("dpo", "auditor")
        for login in (FIRST, SECOND, "nouvelle"):
            await made.add(login, "officer", ["live"])
        persons = [made.people[FIRST], made.people[SECOND]]
        await made.act(MAYOR, "name_emergency_persons", persons=persons, motive="astreinte d’août")
        await later(made, DAY_S)
        yield made


async def later(place: Town, seconds: float) -> None:
    """Let time pass; everybody signs in again with the step-up done."""
    place.clock.advance(seconds=seconds)
    for login in (MAYOR, CHIEF, "dpo"):
        await place.enter(login)
    for login in (FIRST, SECOND, "nouvelle"):
        await place.enter(login, purpose="5")


def span(place: Town) -> tuple[int, int]:
    start = place.hour_ago(2).us
    return start, start + 600 * MICRO


async def asked(place: Town, login: str = FIRST, **more: Any) -> str:
    low, high = span(place)
    what = {"cameras": [CAMERA], "from_us": low, "to_us": high, "minutes": 30, "motive": "maire injoignable, accident"}
    return str((await place.act(login, "ask_emergency", **(what | more)))["emergency"])


async def test_two_named_persons_open_exactly_what_is_named_and_only_for_that_long(place: Town) -> None:
    low, high = span(place)
    with pytest.raises(Refused):
        await place.watch(FIRST, "replay")
    emergency = await asked(place)
    with pytest.raises(Refused):
        await place.watch(FIRST, "replay")  # one signature opens nothing
    opened = await place.act(SECOND, "confirm_emergency", emergency=emergency)
    assert opened["until_us"] == place.clock.utc().us + 30 * 60 * MICRO
    views = [await place.watch(login, "replay") for login in (FIRST, SECOND)]
    for refused in (
        {"cameras": ["valclair-c02"]},
        {"from_us": low - 1, "to_us": high},
        {"act": "export"},
        {"act": "snapshot", "from_us": low, "to_us": high},
        {"act": "framing"},
    ):
        with pytest.raises(Refused):
            await place.watch(FIRST, refused.pop("act", "replay"), **refused)  # type: ignore[arg-type]
    with pytest.raises(Refused):
        await place.watch("nouvelle", "replay", from_us=low, to_us=high)

    # A view that named no range has that of the opening: its keys stop there.
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    name = await place.segment(UtcTime(low))
    _, public = generate_peer_key()
    window = [{"name": name, "groups": [0]}]
    assert await place.web.key_window(views[0].id, CAMERA, public, window, low, low + 60 * MICRO)
    with pytest.raises(Refused, match="plage"):
        await place.web.key_window(views[0].id, CAMERA, public, window, low - MICRO, low + 60 * MICRO)

    assert all(isinstance(one, str) for one in (await place.web.renew([one.id for one in views])).values())
    place.clock.advance(seconds=30 * 60)
    with pytest.raises(Refused):
        await place.watch(FIRST, "replay")
    assert all(isinstance(one, dict) for one in (await place.web.renew([one.id for one in views])).values())


async def test_the_mayor_and_the_dpo_are_told_at_once_and_either_can_end_it(place: Town) -> None:
    await place.host.outbox_sent([one["id"] for one in await place.host.outbox()])
    emergency = await asked(place)
    assert await place.host.outbox() == []
    await place.act(SECOND, "confirm_emergency", emergency=emergency)
    mails = await place.host.outbox()
    assert [(one["kind"], one["request"], one["email"]) for one in mails] == [
        ("emergency", emergency, "maire@valclair.example")
    ], "the DPO of this town left no address"
    text = message_for(mails[0], Settings(public_url="https://guet.example")).get_content()
    assert "https://guet.example/journal" in text
    for personal in (CAMERA, "Agent", "accident", place.people[FIRST], "glise"):
        assert personal not in text
    for login in (MAYOR, "dpo"):
        [told] = (await place.read(login, "emergencies"))["emergencies"]
        assert (told["state"], told["asked_by"], told["confirmed_by"]) == ("open", "Agent", "Brigadier")
    record = (await place.read("dpo", "journal", kind="modification"))["entries"][0]["record"]
    assert (record["act"], record["cameras"], record["reference"]) == ("open_emergency", [CAMERA], emergency)
    assert (record["from_us"], record["to_us"]) == span(place)
    assert record["detail"]["asked_by"] == place.people[FIRST]

    view, opened_us = await place.watch(FIRST, "replay"), place.clock.utc().us
    place.clock.advance(seconds=1)
    await place.act("dpo", "close_emergency", emergency=emergency, motive="le maire répond")
    assert isinstance((await place.web.renew([view.id]))[view.id], dict)
    assert (await place.read(MAYOR, "emergencies"))["emergencies"][0]["state"] == "over"
    assert not (await place.act("dpo", "close_emergency", emergency=emergency, motive="encore"))["closed"]
    # What the gate answered then is still told: the opening is among its dated facts.
    who = {"person": place.people[FIRST], "act": "replay", "camera": CAMERA, "purpose": "5"}
    assert not (await place.read("dpo", "explain", **who))["allowed"]
    past = await place.read("dpo", "explain", **who, at=opened_us)
    assert past["allowed"]
    assert "Ouverture exceptionnelle signée par deux personnes" in str(past["parts"])


async def test_no_one_person_and_nobody_unnamed_opens_anything(place: Town) -> None:
    with pytest.raises(Refused, match="désignées"):
        await asked(place, "nouvelle")
    emergency = await asked(place)
    for login, why in ((FIRST, "deux personnes"), ("nouvelle", "désignées"), (MAYOR, "désignées")):
        with pytest.raises(Refused, match=why):
            await place.act(login, "confirm_emergency", emergency=emergency)
    # The same person a second time, in another session.
    await place.enter(FIRST, purpose="5")
    with pytest.raises(Refused, match="deux personnes"):
        await place.act(FIRST, "confirm_emergency", emergency=emergency)
    for login in ("dpo", MAYOR):
        with pytest.raises(Refused):
            await asked(place, login)
    # Named today is not named beforehand.
    persons = [place.people[one] for one in (FIRST, SECOND, "nouvelle")]
    await place.act(MAYOR, "name_emergency_persons", persons=persons, motive="renfort")
    with pytest.raises(Refused, match="24 heures"):
        await place.act("nouvelle", "confirm_emergency", emergency=emergency)
    await place.act(SECOND, "confirm_emergency", emergency=emergency)  # those of before keep their date
    with pytest.raises(Refused, match="déjà"):
        await place.act(SECOND, "confirm_emergency", emergency=emergency)


async def test_only_those_named_see_the_asking_and_only_those_concerned_end_it(place: Town) -> None:
    emergency = await asked(place)
    for login, named, confirms, closes in (
        (FIRST, True, False, True),
        (SECOND, True, True, False),
        (MAYOR, False, False, True),
        ("dpo", False, False, True),
        (CHIEF, False, False, False),
    ):
        told = await place.read(login, "emergencies")
        [one] = told["emergencies"]
        assert (told["named"], told["may_sign"], one["may_confirm"], one["may_close"]) == (
            named, named, confirms, closes,
        ), login  # fmt: skip
    told = await place.read("nouvelle", "emergencies")
    assert (told["emergencies"], told["persons"], told["named"], told["may_sign"]) == ([], [], False, False)
    # Whoever learns the identifier all the same cannot end what is not theirs.
    await place.act(SECOND, "confirm_emergency", emergency=emergency)
    for login in ("nouvelle", CHIEF):
        with pytest.raises(Refused, match="pas signé"):
            await place.act(login, "close_emergency", emergency=emergency, motive="x")
    assert (await place.read(MAYOR, "emergencies"))["emergencies"][0]["state"] == "open"
    await place.act(SECOND, "close_emergency", emergency=emergency, motive="fini")
    [one] = (await place.read(FIRST, "emergencies"))["emergencies"]
    assert (one["state"], one["closed_by"], one["may_close"], one["yours"]) == ("over", "Brigadier", False, True)
    assert not (await place.read("dpo", "emergencies"))["emergencies"][0]["yours"]


async def test_a_late_signature_opens_nothing_and_a_lost_right_ends_it(place: Town) -> None:
    emergency = await asked(place)
    place.clock.advance(seconds=15 * 60)
    await place.web.step_up(place.tokens[SECOND], "une phrase assez longue")
    with pytest.raises(Refused, match="15 minutes"):
        await place.act(SECOND, "confirm_emergency", emergency=emergency)
    await later(place, 1)
    opened, waiting = await asked(place), await asked(place)
    await place.act(SECOND, "confirm_emergency", emergency=opened)
    view = await place.watch(SECOND, "replay")
    listed = (await place.read(MAYOR, "people"))["people"]
    [first] = [one for one in listed if one["person"] == place.people[FIRST]]
    await place.act(MAYOR, "withdraw", habilitation=first["habilitations"][0]["id"], motive="départ")
    answer = (await place.web.renew([view.id]))[view.id]
    assert isinstance(answer, dict), "an opening stands on both its signers"
    assert answer["refused"]["rule"] == "P-58"
    with pytest.raises(Refused, match="ne peut plus signer"):
        await place.act(SECOND, "confirm_emergency", emergency=waiting)


async def test_without_the_password_again_and_beyond_its_bounds_nothing_is_asked(place: Town) -> None:
    low, high = span(place)
    for more in (
        {"cameras": ["brumesnil-c01"]},
        {"to_us": low + 5 * HOUR_US, "from_us": low - HOUR_US},
        {"minutes": 61},
        {"from_us": high, "to_us": low},
        {"to_us": place.clock.utc().us + MICRO},
        {"motive": ""},
        {"cameras": [CAMERA, *(f"valclair-c{n:02d}" for n in range(2, 6))]},
    ):
        with pytest.raises((BadInput, Refused)):
            await asked(place, **more)
    place.clock.advance(seconds=6 * 60)
    with pytest.raises(StepUpNeeded):
        await asked(place)
    with pytest.raises(StepUpNeeded):
        persons = [place.people[FIRST], place.people[SECOND]]
        await place.act(MAYOR, "name_emergency_persons", persons=persons, motive="astreinte")
    assert (await place.read("dpo", "emergencies"))["emergencies"] == []


async def test_another_commune_neither_sees_nor_signs_it(place: Town) -> None:
    emergency = await asked(place)
    await place.found("brumesnil", "Brumesnil")
    mayor = f"{MAYOR}.brumesnil"
    foreign = [place.people[mayor], place.people[f"{CHIEF}.brumesnil"]]
    await place.act(mayor, "name_emergency_persons", persons=foreign, motive="astreinte")
    place.clock.advance(seconds=60)
    with pytest.raises(NotFound):
        await place.act(mayor, "confirm_emergency", emergency=emergency)
    with pytest.raises(NotFound):
        await place.act(mayor, "close_emergency", emergency=emergency, motive="x")
    assert (await place.read(mayor, "emergencies"))["emergencies"] == []
    for persons in ([place.people[FIRST], place.people[SECOND]], [foreign[0]], [foreign[0]] * 2):
        with pytest.raises((Refused, BadInput)):
            await place.act(mayor, "name_emergency_persons", persons=persons, motive="x")
    with pytest.raises(GuetError):
        await place.act("dpo", "name_emergency_persons", persons=[], motive="x")
