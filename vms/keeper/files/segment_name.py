"""A segment's name as the keeper reads it: which camera, from when, under which hour key (docs/formats/segment.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from vms.clock import MICRO, UtcTime
from vms.errors import BadInput

NAME: Final = re.compile(r"([a-z0-9-]{1,64})\.(main|sub)\.(\d{8}T\d{12}Z)\.([0-9a-f]{32})\.(0|[1-9]\d{0,18})", re.ASCII)
# A segment is about a minute, cut at a key frame; groups last ten seconds at most while the recorder is well.
SEGMENT_LIMIT_US: Final = 120 * MICRO


@dataclass(frozen=True, slots=True)
class SegmentName:
    """The parts that keys depend on; ``start_us`` is the start of the first group."""

    text: str
    camera: str
    stream: str
    start_us: int
    key_id: str

    def overlaps(self, from_us: int, to_us: int) -> bool:
        """Whether the segment may hold footage of ``[from_us, to_us)``: its end is not in its name."""
        return from_us - SEGMENT_LIMIT_US < self.start_us < to_us


def parse_segment_name(text: str) -> SegmentName:
    """The parts of a canonical name; BadInput when it is not one."""
    match = NAME.fullmatch(text)
    if match is None:
        raise BadInput("Ce nom n’est pas celui d’un segment.", where=text[:120])
    camera, stream, moment, key_id, _ = match.groups()
    try:
        start = UtcTime.at(datetime.strptime(moment, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC))
    except ValueError as error:
        raise BadInput("Ce nom de segment porte un instant impossible.", where=text[:120]) from error
    return SegmentName(text, camera, stream, start.us, key_id)
