"""UTC of units: anchoring, bending, jumps, the camera's claims (A-10)."""

from __future__ import annotations

import itertools
import random

import pytest

from recorder.access_unit import AccessUnit, TimedUnit
from recorder.stream.timeline import STEP_US, Timeline
from vms.clock import MICRO, ManualClock, UtcTime

START = UtcTime.parse("2026-11-24T14:00:00Z")
FRAME = 3600


class Camera:
    """Units at a steady pace by the camera's own clock, arriving by ours."""

    def __init__(self, *, ppm: float = 0, first: int = 1000) -> None:
        self.clock = ManualClock(START)
        self.timeline = Timeline(self.clock)
        self.media = float(first)
        self.rate = 1 + ppm / 1e6

    def unit(self, *, wait_s: float = 0.04, delay_us: int = 0, media: int | None = None) -> TimedUnit:
        """Let ``wait_s`` pass; a unit taken now arrives ``delay_us`` late (as if it had been taken earlier)."""
        self.clock.advance(seconds=wait_s)
        self.media += wait_s * 90_000 * self.rate
        taken = round(self.media) if media is None else media
        received = self.clock.monotonic_us() + delay_us
        return self.timeline.stamp(AccessUnit.of((b"x",), taken, False, received))

    def run(self, seconds: float, **more: int) -> list[TimedUnit]:
        return [self.unit(**more) for _ in range(round(seconds * 25))]

    def read(self, count: int, passed_s: float | None = None) -> list[TimedUnit]:
        """As many units as come while nobody reads, the last one just now."""
        step = round(0.04 * 90_000 * self.rate)
        self.clock.advance(seconds=0.04 * count if passed_s is None else passed_s)
        received = self.clock.monotonic_us()
        units = [AccessUnit.of((b"x",), round(self.media) + step * (n + 1), False, received) for n in range(count)]
        self.media += step * count
        return self.timeline.stamp_all(units)

    def error_us(self, stamped: TimedUnit) -> int:
        return stamped.utc.since(self.clock.utc())


def test_a_steady_camera_is_stamped_with_its_capture_time() -> None:
    camera = Camera()
    stamped = camera.run(20)
    assert [b.utc.since(a.utc) for a, b in itertools.pairwise(stamped)] == [40_000] * 499
    assert stamped[0].utc == START.plus(us=40_000)
    assert stamped[-1].duration_90k == FRAME
    assert camera.timeline.notes() == []


def test_jitter_of_the_network_does_not_show() -> None:
    camera = Camera()
    dice = random.Random(3)
    stamped = [camera.unit(delay_us=dice.randrange(0, 150_000)) for _ in range(1500)]
    settled = stamped[300:]
    gaps = [b.utc.since(a.utc) for a, b in itertools.pairwise(settled)]
    assert max(abs(gap - 40_000) for gap in gaps) <= 20
    assert abs(camera.error_us(stamped[-1])) <= 10_000


@pytest.mark.parametrize("ppm", [-240, -100, 100, 240])
def test_a_camera_s_drift_is_followed(ppm: float) -> None:
    camera = Camera(ppm=ppm)
    stamped = camera.run(600)
    assert abs(camera.error_us(stamped[-1])) < 15_000
    assert camera.timeline.notes() == []


def test_a_burst_at_the_start_ends_up_at_the_right_time() -> None:
    """The camera sends two seconds of pictures at once, then goes on in real time."""
    camera = Camera()
    burst = [camera.unit(wait_s=0.001, media=1000 + FRAME * n) for n in range(50)]
    camera.media = 1000 + FRAME * 50
    later = camera.run(30)
    assert burst == sorted(burst, key=lambda unit: unit.utc)
    assert abs(camera.error_us(later[-1])) < 5_000
    assert all(unit.utc.us <= camera.clock.utc().us for unit in later)


