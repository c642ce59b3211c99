"""The shared database in a simulation: real SQLite files in memory, driven without threads, at fault on demand.

It stands where ``aiosqlite`` stands below SQLAlchemy. A commit that returned is durable, as ``synchronous=FULL`` makes
it; a commit that raised may have been stored or not; what a dead process had begun is rolled back. Each statement and
each commit is a step at which the process may die.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from deploy.simulation.faults import DatabaseFault, Killed, Process

BUSY_LIMIT_S: Final = 10.0
BUSY_POLL_S: Final = 0.05
COMMIT_TAKES_S: Final = 0.005


class Database:
    """One database file as every process finds it."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self.path = path
        self.chance = chance
        self.wrong: dict[str, float] = {}
        self.once: DatabaseFault | None = None  # at the next commit of a recorder, and never again
        self.hits = 0

    def fail(self, what: str) -> None:
        """The error that the driver would raise."""
        self.hits += 1
        raise sqlite3.OperationalError(what)


class Connection:
    """What SQLAlchemy's aiosqlite dialect asks of a connection; ``process`` is None for whoever only looks on."""

    def __init__(self, database: Database, process: Process | None) -> None:
        self._database, self._process = database, process
        self._conn = sqlite3.connect(database.path, isolation_level=None, timeout=0)
        self._connection: sqlite3.Connection | None = self._conn
        self._tx = self
        self._isolation_level: str | None = None
        self._writing = False

    @property
    def isolation_level(self) -> str | None:
        """As the driver has it."""
        return self._conn.isolation_level

    def put_nowait(self, work: tuple[asyncio.Future[Any], Callable[[], Any]]) -> None:
        """Do what the driver would do on its thread."""
        future, function = work
        future.set_result(function())

    def cursor(self) -> Cursor:
        """A new cursor."""
        return Cursor(self, self._conn.cursor())

    async def create_function(self, *args: Any, **named: Any) -> None:
        """An SQL function of the dialect's."""
        self._conn.create_function(*args, **named)

    async def execute(self, cursor: sqlite3.Cursor, statement: str, parameters: Any = ()) -> None:
        """One statement; waits for another process's write lock as ``busy_timeout`` says."""
        if statement.startswith("PRAGMA"):
            # Files in memory need no sync, and waiting for a lock is done in virtual time, below.
            if "synchronous" not in statement and "busy_timeout" not in statement:
                cursor.execute(statement)
            return
        self._step(f"db {statement[:6].lower()}")
        self._check(statement)
        waited_s = 0.0
        while True:
            try:
                cursor.execute(statement, parameters)
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or waited_s >= BUSY_LIMIT_S:
                    raise
            waited_s += BUSY_POLL_S
            await asyncio.sleep(BUSY_POLL_S)
            self._step("db wait")
        if statement == "BEGIN IMMEDIATE":
            self._writing = True

    def _step(self, name: str) -> None:
        if self._process is not None:
            self._process.step(name)

    def _check(self, statement: str) -> None:
        if self._process is None:
            return
        database = self._database
        if "db-away" in database.wrong:
            database.fail("unable to open database file")
        if "db-full" in database.wrong and statement[:6] in ("INSERT", "UPDATE", "DELETE"):
            database.fail("database or disk is full")

    async def commit(self) -> None:
        """Make it durable; with a fault it fails before it was, or after."""
        if self._process is None or not self._writing:
            self._conn.commit()
            return
        self._writing = False
        database = self._database
        self._step("db commit before")
        await asyncio.sleep(COMMIT_TAKES_S + database.wrong.get("db-slow", 0.0))
        self._step("db commit at it")
        fault, database.once = database.once, None
        if fault == "db-commit-lost" or "db-away" in database.wrong:
            self._conn.rollback()
            database.fail("disk I/O error")
        self._conn.commit()
        if fault == "db-commit-kept":
            database.fail("disk I/O error")
        self._step("db commit after")

    async def rollback(self) -> None:
        """Undo; of a dead process, the database does that by itself."""
        self._writing = False
        if self._process is None or self._process.alive:
            self._conn.rollback()

    async def close(self) -> None:
        """Give the connection back."""
        self._conn.close()
        self._connection = None

    def stop(self) -> None:
        """Close at once: what was not committed is rolled back."""
        self._conn.close()
        self._connection = None


class Cursor:
    """What the dialect asks of a cursor."""

    def __init__(self, connection: Connection, cursor: sqlite3.Cursor) -> None:
        self._connection, self._cursor = connection, cursor

    async def __aenter__(self) -> Cursor:
        return self

    @property
    def description(self) -> Any:
        """The columns of the result."""
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        """Rows changed."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The key of the row inserted last."""
        return self._cursor.lastrowid

    async def execute(self, statement: str, parameters: Any = ()) -> None:
        """One statement."""
        await self._connection.execute(self._cursor, statement, parameters)

    async def executemany(self, statement: str, parameters: Any) -> None:
        """One statement with each of the parameters."""
        for one in parameters:
            await self._connection.execute(self._cursor, statement, one)

    async def fetchall(self) -> list[Any]:
        """All rows."""
        return self._cursor.fetchall()

    async def fetchone(self) -> Any:
        """The next row."""
        return self._cursor.fetchone()

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Some rows."""
        return self._cursor.fetchmany(size or 1)

    async def close(self) -> None:
        """Give it back."""
        self._cursor.close()


class Opener:
    """Makes connections for the process that runs now, and knows them all: a dead process's are closed by its end."""

    def __init__(self) -> None:
        self.database: Database | None = None
        self.process: Process | None = None
        self._open: list[Connection] = []

    async def __call__(self, *_: Any, **__: Any) -> Any:
        """``async_creator`` of an engine."""
        if self.database is None:
            raise sqlite3.OperationalError("no simulation runs")
        if self.process is not None:
            if not self.process.alive:
                raise Killed
            if "db-away" in self.database.wrong:
                self.database.fail("unable to open database file")
        connection = Connection(self.database, self.process)
        self._open.append(connection)
        return connection

    def close_all(self) -> None:
        """The process is gone."""
        for connection in self._open:
            connection.stop()
        self._open.clear()
