"""Hour keys on a running keeper: kept, destroyed when due, frozen and re-wrapped by holds, gone from every byte."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.keeper_town import CAMERA, CHIEF, MAYOR, PASSPHRASE, Town, watching_town
from vms.clock import HOUR_US, MICRO, UtcTime
from vms.errors import BadInput, Conflict, Damaged, LimitExceeded, NotFound, Refused, Unavailable
from vms.keeper.gate.statement import HEAD, open_statement
from vms.keeper.keys.destruction import destroy_due
from vms.keeper.protocol import KEY_WINDOW_INFO
from vms.keys.derive import group_key, segment_key
from vms.keys.wrapping import generate_peer_key, hour_key_info, open_from, wrap

DAY_S = 86_400


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with watching_town(tmp_path) as made:
        yield made


async def run_due(place: Town) -> None:
    """One destruction run, as the tick does."""
    await destroy_due(place.keeper.house.communes.get("valclair"), place.clock.utc().us)


async def later(place: Town, days: float) -> None:
    """Let days pass and sign everyone in again."""
    place.clock.advance(seconds=days * DAY_S)
    for login in (MAYOR, CHIEF):
        await place.enter(login)
    await place.enter("agent", purpose="5")
    await run_due(place)


async def open_key(place: Town, name: str, from_us: int, to_us: int) -> bytes:
    """Group 0's key of a segment through a key window."""
    private, public = generate_peer_key()
    view = await place.watch("agent", "replay")
    asked = [{"name": name, "groups": [0]}]
    sealed = await place.web.key_window(view.id, CAMERA, public, asked, from_us, to_us)
    opened = json.loads(open_from(private, sealed, KEY_WINDOW_INFO, view.id.encode()))
    return base64.b64decode(opened["keys"][0]["groups"]["0"])


def files_holding(home: Path, needle: bytes) -> list[str]:
    """Every file of the keeper that holds these bytes."""
    return [path.name for path in (home / "keeper").iterdir() if needle in path.read_bytes()]


async def hold(place: Town, start: UtcTime, end: UtcTime) -> str:
    """A hold on the camera."""
    placed = await place.act(
        CHIEF, "place_hold", cameras=[CAMERA], from_us=start.us, to_us=end.us, procedure="flagrance",
        authority="Gendarmerie", reference="PV 4127/2026", requester="OPJ 214 873",
    )  # fmt: skip
    return str(placed["hold"])


async def test_a_wrapped_key_is_put_twice_and_never_replaced(place: Town) -> None:
    hour = place.clock.utc().hour().us
    public = place.keeper.house.communes.get("valclair").public_key
    key_id = "0f" * 16
    wrapped = wrap(public, b"k" * 32, hour_key_info("valclair", CAMERA, key_id, hour))
    assert await place.recorder.put_hour_key("valclair", CAMERA, key_id, hour, wrapped)
    assert await place.recorder.put_hour_key("valclair", CAMERA, key_id, hour, wrapped)
    with pytest.raises(Conflict):
        await place.recorder.put_hour_key("valclair", CAMERA, key_id, hour, wrapped + b"x")
    with pytest.raises(BadInput):
        await place.recorder.put_hour_key("valclair", "brumesnil-c01", key_id, hour, wrapped)
    with pytest.raises(BadInput):
        await place.recorder.put_hour_key("valclair", CAMERA, key_id, hour + 1, wrapped)
    with pytest.raises(BadInput):
        await place.recorder.put_hour_key("valclair", CAMERA, key_id, hour + 2 * HOUR_US, wrapped)
    with pytest.raises(LimitExceeded):
        await place.recorder.put_hour_key("valclair", CAMERA, "1f" * 16, hour, b"")
    with pytest.raises(NotFound):
        await place.recorder.put_hour_key("nowhere", CAMERA, key_id, hour, wrapped)
    due = hour - 16 * DAY_S * MICRO
    assert not await place.recorder.put_hour_key("valclair", CAMERA, "2f" * 16, due, wrapped)


