"""What goes wrong in a simulation, as values: one vocabulary for the plan, the machinery and the table of results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

DiskFault = Literal["disk-eio", "disk-eio-stored", "disk-full", "disk-read-only", "disk-slow", "disk-away"]
DatabaseFault = Literal["db-away", "db-full", "db-commit-lost", "db-commit-kept", "db-slow"]
KeeperFault = Literal["keeper-away", "keeper-hangs", "keeper-kept-but-away", "spool-full"]
ClockFault = Literal["clock-ahead", "clock-back", "clock-ahead-and-right-again"]
SpareFault = Literal["spare-eio", "spare-full", "spare-away"]
BucketFault = Literal["bucket-away", "bucket-kept-but-away"]
LeaseFault = Literal["lease-lost"]
TermFault = Literal["clock-past-term", "clock-past-term-and-right-again"]
NetworkFault = Literal[
    "net-cut", "net-reset", "net-half-open", "net-stall", "net-burst", "net-lost", "net-reordered", "net-garbage",
    "net-bye", "net-refused", "net-unreachable", "net-mute", "camera-clock", "camera-rtp-jump", "camera-restarts",
]  # fmt: skip
Kind = (
    DiskFault
    | SpareFault
    | DatabaseFault
    | KeeperFault
    | ClockFault
    | TermFault
    | BucketFault
    | LeaseFault
    | NetworkFault
)
Ending = Literal["stopped", "killed", "power-cut"]

DISK_FAULTS: Final[tuple[DiskFault, ...]] = (
    "disk-eio", "disk-eio-stored", "disk-full", "disk-read-only", "disk-slow", "disk-away",
)  # fmt: skip
# What a spare volume makes good.
SPARED_FAULTS: Final[tuple[DiskFault, ...]] = ("disk-eio", "disk-eio-stored", "disk-read-only", "disk-away")
SPARE_FAULTS: Final[tuple[SpareFault, ...]] = ("spare-eio", "spare-full", "spare-away")
DATABASE_FAULTS: Final[tuple[DatabaseFault, ...]] = (
    "db-away", "db-full", "db-commit-lost", "db-commit-kept", "db-slow",
)  # fmt: skip
KEEPER_FAULTS: Final[tuple[KeeperFault, ...]] = ("keeper-away", "keeper-hangs", "keeper-kept-but-away", "spool-full")
CLOCK_FAULTS: Final[tuple[ClockFault, ...]] = ("clock-ahead", "clock-back", "clock-ahead-and-right-again")
BUCKET_FAULTS: Final[tuple[BucketFault, ...]] = ("bucket-away", "bucket-kept-but-away")
TERM_FAULTS: Final[tuple[TermFault, ...]] = ("clock-past-term", "clock-past-term-and-right-again")
WALL_FAULTS: Final = frozenset({*CLOCK_FAULTS, *TERM_FAULTS})
NETWORK_FAULTS: Final[tuple[NetworkFault, ...]] = (
    "net-cut", "net-reset", "net-half-open", "net-stall", "net-burst", "net-lost", "net-reordered", "net-garbage",
    "net-bye", "net-refused", "net-unreachable", "net-mute", "camera-clock", "camera-rtp-jump", "camera-restarts",
)  # fmt: skip


class Killed(BaseException):
    """The process is gone. Not an Exception: nothing of the recorder may handle it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """``kind`` begins ``at_s`` after its life does, and lasts ``for_s`` where it lasts; ``amount`` is its measure."""

    at_s: float
    kind: Kind
    for_s: float = 0.0
    amount: float = 0.0
    stream: str = "main"


class Process:
    """A process that a fault may end: whatever it does to the world asks here first."""

    def __init__(self) -> None:
        self.alive = True
        self.steps = 0
        self.die_after: int | None = None  # steps of disk or database from now, counted in halves: before, after
        self.died_at = ""
        self.on_death: Callable[[], None] = lambda: None

    def step(self, name: str) -> None:
        """One step is about to be taken, or has been; Killed when it is the last, or comes after the last."""
        if not self.alive:
            raise Killed
        self.steps += 1
        if self.die_after is not None:
            self.die_after -= 1
            if self.die_after < 0:
                self.alive = False
                self.died_at = name
                self.on_death()
                raise Killed
