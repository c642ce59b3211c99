"""An account begins as an invitation: a code for its owner, who alone chooses the password (P-58).

Whoever makes the account hands the code over and never knows a secret of it: the code serves once, within its days, and
not on the workstation that it was made on. Until then the account has no password, so nobody can sign in with it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from vms.errors import Conflict, Unauthenticated
from vms.keeper.accounts.recovery import new_code
from vms.keeper.accounts.standing import note_bond
from vms.keeper.files.store import Tx
from vms.keeper.identity.second_factor import write_password
from vms.keeper.identity.totp import code_hash
from vms.keeper.journal.entry import Author, Entry
from vms.law.dates import DAY_US
from vms.law.rulebook import rulebook

NO_PASSWORD: Final = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What its maker is told, once: the code to hand over, and until when it serves (µs)."""

    person: str
    code: str
    until_us: int


def invite(tx: Tx, person: str, place: str, author: Author) -> Invitation:
    """Put an invitation in force in place of any other; Conflict once its owner has opened the account.

    ``place`` is the workstation that it is made on, where it will not be taken.
    """
    row = tx.db.execute("SELECT password FROM account WHERE id = ?", (person,)).fetchone()
    if row is not None and row[0] != NO_PASSWORD:
        raise Conflict("Cette personne a déjà ouvert son compte.", todo="Rétablissez son accès si elle n’y entre plus.")
    code, until_us = new_code(), tx.now.us + rulebook().durations.invitation_days * DAY_US
    tx.db.execute("INSERT OR REPLACE INTO invitation VALUES (?, ?, ?, ?)", (person, code_hash(code), until_us, place))
    note_bond(tx, person, author.person, "invited")
    tx.journal(Entry("modification", "invite", author, detail={"person": person, "until_us": until_us}))
    return Invitation(person, code, until_us)


def check_invitation(reader: sqlite3.Connection, person: str, code: str, place: str, now_us: int) -> None:
    """Unauthenticated for a code that is not in force for this person, or that is shown where it was made."""
    row = reader.execute(
        "SELECT made_at FROM invitation WHERE person = ? AND hash = ? AND until_us > ?",
        (person, code_hash(code), now_us),
    ).fetchone()
    if row is None:
        raise wrong_invitation()
    if row[0] == place:
        raise Unauthenticated(
            "Cette invitation a été préparée sur ce poste : elle ne s’y ouvre pas.",
            todo="Ouvrez-la sur le poste ou le téléphone de la personne invitée.",
        )


def accept(tx: Tx, person: str, code: str, stored: str, author: Author) -> None:
    """Spend the invitation: the owner's own password is in force; Unauthenticated when it was spent meanwhile."""
    done = tx.db.execute(
        "DELETE FROM invitation WHERE person = ? AND hash = ? AND until_us > ?", (person, code_hash(code), tx.now.us)
    )
    if done.rowcount != 1:
        raise wrong_invitation()
    note_bond(tx, person, "", "opened")
    write_password(tx, person, stored, None, author)
    tx.journal(Entry("session", "accept_invitation", author))


def invited_until(reader: sqlite3.Connection, person: str) -> int | None:
    """Until when this person's invitation serves (µs), or None when they have none."""
    row = reader.execute("SELECT until_us FROM invitation WHERE person = ?", (person,)).fetchone()
    return None if row is None else int(row[0])


def wrong_invitation() -> Unauthenticated:
    """One sentence for an unknown account, a wrong code, one that has served and one that is over."""
    days = rulebook().durations.invitation_days
    return Unauthenticated(
        "Cette invitation n’est pas valable.",
        todo=f"Elle vaut {days} jours et une seule fois ; demandez-en une autre.",
    )
