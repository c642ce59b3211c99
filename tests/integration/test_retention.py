"""Destruction at the due date, holds, and room on the disk (P-30…P-38), over a real store and index."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, update

from recorder.fsck.fsck import Fsck
from recorder.recording.hour_keys import WrappedKey
from recorder.retention.erasure import destroy
from recorder.retention.policies import Policies, is_due, may_go_early, term
from recorder.retention.room import RoomKeeper
from recorder.retention.sweep import FIRST_HEARD_LIMIT_S, Retention
from recorder.segment.format import SegmentName
from tests.fakes.faulty_disk import Crash, Fault
from tests.fakes.recording import CAMERA, COMMUNE, START, Format, Rig
from vms.clock import UtcTime
from vms.db.engine import read, write
from vms.errors import Damaged, Unavailable
from vms.keeper.protocol import CameraRetention, DestructionTime, HeldRange
from vms.model import ErasureReport, Incident, Segment, StreamMark

DAY_S = 86_400
FREE_BYTES = 10**9


@dataclass
class Journal:
    """The keeper's side: a policy, and the destructions it was told of."""

    cameras: list[CameraRetention]
    erased: list[dict[str, Any]] = field(default_factory=list)
    away: bool = False
    said_us: int = 0
    doubted: str = ""

    async def retention(self, commune: str) -> list[CameraRetention]:
        if self.away:
            raise Unavailable("Le gardien ne répond pas.")
        return self.cameras

    async def destruction_time(self, commune: str) -> DestructionTime:
        if self.away or not self.said_us:
            raise Unavailable("Le gardien ne répond pas.")
        return DestructionTime(now_us=self.said_us, what=self.doubted, todo="Vérifiez l’heure.")

    async def report_erased(self, commune: str, erased: Sequence[dict[str, Any]]) -> None:
        if self.away:
            raise Unavailable("Le gardien ne répond pas.")
        self.erased += erased


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await Rig(tmp_path).prepare()
    yield made
    await made.close()


async def record(rig: Rig, day: int, groups: int = 3) -> None:
    """A short segment at the same hour of a given day, and the pause before it."""
    start = START.plus(days=day)
    rig.clock.advance(seconds=(start.us - rig.clock.utc().us) / 1e6)
    writer = rig.writer()
    await writer.start()
    for number in range(groups):
        at = start.plus(seconds=2 * number)
        await writer.group([f"day {day} group {number}".encode() * 50], at, at.plus(seconds=2), 50, Format())
    rig.clock.advance(seconds=2 * groups)
    await writer.close()


def retention(rig: Rig, reserve_bytes: int = 0) -> Retention:
    policies = Policies(rig.store, rig.home / "policies.json")
    room = RoomKeeper(rig.engine, rig.store, policies, rig.clock, reserve_bytes)
    return Retention(rig.engine, rig.store, rig.spool, policies, rig.clock, room)


def policy(days: int = 30, holds: Sequence[HeldRange] = (), min_days: int | None = None) -> CameraRetention:
    return CameraRetention(camera=CAMERA, max_days=days, min_days=min_days, holds=tuple(holds))


def hold(from_day: float, to_day: float, until: UtcTime | None = None) -> HeldRange:
    return HeldRange(
        id="h1",
        from_us=START.plus(seconds=from_day * DAY_S).us,
        to_us=START.plus(seconds=to_day * DAY_S).us,
        until_us=None if until is None else until.us,
    )


def on_disk(rig: Rig) -> list[str]:
    return sorted(path.stem for path in rig.store.root.rglob("*.seg"))


