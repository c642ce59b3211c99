"""A workstation: its browser keeps a secret, the host's file its hash, the name given to it, and which sessions were
opened on it (decision 0027).
"""

from __future__ import annotations

import sqlite3
from hashlib import sha256
from typing import Final

from vms.keeper.files.store import Tx

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS workstation (
  hash BLOB PRIMARY KEY, label TEXT NOT NULL, named_by TEXT NOT NULL, named_us INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS session_post (hash BLOB PRIMARY KEY, post BLOB NOT NULL) STRICT;
"""
POST_LIMIT_CHARS: Final = 100
# Stands in no token and no secret, both being base64url.
POST_MARK: Final = "~"


def presented(token: str, post: str) -> str:
    """A session's token as the web process shows it, with the secret of the workstation that it came from."""
    return f"{token}{POST_MARK}{post}" if post else token


def workstation_name(reader: sqlite3.Connection, post: str) -> str:
    """The name of the workstation that keeps this secret; empty while it has none."""
    return name_of(reader, post_hash(post))


def name_of(reader: sqlite3.Connection, post: bytes) -> str:
    """The name of the workstation whose secret has this hash; empty while it has none."""
    row = reader.execute("SELECT label FROM workstation WHERE hash = ?", (post,)).fetchone()
    return "" if row is None else str(row[0])


def workstation_key(post: str) -> str:
    """How the back-off knows the workstation that keeps this secret, wherever it is plugged in."""
    return "poste/" + post_hash(post)[:16].hex()


def name_workstation(tx: Tx, post: str, label: str, person: str) -> None:
    """Give a workstation its name, in place of any other."""
    row = (post_hash(post), label, person, tx.now.us)
    tx.db.execute("INSERT OR REPLACE INTO workstation VALUES (?, ?, ?, ?)", row)


def post_hash(post: str) -> bytes:
    """What is kept of a workstation's secret."""
    return sha256(post[:POST_LIMIT_CHARS].encode("utf-8", "surrogatepass")).digest()
