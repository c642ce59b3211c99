"""The second factor of the password: enrolled by its owner, asked at each sign-in by password, each code good once.

The shared secret lies sealed by the password itself (Argon2id, then AES-256-GCM), which only its owner brings: a stolen
file of the keeper's opens no second factor before the password is known.
"""

from __future__ import annotations

import json
from typing import Any, Final

from vms.clock import MICRO, Clock
from vms.errors import Refused, SecondFactorNeeded, StepUpNeeded, TooManyRequests, Unauthenticated
from vms.keeper.files.store import Tx
from vms.keeper.identity.host import Account, Host
from vms.keeper.identity.passwords import Passwords
from vms.keeper.identity.sessions import Live, Sessions
from vms.keeper.identity.totp import (
    DIGITS,
    code_hash,
    drawn,
    enrolment_address,
    matching_step,
    new_codes,
    new_secret,
    secret_text,
    step_of,
)
from vms.keeper.journal.entry import Author, Entry

ENROLMENT_LIFE_US: Final = 10 * 60 * MICRO
ENROLMENTS_LIMIT: Final = 1000
RULE: Final = "A-05"


class SecondFactor:
    """Codes by time and recovery codes, on the host's file."""

    def __init__(self, host: Host, sessions: Sessions, passwords: Passwords, clock: Clock) -> None:
        self._host = host
        self._sessions = sessions
        self._passwords = passwords
        self._clock = clock
        self._begun: dict[str, tuple[bytes, int]] = {}

    def told(self, person: str) -> dict[str, Any]:
        """Whether a person has a second factor, since when, and how many recovery codes are left."""
        row = self._host.store.reader.execute(
            "SELECT created_us FROM second_factor WHERE person = ?", (person,)
        ).fetchone()
        left = self._host.store.reader.execute(
            "SELECT count(*) FROM recovery_code WHERE person = ?", (person,)
        ).fetchone()[0]
        return {"since_us": row[0] if row else None, "codes_left": left}

    def begin(self, live: Live) -> dict[str, Any]:
        """A secret to enrol, as text and as a QR code; kept for ten minutes, and only by a code of it."""
        if not self._sessions.stepped_up(live):
            raise StepUpNeeded
        now_us = self._clock.utc().us
        self._begun = {one: kept for one, kept in self._begun.items() if now_us - kept[1] <= ENROLMENT_LIFE_US}
        if len(self._begun) >= ENROLMENTS_LIMIT:
            raise TooManyRequests(
                "Trop d’enrôlements en même temps.", todo="Réessayez dans dix minutes.", retry_after_s=600
            )
        secret = new_secret()
        self._begun[live.id] = (secret, now_us)
        address = enrolment_address(secret, live.account.login)
        return {"secret": secret_text(secret), "address": address, "drawing": drawn(address)}

    async def confirm(self, live: Live, password: str, code: str) -> list[str]:
        """Keep the secret once a code of it was given; the recovery codes, told this once.

        ``password`` has been checked by the caller: it seals the secret.
        """
        secret, begun_us = self._begun.get(live.id, (b"", 0))
        now_us = self._clock.utc().us
        if not secret or now_us - begun_us > ENROLMENT_LIFE_US:
            raise Refused("Cet enrôlement a expiré.", todo="Recommencez-le.", rule=RULE)
        step = matching_step(secret, _digits(code), now_us, step_of(begun_us) - 2)
        if step is None:
            raise Refused("Ce code n’est pas le bon.", todo="Vérifiez l’heure du téléphone.", rule=RULE)
        sealed, codes = await self._passwords.seal(secret, password), new_codes()
        await self._host.store.write(lambda tx: _keep(tx, live, sealed, step, codes))
        del self._begun[live.id]
        return codes

    async def remove(self, live: Live) -> None:
        """Forget the second factor and its recovery codes; StepUpNeeded unless the person has just confirmed."""
        if not self._sessions.stepped_up(live):
            raise StepUpNeeded
        person = live.account.id

        def work(tx: Tx) -> None:
            if forget_second_factor(tx, person):
                tx.journal(Entry("modification", "remove_second_factor", live.author()))

        await self._host.store.write(work)

    async def check(self, account: Account, password: str, code: str) -> str:
        """By which means the password's owner signs in; SecondFactorNeeded without a code, Unauthenticated for
        a wrong one or one already used.
        """
        row = self._host.store.reader.execute(
            "SELECT sealed, last_step FROM second_factor WHERE person = ?", (account.id,)
        ).fetchone()
        if row is None:
            return "password"
        if not code.strip():
            raise SecondFactorNeeded
        digits = _digits(code)
        if len(digits) != DIGITS:
            await self._host.store.write(lambda tx: _spend_code(tx, account.id, code_hash(code)))
            return "password+recovery_code"
        secret = await self._passwords.open(json.loads(row[0]), password)
        step = matching_step(secret, digits, self._clock.utc().us, row[1])
        if step is None:
            raise _wrong()
        await self._host.store.write(lambda tx: _spend_step(tx, account.id, step))
        return "password+totp"

    async def sealed_anew(self, person: str, old: str, new: str) -> str | None:
        """The secret sealed by a new password, or None without a second factor; ``old`` has been checked."""
        row = self._host.store.reader.execute("SELECT sealed FROM second_factor WHERE person = ?", (person,)).fetchone()
        if row is None:
            return None
        return await self._passwords.seal(await self._passwords.open(json.loads(row[0]), old), new)


def forget_second_factor(tx: Tx, person: str) -> bool:
    """Delete a person's second factor and recovery codes; whether there was one."""
    tx.db.execute("DELETE FROM recovery_code WHERE person = ?", (person,))
    return tx.db.execute("DELETE FROM second_factor WHERE person = ?", (person,)).rowcount > 0


def write_password(tx: Tx, person: str, stored: str, sealed: str | None, author: Author) -> None:
    """Put a new password in force, with the second factor that it seals, journalled."""
    tx.db.execute("UPDATE account SET password = ? WHERE id = ?", (stored, person))
    if sealed is not None:
        tx.db.execute("UPDATE second_factor SET sealed = ? WHERE person = ?", (sealed, person))
    tx.journal(Entry("modification", "change_password", author, detail={"person": person}))


def _keep(tx: Tx, live: Live, sealed: str, step: int, codes: list[str]) -> None:
    person = live.account.id
    forget_second_factor(tx, person)
    tx.db.execute("INSERT INTO second_factor VALUES (?, ?, ?, ?)", (person, sealed, step, tx.now.us))
    tx.db.executemany("INSERT INTO recovery_code VALUES (?, ?)", [(person, code_hash(code)) for code in codes])
    tx.journal(Entry("modification", "add_second_factor", live.author(), detail={"codes": len(codes)}))


def _spend_code(tx: Tx, person: str, digest: bytes) -> None:
    done = tx.db.execute("DELETE FROM recovery_code WHERE person = ? AND hash = ?", (person, digest))
    if done.rowcount != 1:
        raise _wrong()


def _spend_step(tx: Tx, person: str, step: int) -> None:
    done = tx.db.execute(
        "UPDATE second_factor SET last_step = ? WHERE person = ? AND last_step < ?", (step, person, step)
    )
    if done.rowcount != 1:
        raise _wrong()


def _digits(code: str) -> str:
    kept = "".join(code.split())[:64]
    return kept if kept.isascii() and kept.isdigit() else ""


def _wrong() -> Unauthenticated:
    return Unauthenticated("Ce code n’est pas valable, ou a déjà servi.", todo="Attendez le suivant.")
