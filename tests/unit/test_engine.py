"""The shared database: no lost update, one schema version, deleted rows leave no bytes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from vms.db.engine import ensure_schema, open_engine, read, write
from vms.errors import Conflict, Damaged
from vms.model import Commune


async def test_concurrent_writers_lose_no_update(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'g.sqlite'}")
    await ensure_schema(engine)
    async with write(engine) as session:
        session.add(Commune(id="valclair", name=""))

    async def append() -> None:
        async with write(engine) as session:
            commune = (await session.execute(select(Commune))).scalar_one()
            seen = commune.name
            await asyncio.sleep(0.001)
            commune.name = seen + "x"

    await asyncio.gather(*(append() for _ in range(25)))
    async with read(engine) as session:
        assert (await session.execute(select(Commune.name))).scalar_one() == "x" * 25
    await engine.dispose()


async def test_an_error_rolls_back(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'g.sqlite'}")
    await ensure_schema(engine)
    with pytest.raises(ZeroDivisionError):
        async with write(engine) as session:
            session.add(Commune(id="a", name="A"))
            await session.flush()
            raise ZeroDivisionError
    async with read(engine) as session:
        assert (await session.execute(select(Commune))).all() == []
    await engine.dispose()


async def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'g.sqlite'}")
    await ensure_schema(engine)
    async with engine.connect() as connection:
        await connection.execute(text("PRAGMA user_version=99"))
        await connection.commit()
    with pytest.raises(Conflict, match="version 99"):
        await ensure_schema(engine)
    await engine.dispose()


@pytest.mark.parametrize("content", [b"\x07" * 8192, b"SQLite format 3\x00" + b"\xff" * 4096])
async def test_a_base_that_is_none_is_said_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "guet.sqlite"
    path.write_bytes(content)
    engine = open_engine(f"sqlite+aiosqlite:///{path}")
    with pytest.raises(Damaged, match="ne se lit pas") as told:
        await ensure_schema(engine)
    await engine.dispose()
    assert str(path) in told.value.where
    assert path.read_bytes() == content
