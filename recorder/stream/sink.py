"""Where a stream's groups and absences go: what the camera loop asks of the writer, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from cryptography.utils import Buffer

from recorder.access_unit import StreamFormat
from vms.clock import UtcTime
from vms.errors import Unavailable


class SinkRefused(Unavailable):
    """The group could not be kept; ``cause`` (``disk-full``, ``disk-wrong``…) is the cause of the absence it leaves."""

    kind: ClassVar[str] = "unavailable"

    def __init__(self, what: str, *, cause: str, where: str = "", todo: str = "") -> None:
        super().__init__(what, where=where, todo=todo)
        self.cause = cause


class GroupSink(Protocol):
    """Takes one stream's time, piece by piece, in order: groups and absences tile it without overlap (S4)."""

    async def group(
        self, plaintext: Sequence[Buffer], start: UtcTime, end: UtcTime, units: int, fmt: StreamFormat,
        zone_set: str | None,
    ) -> None:  # fmt: skip
        """Keep one group: ``plaintext`` is ``init_segment ‖ moof+mdat`` in pieces, covering ``[start, end)``.

        Durable when it returns. Raises SinkRefused when it was not kept.
        """
        ...

    async def absence(self, start: UtcTime, cause: str, detail: str) -> None:
        """From ``start`` on nothing is recorded, because of ``cause``. During an absence: its cause changed then."""
        ...

    async def resume(self, at: UtcTime) -> None:
        """The absence, if any, ends: the next group starts at ``at``."""
        ...

    async def close(self) -> None:
        """Nothing more comes: seal what is open."""
        ...
