"""The shared database's engine and its two kinds of transaction, on SQLite (one machine) and PostgreSQL (many).

SQLite loses updates unless the driver's own transaction handling is off and each write starts with BEGIN IMMEDIATE; so
``read`` and ``write`` are the only doors. On both a commit is durable before it returns (S3), and a write transaction
sees no other between its reads and its writes, unless its caller says that its rows are its own (``alone=False``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import SQLModel

import vms.model  # noqa: F401  (registers the tables)
from vms.errors import BadInput, Conflict, Damaged

BUSY_TIMEOUT_MS: Final = 10_000
SCHEMA_VERSION: Final = 1
CONNECT_LIMIT_S: Final = 3.0
# A statement that takes longer counts as a database that is away: what waits for it is tried again.
STATEMENT_LIMIT_S: Final = 10.0
POOL_LIMIT_CONNECTIONS: Final = 4
# Keys of PostgreSQL's advisory locks: two fixed numbers that nobody else uses in this database.
WRITE_LOCK: Final = 0x6775_6574
SCHEMA_LOCK: Final = 0x6775_6575


def open_engine(url: str) -> AsyncEngine:
    """An engine for ``sqlite+aiosqlite://`` or ``postgresql+asyncpg://``; the caller disposes of it. BadInput."""
    if url.startswith("sqlite+aiosqlite:"):
        return _sqlite(url)
    if url.startswith("postgresql+asyncpg:"):
        return _postgresql(url)
    raise BadInput(
        "Cette base n’est ni SQLite ni PostgreSQL.",
        where="VMS_DATABASE_URL",
        todo="Donnez postgresql+asyncpg://compte@machine/base, ou rien pour une seule machine.",
    )


def is_shared(engine: AsyncEngine) -> bool:
    """Whether other machines may use this database too."""
    return engine.dialect.name == "postgresql"


def _sqlite(url: str) -> AsyncEngine:
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


def _postgresql(url: str) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=POOL_LIMIT_CONNECTIONS,
        pool_pre_ping=True,
        pool_timeout=STATEMENT_LIMIT_S,
        connect_args={
            "timeout": CONNECT_LIMIT_S,
            "command_timeout": STATEMENT_LIMIT_S,
            "server_settings": {"application_name": "guet", "synchronous_commit": "on"},
        },
    )

    # The driver lets a refused connection or a passed time limit through as they are; whoever waits for the database
    # to come back asks for SQLAlchemy's error only.
    @event.listens_for(engine.sync_engine, "do_connect")
    def _connect(dialect: Any, _: Any, arguments: list[Any], parameters: dict[str, Any]) -> Any:
        try:
            return dialect.connect(*arguments, **parameters)
        except OSError as error:  # TimeoutError is one
            raise dialect.loaded_dbapi.OperationalError(str(error) or type(error).__name__) from error

    @event.listens_for(engine.sync_engine, "handle_error")
    def _away(context: ExceptionContext) -> BaseException | None:
        if isinstance(context.original_exception, OSError):
            context.is_disconnect = True
            return OperationalError(context.statement or "", None, context.original_exception)
        return None

    return engine


@asynccontextmanager
async def write(engine: AsyncEngine, *, alone: bool = True) -> AsyncIterator[AsyncSession]:
    """A write transaction: commits at the end, rolls back on any error.

    It holds the write lock from its start; ``alone=False`` on PostgreSQL does without: for rows that only the caller
    writes (its lease says so), many of whom write at once. SQLite has one writer either way.
    """
    async with engine.connect() as connection:
        await connection.execution_options(guet_begin="IMMEDIATE")
        async with AsyncSession(bind=connection, expire_on_commit=False) as session:
            try:
                if alone and is_shared(engine):
                    await session.execute(text(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})"))
                yield session
                await session.commit()
            except BaseException:
                await session.rollback()
                raise


@asynccontextmanager
async def read(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A read transaction: never a lock."""
    async with AsyncSession(bind=engine, expire_on_commit=False) as session:
        yield session


def unreadable(engine: AsyncEngine, error: DatabaseError) -> Damaged:
    """The database answered, but with bytes that are none of its own."""
    return Damaged(
        "La base des enregistrements ne se lit pas.",
        where=f"{engine.url.host or ''}{engine.url.database or ''} : {str(error.orig)[:200]}",
        todo="Arrêtez la machine, gardez une copie de la base, rétablissez-la d’une sauvegarde, puis vms fsck.",
    )


async def ensure_schema(engine: AsyncEngine) -> None:
    """Create the tables of a new database; Conflict for one of another version, Damaged for one that is unreadable."""
    try:
        await _ensure_schema(engine)
    except OperationalError:  # away, or busy
        raise
    except DatabaseError as error:
        raise unreadable(engine, error) from error


async def _ensure_schema(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execution_options(guet_begin="IMMEDIATE")
        async with connection.begin():
            version = await _version(connection)
            if version not in (0, SCHEMA_VERSION):
                raise Conflict(
                    f"La base partagée est en version {version}, ce programme attend {SCHEMA_VERSION}.",
                    where=engine.url.database or "",
                    todo="Installez la version de Guet qui a écrit cette base, ou restaurez une sauvegarde.",
                )
            await connection.run_sync(SQLModel.metadata.create_all)
            if version != SCHEMA_VERSION:
                await _note_version(connection)


async def _version(connection: AsyncConnection) -> int:
    """The schema's version, 0 for a new database; on PostgreSQL only one process at a time gets past here."""
    if connection.dialect.name == "sqlite":
        return int((await connection.execute(text("PRAGMA user_version"))).scalar_one())
    await connection.execute(text(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"))
    await connection.execute(text("CREATE TABLE IF NOT EXISTS guet_schema (version integer NOT NULL)"))
    return int((await connection.execute(text("SELECT coalesce(max(version), 0) FROM guet_schema"))).scalar_one())


async def _note_version(connection: AsyncConnection) -> None:
    if connection.dialect.name == "sqlite":
        await connection.execute(text(f"PRAGMA user_version={SCHEMA_VERSION}"))
    else:
        await connection.execute(text(f"INSERT INTO guet_schema VALUES ({SCHEMA_VERSION})"))
