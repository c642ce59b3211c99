"""A new bucket that two machines find at once has one identity, and both know it (S1)."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from deploy.simulation.bucket import Objects, VirtualBucket
from recorder.drain_spool import SpoolDrain
from recorder.store.s3 import SpooledStore
from tests.fakes.recording import Rig


class FirstLookTogether(VirtualBucket):
    """Nobody reads anything before the other has found nothing too."""

    together = threading.Barrier(2)

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects, None)
        self._first = True

    def get(self, key: str) -> bytes:
        first, self._first = self._first, False
        try:
            return super().get(key)
        finally:
            if first:
                self.together.wait(30)


async def test_two_machines_that_find_a_new_bucket_at_once_agree_on_what_it_is(tmp_path: Path) -> None:
    rig, objects = await Rig(tmp_path).prepare(), Objects()
    drains = []
    for machine in ("one", "other"):
        (tmp_path / machine).mkdir()
        store = SpooledStore.of(
            tmp_path / machine / "spool",
            tmp_path / machine / "spool-id",
            FirstLookTogether(objects),
            1000,
            floor_bytes=0,
        )
        drains.append(SpoolDrain(rig.engine, store, rig.clock, tmp_path / machine / "bucket-id"))
    await asyncio.gather(*(drain.round() for drain in drains))
    known = {(tmp_path / machine / "bucket-id").read_text() for machine in ("one", "other")}
    assert len(known) == 1
    for drain in drains:
        drain._known = False  # as after a start
        await drain.round()
    await rig.close()
