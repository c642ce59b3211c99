"""How recorders share cameras, hand them over, and what becomes of pictures that come before the lease does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from recorder.access_unit import StreamFormat
from recorder.camera.capacity import FIRST_GUESS_CAMERAS, Capacity
from recorder.camera.deferred_sink import AWAITED_LIMIT_GROUPS, DeferredSink
from recorder.camera.leases import FIRST_LOOK_S, HANDOVER_S, LeaseAwaited, LeasedCameras
from recorder.recording.minutes import MinuteMeter
from recorder.recording.writer import StreamWriter
from recorder.stream.sink import SinkRefused
from tests.fakes.lived_clock import LivedClock
from tests.fakes.recording import CAMERA, COMMUNE, Rig
from vms.clock import UtcTime
from vms.db.leases import RENEW_S, TTL_S, Leases

CAMERAS = [f"valclair-c{number:02d}" for number in range(1, 11)]
FORMAT = StreamFormat("h264", 1920, 1080, 25.0, (b"\x67\x64\x00\x1f", b"\x68"), "avc1.64001F")


class Machine:
    """One recorder's leases, lived by hand."""

    def __init__(self, engine: AsyncEngine, clock: LivedClock, seat: str, most: int | None = None) -> None:
        self.leases = Leases(engine, clock, seat)
        self.cameras = LeasedCameras(self.leases, Capacity(clock, most), clock, list)
        self.clock = clock
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.task = asyncio.create_task(self.cameras.run())
        self.clock.people.append(self.task)
        await self.clock.settled()

    async def die(self) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def pass_time(clock: LivedClock, seconds: float) -> None:
    """Let time pass in small steps, with room for everybody's renewals."""
    await clock.settled()
    for _ in range(round(seconds / 0.25)):
        clock.advance(seconds=0.25)
        await clock.settled()


@pytest.fixture
def clock() -> LivedClock:
    clock = LivedClock(UtcTime.parse("2026-11-24T14:10:00Z"))
    clock.advance(seconds=1000)
    return clock


async def test_two_machines_share_and_one_takes_over_what_the_other_leaves_by_dying(
    tmp_path: Path, clock: LivedClock
) -> None:
    rig = await Rig(tmp_path).prepare()
    one, two = Machine(rig.engine, clock, "rec-a/0"), Machine(rig.engine, clock, "rec-b/0")
    await one.start()
    await two.start()
    assert await one.cameras.settle(CAMERAS, ()) == {}, "nobody takes all there is before the others have sat down"
    await pass_time(clock, FIRST_LOOK_S + RENEW_S)
    first, second = await one.cameras.settle(CAMERAS, ()), await two.cameras.settle(CAMERAS, ())
    assert (len(first), len(second)) == (5, 5)
    assert sorted([*first, *second]) == CAMERAS
    assert await two.cameras.settle(CAMERAS, tuple(second)) == second
    await one.die()
    await pass_time(clock, TTL_S + RENEW_S)
    taken = await two.cameras.settle(CAMERAS, tuple(second))
    assert sorted(taken) == CAMERAS
    assert all(taken[camera] == first[camera] + 1 for camera in first), "the fence says that the camera changed hands"
    await two.die()
    await rig.close()


async def test_a_recorder_takes_no_more_than_it_carries(tmp_path: Path, clock: LivedClock) -> None:
    rig = await Rig(tmp_path).prepare()
    one = Machine(rig.engine, clock, "rec-a/0", most=3)
    await one.start()
    await pass_time(clock, FIRST_LOOK_S + RENEW_S)
    held = await one.cameras.settle(CAMERAS, ())
    assert len(held) == 3
    # One that need not be recorded any more is given back once it has stopped, and makes room.
    (gone, *rest) = sorted(held)
    wanted = [camera for camera in CAMERAS if camera != gone]
    assert sorted(await one.cameras.settle(wanted, tuple(held)))[:2] == rest
    assert one.leases.held(f"camera:{gone}") is not None, "it still runs"
    await one.cameras.settle(wanted, tuple(rest))
    assert one.leases.held(f"camera:{gone}") is None
    await one.die()
    await rig.close()


async def test_a_machine_that_ends_lets_the_others_call_its_cameras_first(tmp_path: Path, clock: LivedClock) -> None:
    rig = await Rig(tmp_path).prepare()
    one, two = Machine(rig.engine, clock, "rec-a/0"), Machine(rig.engine, clock, "rec-b/0")
    await one.start()
    await pass_time(clock, FIRST_LOOK_S + RENEW_S)
    held = await one.cameras.settle(CAMERAS, ())
    assert len(held) == len(CAMERAS)
    await two.start()
    await pass_time(clock, FIRST_LOOK_S + RENEW_S)
    assert await two.cameras.settle(CAMERAS, ()) == {}, "what somebody holds is not taken"
    leaving = asyncio.create_task(one.cameras.hand_over())
    clock.people.append(leaving)
    await pass_time(clock, 2 * RENEW_S)
    soon = await two.cameras.settle(CAMERAS, ())
    assert soon == {camera: fence + 1 for camera, fence in held.items()}
    with pytest.raises(LeaseAwaited):
        two.cameras.held(CAMERAS[0])
    await pass_time(clock, HANDOVER_S)
    await leaving
    assert await one.cameras.settle(CAMERAS, ()) == held, "it records until it is told to stop"
    await one.die()
    await one.cameras.leave()
    assert await two.cameras.settle(CAMERAS, CAMERAS) == soon
    assert two.cameras.held(CAMERAS[0]).fence == soon[CAMERAS[0]]
    await two.die()
    await rig.close()