def test_pictures_that_one_read_brings_at_the_start_stand_apart_as_they_were_taken() -> None:
    """Before the first tick, and in the reads while the line still moves."""
    camera = Camera()
    stamped = [one for _ in range(6) for one in camera.read(12)]
    assert [b.utc.since(a.utc) for a, b in itertools.pairwise(stamped)] == [40_000] * 71
    assert camera.error_us(stamped[-1]) == 0
    camera.timeline.restart()
    camera.timeline.not_before(camera.clock.utc())  # an absence is told up to here
    again = camera.read(12)
    assert again[0].utc == START.plus(us=73 * 40_000)
    assert [b.utc.since(a.utc) for a, b in itertools.pairwise(again)] == [40_000] * 11


def test_a_group_that_a_camera_had_kept_is_not_stamped_before_the_call() -> None:
    """That time is told for: the writer would refuse a group that begins in it."""
    camera = Camera()
    camera.run(12)
    called = camera.clock.utc()
    camera.timeline.restart()
    camera.media -= 2 * 90_000  # two seconds of it come with the first picture
    kept = camera.read(50, passed_s=0.4)
    assert [unit.utc >= called for unit in kept] == [True] * 50
    assert camera.error_us(kept[-1]) <= 50 * STEP_US
    assert [b.utc.since(a.utc) for a, b in itertools.pairwise(kept[-10:])] == [40_000] * 9


def test_pictures_of_one_read_far_apart_are_not_taken_at_their_word() -> None:
    camera = Camera()
    camera.run(1)
    camera.timeline.restart()
    now_us = camera.clock.monotonic_us()
    units = [AccessUnit.of((b"x",), media, False, now_us) for media in (0, 90_000 * 3600)]
    first, second = camera.timeline.stamp_all(units)
    assert abs(camera.error_us(first)) < 1_000
    assert abs(camera.error_us(second)) < 1_000


def test_a_stall_of_the_network_shows_as_nothing() -> None:
    camera = Camera()
    camera.run(30)
    camera.clock.advance(seconds=3)
    late = []
    for _ in range(75):  # everything held back arrives at once
        camera.media += FRAME
        unit = AccessUnit.of((b"x",), round(camera.media), False, camera.clock.monotonic_us())
        late.append(camera.timeline.stamp(unit))
    gaps = [b.utc.since(a.utc) for a, b in itertools.pairwise(late)]
    assert max(abs(gap - 40_000) for gap in gaps) <= 20
    assert abs(camera.error_us(late[-1])) < 10_000
    assert camera.timeline.notes() == []


def test_pictures_more_than_a_second_apart_catch_up_after_a_stall_too() -> None:
    """Found by the simulation: one picture a second, by a camera's clock that is fast, was taken for a jump."""
    camera = Camera(ppm=50)
    for _ in range(30):
        camera.unit(wait_s=1)
    camera.clock.advance(seconds=6)
    late = []
    for _ in range(6):
        camera.media += 90_000 * camera.rate
        unit = AccessUnit.of((b"x",), round(camera.media), False, camera.clock.monotonic_us())
        late.append(camera.timeline.stamp(unit))
    gaps = [b.utc.since(a.utc) for a, b in itertools.pairwise(late)]
    assert max(abs(gap - MICRO) for gap in gaps) < 1_000
    assert 0 <= camera.clock.utc().since(late[-1].utc) < 10_000
    assert camera.timeline.notes() == []


@pytest.mark.parametrize("jump", [90_000 * 3600, -90_000 * 3600, 2**31 - 1, -(2**31), 180_000, -180_000])
def test_a_jump_of_the_media_clock_is_absorbed_and_noted(jump: int) -> None:
    camera = Camera()
    before = camera.run(20)[-1]
    camera.media += jump
    after = camera.run(30)
    assert 0 < after[0].utc.since(before.utc) <= 60_000
    assert abs(camera.error_us(after[-1])) < 10_000
    (note,) = camera.timeline.notes()
    assert note.kind == "media-jump"


