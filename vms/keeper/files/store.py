"""One SQLite file written by one thread: many small writes become one transaction, and a lost one is never half there.

Works are functions of the transaction that touch nothing else, so a batch in which one fails is rolled back whole and
its works are run again one by one: only the one that failed tells its caller so.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar, cast

from vms.clock import Clock, UtcTime
from vms.errors import Damaged, TooManyRequests, Unavailable
from vms.keeper.journal.entry import Entry
from vms.keeper.journal.log import Journal, LogState

BATCH_LIMIT_WORKS: Final = 256
QUEUE_LIMIT_WORKS: Final = 4096
BUSY_TIMEOUT_S: Final = 5.0

T = TypeVar("T")


class Tx:
    """A transaction: SQL, the instant it runs at, and the journal that its acts must be written to."""

    def __init__(self, db: sqlite3.Connection, journal: Journal | None, state: LogState, now: UtcTime) -> None:
        self.db = db
        self.now = now
        self.state = state
        self._journal = journal

    def journal(self, entry: Entry) -> int:
        """Append an entry (P-40); its sequence number. It exists if and only if the transaction commits."""
        if self._journal is None:
            raise TypeError("this store has no journal")
        self.state, seq = self._journal.append(self.db, self.state, entry, self.now)
        return seq


Work = Callable[[Tx], Any]


class Writes(Protocol):
    """What a caller needs of a store."""

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` in a durable transaction and return its result."""
        ...


class Store:
    """An open file: ``await write(work)`` from the event loop, ``reader`` for short reads in it."""

    def __init__(self, path: Path, schema: str, clock: Clock, journal: Journal | None = None) -> None:
        self._path = path
        self._clock = clock
        self._journal = journal
        self._queue: list[tuple[Work, asyncio.Future[Any]]] = []
        self._flusher: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"keeper-{path.stem}")
        with explained(path):
            self._writer = open_connection(path)
            self._writer.executescript(schema)
            path.chmod(0o600)
            self.reader = open_connection(path)
            self.reader.execute("PRAGMA query_only = ON")
            self._state = journal.load(self._writer) if journal else LogState()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def state(self) -> LogState:
        """The journal's committed state."""
        return self._state

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` in a durable transaction; its exception is raised here and leaves nothing behind."""
        if len(self._queue) >= QUEUE_LIMIT_WORKS:
            raise TooManyRequests("Le gardien a trop d’écritures en attente.", todo="Réessayez.", retry_after_s=1)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.append((work, future))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        return await future

    def transact(self, work: Callable[[Tx], T]) -> T:
        """Run ``work`` at once in this thread: for start-up and command lines, before the loop writes."""
        return cast(T, self._batch([work])[0])

    async def close(self) -> None:
        """Finish what is queued and close the file."""
        if self._flusher is not None:
            await asyncio.gather(self._flusher, return_exceptions=True)
        self._thread.shutdown(wait=True)
        self.reader.close()
        self._writer.close()

    async def _flush(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:BATCH_LIMIT_WORKS], self._queue[BATCH_LIMIT_WORKS:]
            outcome = await self._in_thread([work for work, _ in batch])
            if not isinstance(outcome, BaseException):
                for (_, future), result in zip(batch, outcome, strict=True):
                    _answer(future, result)
            elif len(batch) == 1:
                _answer(batch[0][1], outcome)
            else:
                for work, future in batch:
                    alone = await self._in_thread([work])
                    _answer(future, alone if isinstance(alone, BaseException) else alone[0])

    async def _in_thread(self, works: list[Work]) -> list[Any] | BaseException:
        job = asyncio.get_running_loop().run_in_executor(self._thread, self._batch, works)
        return (await asyncio.gather(job, return_exceptions=True))[0]

    def _batch(self, works: Sequence[Work]) -> list[Any]:
        with explained(self._path), transaction(self._writer):
            tx = Tx(self._writer, self._journal, self._state, self._clock.utc())
            results = [work(tx) for work in works]
            if self._journal is not None and tx.state is not self._state:
                self._journal.seal(self._writer, tx.state)
        self._state = tx.state
        return results

    def truncate_log(self) -> None:
        """Write the WAL back and cut it to nothing, so that no deleted bytes stay in it (P-38)."""
        row = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if row[0]:
            raise Unavailable("Le journal d’écriture des clés n’a pas pu être vidé.", where=self._path.name)

    async def truncate(self) -> None:
        """``truncate_log`` from the event loop."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.truncate_log)


def _answer(future: asyncio.Future[Any], result: Any) -> None:
    if future.cancelled():
        return  # the caller gave up waiting; what was written stays written
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)


def open_connection(path: Path) -> sqlite3.Connection:
    """A connection to a file of its owner only: what is committed is on the disk, what is deleted is overwritten."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    os.close(descriptor)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
    db.execute("PRAGMA secure_delete = ON")  # keys, pruned records: what is deleted is overwritten
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA trusted_schema = OFF")
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """One write transaction on a connection: committed at the end, rolled back when the block raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def open_file(path: Path, schema: str) -> Iterator[sqlite3.Connection]:
    """A file of the keeper on a connection of its own, closed at the end of the block."""
    with explained(path), closing(open_connection(path)) as db:
        db.executescript(schema)
        yield db


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """SQLite's own errors as ours: an altered file is Damaged, a full or missing disk is Unavailable."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable("Le coffre du gardien ne peut pas écrire.", where=f"{path.name}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise Damaged("Le coffre du gardien est abîmé.", where=f"{path.name}: {error}") from error
