"""The same faults once more for real: a process that writes, a small volume, and what the operating system can do.

Where this account may mount, the store is a tmpfs of a few MiB, bound to its place so that it can go away and come
back, and then a disk of its own that fails (``real_device.py``); where it may not, only what needs no mount is done.
What a process called durable must be there afterwards, and fsck must agree; what it lost it must have told, with its
cause.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, Final

from deploy.simulation.real_child import CAMERAS
from deploy.simulation.real_device import Device, device
from deploy.simulation.real_volume import VOLUME_MIB, Volume, volume
from recorder.fsck.fsck import Fsck
from recorder.recording.scan import read_index
from recorder.retention.policies import Policies
from recorder.store.local import LocalStore
from recorder.store.spared import Spare, SparedStore
from vms.clock import SystemClock
from vms.db.engine import open_engine
from vms.errors import Damaged, GuetError

FILE_LIMIT_BYTES: Final = 16 * 1024
WAIT_S: Final = 20.0
SUSPENDED_S: Final = 1.5
# How long a frozen disk answers nothing, and how soon what was on its way to it before has been told.
FROZEN_S: Final = 2.0
UNDER_WAY_S: Final = 0.5
# A call that the kernel holds is in the same state at each look.
HELD_LOOKS: Final = 5
STEADY_GROUPS: Final = 6


@dataclass
class Row:
    """One kind of fault: how often, what was told meanwhile, and what was said to be durable and is not there.

    ``held``: how often the kernel held the call for as long as the fault lasted, so that nothing could be told.
    """

    fault: str
    times: int = 0
    held: int = 0
    refused: int = 0
    told_as: Counter[str] = field(default_factory=Counter)
    lost: int = 0


class Child:
    """The writing process and what it has said so far."""

    def __init__(self, home: Path) -> None:
        self.kept: list[tuple[str, int]] = []
        self.refused: list[str] = []
        self.holds = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy.simulation.real_child", str(home)],
            cwd=Path(__file__).parent.parent.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.pid = self._process.pid
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            words = line.split()
            if not line.endswith("\n"):
                continue
            if words[0] == "kept":
                self.kept.append((words[1], int(words[2])))
            elif words[0] == "lost":
                self.refused.append(words[3])

    def until(self, met: Callable[[], bool], what: str) -> None:
        """Wait for something that it will say; TimeoutError with ``what`` when it does not."""
        limit = time.monotonic() + WAIT_S
        while not met():
            if time.monotonic() > limit or self._process.poll() is not None:
                raise TimeoutError(f"{what}: {len(self.kept)} kept, {len(self.refused)} refused")
            time.sleep(0.02)

    def goes_on(self, what: str) -> None:
        """Wait until it keeps groups again, of every camera."""
        since = len(self.kept)
        self.until(lambda: len(self.kept) >= since + STEADY_GROUPS, f"records again after {what}")

    def refuses(self, cause: str, begin: Callable[[], object]) -> None:
        """Do ``begin``, and wait until groups are refused with this cause."""
        before = len(self.refused)
        begin()
        self.until(lambda: cause in self.refused[before:], f"refuses with {cause}")

    def spares(self, place: Path, begin: Callable[[], object]) -> None:
        """Do ``begin``, and wait until groups are kept in segments below ``place``, of every camera."""
        before = set(place.rglob("*.seg"))
        begin()

        def there() -> bool:
            return len({one.parent.parent for one in set(place.rglob("*.seg")) - before}) >= CAMERAS

        self.until(there, "goes on at the spare volume")
        self.goes_on("it went to the spare volume")

    def held(self) -> bool:
        """Whether the kernel holds one of its calls, from which no signal wakes it (state D), not just in passing."""
        found: set[str] | None = None
        for _ in range(HELD_LOOKS):
            now = {one.parent.name for one in Path(f"/proc/{self.pid}/task").glob("*/stat") if _state(one) == "D"}
            found = now if found is None else found & now
            time.sleep(UNDER_WAY_S / HELD_LOOKS)
        return bool(found)

    def silent(self, for_s: float) -> bool:
        """Whether it says nothing for so long."""
        before = len(self.kept), len(self.refused)
        time.sleep(for_s)
        return (len(self.kept), len(self.refused)) == before

    def lives(self) -> bool:
        """Whether the fault has left it alive."""
        return self._process.poll() is None

    def halt(self) -> None:
        """Stop it where it is; on return it does nothing any more."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def kill(self) -> None:
        """SIGKILL; what it had said by then counts."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join()


def hurt(home: Path, times: int) -> dict[str, Any]:
    """Do everything ``times`` times; the table. Blocks; TimeoutError when a recorder does not recover."""
    with volume(home) as place:
        rows = _lives(home, {"killed": lambda child: None}, times)
        rows += _lives(home, _faults(place), times)
        if place.small:
            rows += _lives(home, _spared(home, "volume-unmounted", place.go_away, place.come_back), times)
            shutil.rmtree(home / "spare")
    with device(home / "device") as disk:
        if disk.there:
            for faults in (_disk_faults(disk), {"power-cut": lambda child: _cut_power(child, disk)}):
                rows += _lives(home / "device", faults, times)
            spared = _spared(home / "device", "blocks-lost", disk.lose_blocks, lambda: None)  # mended below
            rows += _lives(home / "device", {name: _till_mended(do, disk) for name, do in spared.items()}, times)
    return {
        "volume": f"tmpfs, {VOLUME_MIB} MiB" if place.small else "no mount permitted: the file system at hand",
        "device": "ext4 on a loop device" if disk.there else "no loop device permitted",
        "faults": [
            {"fault": row.fault, "times": row.times, "held_by_the_kernel": row.held, "groups_refused": row.refused,
             "told_as": dict(row.told_as), "groups_lost_after_said_durable": row.lost}
            for row in rows
        ],
    }  # fmt: skip


def _lives(home: Path, faults: Mapping[str, Callable[[Child], None]], times: int) -> list[Row]:
    """Lives of the process, each of which suffers all ``faults`` in turn."""
    rows = [Row(fault) for fault in faults]
    for _ in range(times):
        asyncio.run(_live(home, list(zip(rows, faults.values(), strict=True))))
    return rows


def _faults(place: Volume) -> dict[str, Callable[[Child], None]]:
    faults: dict[str, Callable[[Child], None]] = {
        "suspended": _suspend,
        "file-size-limit": _limit_files,
    }
    if place.small:
        faults["volume-full"] = lambda child: _with(child, place.fill, place.empty, "disk-full")
        faults["volume-unmounted"] = lambda child: _with(child, place.go_away, place.come_back, "disk-wrong")
    return faults


def _spared(
    home: Path, fault: str, begin: Callable[[], None], end: Callable[[], None]
) -> dict[str, Callable[[Child], None]]:
    """The fault once more, with a spare volume beside: the same process goes on there, and comes back."""
    spare = home / "spare"
    spare.mkdir()

    def suffer(child: Child) -> None:
        try:
            child.spares(spare, begin)
        finally:
            end()

    return {f"{fault}-spared": suffer}


def _disk_faults(disk: Device) -> dict[str, Callable[[Child], None]]:
    return {
        "frozen": lambda child: _freeze(child, disk),
        "blocks-lost": _till_mended(lambda child: child.refuses("disk-wrong", disk.lose_blocks), disk),
    }


async def _live(home: Path, faults: Sequence[tuple[Row, Callable[[Child], None]]]) -> None:
    """One life: it records, suffers, records again, is killed in the end, and is judged by what it said."""
    child = Child(home)
    try:
        child.goes_on("its start")
        for row, do in faults:
            before = len(child.refused)
            do(child)
            if child.lives():
                child.goes_on(row.fault)
            row.times += 1
            row.held += child.holds
            row.refused += len(child.refused) - before
            row.told_as.update(child.refused[before:])
    finally:
        child.kill()
    store = _store(home)
    there = await asyncio.to_thread(_there, store)
    lost = len(set(child.kept) - there)
    for row, _ in faults:  # nobody can say by which of them
        row.lost += lost
    engine = open_engine(f"sqlite+aiosqlite:///{home / 'guet.sqlite'}")
    try:
        fsck = Fsck(engine, store, SystemClock().utc(), Policies(store, home / "retention.json"))
        report = await fsck.repair()
    finally:
        await engine.dispose()
    if not report.ok:
        names = ", ".join(row.fault for row, _ in faults)
        raise Damaged("Le stockage ne tient pas.", where=names, todo=str(report.findings[0]))


def _store(home: Path) -> LocalStore:
    store = LocalStore(home / "store", (home / "store-id").read_text(encoding="utf-8").strip())
    if not (home / "spare").is_dir():
        return store
    spare = Spare(home / "spare", (home / "spare-id").read_text(encoding="utf-8").strip())
    return SparedStore(store, spare, home / "streams")


def _there(store: LocalStore) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for file in store.files():
        if file.name is None:
            continue
        try:
            _, placed = read_index(store, file.path, check_last=True)
        except GuetError:
            continue  # no whole header: no group either
        found |= {(file.name.camera, one.header.utc_us) for one in placed}
    return found


def _suspend(child: Child) -> None:
    os.kill(child.pid, signal.SIGSTOP)
    time.sleep(SUSPENDED_S)
    os.kill(child.pid, signal.SIGCONT)


def _limit_files(child: Child) -> None:
    """As a quota does: no file, the index's included, grows beyond the limit."""
    before = resource.prlimit(child.pid, resource.RLIMIT_FSIZE)
    small = (FILE_LIMIT_BYTES, resource.RLIM_INFINITY)
    child.refuses("disk-full", lambda: resource.prlimit(child.pid, resource.RLIMIT_FSIZE, small))
    resource.prlimit(child.pid, resource.RLIMIT_FSIZE, before)


