"""What a spare volume says of itself, and what its footage means for the room of the store's own volume (P-35)."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recorder.retention.policies import Policies
from recorder.retention.room import RoomKeeper
from tests.fakes.recording import CAMERA, COMMUNE
from tests.fakes.two_volumes import Camera, SparedRig
from vms.keeper.protocol import CameraRetention

MINUTE_GROUPS = 30


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[SparedRig]:
    made = SparedRig(tmp_path)
    await made.prepare()
    yield made
    await made.close()


async def test_the_board_says_that_the_spare_stands_by_is_in_use_or_is_no_use(rig: SparedRig) -> None:
    # Both lie on one disk here, which is told too.
    assert [await rig.board()][0][1] == ["spare-wrong"]
    camera = await Camera(rig).start()
    await camera.records(2)
    rig.main_disk.code = errno.EIO
    await camera.records(2)
    row, kinds = await rig.board()
    assert (row.level, kinds) == ("in-use", ["spare-in-use"])
    assert row.free_bytes > 0
    assert row.stored_bytes > 0
    assert row.stop_us is not None
    assert row.stop_us > row.measured_us
    rig.main_disk.code = 0
    rig.unmount()
    row, kinds = await rig.board()
    assert (row.level, kinds) == ("in-use", ["spare-in-use", "volume-wrong"])
    rig.mount()
    await camera.records(MINUTE_GROUPS)
    assert (await rig.board())[1] == ["spare-wrong"]
    rig.unmount("spare")
    row, kinds = await rig.board()
    assert (row.level, kinds) == ("wrong", ["spare-wrong"])
    assert "identité" in row.fault


async def test_what_lies_apart_gives_the_full_volume_no_room_and_stays(rig: SparedRig) -> None:
    camera = await Camera(rig).start()
    rig.main_disk.code = errno.EIO
    await camera.records(2)
    rig.main_disk.code = 0
    await camera.writer.close()
    policies = Policies(rig.store, rig.home / "policies.json")
    policies.learn(COMMUNE, [CameraRetention(camera=CAMERA, max_days=30)])
    made = await RoomKeeper(rig.engine, rig.store, policies, rig.clock, 1 << 62).look()
    assert (made.segments, len(rig.lying("spare"))) == (0, 1)


async def test_an_empty_mount_point_never_costs_footage(rig: SparedRig) -> None:
    """Its room is another disk's: nothing goes early for that."""
    camera = await Camera(rig).start()
    await camera.records(2)
    await camera.writer.close()
    rig.unmount()
    policies = Policies(rig.store, rig.home / "policies.json")
    policies.learn(COMMUNE, [CameraRetention(camera=CAMERA, max_days=30)])
    made = await RoomKeeper(rig.engine, rig.store, policies, rig.clock, 1 << 62).look()
    assert (made.segments, [one.state for one in await rig.segments()]) == (0, ["sealed"])
