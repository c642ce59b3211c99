"""Camera-hour keys: durable in wrapped form before use, handed over when the keeper is back, gone when due."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from recorder.recording.hour_keys import HourKeys, KeySpool, WrappedKey
from recorder.store.errors import StoreError
from tests.fakes.recording import CAMERA, COMMUNE, PRIVATE, PUBLIC, START, FakeKeeper
from vms.errors import Conflict
from vms.keys import wrapping


@pytest.fixture
def spool(tmp_path: Path) -> KeySpool:
    return KeySpool(tmp_path / "keys.sqlite")


def keys_of(keeper: FakeKeeper, spool: KeySpool) -> HourKeys:
    return HourKeys(keeper, spool, lambda commune: PUBLIC)


async def test_a_key_is_with_the_keeper_before_it_is_used(spool: KeySpool) -> None:
    keeper = FakeKeeper()
    key = await keys_of(keeper, spool).key_for(COMMUNE, CAMERA, START)
    commune, camera, hour_us, wrapped = keeper.keys[key.id]
    assert (commune, camera, hour_us) == (COMMUNE, CAMERA, START.hour().us)
    assert wrapping.unwrap(PRIVATE, wrapped, wrapping.hour_key_info(commune, camera, key.id, hour_us)) == bytes(key.key)
    assert spool.waiting() == []


async def test_one_key_an_hour_and_a_camera_even_when_asked_at_once(spool: KeySpool) -> None:
    keeper = FakeKeeper()
    keys = keys_of(keeper, spool)
    asked = await asyncio.gather(*(keys.key_for(COMMUNE, CAMERA, START.plus(seconds=n)) for n in range(20)))
    assert len({key.id for key in asked}) == 1
    await keys.key_for(COMMUNE, "valclair-c02", START)
    await keys.key_for(COMMUNE, CAMERA, START.plus(seconds=3600))
    assert len(keeper.keys) == 3


async def test_streams_that_cross_the_hour_apart_keep_both_keys(spool: KeySpool) -> None:
    keys = keys_of(FakeKeeper(), spool)
    first = await keys.key_for(COMMUNE, CAMERA, START)
    second = await keys.key_for(COMMUNE, CAMERA, START.plus(seconds=3600))
    assert await keys.key_for(COMMUNE, CAMERA, START) is first
    await keys.key_for(COMMUNE, CAMERA, START.plus(seconds=7200))
    assert bytes(first.key) == bytes(32)  # overwritten
    assert bytes(second.key) != bytes(32)
    keys.forget(CAMERA)
    assert bytes(second.key) == bytes(32)


async def test_while_the_keeper_is_away_keys_wait_and_then_go(spool: KeySpool, tmp_path: Path) -> None:
    keeper = FakeKeeper(away=True)
    keys = keys_of(keeper, spool)
    for hour in range(3):
        await keys.key_for(COMMUNE, CAMERA, START.plus(seconds=3600 * hour))
    assert len(spool.waiting()) == 3
    assert await keys.flush() == 0
    waiting = {one.wrapped[:40] for one in KeySpool(tmp_path / "keys.sqlite").waiting()}
    keeper.away = False
    assert await keys.flush() == 3
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not [one for one in waiting if one in data]  # no free page keeps a destroyed key


async def test_a_keeper_that_took_the_key_but_did_not_answer(spool: KeySpool) -> None:
    keeper = FakeKeeper(stored_but_away=True)
    keys = keys_of(keeper, spool)
    key = await keys.key_for(COMMUNE, CAMERA, START)
    assert [one.key_id for one in spool.waiting()] == [key.id]

    async def again(*args: object, **named: object) -> bool:
        raise Conflict("Cette clé est déjà là.")

    keeper.put_hour_key = again  # type: ignore[method-assign]
    assert await keys.flush() == 1
    assert spool.waiting() == []


async def test_an_hour_the_keeper_calls_due_seals_nothing(spool: KeySpool) -> None:
    keeper = FakeKeeper()

    async def due(*args: object, **named: object) -> bool:
        return False

    keeper.put_hour_key = due  # type: ignore[method-assign]
    with pytest.raises(StoreError) as caught:
        await keys_of(keeper, spool).key_for(COMMUNE, CAMERA, START)
    assert caught.value.cause == "clock"


async def test_nothing_is_sealed_when_no_one_can_keep_the_key(tmp_path: Path) -> None:
    spool = KeySpool(tmp_path / "keys.sqlite")
    with sqlite3.connect(tmp_path / "keys.sqlite") as db:
        db.execute("DROP TABLE wrapped")
    with pytest.raises(StoreError):
        await keys_of(FakeKeeper(away=True), spool).key_for(COMMUNE, CAMERA, START)


def test_due_keys_are_destroyed(spool: KeySpool) -> None:
    for hour in range(4):
        spool.put(WrappedKey(COMMUNE, CAMERA, f"{hour:032x}", hour, b"x"))
    assert spool.destroy_where(lambda camera, hour_us: camera == CAMERA and hour_us < 2) == 2
    assert [one.hour_us for one in spool.waiting()] == [2, 3]
