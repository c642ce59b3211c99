"""E-mails to send, as facts: who, which kind, which request if any; never a name, a place or a picture (design §7).

Written in the transaction of the act that causes them; sent by the host's mailer, which marks them sent.
"""

from __future__ import annotations

from typing import Final

from vms.clock import HOUR_US
from vms.keeper.communes import Change, new_id
from vms.law.habilitation import habilitation_lapse
from vms.law.rulebook import rulebook

AUDITORS_AGAIN_US: Final = 24 * HOUR_US


def notify_person(change: Change, kind: str, request: str, person: str) -> None:
    """Queue one e-mail."""
    change.tx.db.execute(
        "INSERT INTO outbox (id, kind, request, person, created_us) VALUES (?, ?, ?, ?, ?)",
        (new_id("m"), kind, request, person, change.now_us),
    )


def notify_deciders(change: Change, kind: str, request: str) -> None:
    """Queue an e-mail to each person who may decide now (P-74)."""
    deciders = rulebook().act["decide"].roles
    people = {
        one.person
        for one in change.facts.habilitations
        if one.role in deciders and habilitation_lapse(one, change.now_us) is None
    }
    for person in sorted(people):
        notify_person(change, kind, request, person)


def notify_auditors(change: Change, kind: str) -> int:
    """Queue an e-mail to each auditor who holds an habilitation now, to each once a day at most; how many (D-12)."""
    told = change.tx.db.execute(
        "SELECT person FROM outbox WHERE kind = ? AND created_us > ?", (kind, change.now_us - AUDITORS_AGAIN_US)
    )
    known = {str(person) for (person,) in told}
    auditors = {
        one.person
        for one in change.facts.habilitations
        if one.role == "auditor" and habilitation_lapse(one, change.now_us) is None
    }
    for person in sorted(auditors - known):
        notify_person(change, kind, "", person)
    return len(auditors - known)
