"""The shared database's engine and its two kinds of transaction.

SQLite loses updates unless the driver's own transaction handling is off and each write starts with BEGIN IMMEDIATE; so
``read`` and ``write`` are the only doors. ``synchronous=FULL`` makes a commit durable before it returns (S3).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import SQLModel

import vms.model  # noqa: F401  (registers the tables)
from vms.errors import Conflict

BUSY_TIMEOUT_MS: Final = 10_000
SCHEMA_VERSION: Final = 1


def open_engine(url: str) -> AsyncEngine:
    """An engine for ``url``; the caller disposes of it."""
    engine = create_async_engine(url)

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        mode = connection.get_execution_options().get("guet_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


@asynccontextmanager
async def write(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A write transaction: holds the write lock from its start, commits at the end, rolls back on any error."""
    async with engine.connect() as connection:
        await connection.execution_options(guet_begin="IMMEDIATE")
        async with AsyncSession(bind=connection, expire_on_commit=False) as session:
            try:
                yield session
                await session.commit()
            except BaseException:
                await session.rollback()
                raise


@asynccontextmanager
async def read(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A read transaction: one consistent view, never a lock."""
    async with AsyncSession(bind=engine, expire_on_commit=False) as session:
        yield session


async def ensure_schema(engine: AsyncEngine) -> None:
    """Create the tables of a new database; Conflict when an existing one is of another version."""
    async with engine.connect() as connection:
        await connection.execution_options(guet_begin="IMMEDIATE")
        async with connection.begin():
            version = (await connection.execute(text("PRAGMA user_version"))).scalar_one()
            if version not in (0, SCHEMA_VERSION):
                raise Conflict(
                    f"La base partagée est en version {version}, ce programme attend {SCHEMA_VERSION}.",
                    where="guet.sqlite",
                    todo="Installez la version de Guet qui a écrit cette base, ou restaurez une sauvegarde.",
                )
            await connection.run_sync(SQLModel.metadata.create_all)
            await connection.execute(text(f"PRAGMA user_version={SCHEMA_VERSION}"))
