"""A volume that goes away, turns read-only or fails under a recorder with a spare beside it: nothing is lost (P-35)."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final, cast

import pytest

from recorder.export.plan import Wanted, plan_stream
from recorder.recording.playback import Playback
from recorder.store.errors import StoreError
from recorder.store.local import LocalStore
from recorder.store.spared import REST_US, SparedStore
from tests.fakes.faulty_disk import Crash, Fault, Mode
from tests.fakes.recording import CAMERA, COMMUNE, START, problem_of
from tests.fakes.two_volumes import GROUP_S, Camera, SparedRig
from vms.clock import MICRO, UtcTime
from vms.errors import Conflict
from vms.keeper.gate.permit import Permit
from vms.keeper.protocol import CameraRetention, HeldRange

MINUTE_GROUPS: Final = 30
DAY_S: Final = 86_400


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[SparedRig]:
    made = SparedRig(tmp_path)
    await made.prepare()
    yield made
    await made.close()


async def pictures(rig: SparedRig) -> list[bytes]:
    return [one.plaintext for one in await rig.opened()]


async def causes(rig: SparedRig) -> set[str]:
    return {one.cause for one in await rig.absences()}


@pytest.mark.parametrize("code", [errno.EIO, errno.EROFS])
async def test_the_very_group_that_a_bad_disk_refuses_is_kept_on_the_spare(rig: SparedRig, code: int) -> None:
    camera = await Camera(rig).start()
    await camera.records(3)
    rig.main_disk.code = code
    await camera.records(4)
    assert (len(rig.lying("store")), len(rig.lying("spare"))) == (1, 1)
    rig.main_disk.code = 0
    await camera.records(MINUTE_GROUPS)
    assert len(rig.lying("spare")) == 1, "the volume is back: the next segment is its own"
    await camera.writer.close()
    assert await pictures(rig) == camera.kept
    assert await causes(rig) == {"recorder-stopped"}, "nothing was missing before the end"
    assert await rig.findings(repair=True) == []


async def test_while_the_volume_is_away_all_goes_on_and_is_found_where_it_lies(rig: SparedRig) -> None:
    camera = await Camera(rig).start()
    await camera.records(3)
    rig.unmount()
    await camera.records(2 * MINUTE_GROUPS)
    timeline = await Playback(rig.engine, rig.store, rig.clock).timeline(CAMERA, "main", START, rig.clock.utc())
    assert [(one.start, one.end) for one in timeline.recorded] == [(START, rig.clock.utc())]
    with pytest.raises(StoreError):
        await rig.findings()  # what is away cannot be judged, let alone repaired
    rig.mount()
    rig.clock.advance(seconds=0)
    await camera.records(MINUTE_GROUPS)
    await camera.writer.close()
    assert len(rig.lying("store")) == 2
    assert len(rig.lying("spare")) == 2
    assert await pictures(rig) == camera.kept
    assert await rig.findings() == []


class Allowed:
    """A permit for everything."""

    payload = None

    def allows(self, act: str, camera: str) -> bool:
        return True

    def require(self, act: str, camera: str, now: UtcTime) -> None:
        return None


PERMIT: Final = cast("Permit", Allowed())


def wanted(rig: SparedRig) -> Wanted:
    return Wanted(COMMUNE, CAMERA, "Place", "", "main", START.us, rig.clock.utc().us)


async def test_the_window_plays_what_lies_on_the_volume_that_is_there(rig: SparedRig) -> None:
    camera = await Camera(rig).start()
    await camera.records(3)
    rig.unmount()
    await camera.records(MINUTE_GROUPS)
    await camera.writer.close()
    playback = Playback(rig.engine, rig.store, rig.clock)
    found = await playback.window(PERMIT, CAMERA, "main", START, rig.clock.utc())
    assert [one.name for one in found] == rig.lying("spare")
    with pytest.raises(StoreError):
        await playback.window(PERMIT, CAMERA, "main", START, START.plus(seconds=2))
    with pytest.raises(StoreError):  # an extraction says what it lacks, and declares nothing absent that is not
        await plan_stream(rig.engine, rig.store, wanted(rig), rig.clock.utc().us)
    rig.mount()
    plan = await plan_stream(rig.engine, rig.store, wanted(rig), rig.clock.utc().us)
    assert [Path(one.path).is_relative_to(rig.home / "spare") for one in plan.pieces] == [False, True]
    assert (sum(one.groups for one in plan.pieces), plan.absences) == (len(camera.kept), ())


async def test_a_group_that_the_disk_refused_and_kept_all_the_same_is_seen_once(rig: SparedRig) -> None:
    camera = await Camera(rig).start()
    await camera.records(3)
    rig.main_disk.code, rig.main_disk.keeps = errno.EROFS, True
    await camera.records(2)
    rig.main_disk.code = 0
    await camera.writer.close()
    window = await Playback(rig.engine, rig.store, rig.clock).window(PERMIT, CAMERA, "main", START, rig.clock.utc())
    starts = [group.utc_us for segment in window for group in segment.groups]
    assert starts == [START.plus(seconds=GROUP_S * number).us for number in range(5)]
    plan = await plan_stream(rig.engine, rig.store, wanted(rig), rig.clock.utc().us)
    assert [one.groups for one in plan.pieces] == [3, 2]
    rows = await rig.segments()
    assert (
        plan.pieces[0].sound_bytes
        == rows[0].size_bytes
        < (rig.home / "store").joinpath(plan.pieces[0].path).stat().st_size
    )
    (beyond,) = await rig.findings()
    assert "longer" in beyond
    assert await rig.findings(repair=True) == []


LAST_STEP: Final = 9  # three folders with their names, file, bytes, their sync, the name's
FAILS: Final[tuple[Mode, ...]] = ("not-stored", "stored")


async def test_killed_or_failing_at_any_step_of_its_first_group_on_the_spare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1 to S5 hold after each, and what was called durable opens."""
    monkeypatch.setattr("recorder.fsck.fsck.COMMIT_WAIT_S", 0.0)  # nobody records meanwhile
    reached: set[str] = set()
    for step, crash in [*((step, True) for step in range(LAST_STEP + 2)), (2, False), (7, False), (8, False)]:
        rig = SparedRig(tmp_path / f"{step}-{crash}")
        await rig.prepare()
        try:
            camera = await Camera(rig).start()
            await camera.records(2)
            rig.main_disk.code = errno.EIO
            rig.spare_disk.steps.clear()
            rig.spare_disk.arm(Fault(step, "crash-before" if crash else FAILS[step % 2]))
            with contextlib.suppress(Crash):
                await camera.records(3, kept=None if crash or step > LAST_STEP else 2)
            reached |= set(rig.spare_disk.steps)
            camera.writer._release()  # as the kernel does for the dead
            rig.main_disk.code = 0
            rig.main_disk.restart()
            rig.spare_disk.restart()
            rig.attach()
            again = await Camera(rig).start()
            await again.records(2)
            await again.writer.close()
            kept = [one for one in await pictures(rig) if one in camera.kept or one in again.kept]
            assert kept == camera.kept + again.kept, (step, crash)
            assert await rig.findings(repair=True) == [], (step, crash)
        finally:
            await rig.close()
    assert {"make_dir", "create", "append", "sync", "sync_dir"} <= reached


