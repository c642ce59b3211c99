"""By what time things are destroyed, when clocks are wrong (docs/decisions/0010-clock-guard.md)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.clock import HOUR_US, LATEST_US, MICRO, ManualClock, UtcTime
from vms.clock_guard import DOUBT_US, SETTLE_US, TOLERANCE_US, ClockGuard, KnownTime, carried, known_time_of

START = UtcTime.parse("2026-11-24T14:12:36Z")
HOUR_S, DAY_S = 3_600, 86_400
DOUBT_S, SETTLE_S = DOUBT_US / MICRO, SETTLE_US / MICRO


class Machine:
    """A machine's clock, its guard, and what is written down of the time."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.memo: str | None = None
        self.start()

    def start(self, evidence_us: int = 0) -> None:
        self.guard = ClockGuard(self.clock, known_time_of(self.memo), evidence_us)
        self.keep()

    def keep(self) -> None:
        self.guard.look()
        if (known := self.guard.to_keep()) is not None:
            self.memo = known.dumps()
            self.guard.kept(known)

    def live(self, seconds: float, every_s: float = 60) -> None:
        while seconds > 0:
            self.clock.advance(seconds=min(every_s, seconds))
            seconds -= every_s
            self.keep()

    def step(self, seconds: float) -> None:
        self.clock.step(seconds=seconds)
        self.keep()

    def off(self, seconds: float) -> None:
        self.clock.off(seconds=seconds)
        self.start()

    def ahead_s(self) -> float:
        """How far the time of destructions is from the start, in seconds."""
        return (self.guard.now_us() - START.us) / MICRO


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_while_the_clocks_agree_it_is_the_wall_clock(machine: Machine) -> None:
    machine.live(10 * DAY_S, every_s=HOUR_S)
    assert machine.ahead_s() == 10 * DAY_S
    machine.step(seconds=300)
    assert machine.ahead_s() == 10 * DAY_S + 300
    machine.step(seconds=-590)
    assert machine.ahead_s() == 10 * DAY_S - 290
    assert machine.guard.doubt is None


@pytest.mark.parametrize("jump_s", [TOLERANCE_US / MICRO + 1, 40 * DAY_S, 5000 * DAY_S])
def test_a_jump_ahead_is_not_followed_and_time_goes_on(machine: Machine, jump_s: float) -> None:
    machine.live(HOUR_S)
    machine.step(seconds=jump_s)
    assert machine.ahead_s() == HOUR_S
    machine.live(2 * DAY_S)
    assert machine.ahead_s() == HOUR_S + 2 * DAY_S, "what falls due meanwhile goes"
    doubt = machine.guard.doubt
    assert doubt is not None
    assert (doubt.kind, doubt.grave, doubt.ahead_us) == ("jump", True, round(jump_s * MICRO))
    assert "vms clock confirm" in doubt.todo
    machine.step(seconds=-jump_s)
    assert machine.ahead_s() == HOUR_S + 2 * DAY_S
    assert machine.guard.doubt is None, "right again"


def test_small_steps_take_nothing_along(machine: Machine) -> None:
    """A time server that cheats by nine minutes a minute is stopped within one tolerance and 500 ppm."""
    for _ in range(600):
        machine.step(seconds=540)
        machine.live(60)
    assert machine.ahead_s() <= 600 * 60 * 1.0005 + TOLERANCE_US / MICRO
    assert machine.guard.doubt is not None


def test_a_jump_is_believed_after_three_days_of_standing_by_it(machine: Machine) -> None:
    machine.step(seconds=9 * DAY_S)
    machine.live(DOUBT_S - 60)
    assert machine.ahead_s() == DOUBT_S - 60
    machine.live(120)
    assert machine.ahead_s() == 9 * DAY_S + DOUBT_S + 60
    assert machine.guard.doubt is None


def test_a_clock_that_moves_again_is_not_believed_sooner(machine: Machine) -> None:
    machine.step(seconds=9 * DAY_S)
    machine.live(DOUBT_S - HOUR_S)
    machine.step(seconds=HOUR_S)
    machine.live(2 * HOUR_S)
    assert machine.guard.doubt is not None
    assert machine.ahead_s() == DOUBT_S + HOUR_S


def test_nobody_escapes_a_doubt_by_starting_again(machine: Machine) -> None:
    machine.step(seconds=2 * DAY_S)
    machine.live(HOUR_S)
    machine.start()  # the process alone
    machine.live(HOUR_S)
    assert machine.ahead_s() == 2 * HOUR_S
    machine.off(HOUR_S)  # the whole machine, and its clock is still wrong
    machine.live(2 * SETTLE_S)
    doubt = machine.guard.doubt
    assert doubt is not None
    assert (doubt.kind, doubt.waited_us) == ("jump", 2 * HOUR_US + round(2 * SETTLE_US))
    assert machine.ahead_s() == 2 * HOUR_S + 2 * SETTLE_S


def test_a_short_stop_is_nothing(machine: Machine) -> None:
    machine.live(HOUR_S)
    machine.off(300)
    assert machine.ahead_s() == HOUR_S + 300
    assert machine.guard.doubt is None