def test_a_media_clock_that_stands_still_never_makes_time_stand_still() -> None:
    camera = Camera()
    camera.run(20)
    stamped = [camera.unit(media=5_000_000) for _ in range(25 * 60)]
    assert all(b.utc > a.utc for a, b in itertools.pairwise(stamped))
    assert abs(camera.error_us(stamped[-1])) < 15 * MICRO
    assert {note.kind for note in camera.timeline.notes()} == {"media-jump"}


def test_a_media_clock_at_double_speed_stays_near_real_time() -> None:
    camera = Camera(ppm=1_000_000)
    stamped = camera.run(120)
    assert abs(camera.error_us(stamped[-1])) < 2 * MICRO
    assert camera.timeline.notes()


@pytest.mark.parametrize("rate", [0.3, 0.84, 0.95, 1.05, 1.5])
def test_a_media_clock_of_a_wrong_rate_is_found_out_and_followed(rate: float) -> None:
    """As of cameras that count the pictures they should take, and take fewer of them in the dark."""
    camera = Camera(ppm=(rate - 1) * 1e6)
    errors = [abs(camera.error_us(camera.unit())) for _ in range(60 * 25)]
    assert max(errors) < 3.6 * MICRO
    assert max(errors[-750:]) < 1.4 * MICRO
    assert [note.kind for note in camera.timeline.notes()] == ["media-jump"]


def test_a_clock_that_keeps_step_again_is_held_again() -> None:
    camera = Camera(ppm=-200_000)
    camera.run(30)
    camera.rate = 1.0
    camera.run(30)
    dice = random.Random(5)
    steady = [camera.unit(delay_us=dice.randrange(0, 150_000)) for _ in range(250)]
    gaps = [b.utc.since(a.utc) for a, b in itertools.pairwise(steady)]
    assert max(abs(gap - 40_000) for gap in gaps) <= 20


def test_a_link_that_lags_and_recovers_puts_pictures_between_capture_and_arrival() -> None:
    """Taken as a slow clock while it lags by two seconds and a half; right again as soon as it does not."""
    camera = Camera()
    camera.run(30)
    lag_us = arrived = 0
    for number in range(500):
        lag_us = min(lag_us + 40_000, 2_500_000) if number < 250 else 0
        arrived = max(arrived, camera.clock.monotonic_us() + 40_000 + lag_us)  # TCP keeps the order
        stamped = camera.unit(delay_us=arrived - camera.clock.monotonic_us() - 40_000)
        assert -50_000 <= camera.error_us(stamped) <= arrived - camera.clock.monotonic_us() + 50_000
    assert abs(camera.error_us(stamped)) < 10_000


def test_media_time_that_goes_back_a_little_is_no_picture_out_of_order_for_long() -> None:
    camera = Camera()
    camera.run(20)
    camera.media -= 45_000
    back = [camera.unit() for _ in range(50)]
    assert [one.composition_90k != 0 for one in back] == [True] * 8 + [False] * 42
    assert abs(camera.error_us(back[-1])) < 10_000
    assert [note.kind for note in camera.timeline.notes()] == ["media-jump"]


