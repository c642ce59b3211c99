"""Directions of one conversation end together."""

from __future__ import annotations

import asyncio

import pytest

from web.race import until_first_ends


async def test_the_first_error_ends_all_and_is_raised() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("other")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await until_first_ends(waits(), fails())
    assert ended == ["other"]


async def test_cancelling_the_conversation_cancels_every_direction() -> None:
    ended: list[int] = []

    async def waits(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    task = asyncio.create_task(until_first_ends(waits(1), waits(2)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == [1, 2]
