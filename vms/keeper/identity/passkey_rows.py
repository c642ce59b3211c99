"""Where passkeys lie in the host's file: one row each, its counter moved only forwards."""

from __future__ import annotations

import sqlite3
from typing import Final

from vms.errors import Conflict, NotFound
from vms.keeper.files.store import Tx
from vms.keeper.identity.passkeys import Passkey
from vms.keeper.journal.entry import Author, Entry

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS passkey (
  id BLOB PRIMARY KEY, person TEXT NOT NULL, label TEXT NOT NULL, public_key BLOB NOT NULL,
  sign_count INTEGER NOT NULL, synced INTEGER NOT NULL, backed_up INTEGER NOT NULL,
  created_us INTEGER NOT NULL, used_us INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS passkey_person ON passkey (person);
"""
_ROW: Final = "SELECT id, person, label, public_key, sign_count, synced, backed_up, created_us, used_us FROM passkey"


def passkeys_of(reader: sqlite3.Connection, person: str) -> list[Passkey]:
    """A person's passkeys, oldest first."""
    rows = reader.execute(f"{_ROW} WHERE person = ? ORDER BY created_us, id", (person,)).fetchall()
    return [_passkey(row) for row in rows]


def passkey_by_id(reader: sqlite3.Connection, credential: bytes) -> Passkey | None:
    """The passkey with this credential id, or None."""
    row = reader.execute(f"{_ROW} WHERE id = ?", (credential,)).fetchone()
    return None if row is None else _passkey(row)


def add_passkey(tx: Tx, made: Passkey, author: Author) -> None:
    """Keep a new passkey, journalled; Conflict when this credential is somebody's already."""
    try:
        tx.db.execute(
            "INSERT INTO passkey (id, person, label, public_key, sign_count, synced, backed_up, created_us) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                made.id,
                made.person,
                made.label,
                made.public_key,
                made.sign_count,
                int(made.synced),
                int(made.backed_up),
                made.created_us,
            ),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict("Cette clé d’accès est déjà enregistrée.", todo="Choisissez-en une autre.") from error
    detail = {"passkey": made.fingerprint, "synced": made.synced}
    tx.journal(Entry("modification", "add_passkey", author, detail=detail))


def remove_passkey(tx: Tx, person: str, mark: str, author: Author) -> None:
    """Forget one of a person's passkeys by its fingerprint, journalled; NotFound for anybody else's."""
    found = next((one for one in passkeys_of(tx.db, person) if one.fingerprint == mark), None)
    if found is None:
        raise NotFound("Vous n’avez pas cette clé d’accès.", todo="Rechargez la page.")
    tx.db.execute("DELETE FROM passkey WHERE id = ?", (found.id,))
    tx.journal(Entry("modification", "remove_passkey", author, detail={"passkey": mark}))


def note_use(tx: Tx, passkey: Passkey, sign_count: int, *, backed_up: bool) -> None:
    """Note a use; Conflict when another use moved the counter meanwhile, or the passkey is gone."""
    done = tx.db.execute(
        "UPDATE passkey SET sign_count = ?, backed_up = ?, used_us = ? WHERE id = ? AND sign_count = ?",
        (sign_count, int(backed_up), tx.now.us, passkey.id, passkey.sign_count),
    )
    if done.rowcount != 1:
        raise Conflict("Cette clé d’accès vient de servir ailleurs.", todo="Recommencez.")


def _passkey(row: tuple[bytes, str, str, bytes, int, int, int, int, int | None]) -> Passkey:
    credential, person, label, public, count, synced, backed_up, created_us, used_us = row
    return Passkey(credential, person, label, public, count, bool(synced), bool(backed_up), created_us, used_us)