def test_pictures_out_of_order_are_no_jump() -> None:
    camera = Camera()
    camera.run(10)
    base = round(camera.media)
    order = [3, 1, 2, 6, 4, 5, 9, 7, 8]
    stamped = [camera.unit(media=base + FRAME * n) for n in order]
    assert camera.timeline.notes() == []
    assert all(b.utc > a.utc for a, b in itertools.pairwise(stamped))
    shown = [unit.utc.us * 9 // 100 + unit.composition_90k for unit in stamped]
    ranks = [sorted(shown).index(value) for value in shown]
    assert ranks == [n - 1 for n in order]


@pytest.mark.parametrize("step_s", [-3600, 3600, -1.5, 86_400])
def test_a_step_of_the_wall_clock_changes_nothing_but_is_noted(step_s: float) -> None:
    camera = Camera()
    before = camera.run(20)[-1]
    camera.clock.step(seconds=step_s)
    after = camera.run(20)
    assert after[0].utc.since(before.utc) == 40_000
    assert after[-1].utc.since(before.utc) == 20 * MICRO
    (note,) = camera.timeline.notes()
    assert note.kind == "clock-step"
    assert abs(note.difference_us - step_s * MICRO) < 50_000


def test_a_small_correction_of_the_wall_clock_is_followed_slowly() -> None:
    camera = Camera()
    camera.run(20)
    camera.clock.step(seconds=0.05)
    stamped = camera.run(600)
    gaps = [b.utc.since(a.utc) for a, b in itertools.pairwise(stamped)]
    assert max(abs(gap - 40_000) for gap in gaps) <= 21  # 500 ppm of 40 ms, and rounding
    assert abs(camera.error_us(stamped[-1])) < 2_000


def test_after_a_new_connection_the_wall_clock_counts_again_but_never_backwards() -> None:
    camera = Camera()
    last = camera.run(20)[-1]
    camera.clock.step(seconds=600)
    camera.run(1)
    camera.timeline.restart()
    camera.media = 7
    forward = camera.run(1)[0]
    assert abs(camera.error_us(forward)) < MICRO
    camera.clock.step(seconds=-3600)
    camera.timeline.restart()
    camera.media = 7
    backward = camera.run(1)[0]
    assert backward.utc > forward.utc > last.utc
    assert [note.kind for note in camera.timeline.notes()] == ["clock-step", "clock-step"]


def test_nothing_is_stamped_before_an_absence_on_record() -> None:
    camera = Camera()
    camera.timeline.not_before(START.plus(seconds=10))
    stamped = camera.run(12)
    assert stamped[0].utc == START.plus(seconds=10)
    assert stamped[1].utc == START.plus(seconds=10, us=STEP_US)
    assert camera.error_us(stamped[-1]) == 0


def test_a_difference_of_over_a_second_to_the_camera_s_claim_is_noted() -> None:
    camera = Camera()
    camera.run(1)
    camera.timeline.claim(round(camera.media), camera.clock.utc().us + 1_500_000)
    stamped = camera.run(1)
    assert camera.timeline.claim_difference_us == pytest.approx(1_500_000, abs=50)
    assert stamped[-1].utc == camera.clock.utc()  # ours is what counts
    (note,) = camera.timeline.notes()
    assert note.kind == "claim-differs"
    assert note.difference_us == pytest.approx(1_500_000, abs=50)
    camera.timeline.claim(round(camera.media), camera.clock.utc().us)
    camera.run(1)
    assert [note.kind for note in camera.timeline.notes()] == ["claim-agrees"]


@pytest.mark.parametrize("claimed", [-(10**18), 0, 10**20])
def test_an_absurd_claim_is_harmless(claimed: int) -> None:
    camera = Camera()
    camera.timeline.claim(0, claimed)
    camera.run(1)


def test_a_media_clock_that_stands_still_is_replaced_by_the_arrival() -> None:
    camera = Camera()
    stamped = [camera.unit(media=0) for _ in range(100)]
    assert all(-40_000 * 3 <= one.utc.since(START.plus(us=40_000 * (n + 1))) <= 0 for n, one in enumerate(stamped))
    assert [b.utc.since(a.utc) for a, b in itertools.pairwise(stamped[3:])] == [40_000] * 96
    assert [note.kind for note in camera.timeline.notes()] == ["media-jump"]


def test_pictures_that_share_a_time_in_pairs_are_no_standstill() -> None:
    camera = Camera()
    stamped = [camera.unit(media=2 * FRAME * (n // 2)) for n in range(100)]
    assert camera.timeline.notes() == []
    assert all(a.utc < b.utc for a, b in itertools.pairwise(stamped))