@pytest.mark.parametrize("told", [False, True])
async def test_a_start_without_the_volume_goes_on_from_what_was_told_of_it(rig: SparedRig, *, told: bool) -> None:
    camera = await Camera(rig).start()
    await camera.records(4)
    progress = camera.writer.progress()
    assert progress is not None
    if told:
        cast("SparedStore", rig.store).tell(0, [progress])
    await camera.records(1)
    camera.writer._release()  # killed: the row is open and knows its first group
    rig.unmount()
    rig.attach()
    rig.clock.advance(seconds=3)
    again = await Camera(rig).start()
    await again.records(3)
    rows = await rig.segments()
    assert [(one.state, one.groups) for one in rows] == [("sealed", 4 if told else 1), ("open", 1)]
    await again.writer.close()
    rig.mount()
    (beyond,) = await rig.findings()
    assert "S1 longer" in beyond
    assert await rig.findings(repair=True) == []
    assert len(rig.store.quarantined()) == 1, "what the row could not know of is set aside, not destroyed"
    assert await pictures(rig) == [*camera.kept[: 4 if told else 1], *again.kept]


async def test_a_spare_that_is_missing_costs_nothing_until_it_is_needed(rig: SparedRig) -> None:
    rig.unmount("spare")
    camera = await Camera(rig).start()
    await camera.records(2)
    rig.main_disk.code = errno.EIO
    await camera.records(2, kept=0)
    assert (await rig.absences())[-1].cause == "disk-wrong"
    rig.mount("spare")
    await camera.records(2)
    rig.main_disk.code = 0
    await camera.writer.close()
    assert await pictures(rig) == camera.kept
    assert await rig.findings(repair=True) == []


