"""An account without means of signing in comes back by several accountable persons, never by one (P-58).

Each approver is shown a part of the code, once, and hands it to the owner in person: no approver ever has it whole. Who
may approve whom, and when two persons count as two, is ``vms.law.ladder``. For an account that ranks with the mayor the
parts serve only after a delay, in which its owner can stop them from any session that is still open.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vms.clock import HOUR_US
from vms.errors import Conflict, Unauthenticated
from vms.keeper.accounts.standing import note_bond
from vms.keeper.files.store import Tx
from vms.keeper.identity.provider_identities import forget_identities
from vms.keeper.identity.second_factor import forget_second_factor, write_password
from vms.keeper.identity.totp import code_hash
from vms.keeper.journal.entry import Author, Entry
from vms.law.ladder import Approval
from vms.law.rulebook import rulebook

CODE_BYTES: Final = 10
PARTS_LIMIT: Final = 16
# Who stands for the host where it brings an account back on a paper mandate.
HOST: Final = "_host"
HOST_LABEL: Final = "L’hébergeur, sur mandat écrit"


@dataclass(frozen=True, slots=True)
class Part:
    """One approval, and the digest of the part of the code that its approver was shown."""

    approval: Approval
    at_us: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Due:
    """A recovery that everybody needed has approved: from when to when its parts serve (µs)."""

    from_us: int
    until_us: int


def parts_of(reader: sqlite3.Connection, person: str, now_us: int) -> list[Part]:
    """The approvals that stand: of the last day, or of a recovery that is due and not over."""
    due = due_of(reader, person, now_us)
    since_us = 0 if due is not None else now_us - _life_us()
    rows = reader.execute(
        "SELECT approver, commune, at_us, hash FROM recovery_part WHERE person = ? AND at_us > ? ORDER BY at_us",
        (person, since_us),
    ).fetchall()
    return [Part(Approval(approver, commune), at_us, digest) for approver, commune, at_us, digest in rows]


def due_of(reader: sqlite3.Connection, person: str, now_us: int) -> Due | None:
    """The recovery that may bring this person back, now or after its delay; None when none is complete."""
    row = reader.execute(
        "SELECT from_us, until_us FROM recovery_due WHERE person = ? AND until_us > ?", (person, now_us)
    ).fetchone()
    return None if row is None else Due(*row)


def approve(tx: Tx, person: str, approval: Approval) -> str:
    """Keep an approval; the part of the code that its approver is shown, this once.

    The same person's again gives a fresh part in place of the former. Conflict while a complete recovery waits.
    """
    if due_of(tx.db, person, tx.now.us) is not None:
        raise Conflict("Ce rétablissement est déjà approuvé.", todo="Que la personne s’en serve, ou qu’elle l’arrête.")
    # Those of a complete recovery wait for its delay, which may be longer than an approval's own life.
    tx.db.execute(
        "DELETE FROM recovery_part WHERE at_us <= ? "
        "AND person NOT IN (SELECT person FROM recovery_due WHERE until_us > ?)",
        (tx.now.us - _life_us(), tx.now.us),
    )
    part = new_code()
    row = (person, approval.approver, approval.commune, tx.now.us, code_hash(part))
    tx.db.execute("INSERT OR REPLACE INTO recovery_part VALUES (?, ?, ?, ?, ?)", row)
    return part


def complete(tx: Tx, person: str, counted: Sequence[Approval], delay_us: int, author: Author) -> Due:
    """Put a recovery in force after its delay; parts of approvals that do not count are dropped with it."""
    kept = {(one.approver, one.commune) for one in counted}
    for approver, commune in tx.db.execute(
        "SELECT approver, commune FROM recovery_part WHERE person = ?", (person,)
    ).fetchall():
        if (approver, commune) not in kept:
            tx.db.execute(
                "DELETE FROM recovery_part WHERE person = ? AND approver = ? AND commune = ?",
                (person, approver, commune),
            )
    due = Due(tx.now.us + delay_us, tx.now.us + delay_us + _life_us())
    tx.db.execute("INSERT OR REPLACE INTO recovery_due VALUES (?, ?, ?)", (person, due.from_us, due.until_us))
    detail = {"person": person, "from_us": due.from_us, "until_us": due.until_us}
    tx.journal(Entry("modification", "issue_recovery", author, detail=detail))
    return due


def stop(tx: Tx, person: str, author: Author) -> bool:
    """Forget every approval of a recovery: no part of it opens anything; whether there was one."""
    tx.db.execute("DELETE FROM recovery_due WHERE person = ?", (person,))
    gone = tx.db.execute("DELETE FROM recovery_part WHERE person = ?", (person,)).rowcount > 0
    if gone:
        tx.journal(Entry("modification", "stop_recovery", author, detail={"person": person}))
    return gone


def new_code() -> str:
    """A fresh code of 80 bits, in groups of four."""
    plain = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()
    return "-".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def parts_hold(parts: Sequence[Part], given: str) -> bool:
    """Whether ``given`` holds every part, in any order and between any spaces, commas or plus signs."""
    words = [word for word in re.split(r"[\s,;+]+", given) if word][: PARTS_LIMIT + 1]
    return bool(parts) and {code_hash(word) for word in words} == {one.hash for one in parts}


def redeem(tx: Tx, person: str, parts: Sequence[Part], stored: str, rests_us: int, author: Author) -> None:
    """Spend the code: a new password, and no other means of before; Unauthenticated when it was spent meanwhile.

    What fell is written down for the owner's next sign-in, and their grave rights rest for ``rests_us`` and until a
    second factor is there again: the secret of the former lay under the former password.
    """
    done = tx.db.execute(
        "DELETE FROM recovery_due WHERE person = ? AND from_us <= ? AND until_us > ?", (person, tx.now.us, tx.now.us)
    )
    if done.rowcount != 1:
        raise wrong_code()
    tx.db.execute("DELETE FROM recovery_part WHERE person = ?", (person,))
    factor = forget_second_factor(tx, person)
    passkeys = tx.db.execute("DELETE FROM passkey WHERE person = ?", (person,)).rowcount
    identities = forget_identities(tx, person)
    report = {"by": sorted({one.approval.approver for one in parts}), "at_us": tx.now.us}
    report |= {"second_factor": factor, "passkeys": passkeys, "identities": identities}
    row = (person, tx.now.us, tx.now.us + rests_us, json.dumps(report))
    tx.db.execute("INSERT OR REPLACE INTO recovered VALUES (?, ?, ?, ?)", row)
    for one in parts:
        note_bond(tx, person, one.approval.approver, "recovered")
    write_password(tx, person, stored, None, author)
    tx.journal(Entry("session", "recover", author, detail=report))


def wrong_code() -> Unauthenticated:
    """One sentence for an unknown account, a wrong code, one too early and one that is over."""
    return Unauthenticated(
        "Ce code de rétablissement n’est pas valable.",
        todo="Il faut toutes ses parties, dans la journée où il sert, une seule fois.",
    )


def _life_us() -> int:
    return rulebook().durations.recovery_life_hours * HOUR_US
