"""Witnesses' cosignatures and time-stamps beside a journal's checkpoints: the newest of each for each log (E-04, E-10).

Kept apart from the checkpoints themselves, which grow with every entry: a cosignature stays true of the size it was
given for. ``key`` is the witness key's id in hexadecimal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from vms.keys.cosignature import Cosigned

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS cosignature (
  log TEXT NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL, line TEXT NOT NULL,
  PRIMARY KEY (log, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stamp (
  log TEXT PRIMARY KEY, size INTEGER NOT NULL, at_us INTEGER NOT NULL, note TEXT NOT NULL, answer BLOB NOT NULL
) STRICT;
"""


def keep(db: sqlite3.Connection, log: str, size: int, note: str, found: Iterable[Cosigned]) -> None:
    """Keep cosignatures on the checkpoint ``note`` of ``size``; what is there for a larger tree stays."""
    db.executemany(
        "INSERT INTO cosignature (log, key, size, note, line) VALUES (?, ?, ?, ?, ?) ON CONFLICT (log, key) DO UPDATE "
        "SET size = excluded.size, note = excluded.note, line = excluded.line WHERE excluded.size >= size",
        [(log, one.key.key_id.hex(), size, note, one.line) for one in found],
    )


def lacking(db: sqlite3.Connection, keys: list[str]) -> list[tuple[str, int, str]]:
    """The (log, size, checkpoint) that at least one of these keys has not cosigned at its present size."""
    done = {(log, key): size for log, key, size in db.execute("SELECT log, key, size FROM cosignature")}
    rows = db.execute("SELECT log, size, note FROM checkpoint ORDER BY log").fetchall()
    return [(log, size, note) for log, size, note in rows if any(done.get((log, key), -1) < size for key in keys)]


def with_cosignatures(db: sqlite3.Connection, log: str, size: int, note: str) -> str:
    """The checkpoint as published: its note with the cosignatures given for this very size."""
    rows = db.execute("SELECT line FROM cosignature WHERE log = ? AND size = ? ORDER BY key", (log, size))
    return note + "".join(line for (line,) in rows)


def cosigned_notes(db: sqlite3.Connection, log: str) -> dict[str, str]:
    """By key id, the newest checkpoint that the witness cosigned, with its line."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'cosignature'").fetchone() is None:
        return {}  # a store of before witnesses, opened read-only
    rows = db.execute("SELECT key, note || line FROM cosignature WHERE log = ? ORDER BY key", (log,))
    return {str(key): str(note) for key, note in rows}


def unstamped(db: sqlite3.Connection, before_us: int) -> list[tuple[str, int, str]]:
    """The (log, size, checkpoint) that grew since their last time-stamp, which is older than ``before_us``."""
    rows = db.execute(
        "SELECT c.log, c.size, c.note FROM checkpoint c LEFT JOIN stamp s ON s.log = c.log "
        "WHERE s.log IS NULL OR (s.size < c.size AND s.at_us < ?) ORDER BY c.log",
        (before_us,),
    )
    return [(str(log), int(size), str(note)) for log, size, note in rows]


def keep_stamp(db: sqlite3.Connection, log: str, size: int, at_us: int, note: str, answer: bytes) -> None:
    """Keep a time-stamp over the checkpoint ``note``; one over a larger tree stays."""
    db.execute(
        "INSERT INTO stamp (log, size, at_us, note, answer) VALUES (?, ?, ?, ?, ?) ON CONFLICT (log) DO UPDATE SET "
        "size = excluded.size, at_us = excluded.at_us, note = excluded.note, answer = excluded.answer "
        "WHERE excluded.size >= size",
        (log, size, at_us, note, answer),
    )


def stamped(db: sqlite3.Connection, log: str) -> tuple[str, bytes] | None:
    """The newest time-stamped checkpoint, and the authority's answer over it."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'stamp'").fetchone() is None:
        return None  # a store of before time-stamps, opened read-only
    row = db.execute("SELECT note, answer FROM stamp WHERE log = ?", (log,)).fetchone()
    return None if row is None else (str(row[0]), bytes(row[1]))
