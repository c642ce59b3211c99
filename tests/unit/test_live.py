"""The hub: what a viewer gets first, what a slow one loses, what it is told."""

from __future__ import annotations

import asyncio
import io

import av
import pytest

from recorder.stream.live_hub import QUEUE_LIMIT_MESSAGES, VIEWERS_LIMIT_COUNT, Hub, LiveMessage, Viewer
from tests.fakes.small_clip import small_clip
from tests.fakes.timed_units import format_of, timed_units
from vms.errors import LimitExceeded

CLIP = small_clip()
UNITS = timed_units(CLIP)
FMT = format_of(CLIP)


async def drained(viewer: Viewer) -> list[LiveMessage]:
    found = []
    while True:
        try:
            async with asyncio.timeout(0.01):
                found.append(await viewer.next())
        except TimeoutError:
            return found


def decoded(messages: list[LiveMessage]) -> int:
    data = b"".join(message.data for message in messages)
    with av.open(io.BytesIO(data), "r") as container:
        return len(list(container.decode(video=0)))


async def test_a_viewer_starts_with_the_group_so_far_as_one_fragment() -> None:
    hub = Hub()
    for unit in UNITS[:7]:
        hub.publish(unit, FMT)
    viewer = hub.join()
    hub.publish(UNITS[7], FMT)
    found = await drained(viewer)
    assert [message.kind for message in found] == ["stream", "fragment", "fragment"]
    assert found[0].fmt == FMT
    assert found[1].key
    assert found[1].utc == UNITS[0].utc
    assert found[2].utc == UNITS[7].utc
    assert decoded(found) == 8


async def test_a_viewer_who_comes_before_the_picture_waits_for_a_key_frame() -> None:
    hub = Hub()
    viewer = hub.join()
    for unit in UNITS[3:12]:
        hub.publish(unit, FMT)
    found = await drained(viewer)
    assert [message.kind for message in found] == ["stream", "fragment", "fragment"]
    assert found[1].utc == UNITS[10].utc
    assert decoded(found) == 2


async def test_all_viewers_share_one_fragment() -> None:
    hub = Hub()
    first, second = hub.join(), hub.join()
    hub.publish(UNITS[0], FMT)
    one, two = await drained(first), await drained(second)
    assert one[1].data is two[1].data


async def test_a_slow_viewer_drops_to_the_next_key_frame_and_is_told() -> None:
    hub = Hub()
    slow = hub.join()
    long = timed_units(small_clip("h264", 160, 120, 200, gop=50))
    fmt = format_of(small_clip("h264", 160, 120, 200, gop=50))
    for unit in long[:130]:
        hub.publish(unit, fmt)
    found = await drained(slow)
    kinds = [message.kind for message in found]
    assert kinds.count("late") == 1
    at = kinds.index("late")
    assert all(kind != "fragment" for kind in kinds[:at])
    assert found[at + 1].key
    assert kinds[0] == "stream"
    assert slow.late_count == 1
    assert len(found) <= QUEUE_LIMIT_MESSAGES + 3


async def test_a_viewer_who_never_reads_costs_bounded_memory() -> None:
    hub = Hub()
    dead = hub.join()
    for _ in range(20):
        for unit in UNITS:
            hub.publish(unit, FMT)
    found = await drained(dead)
    assert len(found) <= QUEUE_LIMIT_MESSAGES + 3
    assert [message.kind for message in found].count("late") == 1


async def test_another_format_is_a_restart() -> None:
    hub = Hub()
    viewer = hub.join()
    hub.publish(UNITS[0], FMT)
    other = small_clip("h264", 160, 120, 12)
    hub.publish(timed_units(other)[0], format_of(other))
    found = await drained(viewer)
    assert [message.kind for message in found] == ["stream", "fragment", "restart", "stream", "fragment"]
    assert found[3].fmt == format_of(other)
    assert decoded(found[3:]) == 1


async def test_darkness_forgets_the_picture_and_is_told_once() -> None:
    hub = Hub()
    viewer = hub.join()
    hub.publish(UNITS[0], FMT)
    await drained(viewer)
    hub.dark("mask-failed")
    hub.dark("mask-failed")
    hub.publish(UNITS[1], FMT)  # no key frame: nothing to start from
    late_comer = hub.join()
    assert [(m.kind, m.cause) for m in await drained(viewer)] == [("dark", "mask-failed")]
    assert [(m.kind, m.cause) for m in await drained(late_comer)] == [("dark", "mask-failed")]
    assert not hub.ready
    hub.publish(UNITS[10], FMT)
    assert [m.kind for m in await drained(viewer)] == ["restart", "stream", "fragment"]
    assert [m.kind for m in await drained(late_comer)] == ["stream", "fragment"]


async def test_the_last_viewer_who_leaves_ends_the_muxing() -> None:
    told = []
    hub = Hub()
    hub.on_watched = lambda: told.append(hub.watched)
    viewer, other = hub.join(), hub.join()
    other.close()
    viewer.close()
    viewer.close()
    assert told == [True, False]
    hub.publish(UNITS[0], FMT)
    assert hub.ready


async def test_a_group_too_long_to_keep_does_not_stop_those_who_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.stream.live_hub.CACHED_GROUP_LIMIT_UNITS", 4)
    hub = Hub()
    viewer = hub.join()
    for unit in UNITS[:9]:
        hub.publish(unit, FMT)
    assert [m.kind for m in await drained(viewer)] == ["stream", *["fragment"] * 9]
    assert not hub.ready
    assert [m.kind for m in await drained(hub.join())] == ["stream"]


async def test_viewers_are_bounded() -> None:
    hub = Hub()
    for _ in range(VIEWERS_LIMIT_COUNT):
        hub.join()
    with pytest.raises(LimitExceeded):
        hub.join()
