"""A small volume full of footage that nobody may destroy: cameras stop in the operator's order, and come back (P-35).

Real files on a tmpfs of their own where this account may mount; elsewhere on a disk that counts what lies there.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from deploy.simulation.real_volume import VOLUME_MIB, volume
from recorder.access_unit import StreamFormat
from recorder.camera.deferred_sink import DeferredSink
from recorder.fsck.fsck import Fsck
from recorder.recording.minutes import MinuteMeter
from recorder.recording.writer import StreamWriter
from recorder.retention.policies import Policies
from recorder.retention.room import RoomKeeper, Stops
from recorder.retention.volume_board import VolumeBoard
from recorder.store.disk import OsDisk
from recorder.store.local import LocalStore
from recorder.stream.sink import SinkRefused
from tests.fakes.recording import COMMUNE, START, Rig
from vms.keeper.protocol import CameraRetention

MIB: Final = 1 << 20
CAMERAS: Final = ("valclair-c01", "valclair-c02", "valclair-c03")
LONGEST_FIRST: Final = ("valclair-c02", "valclair-c03", "valclair-c01")
RESERVE_BYTES: Final = 5 * MIB
FLOOR_BYTES: Final = 2 * MIB
GROUP_BYTES: Final = 100_000
ROUNDS_LIMIT: Final = 200
FORMAT: Final = StreamFormat("h264", 1920, 1080, 25.0, (b"\x67\x64\x00\x1f", b"\x68"), "avc1.64001F")


class Counting(OsDisk):
    """A disk that is as large as the test says."""

    def __init__(self) -> None:
        self.size_bytes = VOLUME_MIB * MIB

    def free_bytes(self, path: Path) -> int:
        """What the files below leave of it."""
        return self.size_bytes - sum(one.stat().st_size for one in path.rglob("*") if one.is_file())


class Recorder:
    """Three cameras that write to one volume as a recorder's sinks do, a group each in a round."""

    def __init__(self, rig: Rig, stops: Stops) -> None:
        self._rig, self._stops = rig, stops
        self._sinks = {camera: self._sink(camera) for camera in CAMERAS}
        self._round = 0

    def _sink(self, camera: str) -> DeferredSink:
        async def make() -> StreamWriter:
            return self._rig.writer(camera=camera)

        return DeferredSink(make, lambda: not self._stops.holds(camera), MinuteMeter(COMMUNE, camera, "main"))

    async def round(self) -> dict[str, str]:
        """Two seconds of each camera; why it was not kept, by camera."""
        start = START.plus(seconds=2 * self._round)
        self._round += 1
        self._rig.clock.advance(seconds=2)
        refused: dict[str, str] = {}
        for camera, sink in self._sinks.items():
            try:
                await sink.group([os.urandom(GROUP_BYTES)], start, start.plus(seconds=2), 50, FORMAT, None)
            except SinkRefused as error:
                refused[camera] = error.cause
                await sink.absence(start, error.cause, str(error))
        return refused

    async def close(self) -> None:
        for sink in self._sinks.values():
            await sink.close()


async def test_cameras_stop_one_by_one_in_the_operator_s_order_and_come_back(tmp_path: Path) -> None:
    with volume(tmp_path) as place:
        disk = OsDisk() if place.small else Counting()
        rig = await Rig(tmp_path).prepare()
        rig.store = LocalStore.attach(tmp_path / "store", tmp_path / "store-id", disk, floor_bytes=FLOOR_BYTES)
        known = Policies(rig.store, tmp_path / "policies.json")
        known.learn(COMMUNE, [CameraRetention(camera=one, max_days=30, min_days=30) for one in CAMERAS])
        cameras = [(COMMUNE, one) for one in CAMERAS]
        room = RoomKeeper(
            rig.engine, rig.store, known, rig.clock, RESERVE_BYTES,
            floor_bytes=FLOOR_BYTES, cameras=lambda: cameras, keep_longest=LONGEST_FIRST,
        )  # fmt: skip
        stops = Stops(rig.engine)
        recorder = Recorder(rig, stops)
        order: list[str] = []
        for _ in range(ROUNDS_LIMIT):
            refused = await recorder.round()
            assert set(refused.values()) <= {"disk-full"}
            order += [one for one in refused if one not in order]
            if len(order) == len(CAMERAS):
                break
            made = await room.look()
            assert made.segments == 0, "nothing of it may go"
            await stops.refresh()
        assert order == list(reversed(LONGEST_FIRST))
        full_bytes = rig.store.free_bytes()
        assert FLOOR_BYTES <= full_bytes < RESERVE_BYTES
        for _ in range(3):
            assert set(await recorder.round()) == set(CAMERAS)
            await room.look()
            await stops.refresh()
        assert rig.store.free_bytes() == full_bytes, "nothing more is written"
        board = VolumeBoard(rig.engine, rig.store, known, rig.clock, RESERVE_BYTES, lambda: cameras, LONGEST_FIRST)
        assert (await board.write()).level == "stopping"

        if isinstance(disk, Counting):
            disk.size_bytes *= 2
        else:
            await asyncio.to_thread(place.grow)
        assert (await room.look()).stopped == frozenset()
        await stops.refresh()
        assert await recorder.round() == {}
        await recorder.close()
        for camera in CAMERAS:
            causes = [one.cause for one in await rig.absences() if one.camera_id == camera]
            assert causes == ["disk-full", "recorder-stopped"], "each has its absence, told once"
        report = await Fsck(rig.engine, rig.store, rig.clock.utc(), known).check()
        assert report.findings == []
        await rig.close()
