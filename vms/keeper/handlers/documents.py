"""Makes documents from the live state for whoever the rulebook names, each one a journal entry (P-29, P-40).

The data is built and hashed here, so that its digest in the journal is that of what was handed out; pages are set from
it elsewhere. No image and no key is read.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final

from pydantic import Field, ValidationError

from vms.clock import UtcTime, paris_date
from vms.documents.document import canonical
from vms.documents.kinds import KINDS
from vms.documents.sources import KeptHour, Measured, Recorded, Sources, Told
from vms.errors import BadInput, NotFound
from vms.keeper.arguments import Args, Identifier, parse
from vms.keeper.communes import Commune
from vms.keeper.files.hour_keys import holds_on, retention_days
from vms.keeper.files.records import NetPrefix, SealRecord
from vms.keeper.gate.gate import Denied, Person, may
from vms.keeper.handlers.journal import reading
from vms.keeper.house import House
from vms.keeper.identity.sessions import acting_of
from vms.keeper.journal.checkpoint import parse_checkpoint
from vms.keeper.journal.entry import Author, Entry
from vms.keeper.journal.log import checked_row
from vms.law.dates import midnight
from vms.law.facts import CommuneFacts
from vms.law.retention import HOUR_US, hour_key_due
from vms.law.rulebook import DocumentRule, rulebook

DAYS_LIMIT: Final = 31
MEASURED_LIMIT_BYTES: Final = 4 * 1024 * 1024
FIRST_YEAR: Final = 2000
DAY: Final = r"^\d{4}-\d{2}-\d{2}$"
# What the reader of each sort of document may choose.
CHOICES: Final[dict[str, frozenset[str]]] = {
    "now": frozenset(),
    "day": frozenset({"day"}),
    "days": frozenset({"first", "last"}),
    "year": frozenset({"year"}),
    "order": frozenset({"order"}),
}

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]


class Asked(Args):
    """What a document is to be about: a day, days, a year, an order; today, without any."""

    day: str | None = Field(default=None, pattern=DAY)
    first: str | None = Field(default=None, pattern=DAY)
    last: str | None = Field(default=None, pattern=DAY)
    year: int | None = Field(default=None, ge=FIRST_YEAR, le=9998)
    order: Identifier | None = None


@dataclass(frozen=True, slots=True)
class _When:
    """The instant a document speaks of, and its span."""

    at_us: int
    from_us: int = 0
    to_us: int = 0


class DocumentDesk:
    """The desk of those who answer for the system and of those who control it; one document at a time."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._turn = asyncio.Lock()

    def ops(self) -> dict[str, Op]:
        """The one operation."""
        return {"make_document": self.make_document}

    async def make_document(self, args: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """The data of a document of the commune acted for (canonical JSON), after its journal entry.

        Refused, naming the rule, for another role; the host's administrator is nobody here (P-57).
        """
        kind = str(args.get("kind", ""))
        rule = rulebook().document.get(kind)
        if rule is None:
            raise BadInput(f"Ce document n’existe pas : « {kind[:40]} ».", where="kind")
        commune, author = self._allowed(args, rule)
        asked = parse(Asked, args.get("asked") or {}, "make_document")
        now = self._house.clock.utc()
        sources = self._sources(commune, asked, _when(asked, rule, now), _measured(body), now)
        async with self._turn:
            data = await asyncio.to_thread(self._built, commune, kind, sources, now)
        detail = {"document": kind, "sha256": sha256(data).hexdigest()}
        chosen = asked.model_dump(exclude_none=True)
        await commune.log(Entry("communication", "make_document", author, detail=detail | chosen))
        return {}, data

    def _allowed(self, args: dict[str, Any], rule: DocumentRule) -> tuple[Commune, Author]:
        live = self._house.sessions.require(args.get("token"))
        commune = self._house.communes.get(acting_of(live).commune)
        person = Person(live.account.id, live.account.host_admin)
        grant = may(commune.facts, person, rule.roles, rule.rule, self._house.clock.utc().us)
        if isinstance(grant, Denied):
            raise grant.error()
        return commune, live.author(grant.role.value, grant.habilitation)

    def _sources(self, commune: Commune, asked: Asked, when: _When, measured: Measured, now: UtcTime) -> Sources:
        """Everything but the journal and the keys, which are read in a thread; the facts are those of the instant."""
        reader, record = commune.store.reader, commune.record
        facts = commune.facts if when.at_us >= now.us else commune.facts_at(when.at_us)
        if asked.order is not None and asked.order not in facts.orders:
            raise NotFound("Cet arrêté n’est pas enregistré ici.", where=asked.order, todo="Voyez Autorisation.")
        prefixes = commune.records.all(reader, "prefix", NetPrefix).values()
        seal = next(iter(commune.records.all(reader, "seal", SealRecord).values()), None)
        return Sources(
            facts=facts,
            now_us=now.us,
            at_us=when.at_us,
            from_us=when.from_us,
            to_us=when.to_us,
            order=asked.order or "",
            told=Told(record.controller, record.officer, record.rights, record.created_us),
            trusted_prefixes=sum(one.trusted for one in prefixes),
            prefixes=len(prefixes),
            seal_sha256=sha256(seal.certificate.encode()).hexdigest() if seal else "",
            labels=self._house.host.labels({one.person for one in facts.habilitations}),
            measured=measured,
        )

    def _built(self, commune: Commune, kind: str, sources: Sources, now: UtcTime) -> bytes:
        """The document's bytes, on connections of its own: its journal and its checkpoint are of one moment."""
        signer = self._house.host.keys.signer
        with reading(commune.store.path) as db, reading(commune.keys.path) as keys:
            db.execute("BEGIN")
            row = db.execute("SELECT log, size, note FROM checkpoint ORDER BY log DESC LIMIT 1").fetchone()
            if row is None:
                raise NotFound("Ce journal n’a pas de point de contrôle.", where=commune.id)
            _, _, root = parse_checkpoint(row[2], signer.verifier())
            facts, now_us = commune.facts, now.us
            whole = replace(
                sources,
                records=lambda from_us, to_us: _records(db, from_us, to_us),
                hours=lambda from_us, to_us: _hours(keys, facts, from_us, to_us, now_us),
            )
            return canonical(
                KINDS[kind](whole).to_data(
                    {
                        "commune": commune.id,
                        "name": commune.record.name,
                        "made": now.iso(),
                        "build": sources.measured.build,
                        "journal": {
                            "log": row[0], "size": row[1], "root": root.hex(), "checkpoint": row[2],
                            "signer": signer.vkey(),
                        },
                    }
                )
            )  # fmt: skip


def _when(asked: Asked, rule: DocumentRule, now: UtcTime) -> _When:
    """The instant and span that are asked for; BadInput for a choice this document has not, or what is to come."""
    given = set(asked.model_dump(exclude_none=True))
    if not given <= CHOICES[rule.when]:
        raise BadInput("Ce document ne se choisit pas ainsi.", where=", ".join(sorted(given)))
    today = paris_date(now)
    if rule.when == "day":
        day = _date(asked.day, today)
        _check_past(day, today)
        return _When(min(now.us, midnight(day + timedelta(days=1)) - 1))
    if rule.when == "days":
        last = _date(asked.last, today)
        first = _date(asked.first, last)
        _check_past(last, today)
        if not 0 <= (last - first).days < DAYS_LIMIT:
            raise BadInput(f"Il faut de 1 à {DAYS_LIMIT} jours.", where="first, last")
        return _When(now.us, midnight(first), midnight(last + timedelta(days=1)))
    if rule.when == "year":
        year = today.year if asked.year is None else asked.year
        _check_past(date(year, 1, 1), today)
        end = midnight(date(year + 1, 1, 1))
        return _When(min(now.us, end - 1), midnight(date(year, 1, 1)), end)
    return _When(now.us)


def _date(text: str | None, otherwise: date) -> date:
    try:
        found = otherwise if text is None else date.fromisoformat(text)
        midnight(found + timedelta(days=1))
    except (ValueError, OverflowError) as error:
        raise BadInput("Un jour s’écrit AAAA-MM-JJ.", where=str(text)) from error
    return found


def _check_past(day: date, today: date) -> None:
    if day > today:
        raise BadInput("Cette date est à venir.", where=day.isoformat(), todo="Choisissez une date passée.")


def _measured(body: bytes) -> Measured:
    if len(body) > MEASURED_LIMIT_BYTES:
        raise BadInput("Les mesures sont trop longues.", where="measured")
    try:
        return Measured.model_validate_json(body) if body else Measured()
    except ValidationError as error:
        raise BadInput("Les mesures sont illisibles.", where="measured") from error


def _records(db: sqlite3.Connection, from_us: int, to_us: int) -> Iterator[Recorded]:
    """The entries written in a span, each checked against its leaf: an altered one is Damaged, by name."""
    rows = db.execute(
        "SELECT seq, log, n, leaf, salt, record, at_us FROM entry WHERE at_us >= ? AND at_us < ? ORDER BY seq",
        (from_us, to_us),
    )
    for row in rows:
        checked_row(row[:6])
        yield Recorded(row[6], None if row[5] is None else json.loads(row[5]))


def _hours(keys: sqlite3.Connection, facts: CommuneFacts, from_us: int, to_us: int, now_us: int) -> Iterator[KeptHour]:
    """The hours of a span whose key is there."""
    rows = keys.execute(
        "SELECT DISTINCT camera, hour_us FROM hour_key WHERE hour_us >= ? AND hour_us < ? ORDER BY camera, hour_us",
        (from_us, to_us),
    )
    for camera, hour_us in rows:
        due_us = hour_key_due(hour_us, retention_days(facts, camera, now_us))
        held = bool(holds_on(facts, camera, hour_us, hour_us + HOUR_US, now_us))
        yield KeptHour(camera, hour_us, due_us, held)
