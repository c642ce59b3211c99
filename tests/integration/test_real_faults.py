"""The faults of the simulation once more for real: a process that writes, small volumes, signals, limits, bad disks."""

from __future__ import annotations

from pathlib import Path

from recorder.simulation.real import hurt


def test_a_real_process_loses_nothing_that_it_called_durable(tmp_path: Path) -> None:
    table = hurt(tmp_path, 1)
    rows = {row["fault"]: row for row in table["faults"]}
    assert {"killed", "suspended", "file-size-limit"} <= set(rows)
    assert all(row["times"] == 1 for row in rows.values())
    assert {row["groups_lost_after_said_durable"] for row in rows.values()} == {0}
    assert rows["killed"]["groups_refused"] == 0
    assert set(rows["file-size-limit"]["told_as"]) <= {"disk-full", "disk-wrong"}
    assert rows["file-size-limit"]["groups_refused"] > 0
    if table["device"].startswith("ext4"):
        assert {"frozen", "blocks-lost", "blocks-lost-spared", "power-cut"} <= set(rows)
        assert (rows["frozen"]["groups_refused"], rows["power-cut"]["groups_refused"]) == (0, 0)
        assert set(rows["blocks-lost"]["told_as"]) == {"disk-wrong"} or rows["blocks-lost"]["held_by_the_kernel"]
    if table["volume"].startswith("tmpfs"):
        assert set(rows["volume-full"]["told_as"]) == {"disk-full"}
        assert set(rows["volume-unmounted"]["told_as"]) == {"disk-wrong"}
        # With a spare volume beside, not a group is refused: what was said to be kept is there, on one or the other.
        assert (rows["volume-unmounted-spared"]["times"], rows["volume-unmounted-spared"]["groups_refused"]) == (1, 0)
        # The place of the volume, while it was away, stayed empty: nothing was written to the system's disk.
        assert list((tmp_path / "store").iterdir()) == []
