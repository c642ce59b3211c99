"""Which process takes a camera, how many connect at once, how long a try waits."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from recorder.camera.assignment import CONNECTS_LIMIT_PER_PREFIX, ConnectGate, recorder_of
from recorder.camera.backoff import RETRY_CREDENTIAL_S, RETRY_FIRST_S, RETRY_LIMIT_S, STEADY_S, Backoff

CAMERAS = [f"valclair-c{number:02d}" for number in range(300)]


def test_every_camera_has_one_process_and_they_share_the_work() -> None:
    shares = Counter(recorder_of(camera, 4) for camera in CAMERAS)
    assert set(shares) == {0, 1, 2, 3}
    assert min(shares.values()) > 40
    assert all(recorder_of(camera, 1) == 0 for camera in CAMERAS)


def test_one_more_process_moves_only_what_it_takes() -> None:
    moved = [camera for camera in CAMERAS if recorder_of(camera, 4) != recorder_of(camera, 5)]
    assert all(recorder_of(camera, 5) == 4 for camera in moved)
    assert 30 < len(moved) < 100


async def test_connections_of_one_network_take_turns_and_others_do_not_wait() -> None:
    gate = ConnectGate()
    inside: Counter[str] = Counter()
    worst: Counter[str] = Counter()
    go = asyncio.Event()

    async def connect(host: str, network: str) -> None:
        async with gate(host):
            inside[network] += 1
            worst[network] = max(worst[network], inside[network])
            await go.wait()
            inside[network] -= 1

    hosts = [(f"10.0.0.{n}", "a") for n in range(20)] + [(f"10.0.1.{n}", "b") for n in range(2)]
    hosts += [(f"2001:db8::{n}", "c") for n in range(6)] + [("camera.example", "d")]
    tasks = [asyncio.create_task(connect(*host)) for host in hosts]
    for _ in range(20):
        await asyncio.sleep(0)
    assert inside == Counter(a=CONNECTS_LIMIT_PER_PREFIX, b=2, c=CONNECTS_LIMIT_PER_PREFIX, d=1)
    go.set()
    await asyncio.gather(*tasks)
    assert max(worst.values()) == CONNECTS_LIMIT_PER_PREFIX


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_waits_grow_to_a_limit_and_start_again_after_a_steady_time(jitter: float) -> None:
    backoff = Backoff(lambda: jitter)
    share = 0.5 + jitter / 2
    waits = [backoff.after("camera-unreachable", 0) for _ in range(8)]
    assert waits[0] == RETRY_FIRST_S * share
    assert waits == sorted(waits)
    assert waits[-1] == RETRY_LIMIT_S * share
    assert backoff.after("camera-unreachable", STEADY_S) == RETRY_FIRST_S * share


def test_a_refused_account_is_not_tried_again_soon() -> None:
    assert Backoff(lambda: 0.0).after("wrong-credential", 0) >= RETRY_CREDENTIAL_S / 2
