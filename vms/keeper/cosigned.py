"""Witnesses' cosignatures beside a journal's checkpoints: the newest of each witness's keys for each log (E-04).

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
