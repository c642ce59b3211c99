"""From the end of a stream's chain to a file that follows it: absences whose rows were never committed.

Between two segments may lie absences that only the database tells of (decision 0003). When it was away, and the
recorder then died, each of them is found again as the one whose link the next record continues: by its cause, and by
the instant from which another took its place, which is a whole second (``change_us``).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from recorder.recording.scan import Scan
from recorder.segment.format import CAUSES, AbsenceRecord, next_link
from recorder.segment.rows import BeginAbsence, DropAbsence, EndAbsence, Operation, StreamId, Tail
from vms.clock import MICRO

# Links worked out before a file is given up: a second's work. Two absences in a row of which nothing is known are found
# within some fifty minutes, and within fifteen hours when the cause of the first is known.
TRIES_LIMIT_COUNT: Final = 1_000_000
# A disk that fails in two ways while the database is away and the camera goes: more are nobody's day.
ABSENCES_LIMIT_COUNT: Final = 3


def change_us(begun_us: int, at_us: int) -> int:
    """When an absence that began at ``begun_us`` and changes its cause at ``at_us`` is said to have changed it.

    The whole second before, so that few instants need be tried here; in its first second, a microsecond after it began,
    since its cause may tell what the next one does not.
    """
    at_us = max(at_us, begun_us)
    whole_us = at_us - at_us % MICRO
    return whole_us if whole_us > begun_us else min(at_us, begun_us + 1)


def bridge_to(tail: Tail, stream: StreamId, scan: Scan) -> list[Operation] | None:
    """The operations that lead from ``tail`` to the segment's first link; None when it does not follow the chain."""
    header, start_us = scan.header, scan.header.name.start.us
    covered_us, absence = tail.covered_us, tail.absence
    if covered_us is not None and start_us < covered_us:
        return None
    count = header.sequence - tail.sequence - 1
    if count == 0:
        if header.previous != tail.link:
            return None
        if absence is not None and absence.start_us == start_us:
            return [DropAbsence(absence.start_us)]
        return [] if covered_us in (None, start_us) else None
    if covered_us is None or not 0 < count <= ABSENCES_LIMIT_COUNT or start_us == covered_us:
        return None
    search = _Search(stream, header.previous, start_us)
    found = search.run(tail.sequence + 1, tail.link, covered_us, count, [absence.cause] if absence else sorted(CAUSES))
    # The cause of the absence that is open may have been changed in a row that was lost, in its very first second.
    if found is None and absence is not None:
        found = search.run(tail.sequence + 1, tail.link, covered_us, count, sorted(CAUSES - {absence.cause}))
    if found is None:
        return None
    operations: list[Operation] = [operation for pair in found for operation in pair]
    if absence is not None and absence.cause == found[0][0].cause:
        operations[0] = absence  # it is on record, with what was said of it
    return operations


@dataclass
class _Search:
    """For absences that end at ``end_us`` with the link ``wanted``."""

    stream: StreamId
    wanted: bytes
    end_us: int
    tries: int = 0

    def run(
        self, sequence: int, link: bytes, from_us: int, count: int, causes: Iterable[str]
    ) -> list[tuple[BeginAbsence, EndAbsence]] | None:
        """``count`` absences from ``from_us`` on, the first of one of ``causes``; None when there are none such."""
        for until_us in self._ends(from_us, count):
            for cause in causes:
                self.tries += 1
                if self.tries > TRIES_LIMIT_COUNT:
                    return None
                record = _encoded(self.stream, sequence, from_us, until_us, cause)
                own = next_link(link, record)
                rest: list[tuple[BeginAbsence, EndAbsence]] | None
                if count > 1:
                    rest = self.run(sequence + 1, own, until_us, count - 1, sorted(CAUSES - {cause}))
                else:
                    rest = [] if own == self.wanted else None
                if rest is not None:
                    return [(BeginAbsence(from_us, cause), EndAbsence(from_us, until_us, sequence, own)), *rest]
        return None

    def _ends(self, from_us: int, count: int) -> Iterator[int]:
        """Where the first of ``count`` absences may end."""
        if count == 1:
            yield self.end_us
            return
        if from_us + 1 < self.end_us:
            yield from_us + 1
        yield from range(from_us - from_us % MICRO + MICRO, self.end_us, MICRO)


@functools.lru_cache(maxsize=256)
def _encoded(stream: StreamId, sequence: int, from_us: int, until_us: int, cause: str) -> bytes:
    """The record, which is the same whatever came before it."""
    return AbsenceRecord(stream.camera, stream.stream, sequence, from_us, until_us, cause).encode()
