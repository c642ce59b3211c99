"""How each account came to be: who invited its owner, when they opened it, who helped it back (P-58).

Rows are only added: what binds two persons is not forgotten when an approval lapses or an habilitation is withdrawn.
"""

from __future__ import annotations

import sqlite3

from vms.keeper.communes import Commune
from vms.keeper.files.store import Tx
from vms.law.ladder import Bond, Town


def note_bond(tx: Tx, person: str, by: str, kind: str) -> None:
    """Write down what binds ``person`` to ``by`` from now on."""
    tx.db.execute("INSERT OR IGNORE INTO bond VALUES (?, ?, ?, ?)", (person, by, kind, tx.now.us))


def bonds_of(reader: sqlite3.Connection) -> tuple[Bond, ...]:
    """All bonds of this host; a few rows an account."""
    return tuple(Bond(*row) for row in reader.execute("SELECT person, by, kind, at_us FROM bond ORDER BY at_us"))


def invited_by(reader: sqlite3.Connection, person: str, maker: str) -> bool:
    """Whether ``maker`` invited this person."""
    row = reader.execute(
        "SELECT 1 FROM bond WHERE person = ? AND by = ? AND kind = 'invited'", (person, maker)
    ).fetchone()
    return row is not None


def town_of(commune: Commune) -> Town:
    """A commune as the ladder of rights sees it."""
    return Town(commune.facts, frozenset(commune.holders))
