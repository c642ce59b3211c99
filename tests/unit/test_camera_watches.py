"""Each camera that is wanted has its watch, once; one that ended, or holds to something else, begins anew."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from recorder.camera.watches import Watch, watch_cameras
from vms.clock import SystemClock

pytestmark = pytest.mark.asyncio
LIMIT_S = 30.0


async def test_watches_follow_what_is_wanted_and_none_outlives_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.camera.watches.ROUND_S", 0.0)
    begun: asyncio.Queue[str] = asyncio.Queue()
    watched: set[str] = set()
    wanted: dict[str, Watch] = {}

    def watch(camera: str, holds_to: str = "") -> Watch:
        async def work() -> None:
            begun.put_nowait(camera + holds_to)
            if camera == "short":
                return
            assert camera not in watched, "one watch a camera"
            watched.add(camera)
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.05)  # a goodbye to the camera takes its time
                watched.discard(camera)

        return Watch(work, holds_to)

    async def next_begun() -> str:
        async with asyncio.timeout(LIMIT_S):
            return await begun.get()

    running = asyncio.create_task(watch_cameras("test", lambda: wanted, SystemClock()))
    wanted["a"] = watch("a", "1")
    assert await next_begun() == "a1"
    wanted["a"] = watch("a", "1")  # another object, nothing else
    wanted["b"] = watch("b")
    assert await next_begun() == "b"
    wanted["a"] = watch("a", "2")
    assert await next_begun() == "a2"
    assert watched == {"a", "b"}
    del wanted["a"]
    wanted["short"] = watch("short")
    assert [await next_begun(), await next_begun()] == ["short", "short"]
    assert watched == {"b"}
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert watched == set()
