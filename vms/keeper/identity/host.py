"""The host's own file: accounts, sessions and the keeper's keys; no right on any image is decided here (P-57)."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vms.clock import Clock
from vms.clock_guard import KnownTime, known_time_of
from vms.errors import Conflict, Damaged, NotFound
from vms.keeper.files.store import Store, Tx, open_file, transaction
from vms.keeper.identity import known_places, workstations
from vms.keeper.identity import passkey_rows as passkeys_kept
from vms.keeper.identity import provider_identities as identities_kept
from vms.keeper.journal import log as journal
from vms.keeper.journal.checkpoint import Signer
from vms.keeper.journal.entry import Author, Entry
from vms.keys.signing import generate_signing_key, signing_public_key

HOST_LOG: Final = "_host"
SECRET_BYTES: Final = 32
SCHEMA: Final = (
    journal.SCHEMA
    + passkeys_kept.SCHEMA
    + identities_kept.SCHEMA
    + workstations.SCHEMA
    + known_places.SCHEMA
    + """
CREATE TABLE IF NOT EXISTS account (
  id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, label TEXT NOT NULL, email TEXT NOT NULL DEFAULT '',
  password TEXT NOT NULL, host_admin INTEGER NOT NULL DEFAULT 0, created_us INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS session (
  hash BLOB PRIMARY KEY, person TEXT NOT NULL, workstation TEXT NOT NULL,
  created_us INTEGER NOT NULL, seen_us INTEGER NOT NULL, acting TEXT, means TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE IF NOT EXISTS session_key (hash BLOB PRIMARY KEY, public BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS second_factor (
  person TEXT PRIMARY KEY, sealed TEXT NOT NULL, last_step INTEGER NOT NULL, created_us INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS recovery_code (person TEXT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (person, hash)) STRICT;
CREATE TABLE IF NOT EXISTS bond (
  person TEXT NOT NULL, by TEXT NOT NULL, kind TEXT NOT NULL, at_us INTEGER NOT NULL,
  PRIMARY KEY (person, by, kind, at_us)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS invitation (
  person TEXT PRIMARY KEY, hash BLOB NOT NULL, until_us INTEGER NOT NULL, made_at TEXT NOT NULL
) STRICT;
DROP TABLE IF EXISTS recovery_approval;
DROP TABLE IF EXISTS recovery;
CREATE TABLE IF NOT EXISTS recovery_part (
  person TEXT NOT NULL, approver TEXT NOT NULL, commune TEXT NOT NULL, at_us INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (person, approver, commune)
) STRICT;
CREATE TABLE IF NOT EXISTS recovery_due (
  person TEXT PRIMARY KEY, from_us INTEGER NOT NULL, until_us INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS recovered (
  person TEXT PRIMARY KEY, at_us INTEGER NOT NULL, rests_until_us INTEGER NOT NULL, report TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS known_time (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS commune (id TEXT PRIMARY KEY, created_us INTEGER NOT NULL) STRICT;
"""
)


@dataclass(frozen=True, slots=True)
class Account:
    """A person who can sign in; accounts are nominative, never shared (P-58). ``password`` is empty until its owner has
    taken the invitation: nobody signs in with it before.
    """

    id: str
    login: str
    label: str
    email: str
    password: str
    host_admin: bool


@dataclass(frozen=True, slots=True)
class KeeperKeys:
    """The keeper's keys: for permits and statements, for the journal, and for the facts' checksums."""

    permit_private: bytes
    permit_public: bytes
    signer: Signer
    fact_mac: bytes


class Host:
    """Opens the host's file; the keys are made at the first start."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        path = folder / "host.sqlite"
        self.clock = clock
        self.keys = _load_keys(path)
        self.store = Store(path, SCHEMA, clock, journal.Journal(HOST_LOG, self.keys.signer))

    def communes(self) -> list[str]:
        """The communes of this host."""
        return [row[0] for row in self.store.reader.execute("SELECT id FROM commune ORDER BY id")]

    def account(self, person: str) -> Account:
        """An account by its id; NotFound when there is none."""
        row = self.store.reader.execute(f"{_ACCOUNT} WHERE id = ?", (person,)).fetchone()
        if row is None:
            raise NotFound("Il n’y a pas de compte sous cet identifiant.", where=person[:80])
        return _account(row)

    def account_by_login(self, login: str) -> Account | None:
        """An account by its login, or None."""
        row = self.store.reader.execute(f"{_ACCOUNT} WHERE login = ?", (login,)).fetchone()
        return None if row is None else _account(row)

    def labels(self, people: set[str]) -> dict[str, str]:
        """The labels of these people."""
        return {
            row[0]: row[1] for row in self.store.reader.execute("SELECT id, label FROM account") if row[0] in people
        }

    async def add_account(
        self, login: str, label: str, email: str, password_hash: str, *, host_admin: bool, author: Author
    ) -> str:
        """Create an account, journalled; its id. Conflict when the login is taken."""
        return await self.store.write(
            lambda tx: insert_account(tx, login, label, email, password_hash, host_admin=host_admin, author=author)
        )

    async def log(self, entry: Entry) -> int:
        """Write an entry to the host's own journal (sign-ins and accounts belong to no commune)."""
        return await self.store.write(lambda tx: tx.journal(entry))

    def known_time(self) -> KnownTime | None:
        """What a keeper last wrote down of the time."""
        row = self.store.reader.execute("SELECT body FROM known_time").fetchone()
        return known_time_of(row[0] if row else None)

    async def keep_time(self, known: KnownTime) -> None:
        """Write down what is known of the time, for the next keeper."""

        def work(tx: Tx) -> None:
            tx.db.execute("INSERT OR REPLACE INTO known_time (id, body) VALUES (1, ?)", (known.dumps(),))

        await self.store.write(work)

    async def register_commune(self, commune: str) -> None:
        """Note that a commune's files exist; Conflict when it was there."""

        def work(tx: Tx) -> None:
            try:
                tx.db.execute("INSERT INTO commune (id, created_us) VALUES (?, ?)", (commune, tx.now.us))
            except sqlite3.IntegrityError as error:
                raise Conflict("Cette commune existe déjà.", where=commune) from error
            tx.journal(Entry("modification", "init_commune", detail={"commune": commune}))

        await self.store.write(work)


_ACCOUNT: Final = "SELECT id, login, label, email, password, host_admin FROM account"


def insert_account(
    tx: Tx, login: str, label: str, email: str, password_hash: str, *, host_admin: bool, author: Author
) -> str:
    """Create an account in a transaction; its id."""
    person = "p-" + secrets.token_hex(8)
    try:
        tx.db.execute(
            "INSERT INTO account (id, login, label, email, password, host_admin, created_us) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (person, login, label, email, password_hash, int(host_admin), tx.now.us),
        )
    except sqlite3.IntegrityError as error:
        raise Conflict(
            "Cet identifiant de connexion est déjà pris.", where="login", todo="Choisissez-en un autre."
        ) from error
    act = "add_host_admin" if host_admin else "add_person"
    tx.journal(Entry("modification", act, author, detail={"person": person}))
    return person


def _account(row: tuple[str, str, str, str, str, int]) -> Account:
    return Account(*row[:5], host_admin=bool(row[5]))


def _load_keys(path: Path) -> KeeperKeys:
    """The keys in the host's file, made when it is new; read before the journal, which needs its signer."""
    with open_file(path, SCHEMA) as db:
        found = dict(db.execute("SELECT name, value FROM secret"))
        if not found:
            if db.execute("SELECT 1 FROM entry LIMIT 1").fetchone():
                raise Damaged("Les clés du gardien manquent alors que son journal existe.", where=path.name)
            found = {
                "permit": generate_signing_key()[0],
                "journal": generate_signing_key()[0],
                "facts": secrets.token_bytes(SECRET_BYTES),
                "name": b"guet/" + secrets.token_hex(4).encode(),
            }
            with transaction(db):
                db.executemany("INSERT INTO secret (name, value) VALUES (?, ?)", list(found.items()))
        if "means" not in {row[1] for row in db.execute("PRAGMA table_info(session)")}:
            db.execute("ALTER TABLE session ADD COLUMN means TEXT NOT NULL DEFAULT ''")  # a file older than passkeys
    if set(found) != {"permit", "journal", "facts", "name"}:
        raise Damaged("Les clés du gardien sont incomplètes.", where=path.name, todo="Restaurez une sauvegarde.")
    signer = Signer(found["name"].decode(), found["journal"])
    return KeeperKeys(found["permit"], signing_public_key(found["permit"]), signer, found["facts"])