def _with(child: Child, begin: Callable[[], None], end: Callable[[], None], cause: str) -> None:
    try:
        child.refuses(cause, begin)
    finally:
        end()


def _freeze(child: Child, disk: Device) -> None:
    """A disk that answers nothing for a while: nothing is said to be durable meanwhile, nor lost."""
    disk.freeze()
    try:
        child.until(lambda: child.silent(UNDER_WAY_S), "falls silent on a frozen disk")
        if not child.silent(FROZEN_S):
            raise Damaged("Un groupe a été dit durable, ou perdu, par un disque figé.", where="frozen")
    finally:
        disk.thaw()


def _till_mended(suffer: Callable[[Child], None], disk: Device) -> Callable[[Child], None]:
    """The fault of lost blocks, to its end: the process dies, the disk is whole again and is mounted anew.

    The kernel may hold a sync for as long as the device is short (``do_writepages`` tries again and again), and may
    take the volume for full afterwards. What it holds can be told as nothing: that is counted, and no failure.
    """

    def do(child: Child) -> None:
        try:
            suffer(child)
        except TimeoutError:
            if not child.held():
                raise
            child.holds = 1
        finally:
            disk.find_blocks()
        child.kill()
        disk.start_again()

    return do


def _state(stat: Path) -> str:
    """The state of a thread, one letter (proc_pid_stat(5)); empty when it is gone."""
    try:
        return stat.read_text(encoding="utf-8", errors="replace").rpartition(") ")[2][:1]
    except OSError:
        return ""


def _cut_power(child: Child, disk: Device) -> None:
    """Everything stops at once; then the machine starts again with what had reached its disk."""
    child.halt()
    disk.cut_power()
    child.kill()
    disk.start_again()
