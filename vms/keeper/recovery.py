"""An account without means of signing in comes back by two accountable persons, never by one, never by the host.

Each approves for the commune acted for; the account's other communes must each have approved too, or whoever answers
for one could enter another. The last approval yields a code, told once, good once and for a day.
"""

from __future__ import annotations

import base64
import secrets
import sqlite3
from typing import Final

from vms.clock import HOUR_US
from vms.errors import Unauthenticated
from vms.keeper.entry import Author, Entry
from vms.keeper.identities_kept import forget_identities
from vms.keeper.store import Tx
from vms.keeper.totp import code_hash
from vms.keeper.totp_desk import forget_second_factor, write_password

APPROVERS_LEAST: Final = 2
APPROVAL_LIFE_US: Final = 24 * HOUR_US
CODE_LIFE_US: Final = 24 * HOUR_US
CODE_BYTES: Final = 10


def approvals_of(reader: sqlite3.Connection, person: str, now_us: int) -> list[tuple[str, str]]:
    """The approvals of the last day: (approver, commune)."""
    rows = reader.execute(
        "SELECT approver, commune FROM recovery_approval WHERE person = ? AND at_us > ? ORDER BY at_us",
        (person, now_us - APPROVAL_LIFE_US),
    ).fetchall()
    return [(approver, commune) for approver, commune in rows]


def note_approval(tx: Tx, person: str, approver: str, commune: str) -> None:
    """Keep an approval; the same one again only renews its date."""
    tx.db.execute("DELETE FROM recovery_approval WHERE at_us <= ?", (tx.now.us - APPROVAL_LIFE_US,))
    tx.db.execute(
        "INSERT OR REPLACE INTO recovery_approval VALUES (?, ?, ?, ?)", (person, approver, commune, tx.now.us)
    )


def complete(approvals: list[tuple[str, str]], communes: set[str]) -> bool:
    """Whether two distinct persons have approved, and every commune of the account among them."""
    return len({one for one, _ in approvals}) >= APPROVERS_LEAST and communes <= {commune for _, commune in approvals}


def new_code() -> str:
    """A fresh code of 80 bits, in groups of four."""
    plain = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()
    return "-".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def issue(tx: Tx, person: str, code: str, author: Author) -> int:
    """Put a code in force in place of any other, journalled; until when it is good (µs)."""
    until_us = tx.now.us + CODE_LIFE_US
    tx.db.execute("DELETE FROM recovery_approval WHERE person = ?", (person,))
    tx.db.execute("INSERT OR REPLACE INTO recovery VALUES (?, ?, ?)", (person, code_hash(code), until_us))
    tx.journal(Entry("modification", "issue_recovery", author, detail={"person": person, "until_us": until_us}))
    return until_us


def code_until(reader: sqlite3.Connection, person: str, now_us: int) -> int | None:
    """Until when a code for this person is good, or None."""
    row = reader.execute("SELECT until_us FROM recovery WHERE person = ? AND until_us > ?", (person, now_us)).fetchone()
    return None if row is None else int(row[0])


def code_holds(reader: sqlite3.Connection, person: str, code: str, now_us: int) -> bool:
    """Whether this code is in force for this person."""
    found = reader.execute(
        "SELECT 1 FROM recovery WHERE person = ? AND hash = ? AND until_us > ?", (person, code_hash(code), now_us)
    ).fetchone()
    return found is not None


def redeem(tx: Tx, person: str, code: str, stored: str, author: Author) -> None:
    """Spend the code: a new password, and no other means of before; Unauthenticated when it was spent meanwhile."""
    done = tx.db.execute(
        "DELETE FROM recovery WHERE person = ? AND hash = ? AND until_us > ?", (person, code_hash(code), tx.now.us)
    )
    if done.rowcount != 1:
        raise wrong_code()
    forget_second_factor(tx, person)
    tx.db.execute("DELETE FROM passkey WHERE person = ?", (person,))
    forget_identities(tx, person)
    write_password(tx, person, stored, None, author)
    tx.journal(Entry("session", "recover", author))


def wrong_code() -> Unauthenticated:
    """One sentence for an unknown account, a wrong code and one that is over."""
    return Unauthenticated("Ce code de rétablissement n’est pas valable.", todo="Il vaut un jour, et une seule fois.")