async def test_a_due_key_leaves_no_byte_and_an_entry(place: Town) -> None:
    hour = place.clock.utc().hour()
    key_id = "3f" * 16
    public = place.keeper.house.communes.get("valclair").public_key
    wrapped = wrap(public, b"k" * 32, hour_key_info("valclair", CAMERA, key_id, hour.us))
    await place.recorder.put_hour_key("valclair", CAMERA, key_id, hour.us, wrapped)
    await place.hour_key(hour.us + 0)
    needle = wrapped[200:232]
    assert files_holding(place.home, needle)
    place.clock.advance(seconds=15 * DAY_S - (place.clock.utc().us - hour.us) // MICRO - 2)
    await run_due(place)
    assert files_holding(place.home, needle)
    place.clock.advance(seconds=3)
    await run_due(place)
    assert files_holding(place.home, needle) == []
    await place.enter(MAYOR)
    erased = (await place.read(MAYOR, "journal", kind="effacement"))["entries"][0]["record"]
    assert erased["act"] == "destroy_hour_key"
    assert key_id in erased["detail"]["keys"]
    assert (erased["detail"]["count"], erased["detail"]["mode"]) == (2, "auto")
    assert (erased["from_us"], erased["to_us"]) == (hour.us, hour.us + HOUR_US)


async def test_what_fell_due_while_the_keeper_was_away_goes_before_it_answers(place: Town) -> None:
    start = place.hour_ago()
    await place.segment(start)
    await place.keeper.stop()
    place.clock.advance(seconds=40 * DAY_S)
    place.keeper = type(place.keeper)(place.home / "keeper", place.run, place.clock)
    await place.keeper.house.start()
    count = place.keeper.house.communes.get("valclair").keys.reader.execute("SELECT count(*) FROM hour_key")
    assert count.fetchone()[0] == 0
    await place.keeper.house.close()
    place.keeper = type(place.keeper)(place.home / "keeper", place.run, place.clock)
    await place.keeper.start()


async def test_a_crash_between_destruction_and_journal_loses_no_record(place: Town) -> None:
    commune = place.keeper.house.communes.get("valclair")
    await commune.keys.write(
        lambda tx: tx.db.execute("INSERT INTO destroyed VALUES ('4f', ?, ?, ?, 'auto')", (CAMERA, 0, tx.now.us))
    )
    await place.restart()
    await place.enter(MAYOR)
    erased = (await place.read(MAYOR, "journal", kind="effacement"))["entries"][0]["record"]
    assert erased["detail"]["keys"] == ["4f"]
    left = place.keeper.house.communes.get("valclair").keys.reader.execute("SELECT count(*) FROM destroyed")
    assert left.fetchone()[0] == 0


async def test_a_held_range_opens_after_its_term_and_its_neighbours_do_not(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago()
    hour_key = os.urandom(32)
    key_id = await place.hour_key(start.hour().us, key=hour_key)
    names = {}
    for at, label in ((0, "held"), (20 * 60, "neighbour")):
        moment = start.plus(seconds=at)
        names[label] = f"{CAMERA}.main.{moment.compact()}.{key_id}.0"
        head = {"camera": CAMERA, "stream": "main", "sequence": at, "link": "ab" * 32, "segment": names[label]}
        await place.recorder.put_heads([head])
    hold_id = await hold(place, start, start.plus(seconds=60))
    await later(place, 16)
    keys = place.keeper.house.communes.get("valclair").keys.reader
    assert keys.execute("SELECT count(*) FROM hour_key").fetchone()[0] == 0
    assert [row[0] for row in keys.execute("SELECT segment FROM held_segment")] == [names["held"]]
    window = (start.us, start.us + 60 * MICRO)
    expected = group_key(segment_key(hour_key, names["held"]), 0)
    assert await open_key(place, names["held"], *window) == expected
    beside = start.us + 20 * 60 * MICRO
    with pytest.raises(NotFound):
        await open_key(place, names["neighbour"], beside, beside + 60 * MICRO)
    await place.agree(CHIEF, MAYOR, "release_hold", hold=hold_id, motive="procédure close")
    await later(place, 0)
    assert keys.execute("SELECT count(*) FROM held_segment").fetchone()[0] == 0
    with pytest.raises(NotFound):
        await open_key(place, names["held"], *window)
    kinds = [one["record"]["act"] for one in (await place.read(MAYOR, "journal", kind="effacement"))["entries"]]
    assert kinds[:2] == ["destroy_held_keys", "destroy_hour_key"]


async def test_a_locked_commune_freezes_and_rewraps_at_the_next_unlocking(place: Town) -> None:
    start = place.hour_ago()
    name = await place.segment(start)
    await hold(place, start, start.plus(seconds=60))
    await later(place, 16)
    keys = place.keeper.house.communes.get("valclair").keys.reader
    assert keys.execute("SELECT count(*) FROM hour_key").fetchone()[0] == 1
    with pytest.raises(Unavailable):
        await open_key(place, name, start.us, start.us + 60 * MICRO)
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    assert keys.execute("SELECT count(*) FROM hour_key").fetchone()[0] == 0
    assert await open_key(place, name, start.us, start.us + 60 * MICRO)


async def test_held_segments_are_rewrapped_at_once_when_unlocked_so_that_a_locked_keeper_destroys_on_time(
    place: Town,
) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago(3)
    name = await place.segment(start)
    await hold(place, start, start.plus(seconds=60))
    keys = place.keeper.house.communes.get("valclair").keys.reader
    assert keys.execute("SELECT count(*) FROM held_segment").fetchone()[0] == 1
    assert keys.execute("SELECT count(*) FROM hour_key").fetchone()[0] == 1
    await place.restart()
    await later(place, 16)
    keys = place.keeper.house.communes.get("valclair").keys.reader
    assert keys.execute("SELECT count(*) FROM hour_key").fetchone()[0] == 0
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    assert await open_key(place, name, start.us, start.us + 60 * MICRO)


async def test_a_second_hold_on_the_same_hour_keeps_its_own_range(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago(3)
    key_id = await place.hour_key(start.hour().us)
    names = []
    for at in (0, 1200):
        moment = start.plus(seconds=at)
        names.append(f"{CAMERA}.main.{moment.compact()}.{key_id}.0")
        head = {"camera": CAMERA, "stream": "main", "sequence": at, "link": "ab" * 32, "segment": names[-1]}
        await place.recorder.put_heads([head])
    first = await hold(place, start, start.plus(seconds=60))
    await hold(place, start.plus(seconds=1200), start.plus(seconds=1260))
    await later(place, 16)
    await place.agree(CHIEF, MAYOR, "release_hold", hold=first, motive="close")
    await later(place, 0)
    keys = place.keeper.house.communes.get("valclair").keys.reader
    assert [row[0] for row in keys.execute("SELECT segment FROM held_segment")] == [names[1]]
    beside = start.us + 1200 * MICRO
    assert await open_key(place, names[1], beside, beside + 60 * MICRO)


async def test_a_due_key_that_the_loop_has_not_reached_opens_nothing(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago()
    name = await place.segment(start)
    place.clock.advance(seconds=16 * DAY_S)
    await place.enter("agent", purpose="5")
    with pytest.raises((Refused, NotFound)) as refused:
        await open_key(place, name, start.us, start.us + 60 * MICRO)
    assert not isinstance(refused.value, Refused) or refused.value.rule == "P-30"


async def test_without_heads_a_held_key_waits_rather_than_lose_what_is_held(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago()
    await place.hour_key(start.hour().us)
    await hold(place, start, start.plus(seconds=60))
    await later(place, 16)
    keys = place.keeper.house.communes.get("valclair").keys.reader
    assert keys.execute("SELECT count(*) FROM hour_key").fetchone()[0] == 1


async def test_an_altered_key_row_is_damaged_and_named(place: Town) -> None:
    await place.web.unlock(place.tokens[MAYOR], "valclair", PASSPHRASE)
    start = place.hour_ago()
    name = await place.segment(start)
    commune = place.keeper.house.communes.get("valclair")
    await commune.keys.write(lambda tx: tx.db.execute("UPDATE hour_key SET hour_us = hour_us + 3600000000"))
    with pytest.raises(Damaged):
        await open_key(place, name, start.us, start.us + 60 * MICRO)


async def test_heads_come_back_signed_and_wrong_ones_are_refused(place: Town) -> None:
    start = place.hour_ago()
    key_id = await place.hour_key(start.hour().us)
    name = f"{CAMERA}.main.{start.compact()}.{key_id}.0"
    head = {"camera": CAMERA, "stream": "main", "sequence": 7, "link": "cd" * 32, "segment": name}
    signed = await place.recorder.put_heads([head])
    assert open_statement(HEAD, signed[0]["signed"], await place.recorder.permit_key()) == head
    for wrong in ({"camera": "valclair-c09"}, {"link": "cd"}, {"segment": "x"}, {"stream": "third"}, {"sequence": -1}):
        with pytest.raises(BadInput):
            await place.recorder.put_heads([head | wrong])
