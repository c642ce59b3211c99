"""Files of the spool that no row names: whoever writes them comes first, whatever the machine's clock says (P-30)."""

from __future__ import annotations

from pathlib import Path

from deploy.simulation.bucket import Objects, VirtualBucket
from recorder.drain_spool import SpoolDrain
from recorder.segment.format import SegmentName
from recorder.store.s3 import SpooledStore
from tests.fakes.recording import START, Rig

DAY_S = 86_400.0


async def test_a_clock_that_jumps_past_the_month_leaves_a_file_whose_row_is_on_its_way(tmp_path: Path) -> None:
    """Found by the simulation: the drain met the file between its name and its row, and called it a month old."""
    rig = await Rig(tmp_path).prepare()
    store = SpooledStore(rig.store.root, rig.store.identity, bucket=VirtualBucket(Objects(), None))
    name = SegmentName("valclair-c01", "main", START, "0" * 32, 0)
    store.create(name, "valclair", b"header", b"group").close()
    path = store.path_of(name, "valclair")
    drain = SpoolDrain(rig.engine, store, rig.clock, tmp_path / "bucket-id")
    await drain.round()
    assert path.exists()
    rig.clock.step(seconds=40 * DAY_S)
    await drain.round()
    assert path.exists(), "a clock that was set forty days ahead destroys nothing"
    rig.clock.step(seconds=-40 * DAY_S)
    for _ in range(40):
        rig.clock.advance(seconds=DAY_S)
        await drain.round()
    assert not path.exists(), "forty days that have passed do"
    await rig.close()
