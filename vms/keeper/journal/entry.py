"""One journal entry: the fields of R253-5 and nothing about filmed people (P-40, P-41, D-31).

The record is canonical JSON; the leaf in the tree is its salted hash, so that a record can be deleted at 36 months and
the tree still verifies (E-05).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Literal

from vms.clock import PARIS, UtcTime
from vms.errors import LimitExceeded

CONTEXT: Final = b"guet/journal/v1\0"
SALT_BYTES: Final = 16
RECORD_LIMIT_BYTES: Final = 60_000
VERSION: Final = 1
SYSTEM: Final = "system"

# The five operations of R253-5, a refusal, and the acts around them (sign-in, unlocking, reading the journal).
Kind = Literal["collecte", "modification", "consultation", "communication", "effacement", "refus", "session"]


@dataclass(frozen=True, slots=True)
class Author:
    """Who acts: a person under an habilitation at a workstation, or the system."""

    person: str = SYSTEM
    role: str = ""
    habilitation: str = ""
    workstation: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened, before it has a number; ``detail`` holds ids, dates, hashes and counts, never a name or a look."""

    kind: Kind
    act: str
    author: Author = Author()
    cameras: tuple[str, ...] = ()
    from_us: int | None = None
    to_us: int | None = None
    purpose: str = ""
    motive: str = ""
    reference: str = ""
    recipient: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


def record_of(entry: Entry, commune: str, log: str, number: int, at: UtcTime) -> str:
    """The canonical JSON of an entry; LimitExceeded when its detail is out of bounds."""
    record: dict[str, Any] = {
        "v": VERSION,
        "commune": commune,
        "log": log,
        "n": number,
        "at": at.iso(),
        "kind": entry.kind,
        "act": entry.act,
        "author": _given(
            person=entry.author.person,
            role=entry.author.role,
            habilitation=entry.author.habilitation,
            workstation=entry.author.workstation,
        ),
    }
    record |= _given(
        cameras=list(entry.cameras),
        from_us=entry.from_us,
        to_us=entry.to_us,
        purpose=entry.purpose,
        motive=entry.motive,
        reference=entry.reference,
        recipient=entry.recipient,
        detail=dict(entry.detail),
    )
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if len(text.encode()) > RECORD_LIMIT_BYTES:
        raise LimitExceeded("Cette entrée du journal est trop longue.", where=entry.act)
    return text


def new_salt() -> bytes:
    """A fresh salt; without it a record cannot be guessed from its leaf."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, record: str) -> bytes:
    """The 32 bytes that stand in the tree for a record."""
    return sha256(CONTEXT + salt + record.encode("utf-8", "surrogatepass")).digest()


def quarter_of(at: UtcTime) -> str:
    """The log an instant belongs to, e.g. ``2026-T4`` (quarters of Paris)."""
    local = at.datetime().astimezone(PARIS)
    return f"{local.year}-T{(local.month - 1) // 3 + 1}"


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in ("", None, [], {})}
