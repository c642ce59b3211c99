"""Media clocks that begin anew with each group of pictures."""

from __future__ import annotations

import pytest

from recorder.access_unit import AccessUnit
from recorder.stream.timeline import Timeline
from vms.clock import ManualClock, UtcTime


@pytest.mark.parametrize("group", [2, 5, 10, 24, 50])
def test_no_picture_of_a_clock_that_begins_anew_with_each_key_picture_is_out_of_order(group: int) -> None:
    clock = ManualClock(UtcTime.parse("2026-11-24T14:00:00Z"))
    timeline = Timeline(clock)
    stamped = []
    for number in range(200):
        at = number % group
        stamped.append(timeline.stamp(AccessUnit.of((b"\x65",), 9000 + 3600 * at, at == 0, clock.monotonic_us())))
        clock.advance(seconds=0.04)
    assert [unit.composition_90k for unit in stamped] == [0] * len(stamped)
    for number, unit in enumerate(stamped):
        assert abs(unit.utc.since(stamped[0].utc) - 40_000 * number) <= 1000
