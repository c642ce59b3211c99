"""The gate asked about the past on a running keeper: by the facts of then, journalled, to those who may ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, IMAGE_ACTS, MAYOR, PASSWORD, Town, town
from vms.clock import UtcTime
from vms.errors import BadInput, Conflict, NotFound, Refused


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with a camera in service, an officer and an auditor."""
    async with town(tmp_path) as made:
        await made.commission()
        await made.add("agent", "officer", IMAGE_ACTS)
        await made.add("dpo", "auditor")
        made.clock.advance(seconds=60)
        yield made


async def explained(place: Town, at: UtcTime, *, login: str = "dpo", act: str = "live", **more: Any) -> dict[str, Any]:
    """What the auditor is told about the officer."""
    asked = {"person": place.people["agent"], "act": act, "camera": CAMERA, "at": at.iso()}
    return await place.read(login, "explain", **asked | more)


async def test_each_day_has_its_own_answer(place: Town) -> None:
    served = place.clock.utc()
    assert (await explained(place, served))["allowed"]
    place.clock.advance(seconds=200)
    await place.act(MAYOR, "withdraw", habilitation=await habilitation(place), motive="fin de mission")
    withdrawn = place.clock.utc()
    place.clock.advance(seconds=200)
    assert (await explained(place, served))["allowed"]
    after = await explained(place, withdrawn)
    assert not after["allowed"]
    assert after["refusal"]["rule"] == "P-58"
    assert after["refusal"]["article"] == "CSI R253-3 (choix)"
    before = await explained(place, UtcTime.parse("2026-11-20T10:00:00Z"))
    assert not before["allowed"]
    names = [reason["element"] for part in after["parts"] for reason in part["reasons"]]
    assert "Zones privées validées" in names


async def habilitation(place: Town) -> str:
    """The officer's habilitation."""
    people = (await place.read(MAYOR, "people"))["people"]
    return str(next(one for one in people if one["person"] == place.people["agent"])["habilitations"][0]["id"])


async def test_what_was_recorded_since_does_not_rewrite_the_answer_but_is_told(place: Town) -> None:
    """The panel is noted again with a later date: that day the gate said yes, and would say no by what it knows now."""
    served = place.clock.utc()
    place.clock.advance(seconds=86_400)
    await place.enter("dpo")
    await place.enter(CHIEF)
    await place.act(CHIEF, "post_panel", camera=CAMERA, date=place.clock.utc().us, place="remis après les travaux")
    told = await explained(place, served)
    assert told["allowed"]
    assert told["known_since"]["refusal"]["rule"] == "P-80"
    assert (await explained(place, place.clock.utc()))["known_since"] is None


async def test_who_may_ask_and_what_it_leaves(place: Town) -> None:
    now = place.clock.utc()
    for login in ("agent", CHIEF):
        with pytest.raises(Refused):
            await explained(place, now, login=login)
    assert (await explained(place, now, login=MAYOR, person="Agent"))["label"] == "Agent"
    with pytest.raises(NotFound):
        await explained(place, now, person="Quelqu’un d’autre")
    with pytest.raises(BadInput):
        await explained(place, now.plus(seconds=1))
    with pytest.raises(BadInput):
        await explained(place, now, act="arrest")
    await explained(place, now)
    entries = (await place.read("dpo", "journal"))["entries"]
    assert [one["record"]["act"] for one in entries].count("read_explain") == 2  # the mayor's and the auditor's


async def test_anyone_is_told_why_about_themselves_and_of_nobody_else(place: Town) -> None:
    """An officer refused a camera learns what is missing; nothing about a colleague, nor of a request."""
    await place.enter("agent")
    told = await place.read("agent", "explain_mine", act="live", camera=CAMERA)
    assert (told["person"], told["label"], told["allowed"]) == (place.people["agent"], "Agent", True)
    await place.act(CHIEF, "suspend_camera", camera=CAMERA, motive="orage")
    told = await place.read("agent", "explain_mine", act="live", camera=CAMERA)
    assert told["refusal"]["rule"] == "P-24"
    missing = [reason["element"] for part in told["parts"] for reason in part["reasons"] if not reason["holds"]]
    assert missing == ["Caméra en service"]
    assert (await place.read("dpo", "explain_mine", act="live", camera=CAMERA))["refusal"]["rule"] == "D-12"
    for more in ({"person": place.people["dpo"]}, {"request": "d-1"}):
        with pytest.raises(BadInput):
            await place.read("agent", "explain_mine", act="live", camera=CAMERA, **more)
    with pytest.raises(BadInput):
        await place.read("agent", "explain_mine", act="export", camera=CAMERA)
    entries = (await place.read("dpo", "journal"))["entries"]
    assert "read_explain_mine" in [one["record"]["act"] for one in entries]


async def test_a_camera_of_elsewhere_and_an_extraction_without_request(place: Town) -> None:
    now = place.clock.utc()
    assert (await explained(place, now, camera="brumesnil-c01"))["refusal"]["rule"] == "P-62"
    assert (await explained(place, now, act="export"))["refusal"]["rule"] == "P-72"


async def test_the_prefect_takes_an_order_back_and_views_fall(place: Town) -> None:
    await place.enter("agent", purpose="5")
    view = await place.watch("agent")
    order = (await place.read(MAYOR, "orders"))["orders"][0]["id"]
    await place.web.step_up(place.tokens[MAYOR], PASSWORD)
    now = place.clock.utc()
    await place.act(MAYOR, "withdraw_order", order=order, reference="Décision 12", date=now.us)
    with pytest.raises(Conflict):
        await place.act(MAYOR, "withdraw_order", order=order, reference="Décision 12", date=now.us)
    renewed = (await place.web.renew([view.id]))[view.id]
    assert "P-27" in str(renewed)
    assert (await explained(place, now))["refusal"]["rule"] == "P-27"
    plan = await place.recorder.plan()
    assert plan is not None
    assert not plan[0].cameras[0].record
