"""The communes of this host at run time: their two files, the facts in memory, the private key once unlocked."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from vms.clock import Clock
from vms.clock_guard import Doubt
from vms.errors import BadInput, Conflict, Damaged, GuetError, NotFound, Unavailable
from vms.keeper.files import hour_keys, records
from vms.keeper.files.records import COMMUNE_ID, CommuneRecord, ConfirmedTime, Holder, Records
from vms.keeper.files.store import Store, Tx
from vms.keeper.identity.host import KeeperKeys
from vms.keeper.journal import log as journal
from vms.keeper.journal.entry import Author, Entry
from vms.keys.passphrase import unwrap_private, wrap_private
from vms.keys.wrapping import commune_public_key, generate_commune_key
from vms.law.facts import CommuneFacts

HOLDERS_LEAST: Final = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """What an act works with: the transaction, the facts as they are in it, who acts and why."""

    tx: Tx
    records: Records
    facts: CommuneFacts
    author: Author
    keys: KeeperKeys
    purpose: str = ""
    motive: str = ""
    beside: dict[str, Any] = field(default_factory=dict)  # what the entry says more: who else agreed

    @property
    def now_us(self) -> int:
        """The instant of the transaction."""
        return self.tx.now.us

    def under(self, role: str, habilitation: str) -> Change:
        """The same change, its author acting under the role and habilitation that the gate found."""
        return replace(self, author=replace(self.author, role=role, habilitation=habilitation))

    def put(self, kind: str, fact_id: str, value: Any) -> None:
        """Write a fact."""
        self.records.put(self.tx.db, kind, fact_id, value, self.now_us)

    def journal(self, entry: Entry) -> int:
        """Write the act's entry; an act without one is a mistake (P-40)."""
        return self.tx.journal(entry)

    def modified(self, act: str, *, cameras: tuple[str, ...] = (), motive: str = "", **detail: Any) -> int:
        """The usual entry of an act that changes a fact."""
        entry = Entry(
            "modification",
            act,
            self.author,
            cameras=cameras,
            purpose=self.purpose,
            motive=motive or self.motive,
            detail=detail | self.beside,
        )
        return self.journal(entry)


@dataclass(frozen=True, slots=True)
class Destruction:
    """The last destruction run: when, how many due keys a hold keeps until an unlocking, what went wrong (P-30).

    ``doubt`` is about the machine's time: what it alone calls due waits.
    """

    at_us: int = 0
    frozen: int = 0
    fault: str = ""
    doubt: Doubt | None = None


class Commune:
    """One commune: ``facts`` is the last committed state; every change goes through ``change``."""

    def __init__(self, commune: str, folder: Path, keys: KeeperKeys, clock: Clock) -> None:
        self.id = commune
        self.keeper_keys = keys
        self._private: bytes | None = None
        self.destruction = Destruction()
        self.turn = asyncio.Lock()  # acts and destruction take turns: neither works on facts the other is changing
        self.records = Records(commune, keys.fact_mac)
        self.journal = journal.Journal(commune, keys.signer)
        schema = journal.SCHEMA + records.SCHEMA
        self.store = Store(folder / f"{commune}.sqlite", schema, clock, self.journal)
        self.keys = Store(folder / f"{commune}.keys.sqlite", hour_keys.SCHEMA, clock)
        self.record: CommuneRecord
        self.holders: dict[str, Holder]
        self.confirmed_doubt: int | None = None  # a person said that the machine's time is right all the same
        self._facts: CommuneFacts | None = None

    @property
    def facts(self) -> CommuneFacts:
        """The last committed facts; Damaged while a row of them does not bear its checksum."""
        if self._facts is None:
            raise Damaged("Les faits de cette commune sont altérés.", where=self.id, todo="Restaurez une sauvegarde.")
        return self._facts

    def facts_at(self, at_us: int) -> CommuneFacts:
        """What the gate read at an instant (``Records.load_at``)."""
        return self.records.load_at(self.store.reader, at_us)

    def refresh(self) -> None:
        """Read the facts again; Damaged when a row was altered, and then nothing is granted any more."""
        reader, self._facts = self.store.reader, None
        facts = self.records.load(reader)
        self.record = self.records.get(reader, "commune", COMMUNE_ID, CommuneRecord)
        self.holders = self.records.all(reader, "holder", Holder)
        confirmed = self.records.all(reader, "time", ConfirmedTime).get(COMMUNE_ID)
        self.confirmed_doubt = confirmed.doubt_us if confirmed else None
        self._facts = facts

    @property
    def public_key(self) -> bytes:
        """The key that hour keys are wrapped to."""
        return base64.b64decode(self.record.public_key)

    @property
    def unlocked(self) -> bool:
        """Whether a holder has opened the private key since the keeper started."""
        return self._private is not None

    def private_key(self) -> bytes:
        """The commune's private key; Unavailable, naming who can open it, while it is locked."""
        if self._private is None:
            names = ", ".join(sorted(holder.label for holder in self.holders.values()))
            what = "La relecture est verrouillée depuis le redémarrage."
            raise Unavailable(what, where=self.id, todo=f"Peuvent la déverrouiller : {names}.")
        return self._private

    def unlock(self, private: bytes) -> None:
        """Keep the private key in memory; BadInput when it is not this commune's."""
        if commune_public_key(private) != self.public_key:
            raise BadInput("Cette clé n’est pas celle de la commune.", where=self.id)
        self._private = private

    async def change(self, work: Callable[[Change], T], author: Author, purpose: str = "", motive: str = "") -> T:
        """Run an act on fresh facts in one transaction with its journal entry, then read the facts again."""

        def transact(tx: Tx) -> T:
            facts = self.records.load(tx.db)
            return work(Change(tx, self.records, facts, author, self.keeper_keys, purpose, motive))

        async with self.turn:
            try:
                return await self.store.write(transact)
            finally:
                self.refresh()

    async def log(self, *entries: Entry) -> int:
        """Append entries that change no fact; the last one's number."""
        return await self.store.write(lambda tx: [tx.journal(entry) for entry in entries][-1])

    async def close(self) -> None:
        """Close both files and forget the private key."""
        self._private = None
        await self.store.close()
        await self.keys.close()


