"""What is drawn from the whole journal, for those who may read it: certificates of destruction, signed exports,
questions for the auditor (D-12, D-13, D-33, P-29).

Each runs in a thread on connections of its own, one at a time, so that a long journal holds up no view.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import Field

from vms.errors import NotFound
from vms.keeper.arguments import Args, Slug, parse
from vms.keeper.communes import Commune
from vms.keeper.gate.gate import Denied, Person, may
from vms.keeper.house import House
from vms.keeper.identity.sessions import Live, acting_of
from vms.keeper.journal.entry import Author, Entry
from vms.keeper.journal.log import checked_row
from vms.keeper.journal.signed_document import canonical, sign_document
from vms.keeper.journal.table import KIND as EXPORT
from vms.keeper.journal.table import Row, digests, subject, tables
from vms.keeper.proof.certificate import FILE, KIND, Day, build
from vms.law.rulebook import rulebook

BUSY_TIMEOUT_S: Final = 5.0
ROLES_OF: Final = "journal_records"  # whoever may read the whole journal may take it away, proved

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]
Answer = tuple[dict[str, Any], bytes]
A = TypeVar("A", bound=Args)
T = TypeVar("T")


class ProveDestruction(Args):
    """Which day of Paris, and which camera (all when none is given)."""

    day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    camera: str = Field(default="", max_length=80)


class HostProveDestruction(ProveDestruction):
    """The same, of which commune."""

    commune: Slug


class SignExport(Args):
    """Of which quarter's log."""

    log: str = Field(pattern=r"^\d{4}-T[1-4]$")


class JournalDesk:
    """The desk of the journal's readers and of the host, who may prove that what was due is gone."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._turn = asyncio.Lock()

    def web_ops(self) -> dict[str, Op]:
        """What a signed-in person may ask, by the rulebook's roles."""
        return {"prove_destruction": self.prove_destruction, "sign_export": self.sign_export}

    def host_ops(self) -> dict[str, Op]:
        """What the host may ask: no person, no image and no consultation is in it."""
        return {"prove_destruction": self.prove_destruction_for_host}

    async def prove_destruction(self, args: dict[str, Any], _: bytes) -> Answer:
        """The certificate of a day, for the commune acted for (P-29); as a file in the answer's body."""
        commune, asked, author = self._allowed(args, ProveDestruction, "prove_destruction")
        return await self._certificate(commune, Day(asked.day, asked.camera), author)

    async def prove_destruction_for_host(self, args: dict[str, Any], _: bytes) -> Answer:
        """The certificate of a day of any commune of this host: it shows destructions, and nobody's consultation."""
        asked = parse(HostProveDestruction, args, "prove_destruction")
        return await self._certificate(self._house.communes.get(asked.commune), Day(asked.day, asked.camera), Author())

    async def sign_export(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Sign the tables of a log as they are now, for the CNIL (D-13); whoever writes them out writes these bytes."""
        commune, asked, author = self._allowed(args, SignExport, "sign_export")
        now, signer = self._house.clock.utc(), self._house.host.keys.signer

        def work() -> tuple[int, str]:
            with reading(commune.store.path) as db:
                size = _size(db, asked.log)
                found = digests(tables(commune.id, asked.log, size, _rows(db, asked.log, size)))
            return size, sign_document(signer, commune.id, EXPORT, subject(asked.log, size), now, found)

        size, note = await self._in_turn(work)
        await commune.log(Entry("communication", "export_journal", author, detail={"log": asked.log, "size": size}))
        return {"log": asked.log, "size": size, "note": note}

    async def _certificate(self, commune: Commune, asked: Day, author: Author) -> Answer:
        now, signer = self._house.clock.utc(), self._house.host.keys.signer
        facts = commune.facts

        def work() -> bytes:
            with reading(commune.store.path) as db, reading(commune.keys.path) as keys:
                body = build(db, keys, facts, asked, now.us, signer.vkey())
            digest = sha256(canonical(body)).hexdigest()
            note = sign_document(signer, commune.id, KIND, asked.day, now, {FILE: digest})
            return canonical({"certificate": body, "note": note}) + b"\n"

        data = await self._in_turn(work)
        detail = {"day": asked.day} | ({"camera": asked.camera} if asked.camera else {})
        await commune.log(Entry("consultation", "prove_destruction", author, detail=detail))
        return {}, data

    def _allowed(self, args: dict[str, Any], model: type[A], name: str) -> tuple[Commune, A, Author]:
        """The commune acted for, what is asked and by whom; Refused, naming the rule, for another role."""
        live: Live = self._house.sessions.require(args.get("token"))
        commune = self._house.communes.get(acting_of(live).commune)
        person = Person(live.account.id, live.account.host_admin)
        grant = may(commune.facts, person, rulebook().read[ROLES_OF], "D-12", self._house.clock.utc().us)
        if isinstance(grant, Denied):
            raise grant.error()
        asked = parse(model, {key: value for key, value in args.items() if key != "token"}, name)
        return commune, asked, live.author(grant.role.value, grant.habilitation)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        async with self._turn:
            return await asyncio.to_thread(work)


def _size(db: sqlite3.Connection, log: str) -> int:
    row = db.execute("SELECT size FROM checkpoint WHERE log = ?", (log,)).fetchone()
    if row is None:
        raise NotFound("Ce journal n’existe pas.", where=log)
    return int(row[0])


def _rows(db: sqlite3.Connection, log: str, size: int) -> Iterator[Row]:
    """The log's records, each checked against its leaf: an altered one is not signed for."""
    rows = db.execute(
        "SELECT seq, log, n, leaf, salt, record FROM entry WHERE log = ? AND n < ? ORDER BY n", (log, size)
    )
    for row in rows:
        checked_row(row)
        yield row[2], row[5], None if row[4] is None else row[4].hex()


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A file of the keeper, read-only, on a connection that any thread may use."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)) as db:
        yield db
