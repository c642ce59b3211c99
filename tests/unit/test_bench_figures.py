"""What the playback and export benches make of what they measured."""

from __future__ import annotations

import pytest

from deploy.bench.export import Turn, figures
from deploy.bench.footage import is_busy
from deploy.bench.playback import Day, Timed, in_step_figures, percentile, playback_figures
from vms.clock import UtcTime
from vms.errors import Unavailable


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([5.0, 1.0, 3.0], 50) == 3.0
    assert percentile([float(one) for one in range(1, 101)], 95) == 95.0
    assert percentile([7.0], 95) == 7.0


def test_cameras_in_step_differ_by_their_phase_alone() -> None:
    same = [(number, number, number, number) for number in range(40)]
    assert in_step_figures(same, 2.0) == {"sync_error_max_ms": 33.0, "in_step_pictures_per_s": 19.5}


def test_one_camera_a_picture_late_is_told_even_where_the_clip_starts_again() -> None:
    late = [(0, 149, 0, 0), (1, 0, 1, 1)]
    assert in_step_figures(late, 1.0)["sync_error_max_ms"] == 62.0


def test_a_frozen_camera_is_an_error_or_shows_in_the_pictures_a_second() -> None:
    frozen = [(number, number, number, 3) for number in range(3, 5)]
    assert in_step_figures(frozen, 1.0)["in_step_pictures_per_s"] == 0
    with pytest.raises(Unavailable):
        in_step_figures([(1, 1, -1, 1)], 1.0)


def test_the_figures_are_medians_of_what_the_page_marked() -> None:
    firsts = [Timed({"permit": 20.0, "first": at, "shown": at + 50}, 1) for at in (90.0, 110.0, 400.0)]
    found = playback_figures(firsts, [Timed({"shown": 80.0}, 1), Timed({"shown": 100.0}, 2)])
    assert (found["first_frame_p50_ms"], found["first_frame_p95_ms"]) == (110.0, 400.0)
    assert (found["exact_frame_p50_ms"], found["seek_p50_ms"]) == (160.0, 90.0)
    assert (found["seek_groups_opened_max"], found["first_frame_permit_p50_ms"]) == (2.0, 20.0)


def test_instants_lie_in_busy_minutes_and_are_the_same_at_every_run() -> None:
    day = Day(UtcTime.parse("2026-11-23T00:00:00.36Z"), UtcTime.parse("2026-11-24T00:00:00Z"), 43_200, 10**6)
    instants = day.instants(50)
    assert instants == day.instants(50)
    assert all(is_busy(us) and day.start.us <= us < day.end.us for us in instants)


def test_an_extraction_is_compared_with_its_own_run() -> None:
    turns = [Turn(1.0, 1.0, 4.0), Turn(1.0, 2.0, 3.0), Turn(2.0, 2.0, 6.0)]
    assert figures(turns)["time_ratio_to_copy_and_hash"] == 1.5