def test_a_process_that_was_away_on_a_running_machine_knows_how_long(machine: Machine) -> None:
    machine.clock.advance(seconds=40 * DAY_S)
    machine.start()
    assert machine.ahead_s() == 40 * DAY_S
    assert machine.guard.doubt is None


@pytest.mark.parametrize("off_s, wait_s, grave", [(9 * HOUR_S, SETTLE_S, False), (21 * DAY_S, DOUBT_S, True)])
def test_a_machine_that_was_off_destroys_what_is_due_after_a_wait(
    machine: Machine, off_s: float, wait_s: float, *, grave: bool
) -> None:
    machine.live(HOUR_S)
    machine.off(off_s)
    doubt = machine.guard.doubt
    assert doubt is not None
    assert (doubt.kind, doubt.grave) == ("stop", grave)
    machine.live(wait_s - 60)
    assert machine.ahead_s() == HOUR_S + wait_s - 60
    machine.live(120)
    assert machine.ahead_s() == HOUR_S + off_s + wait_s + 60


def test_a_person_ends_the_doubt_that_was_shown_and_no_other(machine: Machine) -> None:
    machine.off(21 * DAY_S)
    doubt = machine.guard.doubt
    assert doubt is not None
    confirmed = doubt.since_us
    assert machine.guard.now_us(confirmed) == machine.clock.utc().us
    machine.start()
    assert machine.guard.now_us(confirmed) == machine.clock.utc().us, "the next process knows the doubt again"
    machine.step(seconds=40 * DAY_S)
    assert machine.guard.now_us(confirmed) == START.us


def test_an_empty_battery_then_a_time_server(machine: Machine) -> None:
    """The clock comes up years early: nothing goes. Then it is right, three weeks later than it was."""
    machine.off(-20 * 365 * DAY_S)
    assert machine.ahead_s() == -20 * 365 * DAY_S
    doubt = machine.guard.doubt
    assert doubt is not None
    assert doubt.kind == "behind"
    assert machine.guard.latest_us() == START.us, "what was due is not shown again"
    machine.live(60)
    machine.step(seconds=20 * 365 * DAY_S + 6 * DAY_S)
    machine.live(60)
    assert machine.ahead_s() == 120
    assert machine.guard.doubt is not None
    assert machine.guard.doubt.kind == "stop", "it is a start like any other"
    machine.live(SETTLE_S)
    assert machine.ahead_s() == 6 * DAY_S + 120 + SETTLE_S


def test_a_clock_set_back_delays_and_is_believed_in_the_end(machine: Machine) -> None:
    machine.live(HOUR_S)
    machine.step(seconds=-5 * DAY_S)
    assert machine.ahead_s() == HOUR_S - 5 * DAY_S
    assert machine.guard.latest_us() == START.us + HOUR_US
    machine.live(DOUBT_S + 60)
    assert machine.guard.doubt is None
    machine.step(seconds=5 * DAY_S)
    assert machine.ahead_s() == HOUR_S + DOUBT_S + 60 - 5 * DAY_S, "and going ahead again is a jump"


@pytest.mark.parametrize("memo", ["", "{", "[]", '{"carried_us": "x"}', '{"carried_us": -1, "doubt": null}', "null"])
def test_without_a_legible_memo_other_evidence_counts(machine: Machine, memo: str) -> None:
    machine.memo = memo
    machine.step(seconds=40 * DAY_S)
    machine.start(evidence_us=START.us)
    assert machine.ahead_s() == 0


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["live", "step", "restart", "off"]),
        st.one_of(st.integers(1, 700), st.integers(601, 90 * DAY_S), st.integers(-90 * DAY_S, -1)),
    ),
    max_size=25,
)


@given(EVENTS)
def test_never_earlier_than_either_clock_allows(events: list[tuple[str, int]]) -> None:
    """What is destroyed is due by the wall clock, and by a count that only running time, stops and waits move."""
    wall_us, uptime_us, boot = START.us, 0, 0
    known = KnownTime(wall_us, 0, "0")
    bound_us = wall_us  # the latest that the carried clock may show, by an account of our own
    for kind, amount_s in events:
        amount_us = amount_s * MICRO
        started = kind == "off"
        if kind == "live":
            wall_us, uptime_us = wall_us + abs(amount_us), uptime_us + abs(amount_us)
            bound_us += abs(amount_us) + abs(amount_us) // 2000 + 1
        elif kind == "step":
            wall_us += amount_us
        elif started:
            boot, uptime_us, wall_us = boot + 1, 0, wall_us + abs(amount_us)
            bound_us += TOLERANCE_US
        wall_us = max(0, min(wall_us, LATEST_US))
        before = known
        again = known_time_of(known.dumps())
        assert again == known
        known = carried(known, wall_us, uptime_us, str(boot))
        if before.doubt is not None and known.doubt is None and abs(wall_us - before.carried_us) > TOLERANCE_US:
            waited_us = before.doubt.waited_us + (abs(amount_us) if kind == "live" else 0)
            assert waited_us >= SETTLE_US or abs(wall_us - bound_us) <= TOLERANCE_US + bound_us - before.carried_us
            bound_us = max(bound_us, wall_us)
        if known.doubt is None:
            assert abs(known.carried_us - wall_us) <= TOLERANCE_US
        assert known.carried_us <= bound_us