async def test_the_spare_s_floor_is_kept_and_a_full_volume_is_not_spared(rig: SparedRig) -> None:
    rig.spare_floor_bytes = 1 << 62  # a tenth of the volume, then
    rig.attach()
    spare = cast("SparedStore", rig.store).spare
    assert spare.floor_bytes() == spare.total_bytes() // 10
    spare.disk.free_bytes = lambda path: spare.floor_bytes() - 1  # type: ignore[method-assign]
    camera = await Camera(rig).start()
    await camera.records(1)
    rig.main_disk.code = errno.EIO
    await camera.records(1, kept=0)
    assert (await rig.absences())[-1].cause == "disk-wrong"
    spare.disk.free_bytes = lambda path: spare.floor_bytes()  # type: ignore[method-assign]
    rig.main_disk.code = errno.ENOSPC
    await camera.records(1, kept=0)
    assert (await rig.absences())[-1].cause == "disk-full"
    assert rig.lying("spare") == []


async def test_a_spare_that_is_full_gives_way_to_a_volume_that_is_well_again(rig: SparedRig) -> None:
    camera = await Camera(rig).start()
    rig.main_disk.code = errno.EIO
    await camera.records(2)
    rig.main_disk.code = 0
    rig.spare_disk.arm(Fault(0, "not-stored", errno.ENOSPC))
    rig.clock.advance(seconds=REST_US / MICRO)
    await camera.records(2)
    assert (len(rig.lying("store")), len(rig.lying("spare"))) == (1, 1)
    rig.unmount("spare")
    await camera.records(MINUTE_GROUPS)
    await camera.writer.close()
    rig.mount("spare")
    assert await pictures(rig) == camera.kept


async def test_a_disk_that_refuses_is_left_to_rest_between_two_tries(rig: SparedRig) -> None:
    camera = await Camera(rig).start()
    rig.main_disk.code = errno.EIO
    await camera.records(1)
    rig.main_disk.code = 0
    rig.main_disk.steps.clear()
    await camera.writer.absence(rig.clock.utc(), "stream-stalled")
    rig.clock.advance(seconds=1)
    await camera.records(1)
    assert len(rig.lying("spare")) == 2
    assert "create" not in rig.main_disk.steps
    await camera.writer.absence(rig.clock.utc(), "stream-stalled")
    rig.clock.advance(seconds=REST_US / MICRO)
    await camera.records(1)
    assert (len(rig.lying("store")), len(rig.lying("spare"))) == (1, 2)


@pytest.mark.parametrize("gone", [(), ("store",), ("spare",)])
async def test_a_stream_has_one_writer_whichever_volume_comes_or_goes(rig: SparedRig, gone: Sequence[str]) -> None:
    await (await Camera(rig).start()).records(1)
    for name in gone:
        rig.unmount(name)
    with pytest.raises(Conflict):
        await rig.writer().start()


