"""Rows of several streams in one transaction: fewer syncs, and nobody pays for another stream's rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import select

from recorder.segment.commits import Commits
from recorder.segment.rows import BeginAbsence, StreamId
from vms.db.engine import ensure_schema, open_engine, read, write
from vms.model import Absence


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'guet.sqlite'}")
    await ensure_schema(made)
    yield made
    await made.dispose()


def stream(number: int) -> StreamId:
    return StreamId("valclair", f"valclair-c{number:02d}", "main")


async def kept(engine: AsyncEngine) -> list[str]:
    async with read(engine) as session:
        return sorted((await session.execute(select(Absence.camera_id))).scalars())


def commits_counted(engine: AsyncEngine) -> list[None]:
    found: list[None] = []
    event.listen(engine.sync_engine, "commit", lambda _: found.append(None))
    return found


async def test_what_waits_while_one_commits_goes_together(engine: AsyncEngine) -> None:
    commits, counted = Commits(engine), commits_counted(engine)
    await asyncio.gather(*(commits.commit(stream(number), [BeginAbsence(1, "clock")]) for number in range(40)))
    assert await kept(engine) == [stream(number).camera for number in range(40)]
    assert len(counted) <= 3


async def test_rows_of_one_stream_that_are_refused_stop_no_other(engine: AsyncEngine) -> None:
    async with write(engine) as session:
        await session.execute(text("CREATE UNIQUE INDEX hostile ON absence (cause) WHERE cause = 'disk-full'"))
    commits = Commits(engine)
    await commits.commit(stream(0), [BeginAbsence(1, "disk-full")])
    answers = await asyncio.gather(
        *(commits.commit(stream(n), [BeginAbsence(1, "disk-full" if n == 3 else "clock")]) for n in range(1, 7)),
        return_exceptions=True,
    )
    assert [type(one) for one in answers] == [type(None), type(None), IntegrityError, *[type(None)] * 3]
    assert await kept(engine) == [stream(number).camera for number in (0, 1, 2, 4, 5, 6)]


async def test_a_database_that_is_away_is_told_to_all_who_wait_and_keeps_nothing(engine: AsyncEngine) -> None:
    commits, tries = Commits(engine), []

    @event.listens_for(engine.sync_engine, "begin")
    def _away(connection: object) -> None:
        tries.append(connection)
        raise OperationalError("BEGIN", None, Exception("away"))

    asked = (commits.commit(stream(number), [BeginAbsence(1, "clock")]) for number in range(5))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(one) for one in answers} == {OperationalError}
    assert len(tries) <= 2
    event.remove(engine.sync_engine, "begin", _away)
    assert await kept(engine) == []
    await commits.commit(stream(1), [BeginAbsence(1, "clock")])
    assert await kept(engine) == [stream(1).camera]


async def test_a_caller_who_gives_up_takes_nobody_along(engine: AsyncEngine) -> None:
    commits = Commits(engine)
    tasks = [asyncio.create_task(commits.commit(stream(number), [BeginAbsence(1, "clock")])) for number in range(6)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[3].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    done = [number for number, answer in enumerate(answers) if answer is None]
    assert {1, 2, 4, 5} <= set(done)
    assert {stream(number).camera for number in done} <= set(await kept(engine))