async def days_left(rig: Rig) -> list[int]:
    return [(row.start_us - START.us) // (DAY_S * 1_000_000) for row in await rig.segments()]


async def test_a_start_waits_for_the_keeper_before_it_destroys(rig: Rig) -> None:
    """A hold placed after the last copy was made is heard first (P-32)."""
    await record(rig, 0)
    await retention(rig).learn(Journal([policy(days=5)]), [COMMUNE])
    rig.clock.advance(seconds=6 * DAY_S)
    journal = Journal([policy(days=5, holds=[hold(-1, 0.5)])], away=True)
    running = asyncio.create_task(retention(rig).run(journal, lambda: [COMMUNE]))
    for _ in range(20):
        await settle(rig)
    assert await days_left(rig) == [0], "nothing goes while the keeper may still know better"
    journal.away = False
    for _ in range(20):
        await settle(rig)
    assert await days_left(rig) == [0], "it is held"
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_without_a_keeper_the_copy_counts_in_the_end(rig: Rig) -> None:
    await record(rig, 0)
    await retention(rig).learn(Journal([policy(days=5)]), [COMMUNE])
    rig.clock.advance(seconds=6 * DAY_S)
    running = asyncio.create_task(retention(rig).run(Journal([], away=True), lambda: [COMMUNE]))
    for _ in range(int(FIRST_HEARD_LIMIT_S) - 60):
        await settle(rig)
    assert await days_left(rig) == [0], "it is waited for"
    async with asyncio.timeout(60):
        while await days_left(rig):
            await settle(rig)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def settle(rig: Rig) -> None:
    """A second passes for whoever sleeps, and what it wakes has its turn."""
    rig.clock.advance(seconds=1)
    await asyncio.sleep(0.01)


async def test_what_is_due_goes_and_the_rest_stays(rig: Rig) -> None:
    for day in (0, 1, 2):
        await record(rig, day)
    sweeper, journal = retention(rig), Journal([policy(days=10)])
    await sweeper.learn(journal, [COMMUNE])
    rig.clock.advance(seconds=(START.plus(days=11).us - rig.clock.utc().us) / 1e6)
    swept = await sweeper.sweep()
    assert swept.segments == 2
    assert await days_left(rig) == [2]
    assert on_disk(rig) == [row.name for row in await rig.segments()]
    assert [part[2] for part in await rig.tiles()] == ["recorder-stopped", "", "recorder-stopped"]
    assert await sweeper.report(journal) == 1
    (told,) = journal.erased
    assert (told["camera"], told["mode"], told["count"]) == (CAMERA, "due", 2)
    assert (told["from_us"], told["to_us"]) == (START.us, START.plus(days=1, seconds=6).us)
    assert (await sweeper.sweep()).segments == 0


async def test_destruction_is_at_the_first_instant_and_not_before(rig: Rig) -> None:
    await record(rig, 0)
    sweeper, journal = retention(rig), Journal([policy(days=10)])
    await sweeper.learn(journal, [COMMUNE])
    due_us = term(policy(days=10), START.us)
    rig.clock.advance(seconds=(due_us - 1 - rig.clock.utc().us) / 1e6)
    assert (await sweeper.sweep()).segments == 0
    rig.clock.advance(seconds=2e-6)
    assert (await sweeper.sweep()).segments == 1


async def test_held_footage_stays_whole_and_its_neighbours_go(rig: Rig) -> None:
    for day in (0, 1, 2):
        await record(rig, day)
    kept = HeldRange(id="h", from_us=START.plus(days=1, seconds=3).us, to_us=START.plus(days=1, seconds=4).us)
    sweeper, journal = retention(rig), Journal([policy(days=5, holds=[kept])])
    await sweeper.learn(journal, [COMMUNE])
    rig.clock.advance(seconds=20 * DAY_S)
    await sweeper.sweep()
    assert await days_left(rig) == [1]
    assert len(await rig.opened()) == 3
    report = await Fsck(rig.engine, rig.store, rig.clock.utc(), Policies(rig.store, rig.home / "policies.json")).check()
    assert report.findings == []
    # The hold is lifted: what it kept is long due.
    journal.cameras = [policy(days=5)]
    await sweeper.learn(journal, [COMMUNE])
    await sweeper.sweep()
    assert (await days_left(rig), on_disk(rig)) == ([], [])


async def test_a_provisional_hold_ends_by_itself(rig: Rig) -> None:
    await record(rig, 0)
    until = START.plus(days=15)
    sweeper, journal = retention(rig), Journal([policy(days=5, holds=[hold(0, 1, until)])])
    await sweeper.learn(journal, [COMMUNE])
    rig.clock.advance(seconds=14 * DAY_S)
    assert (await sweeper.sweep()).segments == 0
    rig.clock.advance(seconds=2 * DAY_S)
    assert (await sweeper.sweep()).segments == 1


async def test_nothing_is_destroyed_before_a_policy_was_heard(rig: Rig) -> None:
    await record(rig, 0)
    rig.clock.advance(seconds=60 * DAY_S)
    assert (await retention(rig).sweep()).segments == 0
    assert len(on_disk(rig)) == 1


async def test_the_last_policy_heard_is_kept_over_a_restart(rig: Rig) -> None:
    for day in (0, 1):
        await record(rig, day)
    await retention(rig).learn(Journal([policy(days=5, holds=[hold(-1, 0.5)])]), [COMMUNE])
    rig.clock.advance(seconds=20 * DAY_S)
    again = retention(rig)
    await again.learn(Journal([], away=True), [COMMUNE])
    assert (await again.sweep()).segments == 1
    assert await days_left(rig) == [0]


async def test_a_damaged_policy_file_is_refused_not_guessed(rig: Rig) -> None:
    (rig.home / "policies.json").write_text('{"valclair": [{"camera": 3}]}')
    with pytest.raises(Damaged):
        retention(rig)


async def test_a_camera_its_commune_no_longer_names_has_the_laws_month(rig: Rig) -> None:
    await record(rig, 0)
    sweeper = retention(rig)
    await sweeper.learn(Journal([]), [COMMUNE])
    rig.clock.advance(seconds=29 * DAY_S)
    assert (await sweeper.sweep()).segments == 0
    rig.clock.advance(seconds=2 * DAY_S)
    assert (await sweeper.sweep()).segments == 1


async def test_erasures_wait_for_the_keeper(rig: Rig) -> None:
    await record(rig, 0)
    sweeper, journal = retention(rig), Journal([policy(days=5)])
    await sweeper.learn(journal, [COMMUNE])
    rig.clock.advance(seconds=20 * DAY_S)
    await sweeper.sweep()
    journal.away = True
    assert await sweeper.report(journal) == 0
    async with read(rig.engine) as session:
        assert len(list((await session.execute(select(ErasureReport))).scalars())) == 1
    journal.away = False
    assert await retention(rig).report(journal) == 1
    assert await sweeper.report(journal) == 0


async def test_the_chain_goes_on_when_no_row_is_left(rig: Rig) -> None:
    await record(rig, 0)
    sweeper = retention(rig)
    await sweeper.learn(Journal([policy(days=5)]), [COMMUNE])
    rig.clock.advance(seconds=20 * DAY_S)
    await sweeper.sweep()
    async with read(rig.engine) as session:
        mark = await session.get(StreamMark, (CAMERA, "main"))
    assert mark is not None
    assert mark.sequence == 4
    await record(rig, 40)
    (row,) = await rig.segments()
    assert row.sequence == 6  # the absence that covered the pause, then this header
    report = await Fsck(rig.engine, rig.store, rig.clock.utc(), Policies(rig.store, rig.home / "policies.json")).check()
    assert report.findings == []


@pytest.mark.parametrize("mode", ["crash-before", "crash-after"])
@pytest.mark.parametrize("step", range(4))
async def test_a_destruction_cut_short_is_finished(rig: Rig, mode: Any, step: int) -> None:
    for day in (0, 1):
        await record(rig, day)
    sweeper, journal = retention(rig), Journal([policy(days=5)])
    await sweeper.learn(journal, [COMMUNE])
    rig.clock.advance(seconds=20 * DAY_S)
    rig.disk.arm(Fault(step, mode))
    with pytest.raises(Crash):
        await sweeper.sweep()
    rig.disk.restart()
    report = await Fsck(rig.engine, rig.store, START.plus(days=2), Policies(rig.store, rig.home / "p.json")).check()
    assert report.ok
    again = retention(rig)
    await again.sweep()
    assert (await days_left(rig), on_disk(rig)) == ([], [])
    await again.report(journal)
    assert sum(one["count"] for one in journal.erased) == 2


async def test_for_want_of_room_the_oldest_unprotected_goes_early(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in (0, 1, 2, 3):
        await record(rig, day)
    sizes = [row.size_bytes for row in await rig.segments()]
    held = hold(-0.5, 0.5)
    sweeper, journal = retention(rig), Journal([policy(days=30, holds=[held], min_days=1)])
    await sweeper.learn(journal, [COMMUNE])
    # Others write to this machine's disk too.
    monkeypatch.setattr(rig.store, "free_bytes", lambda: FREE_BYTES)
    sweeper._room.reserve_bytes = FREE_BYTES + sizes[1] + 1
    # The margin asks for more than these small files: everything that may go, goes; the rest is said to be protected.
    swept = await sweeper.sweep()
    assert await days_left(rig) == [0, 3]
    assert (swept.early, swept.segments) == (2, 2)
    await sweeper.report(journal)
    assert {one["mode"] for one in journal.erased} == {"early"}
    async with read(rig.engine) as session:
        (incident,) = (await session.execute(select(Incident))).scalars()
    assert (incident.kind, incident.rule, incident.severity) == ("early-destruction", "P-35", "grave")
    again = await sweeper.sweep()
    assert again.segments == 0
    assert again.short_bytes > 0


async def test_an_early_destruction_cut_short_stays_early(rig: Rig) -> None:
    await record(rig, 0)
    sweeper, journal = retention(rig), Journal([policy(days=30)])
    await sweeper.learn(journal, [COMMUNE])
    rig.disk.arm(Fault(0, "crash-before"))
    with pytest.raises(Crash):
        await destroy(rig.engine, rig.store, await rig.segments(), "early", rig.clock.utc().us)
    rig.disk.restart()
    again = retention(rig)
    await again.sweep()
    await again.report(journal)
    assert [one["mode"] for one in journal.erased] == ["early"]


async def test_keys_in_waiting_go_with_their_hour(rig: Rig) -> None:
    for day in (0, 1, 20):
        hour_us = START.plus(days=day).hour().us
        rig.spool.put(WrappedKey(COMMUNE, CAMERA, f"{day:032x}", hour_us, b"wrapped key of a held hour %d" % day))
    held_hour = HeldRange(id="h", from_us=START.us, to_us=START.us + 1)
    sweeper = retention(rig)
    await sweeper.learn(Journal([policy(days=5, holds=[held_hour])]), [COMMUNE])
    rig.clock.advance(seconds=21 * DAY_S)
    assert (await sweeper.sweep()).keys == 1
    assert [one.key_id for one in rig.spool.waiting()] == [f"{0:032x}", f"{20:032x}"]
    assert b"wrapped key of a held hour 1" not in (rig.home / "keys.sqlite").read_bytes()


async def test_strays_and_quarantine_go_when_due(rig: Rig) -> None:
    await record(rig, 0)
    (row,) = await rig.segments()
    path = rig.store.path_of(SegmentName.parse(row.name), COMMUNE)
    copy = path.with_name(f"{row.name[:-1]}7.seg")
    copy.write_bytes(path.read_bytes())
    rig.store.quarantine_tail(path, 100)
    sweeper = retention(rig)
    await sweeper.learn(Journal([policy(days=5)]), [COMMUNE])
    await sweeper.sweep()
    assert copy.exists()
    assert len(rig.store.quarantined()) == 1
    rig.clock.advance(seconds=40 * DAY_S)
    await sweeper.sweep()
    assert [one for one in rig.store.root.rglob("*") if one.is_file() and "seg" in one.name] == []


async def test_a_row_left_open_goes_when_due(rig: Rig) -> None:
    await record(rig, 0)
    async with write(rig.engine) as session:
        await session.execute(update(Segment).where(col(Segment.state) == "sealed").values(state="open"))
    sweeper = retention(rig)
    await sweeper.learn(Journal([policy(days=5)]), [COMMUNE])
    rig.clock.advance(seconds=40 * DAY_S)
    assert (await sweeper.sweep()).segments == 1


def test_a_month_is_shorter_than_thirty_days_in_february() -> None:
    start = UtcTime.parse("2027-02-10T12:00:00+01:00")
    assert term(policy(days=30), start.us) == UtcTime.parse("2027-03-10T12:00:00+01:00").us
    assert term(policy(days=31), start.us) == term(policy(days=30), start.us) == term(None, start.us)
    assert term(policy(days=0), start.us) == UtcTime.parse("2027-02-11T12:00:00+01:00").us


def test_minimum_and_holds_protect_against_early_destruction() -> None:
    end_us = START.us + 6_000_000
    now_us = START.plus(days=5).us
    assert may_go_early(policy(), START.us, end_us, now_us)
    assert may_go_early(policy(min_days=4), START.us, end_us, now_us)
    assert not may_go_early(policy(min_days=5), START.us, end_us, now_us)
    assert not may_go_early(policy(holds=[hold(-1, 1)]), START.us, end_us, now_us)
    assert not is_due(policy(days=6), START.us, end_us, now_us)
    assert is_due(policy(days=5), START.us, end_us, now_us)
