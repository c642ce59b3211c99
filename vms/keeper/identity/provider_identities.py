"""Which identity at which provider is whose: a row each in the host's file, made and removed by the person alone."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from vms.errors import Conflict, LimitExceeded, NotFound
from vms.keeper.files.store import Tx
from vms.keeper.journal.entry import Author, Entry

IDENTITIES_LIMIT: Final = 8
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS identity (
  issuer TEXT NOT NULL, subject TEXT NOT NULL, person TEXT NOT NULL, provider TEXT NOT NULL, label TEXT NOT NULL,
  created_us INTEGER NOT NULL, used_us INTEGER, PRIMARY KEY (issuer, subject)
) STRICT;
CREATE INDEX IF NOT EXISTS identity_person ON identity (person);
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as one provider names them; ``label`` is for that person's own eyes."""

    issuer: str
    subject: str
    provider: str
    label: str

    @property
    def fingerprint(self) -> str:
        """How the journal and pages name it: half of a SHA-256, in hex."""
        return sha256(f"{self.issuer}\0{self.subject}".encode()).hexdigest()[:32]


def person_of(reader: sqlite3.Connection, identity: Identity) -> str | None:
    """Whose identity this is, or None: nobody is found by a name or an e-mail address."""
    row = reader.execute(
        "SELECT person FROM identity WHERE issuer = ? AND subject = ?", (identity.issuer, identity.subject)
    ).fetchone()
    return None if row is None else str(row[0])


def identities_of(reader: sqlite3.Connection, person: str) -> list[tuple[Identity, int, int | None]]:
    """A person's identities, oldest first, each with when it was linked and last used."""
    rows = reader.execute(
        "SELECT issuer, subject, provider, label, created_us, used_us FROM identity WHERE person = ? "
        "ORDER BY created_us, subject",
        (person,),
    ).fetchall()
    return [(Identity(*row[:4]), row[4], row[5]) for row in rows]


def told_identities(reader: sqlite3.Connection, person: str) -> list[dict[str, Any]]:
    """A person's identities as their own page shows them."""
    return [
        {"id": one.fingerprint, "provider": one.provider, "label": one.label, "created_us": made_us, "used_us": used_us}
        for one, made_us, used_us in identities_of(reader, person)
    ]


def link_identity(tx: Tx, identity: Identity, author: Author) -> None:
    """Bind an identity to the author, journalled; Conflict when it is somebody's already."""
    if len(identities_of(tx.db, author.person)) >= IDENTITIES_LIMIT:
        raise LimitExceeded(f"Au plus {IDENTITIES_LIMIT} identités par personne.", todo="Retirez-en une.")
    try:
        tx.db.execute(
            "INSERT INTO identity (issuer, subject, person, provider, label, created_us) VALUES (?, ?, ?, ?, ?, ?)",
            (identity.issuer, identity.subject, author.person, identity.provider, identity.label, tx.now.us),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict("Cette identité est déjà liée à un compte.", todo="Choisissez-en une autre.") from error
    detail = {"provider": identity.provider, "identity": identity.fingerprint}
    tx.journal(Entry("modification", "link_identity", author, detail=detail))


def unlink_identity(tx: Tx, mark: str, author: Author) -> None:
    """Forget one of the author's identities by its fingerprint, journalled; NotFound for anybody else's."""
    found = next((one for one, _, _ in identities_of(tx.db, author.person) if one.fingerprint == mark), None)
    if found is None:
        raise NotFound("Vous n’avez pas cette identité.", todo="Rechargez la page.")
    tx.db.execute("DELETE FROM identity WHERE issuer = ? AND subject = ?", (found.issuer, found.subject))
    detail = {"provider": found.provider, "identity": mark}
    tx.journal(Entry("modification", "unlink_identity", author, detail=detail))


def note_identity_use(tx: Tx, identity: Identity) -> None:
    """Note that an identity has just opened a session."""
    tx.db.execute(
        "UPDATE identity SET used_us = ? WHERE issuer = ? AND subject = ?",
        (tx.now.us, identity.issuer, identity.subject),
    )


def forget_identities(tx: Tx, person: str) -> int:
    """Delete all identities of a person, whose account comes back by other hands; how many there were."""
    return tx.db.execute("DELETE FROM identity WHERE person = ?", (person,)).rowcount