class Communes:
    """All communes of the host, by id."""

    def __init__(self, folder: Path, keys: KeeperKeys, clock: Clock) -> None:
        self._folder = folder
        self._keys = keys
        self._clock = clock
        self._open: dict[str, Commune] = {}
        self._shut: dict[str, GuetError] = {}

    def __iter__(self) -> Iterator[Commune]:
        return iter(list(self._open.values()))

    def get(self, commune: str) -> Commune:
        """One commune; NotFound when this host has none of that name."""
        found = self._open.get(commune)
        if commune in self._shut:
            raise self._shut[commune]
        if found is None:
            raise NotFound("Cette commune n’est pas sur ce service.", where=commune[:80])
        return found

    def shut(self, commune: str, why: GuetError) -> None:
        """Keep a damaged commune shut: every question about it is answered with ``why``."""
        self._open.pop(commune, None)
        self._shut[commune] = why

    def of_camera(self, camera: str) -> Commune | None:
        """The commune whose facts know this camera, or None."""
        return next((commune for commune in self if camera in commune.facts.cameras), None)

    def open(self, commune: str) -> Commune:
        """Open an existing commune's files."""
        opened = Commune(commune, self._folder, self._keys, self._clock)
        opened.refresh()
        self._open[commune] = opened
        return opened

    async def create(
        self, commune: str, name: str, holders: list[tuple[str, str, str]], first: Callable[[Change], None]
    ) -> Commune:
        """A new commune and its key pair, wrapped for at least two holders ``(person, label, passphrase)``.

        ``first`` gives the first habilitations in the same transaction, so that a crash leaves all or nothing; files
        that a crash left complete but unregistered are taken as they are. The private key is forgotten at once: the
        first unlocking is a holder's.
        """
        if len({person for person, _, _ in holders}) < HOLDERS_LEAST:
            raise BadInput("La clé d’une commune a au moins deux détenteurs.", todo="Ajoutez un détenteur.")
        if commune in self._open or commune in self._shut:
            raise Conflict("Cette commune existe déjà.", where=commune)
        opened = Commune(commune, self._folder, self._keys, self._clock)
        if opened.store.reader.execute("SELECT 1 FROM fact LIMIT 1").fetchone() is None:
            await self._found(opened, name, holders, first)
        opened.refresh()
        self._open[commune] = opened
        return opened

    async def _found(
        self, opened: Commune, name: str, holders: list[tuple[str, str, str]], first: Callable[[Change], None]
    ) -> None:
        private, public = generate_commune_key()
        wrapped = [
            (person, label, await asyncio.to_thread(wrap_private, private, passphrase))
            for person, label, passphrase in holders
        ]

        def work(tx: Tx) -> None:
            record = CommuneRecord(name, base64.b64encode(public).decode(), tx.now.us)
            opened.records.put(tx.db, "commune", COMMUNE_ID, record, tx.now.us)
            for person, label, box in wrapped:
                held = Holder(person, label, box, tx.now.us)
                opened.records.put(tx.db, "holder", person, held, tx.now.us)
            tx.journal(Entry("modification", "init_commune", detail={"holders": [person for person, _, _ in wrapped]}))
            first(Change(tx, opened.records, opened.records.load(tx.db), Author(), self._keys))

        await opened.store.write(work)

    async def close(self) -> None:
        """Close everything."""
        for commune in self:
            await commune.close()


async def open_private(holder: Holder, passphrase: str) -> bytes:
    """The private key behind a holder's passphrase; Refused for another passphrase (as slow as Argon2id)."""
    return await asyncio.to_thread(unwrap_private, dict(holder.wrapped), passphrase)


def new_id(prefix: str) -> str:
    """A fresh identifier such as ``h-3f9c…``: unguessable, says its kind."""
    return f"{prefix}-{secrets.token_hex(8)}"
