"""What each fault may cost, and for how long: the oracle's excuses. What is not listed may cost nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from deploy.simulation.camera import Habits
from deploy.simulation.faults import DATABASE_FAULTS, Fault
from deploy.simulation.oracle import Excuse
from recorder.rtsp.session import STALL_LIMIT_S
from vms.clock import MICRO

# The pipeline tries nothing for 5 s after a refusal; then the group at hand must end.
REFUSED_S: Final = 6.0
# A start that failed is a run that broke: noticed after 5 s, begun anew a second later, connected within a few.
BROKEN_S: Final = 16.0
# Groups that wait for a slow disk, at most.
WAITING_GROUPS: Final = 10
SYNCS_A_GROUP: Final = 3
START_S: Final = 20.0
# Noticed, taken again, connected.
LEASE_S: Final = 12.0

_GONE: Final = frozenset({"camera-unreachable"})
_STALLED: Final = frozenset({"stream-stalled", "camera-unreachable"})
_DAMAGED: Final = frozenset({"stream-damaged"})
_DISK: Final = frozenset({"disk-wrong", "disk-full"})
_SLOW: Final = _DISK | {"store-stalled"}

# Causes that each fault may be told as; how much longer than the fault itself.
TOLD_AS: Final[dict[str, tuple[frozenset[str], float]]] = {
    "disk-eio": (_DISK, REFUSED_S),
    "disk-eio-stored": (_DISK, REFUSED_S),
    "disk-full": (_DISK, REFUSED_S),
    "disk-read-only": (_DISK, REFUSED_S),
    "disk-slow": (_SLOW, REFUSED_S),
    "disk-away": (_DISK, REFUSED_S),
    "spare-eio": (_DISK, REFUSED_S),
    "spare-full": (_DISK, REFUSED_S),
    "spare-away": (_DISK, REFUSED_S),
    "spool-full": (_DISK, REFUSED_S),
    "db-slow": (_SLOW, REFUSED_S),
    "net-cut": (_GONE, 25.0),
    "net-reset": (_GONE, 25.0),
    "net-half-open": (_STALLED, 45.0),
    "net-stall": (_STALLED | _DAMAGED, 30.0),
    "net-burst": (_STALLED | _DAMAGED, 30.0),
    "net-lost": (_DAMAGED, 15.0),
    "net-reordered": (_DAMAGED, 15.0),
    "net-garbage": (_DAMAGED | _STALLED | {"stream-refused"}, 30.0),
    "net-bye": (_STALLED, 25.0),
    "net-refused": (_GONE, 30.0),
    "net-unreachable": (_GONE, 45.0),
    "net-mute": (_STALLED, 45.0),
    "camera-restarts": (_DAMAGED, 15.0),
    "camera-rtp-jump": (frozenset(), 0.0),
}
# Faults of the network that may cost pictures which had arrived: bytes that are no RTP, a goodbye among pictures.
COSTLY: Final = frozenset({"net-garbage", "net-bye", "camera-restarts"})


def excuses_of(fault: Fault, now_us: int, begun_us: int, habits: dict[str, Habits]) -> list[Excuse]:
    """What a fault that begins now may cost; ``begun_us`` is when the recorder's life began."""
    kind = fault.kind
    group_s = _longest_group_s(habits)
    ends_us = now_us + round((fault.for_s + group_s) * MICRO)
    if kind in ("db-away", "db-full", "db-commit-lost", "db-commit-kept"):
        if now_us - begun_us > START_S * MICRO:
            return []  # the index away costs no picture once the writer runs
        return [Excuse(begun_us, ends_us + round(BROKEN_S * MICRO), kind, _DISK)]
    if kind == "lease-lost":
        # What was not committed when another took the camera is set aside; then ours again, in its turn.
        from_us = now_us - round((2 * group_s + STALL_LIMIT_S) * MICRO)
        return [Excuse(from_us, ends_us + round(LEASE_S * MICRO), kind, frozenset({"recorder-stopped"}))]
    if kind not in TOLD_AS:
        return []
    causes, longer_s = TOLD_AS[kind]
    until_us = ends_us + round(longer_s * MICRO)
    if kind in ("disk-slow", "db-slow"):
        until_us += round(fault.amount * WAITING_GROUPS * SYNCS_A_GROUP * MICRO)
    stream = fault.stream if kind.startswith(("net-", "camera-")) else ""
    # A group that is struck may have begun long ago: it is handed over when its stream has been silent for too long.
    from_us = now_us - round((2 * group_s + STALL_LIMIT_S) * MICRO)
    told = Excuse(from_us, until_us, kind, causes, stream)
    if stream and kind not in COSTLY:
        # It explains an absence; it excuses the loss of nothing that arrived whole.
        return [Excuse(from_us, until_us, kind, causes, f"{stream} only told")]
    return [told]


def lease_waited(excuses: list[Excuse], fault: Fault, now_us: int, habits: dict[str, Habits]) -> list[Excuse]:
    """A lease given back while the database took nothing is taken again once it does, which is when ``fault`` ends."""
    if fault.kind not in DATABASE_FAULTS:
        return excuses
    until_us = now_us + round((_longest_group_s(habits) + LEASE_S) * MICRO)
    begun_us = now_us - round(fault.for_s * MICRO)
    return [
        replace(one, to_us=max(one.to_us, until_us)) if one.why == "lease-lost" and one.to_us >= begun_us else one
        for one in excuses
    ]


def _longest_group_s(habits: dict[str, Habits]) -> float:
    return max(one.interval_s * (one.group_units + 1) + one.jitter_s for one in habits.values())


def causes_of(cause: str, from_us: int, to_us: int, stream: str) -> Excuse:
    """An excuse for one cause on one stream."""
    return Excuse(from_us, to_us, cause, frozenset({cause}), stream)