async def test_a_process_that_knows_of_no_spare_keeps_another_out(rig: SparedRig) -> None:
    old = LocalStore(rig.store.root, rig.store.identity)
    lock = old.lock(COMMUNE, CAMERA, "main")
    assert lock is not None
    with pytest.raises(Conflict):
        await rig.writer().start()
    old.unlock(lock)
    await rig.writer().start()


async def test_what_is_due_goes_from_both_and_waits_for_a_volume_that_is_away(rig: SparedRig) -> None:
    camera = await Camera(rig).start()
    await camera.records(2)
    rig.main_disk.code = errno.EIO
    await camera.records(2)
    rig.main_disk.code = 0
    await camera.writer.close()
    sweeper = rig.retention()
    await sweeper.learn(Keeper([CameraRetention(camera=CAMERA, max_days=2)]), [COMMUNE])
    rig.unmount()
    rig.clock.advance(seconds=3 * DAY_S)
    swept = await sweeper.sweep()
    assert (swept.segments, rig.lying("spare")) == (1, [])
    assert [one.state for one in await rig.segments()] == ["destroying"], "nobody sees it, and its bytes are not gone"
    assert (await sweeper.sweep()).segments == 0
    rig.mount()
    assert (await sweeper.sweep()).segments == 1
    assert (rig.lying("store"), await rig.segments()) == ([], [])
    assert await rig.findings() == []


async def test_what_is_due_on_the_spare_goes_though_the_other_volume_refuses(rig: SparedRig) -> None:
    camera = await Camera(rig).start()
    await camera.records(2)
    rig.main_disk.code = errno.EIO
    await camera.records(2)
    await camera.writer.close()
    rig.main_disk.code = 0  # policies lie on neither volume, and are written by the same hand
    sweeper = rig.retention()
    await sweeper.learn(Keeper([CameraRetention(camera=CAMERA, max_days=2)]), [COMMUNE])
    rig.main_disk.code = errno.EIO
    rig.clock.advance(seconds=3 * DAY_S)
    assert (await sweeper.sweep()).segments == 1
    assert (len(rig.lying("store")), rig.lying("spare")) == (1, [])
    assert [one.state for one in await rig.segments()] == ["destroying"]
    rig.main_disk.code = 0
    assert (await sweeper.sweep()).segments == 1
    assert (rig.lying("store"), await rig.segments()) == ([], [])


async def test_what_is_held_stays_on_the_spare_too_and_an_open_row_out_of_reach_is_not_judged(rig: SparedRig) -> None:
    camera = await Camera(rig).start()
    await camera.records(5)
    camera.writer._release()
    end_us = rig.clock.utc().us
    held = HeldRange(id="h1", from_us=end_us - MICRO, to_us=end_us)  # of the last group alone
    rig.unmount()
    sweeper = rig.retention()
    await sweeper.learn(Keeper([CameraRetention(camera=CAMERA, max_days=2, holds=(held,))]), [COMMUNE])
    rig.clock.advance(seconds=3 * DAY_S)
    assert (await sweeper.sweep()).segments == 0
    rig.mount()
    assert (await sweeper.sweep()).segments == 0
    assert [(one.state, one.groups) for one in await rig.segments()] == [("sealed", 5)]
    assert await pictures(rig) == camera.kept


class Keeper:
    """What retention asks of the keeper."""

    def __init__(self, cameras: list[CameraRetention]) -> None:
        self._cameras = cameras

    async def retention(self, commune: str) -> list[CameraRetention]:
        return self._cameras

    async def destruction_time(self, commune: str) -> Any:
        raise StoreError(problem_of(ValueError("away")), cause="disk-wrong")

    async def report_erased(self, commune: str, erased: Sequence[dict[str, Any]]) -> None:
        return None
