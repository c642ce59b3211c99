"""What filmed persons told of themselves: kept here alone, apart from their requests, gone on its date (P-83, P-85).

A request is a dated fact and its acts are in the journal, for years; a name, an address, a description must not be.
They lie in a row of their own, which keeps no former version, and are overwritten when they are no longer needed. The
follow-up code is shown once and kept as a hash: it has 120 bits, so that a plain hash tells nothing of it.
"""

from __future__ import annotations

import base64
import re
import secrets
import sqlite3
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from vms.keeper.communes import Change, Commune
from vms.keeper.files.records import Applicant, Records
from vms.keeper.journal.entry import Author, Entry
from vms.law import access
from vms.law.dates import DAY_US
from vms.law.facts import Request
from vms.law.rulebook import rulebook

CODE_BYTES: Final = 15
CODE_CHARS: Final = 24
_CODE: Final = re.compile(r"[A-Z2-7]{24}")


@dataclass(frozen=True, slots=True)
class Code:
    """A follow-up code as the person writes it down, and what is kept of it."""

    text: str
    digest: str


def new_code() -> Code:
    """A fresh code, in six groups of four."""
    plain = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
    return Code("-".join(plain[at : at + 4] for at in range(0, CODE_CHARS, 4)), _digest(plain))


def digest_of(typed: str) -> str | None:
    """What is kept of a code as it was typed, or None for what can be no code."""
    plain = re.sub(r"[\s-]", "", typed).upper()
    return _digest(plain) if _CODE.fullmatch(plain) else None


def _digest(plain: str) -> str:
    return sha256(b"guet/follow-up/v1\0" + plain.encode()).hexdigest()


def applicant_of(records: Records, db: sqlite3.Connection, request: str) -> Applicant | None:
    """What is still known of who made a request; None once it was erased, or for a request of an authority."""
    return records.all(db, "applicant", Applicant).get(request)


def by_code(records: Records, db: sqlite3.Connection, digest: str) -> Applicant | None:
    """The row that a code belongs to."""
    rows = records.all(db, "applicant", Applicant).values()
    return next((one for one in rows if secrets.compare_digest(one.code_sha256, digest)), None)


def answered(change: Change, request: Request) -> None:
    """Give what was told its last date, now that the request has its answer."""
    found = applicant_of(change.records, change.tx.db, request.id)
    if found is not None:
        change.put("applicant", request.id, replace(found, erase_us=access.kept_until(change.now_us)))


async def tend(commune: Commune, now_us: int) -> tuple[int, int]:
    """Let fall what nobody came to confirm, and erase what is past its date; how many of each (P-83, P-85).

    The hold of a request that falls has ended by its own date already: nothing is kept if this runs late.
    """
    known = commune.records.all(commune.store.reader, "applicant", Applicant).values()
    late = access.lapsed(commune.facts.requests.values(), now_us)
    if not late and not any(_over(one, now_us) for one in known):
        return 0, 0

    def work(change: Change) -> tuple[int, int]:
        fallen = access.lapsed(change.facts.requests.values(), now_us)
        for request in fallen:
            change.put("request", request.id, replace(request, state="lapsed"))
            found = applicant_of(change.records, change.tx.db, request.id)
            if found is not None:
                until_us = now_us + rulebook().durations.access_lapsed_days * DAY_US
                change.put("applicant", request.id, found.without_words(until_us))
            change.modified("lapse_access", request=request.id)
        rows = change.records.all(change.tx.db, "applicant", Applicant)
        over = [request_id for request_id, one in rows.items() if _over(one, now_us)]
        for request_id in over:
            change.records.remove(change.tx.db, "applicant", request_id)
            change.journal(Entry("effacement", "erase_applicant", change.author, reference=request_id))
        return len(fallen), len(over)

    done = await commune.change(work, Author())
    await commune.store.truncate()  # nothing of what was erased stays in the write-ahead log (P-38)
    return done


def _over(one: Applicant, now_us: int) -> bool:
    return one.erase_us is not None and one.erase_us <= now_us
