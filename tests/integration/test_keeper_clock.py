"""The keeper's destructions on a machine whose clock is wrong, and the person who says that it is right (P-30)."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, PASSPHRASE, Town, town
from vms.clock import HOUR_US, MICRO, UtcTime
from vms.clock_guard import DOUBT_US
from vms.errors import Conflict, Refused
from vms.keys.wrapping import generate_peer_key, hour_key_info, wrap

DAY_S = 86_400


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with one camera in service, fifteen days."""
    async with town(tmp_path) as made:
        await made.commission()
        yield made


async def put_key(place: Town, hour: UtcTime) -> bool:
    """A fresh key of that hour; whether the keeper took it."""
    key_id = secrets.token_hex(16)
    public = place.keeper.house.communes.get("valclair").public_key
    wrapped = wrap(public, b"k" * 32, hour_key_info("valclair", CAMERA, key_id, hour.us))
    return await place.recorder.put_hour_key("valclair", CAMERA, key_id, hour.us, wrapped)


def keys(place: Town) -> int:
    reader = place.keeper.house.communes.get("valclair").keys.reader
    return int(reader.execute("SELECT count(*) FROM hour_key").fetchone()[0])


async def doubt(place: Town, login: str = MAYOR) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (await place.read(login, "retention"))["destruction"]["doubt"]
    return found


async def enter(place: Town) -> None:
    for login in (MAYOR, CHIEF):
        await place.enter(login)


async def test_a_jump_past_the_term_destroys_nothing_until_a_person_says_so(place: Town) -> None:
    now = place.clock.utc()
    assert await put_key(place, now.hour())
    place.clock.step(seconds=40 * DAY_S)
    await place.keeper.house.tick()
    assert keys(place) == 1
    assert await put_key(place, now.hour()), "and who records by the true time is not refused"
    said = await place.recorder.destruction_time("valclair")
    assert said.now_us < now.us + HOUR_US
    assert "vms clock confirm" in said.todo
    await enter(place)
    shown = await doubt(place)
    assert shown is not None
    assert (shown["kind"], shown["grave"]) == ("jump", True)
    with pytest.raises(Conflict):
        await place.act(MAYOR, "confirm_time", doubt_us=shown["doubt_us"] - 1)
    await place.act(MAYOR, "confirm_time", doubt_us=shown["doubt_us"], motive="vérifiée au 3699")
    assert keys(place) == 0
    await place.keeper.house.tick()
    assert await doubt(place) is None
    assert (await place.recorder.destruction_time("valclair")).what == ""
    entries = (await place.read(MAYOR, "journal"))["entries"]
    acts = [one["record"]["act"] for one in entries if one["record"]]
    assert {"confirm_time", "destroy_hour_key"} <= set(acts)


async def test_who_may_say_so(place: Town) -> None:
    await place.add("agent", "officer", ["live", "replay"])
    place.clock.step(seconds=40 * DAY_S)
    await place.keeper.house.tick()
    await enter(place)
    await place.enter("agent", purpose="5")
    shown = await doubt(place)
    assert shown is not None
    with pytest.raises(Refused):
        await place.act("agent", "confirm_time", doubt_us=shown["doubt_us"])
    place.clock.step(seconds=-40 * DAY_S)
    with pytest.raises(Conflict):
        await place.act(MAYOR, "confirm_time", doubt_us=shown["doubt_us"])


async def test_one_commune_answers_for_itself_alone(place: Town) -> None:
    await place.found("brumesnil", "Brumesnil")
    place.clock.step(seconds=40 * DAY_S)
    await place.keeper.house.tick()
    await enter(place)
    shown = await doubt(place)
    assert shown is not None
    await place.act(MAYOR, "confirm_time", doubt_us=shown["doubt_us"])
    house, wall_us = place.keeper.house, place.clock.utc().us
    assert house.due_us(house.communes.get("valclair")) == wall_us
    assert house.due_us(house.communes.get("brumesnil")) < wall_us - 39 * DAY_S * MICRO


async def test_a_new_keeper_knows_of_the_doubt_and_of_the_answer(place: Town) -> None:
    assert await put_key(place, place.clock.utc().hour())
    place.clock.step(seconds=40 * DAY_S)
    await place.keeper.house.tick()
    await place.restart()
    assert keys(place) == 1
    place.clock.off(seconds=3_600)
    await place.restart()
    assert keys(place) == 1, "nor does switching the machine off help"
    await enter(place)
    shown = await doubt(place)
    assert shown is not None
    await place.act(CHIEF, "confirm_time", doubt_us=shown["doubt_us"])
    assert await put_key(place, place.clock.utc().hour())
    await place.restart()
    place.clock.advance(seconds=16 * DAY_S)
    await place.keeper.house.tick()
    assert keys(place) == 0


async def test_a_long_stop_is_told_and_what_is_due_goes_without_anybody(place: Town) -> None:
    assert await put_key(place, place.clock.utc().hour())
    await place.keeper.stop()
    place.clock.off(seconds=21 * DAY_S)
    place.keeper = type(place.keeper)(place.home / "keeper", place.run, place.clock)
    await place.keeper.start()
    assert keys(place) == 1
    assert (await place.recorder.destruction_time("valclair")).what
    for _ in range(DOUBT_US // HOUR_US + 1):
        place.clock.advance(seconds=3_600)
        await place.keeper.house.tick()
    assert keys(place) == 0
    assert (await place.recorder.destruction_time("valclair")).what == ""


async def test_a_hold_counts_whatever_the_clock_says(place: Town) -> None:
    """Placed while the clock was ahead, and while it was set back: what it keeps is not due (P-32)."""
    start = place.clock.utc().hour()
    assert await put_key(place, start)
    await place.act(
        CHIEF, "place_hold", cameras=[CAMERA], from_us=start.us, to_us=start.us + MICRO, procedure="flagrance",
        authority="Gendarmerie", reference="PV 4127/2026", requester="OPJ 214 873",
    )  # fmt: skip
    place.clock.step(seconds=-2 * DAY_S)
    (camera,) = await place.recorder.retention("valclair")
    assert [one.from_us for one in camera.holds] == [start.us]
    house = place.keeper.house
    assert house.communes.get("valclair").facts.holds[0].active(house.due_us(house.communes.get("valclair")))


async def test_what_either_clock_calls_due_is_not_shown(place: Town) -> None:
    start = place.hour_ago()
    segment = await place.segment(start)
    await place.add("agent", "officer", ["live", "replay"])
    place.clock.step(seconds=16 * DAY_S)
    await place.keeper.house.tick()
    await enter(place)
    await place.enter("agent", purpose="5")
    assert keys(place) == 1
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    view = await place.watch("agent", "replay")
    asked = [{"name": segment, "groups": [0]}]
    with pytest.raises(Refused) as refused:
        public = generate_peer_key()[1]
        await place.web.key_window(view.id, CAMERA, public, asked, start.us, start.us + MICRO)
    assert refused.value.rule == "P-30"
