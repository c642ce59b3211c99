"""A recorder on a volume that is full: early destruction, then cameras stop in order, then they come back (P-35).

The recorder is a process of its own on a volume of its own, a real small one where mounting is permitted.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from deploy.processes import child_environment
from recorder.service import run
from tests.fakes.recorder_keeper import camera_plan
from tests.fakes.recorder_town import CAMERA, OTHER, Town, town, write_clips
from tests.fakes.small_volume import MIB, SmallVolume, small_volume
from vms.db.engine import read
from vms.keeper.protocol import CameraRetention
from vms.model import Absence, Incident, RecordingStop, Segment, Volume

VOLUME_MIB = 160
RESERVE_MIB = VOLUME_MIB // 10
FLOOR_MIB = RESERVE_MIB // 4
# Two cameras: the last of the order stops at the reserve, the other one halfway between reserve and floor.
HALFWAY_MIB = (RESERVE_MIB + FLOOR_MIB) // 2
GROWN_LOOKS = 4
LIMIT_S = 120.0


@asynccontextmanager
async def recorder(made: Town, *, real: bool) -> AsyncIterator[None]:
    """The town's recorder with a small reserve: a process of its own; in ours when the volume is only pretended."""
    await made.end()
    made.settings = made.settings.model_copy(
        update={"store_reserve_mib": RESERVE_MIB, "store_keep_longest": [OTHER, CAMERA]}
    )
    if not real:
        made.stop.clear()
        made.process = asyncio.create_task(run(made.settings, 0, made.stop))
        yield
        return
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.process", "recorder", env=child_environment(made.settings)
    )
    try:
        yield
    finally:
        child.terminate()
        assert await child.wait() == 0


async def eventually(met: Callable[[], Awaitable[bool]], what: str) -> None:
    for _ in range(int(LIMIT_S / 0.1)):
        if await met():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not reached: {what}")


async def rows(made: Town, model: type[Any]) -> list[Any]:
    async with read(made.engine) as session:
        return list((await session.execute(select(model))).scalars())


async def stops(made: Town) -> set[str]:
    return {row.camera_id for row in await rows(made, RecordingStop)}


async def gaps(made: Town) -> set[tuple[str, str]]:
    """(camera, stream) that are not recorded now for want of room."""
    found = await rows(made, Absence)
    return {(row.camera_id, row.stream) for row in found if row.cause == "disk-full" and row.end_us is None}


def both(camera: str) -> set[tuple[str, str]]:
    return {(camera, "main"), (camera, "sub")}


async def grows(made: Town, camera: str) -> None:
    """Wait until the camera's footage on disk has got more, group after group: the first may have been under way."""
    folder = made.settings.store_dir / "valclair" / camera
    sizes: set[int] = set()

    async def more() -> bool:
        sizes.add(sum(path.stat().st_size for path in folder.rglob("*.seg")))
        return len(sizes) > GROWN_LOOKS

    await eventually(more, f"{camera} is recorded")


async def test_a_full_volume_loses_the_unprotected_first_then_stops_cameras_in_order_and_brings_them_back(
    short_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = write_clips(tmp_path)
    with small_volume(short_home / "store", VOLUME_MIB, monkeypatch) as volume:
        async with town(short_home, clips, cameras=2) as made:
            made.keeper.retentions = [CameraRetention(camera=one, max_days=30) for one in (CAMERA, OTHER)]
            made.keeper.decide(camera_plan(CAMERA), camera_plan(OTHER))
            await made.recorded()
            await made.recorded(OTHER)
            async with recorder(made, real=volume.real):
                await _unprotected_goes_early(made, volume)
                made.keeper.retentions = [
                    CameraRetention(camera=one, max_days=30, min_days=7) for one in (CAMERA, OTHER)
                ]
                await _cameras_stop_in_order(made, volume)
                volume.leave_free(40 * MIB)
                await eventually(lambda: _none(made), "both cameras recorded again")
                await grows(made, CAMERA)
                await _kept_or_told(made)


async def _unprotected_goes_early(made: Town, volume: SmallVolume) -> None:
    before = len(await rows(made, Segment))
    assert before > 0
    volume.leave_free((RESERVE_MIB - 1) * MIB)

    async def lost() -> bool:
        return {one["mode"] for one in made.keeper.erased} == {"early"}

    await eventually(lost, "an early destruction, journalled")
    assert {row.rule for row in await rows(made, Incident) if row.kind == "early-destruction"} == {"P-35"}


async def _cameras_stop_in_order(made: Town, volume: SmallVolume) -> None:
    volume.leave_free((RESERVE_MIB - 1) * MIB)

    async def first() -> bool:
        return await stops(made) == {CAMERA} and await gaps(made) == both(CAMERA)

    await eventually(first, "the last of the order stops, alone")
    await grows(made, OTHER)
    volume.leave_free((HALFWAY_MIB - 1) * MIB)

    async def second() -> bool:
        return await gaps(made) == both(CAMERA) | both(OTHER)

    await eventually(second, "then the other one")

    async def told() -> bool:
        open_ones = {(row.camera_id, row.kind) for row in await rows(made, Incident) if row.closed_us is None}
        return {(CAMERA, "not-recorded"), (OTHER, "not-recorded")} <= open_ones

    await eventually(told, "an incident for each")


async def _none(made: Town) -> bool:
    return not await stops(made) and not await gaps(made)


async def _kept_or_told(made: Town) -> None:
    """What people see: the volume's row, and no incident left of the cameras that are back."""

    async def closed() -> bool:
        return not [row for row in await rows(made, Incident) if row.kind == "not-recorded" and row.closed_us is None]

    await eventually(closed, "the incidents closed")
    (row,) = await rows(made, Volume)
    assert row.reserve_bytes == RESERVE_MIB * MIB
    assert row.bytes_per_s > 0
