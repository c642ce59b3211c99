"""What a workstation is called: its browser keeps a secret, the host's file its hash and the name given to it."""

from __future__ import annotations

import sqlite3
from hashlib import sha256
from typing import Final

from vms.keeper.store import Tx

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS workstation (
  hash BLOB PRIMARY KEY, label TEXT NOT NULL, named_by TEXT NOT NULL, named_us INTEGER NOT NULL
) STRICT;
"""


def workstation_name(reader: sqlite3.Connection, post: str) -> str:
    """The name of the workstation that keeps this secret; empty while it has none."""
    row = reader.execute("SELECT label FROM workstation WHERE hash = ?", (_hash(post),)).fetchone()
    return "" if row is None else str(row[0])


def workstation_key(post: str) -> str:
    """How the back-off knows the workstation that keeps this secret, wherever it is plugged in."""
    return "poste/" + _hash(post)[:16].hex()


def name_workstation(tx: Tx, post: str, label: str, person: str) -> None:
    """Give a workstation its name, in place of any other."""
    row = (_hash(post), label, person, tx.now.us)
    tx.db.execute("INSERT OR REPLACE INTO workstation VALUES (?, ?, ?, ?)", row)


def _hash(post: str) -> bytes:
    return sha256(post.encode("utf-8", "surrogatepass")).digest()
