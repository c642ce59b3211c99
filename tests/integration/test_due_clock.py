"""A recorder's destructions on a host whose clock is wrong: the keeper's word, else its own guard's (P-30, A-10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import select

from recorder.retention.due_clock import DOUBT, FUTURE, DueClock, due_clock
from recorder.retention.policies import Policies
from recorder.retention.room import RoomKeeper
from recorder.retention.sweep import Retention
from tests.fakes.recording import CAMERA, COMMUNE, Rig
from tests.integration.test_retention import DAY_S, Journal, days_left, policy, record
from vms.clock import MICRO
from vms.db.engine import read
from vms.keeper.protocol import DestructionTime
from vms.model import Incident


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await Rig(tmp_path).prepare()
    yield made
    await made.close()


async def sweeper(rig: Rig, reserve_bytes: int = 0) -> tuple[Retention, DueClock]:
    """As a new process puts it together."""
    policies = Policies(rig.store, rig.home / "policies.json")
    time = await due_clock(rig.engine, rig.clock, rig.store.disk, rig.home / "known-time.json")
    room = RoomKeeper(rig.engine, rig.store, policies, rig.clock, reserve_bytes, time=time)
    return Retention(rig.engine, rig.store, rig.spool, policies, rig.clock, room, time), time


async def told(rig: Rig, time: DueClock) -> set[str]:
    """The kinds of incidents that are open now."""
    await time.tell(rig.engine, [(COMMUNE, CAMERA)], [COMMUNE])
    async with read(rig.engine) as session:
        return {one.kind for one in (await session.execute(select(Incident))).scalars() if one.closed_us is None}


async def test_the_keeper_decides_and_a_recorder_with_a_wrong_clock_destroys_nothing_by_it(rig: Rig) -> None:
    await record(rig, 0)
    true_us = rig.clock.utc().us
    sweeping, time = await sweeper(rig)
    rig.clock.step(seconds=40 * DAY_S)
    await sweeping.learn(Journal([policy(days=5)], said_us=true_us, doubted="L’horloge a avancé."), [COMMUNE])
    assert (await sweeping.sweep()).segments == 0
    assert await told(rig, time) == {DOUBT}
    rig.clock.advance(seconds=60)
    assert time.now_us(COMMUNE) == true_us + 60 * MICRO, "carried on between two answers"
    await sweeping.learn(Journal([policy(days=5)], said_us=rig.clock.utc().us), [COMMUNE])
    assert (await sweeping.sweep()).segments == 1, "a person has said that the time is right"
    assert await told(rig, time) == set()
    assert time.guard.doubt is None


async def test_without_a_keeper_its_own_guard_holds_across_starts(rig: Rig) -> None:
    await record(rig, 0)
    sweeping, _ = await sweeper(rig)
    await sweeping.learn(Journal([policy(days=5)]), [COMMUNE])
    await sweeping.sweep()
    rig.clock.step(seconds=40 * DAY_S)
    assert (await sweeping.sweep()).segments == 0
    rig.clock.off(seconds=600)
    sweeping, time = await sweeper(rig)
    assert (await sweeping.sweep()).segments == 0
    assert await told(rig, time) == {DOUBT}
    rig.clock.step(seconds=-40 * DAY_S)
    rig.clock.advance(seconds=6 * DAY_S)
    assert (await sweeping.sweep()).segments == 1
    assert await told(rig, time) == set()


async def test_without_a_memo_the_newest_segment_is_the_evidence(rig: Rig) -> None:
    await record(rig, 0)
    rig.clock.step(seconds=40 * DAY_S)
    sweeping, time = await sweeper(rig)
    await sweeping.learn(Journal([policy(days=5)]), [COMMUNE])
    assert (await sweeping.sweep()).segments == 0
    assert await told(rig, time) == {DOUBT}


async def test_a_memo_that_cannot_be_written_stops_no_destruction(rig: Rig) -> None:
    await record(rig, 0)
    sweeping, _ = await sweeper(rig)
    await sweeping.learn(Journal([policy(days=5)]), [COMMUNE])
    (rig.home / ".known-time.json.new").mkdir()
    assert (await sweeping.sweep()).segments == 0
    rig.clock.advance(seconds=6 * DAY_S)
    assert (await sweeping.sweep()).segments == 1
    assert not (rig.home / "known-time.json").exists()


async def test_the_minimum_of_the_order_does_not_end_by_a_wrong_clock(rig: Rig) -> None:
    await record(rig, 0)
    sweeping, _ = await sweeper(rig, reserve_bytes=1 << 62)
    await sweeping.learn(Journal([policy(days=30, min_days=7)]), [COMMUNE])
    rig.clock.step(seconds=10 * DAY_S)
    swept = await sweeping.sweep()
    assert (swept.early, await days_left(rig)) == (0, [0])
    rig.clock.step(seconds=-10 * DAY_S)
    rig.clock.advance(seconds=10 * DAY_S)
    assert (await sweeping.sweep()).early == 1


async def test_footage_with_a_time_that_is_still_to_come_is_told(rig: Rig) -> None:
    """A stream that starts now is not kept until then: somebody has to know why."""
    _, time = await sweeper(rig)
    rig.clock.step(seconds=3 * DAY_S)
    await record(rig, 3)
    rig.clock.step(seconds=-3 * DAY_S)
    assert await told(rig, time) == {FUTURE}
    rig.clock.advance(seconds=4 * DAY_S)
    assert await told(rig, time) == set()


async def test_what_the_keeper_said_long_ago_says_nothing(rig: Rig) -> None:
    time = DueClock(rig.clock)
    time.hear(COMMUNE, DestructionTime(now_us=1))
    assert time.now_us(COMMUNE) == 1
    rig.clock.advance(seconds=3_601)
    assert time.now_us(COMMUNE) == rig.clock.utc().us
