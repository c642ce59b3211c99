"""Which segments a page is offered: none that the keeper would refuse the key of, and all others (O-44)."""

from __future__ import annotations

import pytest

from recorder.recording.playback import IndexedSegment
from vms.clock import MICRO, UtcTime
from vms.keeper.files.segment_name import SEGMENT_LIMIT_US
from web.api.replay import offered

AT = UtcTime.parse("2026-11-24T10:00:00Z")
SHUT = (AT.us, AT.us + 60 * MICRO)


def segment(start_us: int) -> IndexedSegment:
    name = f"valclair-c01.main.{UtcTime(start_us).compact()}.{'ab' * 16}.0"
    return IndexedSegment(name, start_us, start_us + MICRO, "avc1", 320, 240, "z", ())


@pytest.mark.parametrize(
    ("start_us", "seen"),
    [
        (SHUT[0] - SEGMENT_LIMIT_US, True),
        (SHUT[0] - SEGMENT_LIMIT_US + 1, False),
        (SHUT[0], False),
        (SHUT[1] - 1, False),
        (SHUT[1], True),
    ],
)
def test_a_segment_is_offered_unless_some_of_it_may_have_been_taken_without_masks(start_us: int, seen: bool) -> None:
    one = segment(start_us)
    assert offered([one], [SHUT]) == ([one] if seen else [])
    assert offered([one], []) == [one]
