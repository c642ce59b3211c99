"""Whatever a camera's clock, the network and the wall clock do: time goes on, bent little, never far from real."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.access_unit import AccessUnit
from recorder.stream.timeline import SLEW_LIMIT_PPM, Timeline
from vms.clock import MICRO, ManualClock, UtcTime

START = UtcTime.parse("2026-03-29T00:59:00Z")

steps = st.lists(
    st.tuples(
        st.integers(0, 3 * MICRO),  # real time that passes, µs
        st.one_of(st.integers(-(2**40), 2**40), st.integers(0, 90_000)),  # what the camera says has passed, ticks
        st.sampled_from([0, 0, 0, 0, -3600, 3600, 0.4, -0.4]),  # step of the wall clock, s
        st.booleans(),  # a new connection
    ),
    max_size=60,
)


@given(steps)
@settings(max_examples=300)
def test_time_never_goes_back_and_no_input_breaks_it(script: list[tuple[int, int, float, bool]]) -> None:
    clock = ManualClock(START)
    timeline = Timeline(clock)
    media, last = 0, 0
    for passed_us, advance, step_s, restart in script:
        clock.advance(seconds=passed_us / MICRO)
        if step_s:
            clock.step(seconds=step_s)
        if restart:
            timeline.restart()
            media = 0
        media += advance
        stamped = timeline.stamp(AccessUnit.of((b"x",), media, False, clock.monotonic_us()))
        assert stamped.utc.us > last
        last = stamped.utc.us
        if stamped.duration_90k is not None:
            assert 0 < stamped.duration_90k <= 90_000
    # Ahead of the furthest wall clock seen it never runs, but for the least steps that keep units apart.
    assert last <= START.us + clock.monotonic_us() + 3600 * MICRO * 60 + 2 * MICRO


@given(
    ppm=st.integers(-200, 200),
    delays=st.lists(st.integers(0, 300_000), min_size=50, max_size=50),
    first=st.integers(0, 2**32),
)
@settings(max_examples=60)
def test_after_settling_the_line_is_bent_by_no_more_than_its_limit(ppm: int, delays: list[int], first: int) -> None:
    clock = ManualClock(START)
    timeline = Timeline(clock)
    stamped = []
    arrived = 0
    for number in range(1500):
        clock.advance(seconds=0.04)
        arrived = max(arrived + 1, clock.monotonic_us() + delays[number % 50])  # TCP keeps the order
        media = first + round(number * 3600 * (1 + ppm / 1e6))
        stamped.append(timeline.stamp(AccessUnit.of((b"x",), media, False, arrived)))
    settled = stamped[300:]
    for a, b in itertools.pairwise(settled):
        media_us = (b.unit.rtp_time - a.unit.rtp_time) * 100 / 9
        assert abs(b.utc.since(a.utc) - media_us) <= media_us * SLEW_LIMIT_PPM / 1e6 + 3
    taken_us = clock.utc().us + min(delays)
    assert abs(settled[-1].utc.us - taken_us) < 60_000
    assert timeline.notes() == []
