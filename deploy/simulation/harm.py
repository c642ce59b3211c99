"""Doing a fault to the world, and undoing it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from deploy.simulation.faults import (
    BUCKET_FAULTS,
    DATABASE_FAULTS,
    DISK_FAULTS,
    KEEPER_FAULTS,
    SPARE_FAULTS,
    SPARED_FAULTS,
    WALL_FAULTS,
    Fault,
)  # fmt: skip
from deploy.simulation.machine import CAMERA
from deploy.simulation.suffering import excuses_of
from recorder.fsck.findings import Finding
from recorder.store.spared import REST_US
from vms.clock import MICRO

if TYPE_CHECKING:
    from deploy.simulation.oracle import Excuse
    from deploy.simulation.world import World

OTHER: Final = "other-machine/0"
LOCKED_S: Final = 0.05


class Harm:
    """What is wrong with one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.slow = False
        self._wrong_until_us = -REST_US  # the store's own volume
        self._groups: dict[str, int] = {}  # of each segment, when another took the lease
        self.touched: set[str] = set()  # families of faults so far

    def leaves(self, finding: Finding) -> bool:
        """Whether fsck may find this after what was done; what is due may wait for a recorder's sweep."""
        if finding.note or finding.invariant == "S5":
            return True
        longer = finding.kind == "longer" and "disk" in self.touched
        return longer or (finding.invariant == "S2" and bool(self.touched))

    def hits(self) -> int:
        """How often something failed because of a fault."""
        world = self._world
        cameras = sum(one.hits for one in world.cameras.values())
        return (
            sum(one.hits for one in world.volumes())
            + world.database.hits
            + world.keeper.hits
            + world.objects.hits
            + cameras
        )

    def excuses(self, fault: Fault, begun_us: int) -> list[Excuse]:
        """What a fault that begins now may cost: with a spare volume, what it makes good costs nothing.

        Unless both are wrong at once, or the spare is while the other is left to rest.
        """
        world, now_us = self._world, self._world.clock.monotonic_us()
        found = excuses_of(fault, now_us, begun_us, dict(world.plan.habits))
        if world.spare is None:
            return found
        if fault.kind in SPARE_FAULTS:
            alone = not world.volume.wrong and world.volume.once is None and now_us - self._wrong_until_us > REST_US
            return [] if alone else found
        return [] if fault.kind in SPARED_FAULTS and not world.spare.wrong else found

    def begin(self, fault: Fault) -> None:
        """From now on, or once."""
        world, kind, amount = self._world, fault.kind, fault.amount
        if kind in DISK_FAULTS:
            self.touched.add("disk")
            self.slow = self.slow or kind == "disk-slow"
            if kind == "disk-eio-stored":
                world.volume.once = kind
            else:
                world.volume.wrong[kind] = amount
            if kind == "disk-away":
                world.volume.unmount()
        elif kind in SPARE_FAULTS:
            if world.spare is not None:
                world.spare.wrong[_on_disk(kind)] = amount
                if kind == "spare-away":
                    world.spare.unmount()
        elif kind in DATABASE_FAULTS:
            self.touched.add("database")
            self.slow = self.slow or kind == "db-slow"
            if kind in ("db-commit-lost", "db-commit-kept"):
                world.database.once = kind
            else:
                world.database.wrong[kind] = amount
        elif kind in KEEPER_FAULTS:
            # The groups of a new hour wait for its key, and the key a while for a keeper that does not answer.
            self.slow = self.slow or kind == "keeper-hangs"
            world.keeper.wrong[kind] = amount
        elif kind in BUCKET_FAULTS:
            world.objects.wrong[kind] = amount
        elif kind in WALL_FAULTS:
            world.clock.step(-amount if kind == "clock-back" else amount)
        elif kind != "lease-lost":
            world.cameras[fault.stream].suffer(fault)

    def relent(self, fault: Fault) -> None:
        """Not any more; nothing when it had not begun."""
        world, kind = self._world, fault.kind
        if kind in DISK_FAULTS:
            world.volume.once = None if kind == "disk-eio-stored" else world.volume.once
            if world.volume.wrong.pop(kind, None) is not None and kind == "disk-away":
                for name in world.volume.mount():
                    world.oracle.say(f"written to the empty mount point: {name}")
            self._wrong_until_us = world.clock.monotonic_us()
        elif kind in SPARE_FAULTS:
            if (
                world.spare is not None
                and world.spare.wrong.pop(_on_disk(kind), None) is not None
                and kind == "spare-away"
            ):
                for name in world.spare.mount():
                    world.oracle.say(f"written to the spare's empty mount point: {name}")
        elif kind in DATABASE_FAULTS:
            world.database.wrong.pop(kind, None)
            world.database.once = None if kind == world.database.once else world.database.once
        elif kind in KEEPER_FAULTS:
            world.keeper.wrong.pop(kind, None)
        elif kind in BUCKET_FAULTS:
            world.objects.wrong.pop(kind, None)
        elif kind.endswith("and-right-again"):
            if world.clock.error_us >= round(fault.amount * MICRO):
                world.clock.step(-fault.amount)
        elif kind not in WALL_FAULTS and kind != "lease-lost":
            world.cameras[fault.stream].relent(fault)

    async def lease_changes(self, fault: Fault, *, taken: bool) -> None:
        """Another recorder takes the camera's lease, or gives it back, as soon as the database lets it."""
        while fault.kind == "lease-lost" and not self.lease(taken=taken):  # noqa: ASYNC110 (nobody tells of a lock)
            await asyncio.sleep(LOCKED_S)

    def lease(self, *, taken: bool) -> bool:
        """The same, at once; False while the database is locked."""
        camera = f"camera:{CAMERA}"
        with closing(sqlite3.connect(self._world.database.path, isolation_level=None, timeout=0)) as db:
            try:
                rows = dict(db.execute("SELECT name, groups FROM segment"))
                if taken:
                    self._groups = rows
                    db.execute("UPDATE lease SET fence = fence + 1, holder = ? WHERE name = ?", (OTHER, camera))
                else:
                    given = db.execute("UPDATE lease SET holder = '' WHERE name = ? AND holder = ?", (camera, OTHER))
                    if given.rowcount and any(groups > self._groups.get(name, 0) for name, groups in rows.items()):
                        self._world.oracle.say("groups were told under a lease that another had")
            except sqlite3.OperationalError:
                return False
        return True


def _on_disk(kind: str) -> str:
    return kind.replace("spare-", "disk-")
