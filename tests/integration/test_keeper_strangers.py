"""Strangers at the door of a running keeper: what they may guess, and who signs in beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from unittest import mock

import pytest

from tests.integration.keeper_town import PASSWORD, Town, town
from vms.errors import GuetError, TooManyRequests, Unauthenticated
from vms.keeper.identity import passwords
from vms.keeper.identity.known_places import KnownPlaces

POST = "le-secret-du-poste-de-la-place"
AWAY = "198.51.100.7"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as made:
        await made.order()
        await made.add("agent", "officer", ["live"])
        yield made


async def guess(place: Town, number: int, address: str = AWAY) -> BaseException | None:
    """One wrong guess with a workstation's secret of its own; the error."""
    try:
        await place.web.sign_in("agent", f"guess {number}", "x", post=f"secret-{number}", address=address)
    except GuetError as error:
        return error
    return None


@pytest.mark.parametrize("parallel", [32, 512])
async def test_parallel_guesses_are_hashed_one_a_window_beyond_the_free_ones(place: Town, parallel: int) -> None:
    """Fails when the failure is counted after the hash, or when a fresh workstation secret counts apart."""
    for hashed in (5, 1, 1):
        with mock.patch.object(passwords, "_verify", wraps=passwords._verify) as judged:
            errors = await asyncio.gather(*(guess(place, n) for n in range(parallel)))
        assert judged.call_count == hashed
        refused = [one for one in errors if isinstance(one, TooManyRequests)]
        assert len(refused) == parallel - hashed
        assert all(one.retry_after_s > 60 for one in refused)
        place.clock.advance(seconds=refused[0].retry_after_s)


async def test_a_known_workstation_signs_in_after_a_restart_whatever_strangers_did(place: Town) -> None:
    """Fails when what is known is lost at a restart, or when strangers' failures count for it."""
    await place.web.sign_in("agent", PASSWORD, "poste", post=POST, address="203.0.113.9")
    await place.restart()
    for n in range(40):
        await guess(place, n, f"198.51.100.{n}")
    with pytest.raises(TooManyRequests):
        await place.web.sign_in("agent", PASSWORD, "poste", post="another", address="198.51.100.99")
    assert await place.web.sign_in("agent", PASSWORD, "poste", post=POST, address="192.0.2.77")
    # A new browser at the station, whose network is known: its own failures count, not the strangers'.
    assert await place.web.sign_in("agent", PASSWORD, "poste", post="new", address="203.0.113.9")


async def test_known_workstations_sign_in_beside_64_strangers(place: Town) -> None:
    """Fails when all wait in one queue: honest sign-ins are then refused."""
    await place.web.sign_in("agent", PASSWORD, "poste", post=POST)
    flood = [
        asyncio.create_task(place.web.sign_in(f"nobody{n}", "x", "x", address=f"198.51.100.{n}")) for n in range(64)
    ]
    await asyncio.sleep(0)
    for _ in range(5):
        assert await place.web.sign_in("agent", PASSWORD, "poste", post=POST)
    ended = await asyncio.gather(*flood, return_exceptions=True)
    assert {type(one) for one in ended} <= {Unauthenticated, TooManyRequests}


async def test_what_is_known_is_bounded_and_says_neither_who_nor_where(place: Town) -> None:
    """Fails when the oldest places are kept for ever, or when a login or an address lies in the file."""
    store = place.keeper.house.host.store
    known = KnownPlaces(store, b"k" * 32, place.clock, limit=3)
    for n in range(6):
        place.clock.advance(seconds=1)
        await known.note("agent", f"203.0.113.{n}", "")
    assert [known.holds("agent", f"203.0.113.{n}") for n in range(6)] == [False] * 3 + [True] * 3
    assert not known.holds("other", "203.0.113.5")
    rows = store.reader.execute("SELECT * FROM known_place").fetchall()
    assert len(rows) == 3
    assert all(len(row[0]) == 32 and b"203" not in row[0] for row in rows)