async def test_pictures_that_come_before_the_lease_go_on_where_the_last_recorder_stopped(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).prepare()
    rig.clock.advance(seconds=100)
    one, two = (Leases(rig.engine, rig.clock, seat) for seat in ("rec-a/0", "rec-b/0"))
    name = f"camera:{CAMERA}"
    await one.join()
    await one.take([name])
    first = rig.writer()
    first._fence = one.held(name)
    await first.start()
    at = rig.clock.utc()
    for number in range(2):
        await first.group([b"a" * 900], at.plus(seconds=2 * number), at.plus(seconds=2 * number + 2), 50, FORMAT)

    async def make() -> StreamWriter:
        held = two.held(name)
        if held is None:
            raise LeaseAwaited("La caméra est encore à un autre.")
        writer = rig.writer()
        writer._fence = held
        return writer

    sink = DeferredSink(make, lambda: True, MinuteMeter(COMMUNE, CAMERA, "main"))
    for number in range(4):  # the camera sends both the same groups, by clocks that differ by a little
        start = at.plus(seconds=2 * number, us=30_000)
        await sink.group([b"b" * 900], start, start.plus(seconds=2), 50, FORMAT, None)
    # The first one ends in the middle of a group.
    await first.group([b"a" * 400], at.plus(seconds=4), at.plus(seconds=5, us=200_000), 30, FORMAT)
    rig.clock.advance(seconds=9)
    await first.close()
    await one.leave()
    await two.join()
    assert await two.take([name])
    start = at.plus(seconds=8, us=30_000)
    await sink.group([b"b" * 900], start, start.plus(seconds=2), 50, FORMAT, None)
    await sink.close()
    tiles = await rig.tiles()
    assert [tile[2] for tile in tiles[:2]] == ["", ""], tiles
    assert tiles[0][1] == tiles[1][0] == at.plus(seconds=5, us=200_000).us, "no gap, and nothing twice"
    assert tiles[1][1] == at.plus(seconds=10, us=30_000).us
    await rig.close()


async def test_a_lease_taken_at_once_gives_no_right_to_time_that_is_told_for_already(tmp_path: Path) -> None:
    """Found by the simulation: on a clock set back, the first group bore a time that its pictures had not."""
    rig = await Rig(tmp_path).prepare()
    leases = Leases(rig.engine, rig.clock, "rec-a/0")
    await leases.join()
    await leases.take([f"camera:{CAMERA}"])

    async def make() -> StreamWriter:
        writer = rig.writer()
        writer._fence = leases.held(f"camera:{CAMERA}")
        return writer

    at = rig.clock.utc()
    sink = DeferredSink(make, lambda: True, MinuteMeter(COMMUNE, CAMERA, "main"))
    await sink.group([b"a" * 900], at, at.plus(seconds=2), 50, FORMAT, None)
    await sink.close()
    again = DeferredSink(make, lambda: True, MinuteMeter(COMMUNE, CAMERA, "main"))
    with pytest.raises(SinkRefused) as caught:
        await again.group([b"b" * 900], at.plus(seconds=0.5), at.plus(seconds=2.5), 50, FORMAT, None)
    assert caught.value.cause == "clock"
    await again.group([b"c" * 900], at.plus(seconds=2.5), at.plus(seconds=4.5), 50, FORMAT, None)
    await again.close()
    await rig.close()


async def test_a_lease_that_never_comes_keeps_a_bounded_memory(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).prepare()

    async def make() -> StreamWriter:
        raise LeaseAwaited("La caméra est encore à un autre.")

    sink = DeferredSink(make, lambda: True, MinuteMeter(COMMUNE, CAMERA, "main"))
    for number in range(AWAITED_LIMIT_GROUPS + 20):
        start = rig.clock.utc().plus(seconds=2 * number)
        await sink.group([b"b" * 900], start, start.plus(seconds=2), 50, FORMAT, None)
    assert len(sink._awaited) == AWAITED_LIMIT_GROUPS
    await sink.close()
    await rig.close()


def test_capacity_is_a_guess_until_it_is_measured_and_never_more_than_allowed(clock: LivedClock) -> None:
    capacity = Capacity(clock)
    assert capacity.cameras == FIRST_GUESS_CAMERAS
    assert Capacity(clock, most=7).cameras == 7
    clock.advance(seconds=1000)
    sum(range(3_000_000))  # some CPU time
    capacity.note(running=10)
    assert capacity.cameras > FIRST_GUESS_CAMERAS
    clock.advance(seconds=1)
    busy = capacity.cameras
    capacity.note(running=10)
    assert capacity.cameras == busy, "one measure a window"
