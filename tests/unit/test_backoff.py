"""Lock-outs that bound a guesser and that a stranger cannot turn against a police station."""

from __future__ import annotations

import asyncio

import pytest

from vms.clock import HOUR_US, MICRO
from vms.errors import SecondFactorNeeded, TooManyRequests, Unauthenticated
from vms.keeper.identity.backoff import BUCKETS_LIMIT, NETWORK, PLACE, STRANGERS, BackOff, Place

HERE = Place("192.0.2.7")
DAY_US = 24 * HOUR_US
START_US = 1_790_000_000 * MICRO


def fails(backoff: BackOff, login: str, place: Place, now_us: int) -> bool:
    """One wrong guess; whether it was let through to be judged."""
    try:
        with backoff.attempt(login, place, now_us):
            raise Unauthenticated("non")
    except TooManyRequests:
        return False
    except Unauthenticated:
        return True


@pytest.mark.parametrize("parallel", [32, 512])
async def test_of_any_number_in_parallel_the_free_ones_pass_and_then_one_a_window(parallel: int) -> None:
    """Fails when an attempt counts at its end instead of its beginning: all of a window then pass."""
    backoff, now_us, judged = BackOff(), START_US, [0]

    async def guess() -> None:
        with backoff.attempt("agent", HERE, now_us):
            judged[-1] += 1
            await asyncio.sleep(0)
            raise Unauthenticated("non")

    for window in range(4):
        await asyncio.gather(*(guess() for _ in range(parallel)), return_exceptions=True)
        now_us += 64 * MICRO << window
        judged.append(0)
    assert judged == [PLACE.free, 1, 1, 1, 0]


def test_waiting_doubles_up_to_two_hours_and_is_forgotten_after_a_day() -> None:
    """Fails when the wait does not grow, or grows or lasts without bound."""
    assert [PLACE.wait_us(failures, 0) // MICRO for failures in (4, 5, 6, 9, 30, 10**9)] == [
        0,
        64,
        128,
        1024,
        7200,
        7200,
    ]
    assert PLACE.wait_us(6, 127 * MICRO) == MICRO
    assert PLACE.wait_us(6, 128 * MICRO) <= 0
    assert PLACE.wait_us(30, DAY_US + 1) == 0


@pytest.mark.parametrize("places", [1, 400], ids=["one place", "a botnet"])
def test_no_more_than_25_tries_in_any_24_hours(places: int) -> None:
    """CNIL 2022-100. Fails when a failure is forgotten after an hour, or the strangers' pace is left out."""
    backoff, tried = BackOff(), []
    for minute in range(4 * 24 * 60):
        now_us = START_US + minute * 60 * MICRO
        for turn in range(3):
            place = Place(f"198.51.{(minute + turn) % places}.1")
            if fails(backoff, "agent", place, now_us):
                tried.append(now_us)
    for first in tried:
        assert sum(first <= one < first + DAY_US for one in tried) <= 25
    fifth = tried[PLACE.free - 1]
    if places == 1:
        assert tried[PLACE.free] - fifth > 60 * MICRO


def test_a_fresh_secret_at_each_try_counts_under_its_address() -> None:
    """Fails when a workstation that is not known gets failures of its own."""
    backoff = BackOff()
    passed = sum(fails(backoff, "agent", Place("192.0.2.7", f"poste/{n}"), START_US) for n in range(100))
    assert passed == PLACE.free


def test_a_known_place_is_slowed_by_nobody_elsewhere() -> None:
    """Fails when strangers' failures count for a place where the login has signed in."""
    known = {("agent", "poste/a"), ("agent", "203.0.113.9")}
    backoff = BackOff(lambda login, place: (login, place) in known)
    for n in range(1000):
        fails(backoff, "agent", Place(f"198.51.100.{n % 250}", "poste/x"), START_US)
        fails(backoff, "agent", Place("203.0.113.9", "poste/y"), START_US)
    for place in (Place("203.0.113.9", "poste/a"), Place("198.51.100.1", "poste/a")):
        with backoff.attempt("agent", place, START_US):
            pass
    assert backoff.turn("agent", Place("203.0.113.9", "poste/y")).known
    assert not backoff.turn("other", Place("203.0.113.9", "poste/a")).known


def test_a_network_is_bounded_over_all_logins() -> None:
    """Fails when failures are counted by login only."""
    backoff = BackOff()
    assert sum(fails(backoff, f"login{n}", HERE, START_US) for n in range(500)) == NETWORK.free
    assert fails(backoff, "login", Place("192.0.2.8"), START_US)


def test_what_judged_nothing_is_given_back_and_success_wipes_this_place_only() -> None:
    """Fails when a full queue or a missing code costs a try, or when a success elsewhere helps a guesser."""
    backoff = BackOff()
    for error in (SecondFactorNeeded(), TooManyRequests("plein")):
        for _ in range(50):
            with pytest.raises(type(error)), backoff.attempt("agent", HERE, START_US):
                raise error
    stranger = Place("198.51.100.1")
    assert [fails(backoff, "agent", stranger, START_US) for _ in range(6)] == [True] * 5 + [False]
    with backoff.attempt("agent", HERE, START_US):
        pass
    assert not fails(backoff, "agent", stranger, START_US)
    # The strangers together: 5 there, and what is still free to others.
    left = sum(fails(backoff, "agent", Place(f"198.51.101.{n}"), START_US) for n in range(50))
    assert left == STRANGERS.free - 5


def test_memory_is_bounded() -> None:
    """Fails when nothing is ever dropped."""
    backoff = BackOff()
    for n in range(BUCKETS_LIMIT // 2):
        fails(backoff, f"login{n}", Place(f"net{n}"), START_US)
    assert len(backoff._buckets) == BUCKETS_LIMIT
