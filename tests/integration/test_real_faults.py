"""The faults of the simulation once more for real: a process that writes, small volumes, signals, limits, bad disks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from deploy.simulation.real import hurt
from deploy.simulation.real_device import device
from recorder.store.disk import OsDisk

KERNEL_HOLDS_S = 5.0


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


def test_who_doubts_memory_reads_what_the_device_holds_after_a_failed_sync(tmp_path: Path) -> None:
    """The kernel calls the pages of a failed sync clean: they show, the next sync says yes, and no disk has them."""
    disk = OsDisk()
    with device(tmp_path / "home") as bad, ThreadPoolExecutor(1) as thread:
        path = bad.place / "segment"
        writing = disk.create(path)
        disk.append(writing, b"a" * 100_000)
        disk.sync(writing)
        disk.sync_dir(bad.place)
        if bad.there:
            bad.lose_blocks()
        disk.append(writing, b"b" * 300_000)
        syncing = thread.submit(disk.sync, writing)
        wait([syncing], KERNEL_HOLDS_S)
        if bad.there:
            bad.find_blocks()  # a kernel that would not give up writes them now
        failed = syncing.exception() is not None
        again = disk.open(path)
        disk.sync(again)
        assert path.read_bytes() == b"a" * 100_000 + b"b" * 300_000, "memory shows it all, and the sync said yes"
        disk.doubt(again)
        shown = path.read_bytes()
        for fd in (writing, again):
            disk.close(fd)
        if bad.there:
            bad.start_again()
        assert path.read_bytes() == shown
        assert shown.startswith(b"a" * 100_000)
        assert (shown.count(b"b") < 300_000) is failed
