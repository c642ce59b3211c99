"""What a witness remembers and answers: one line a log, checked and advanced in one transaction (E-04).

It signs a checkpoint only when the log's own key signed it and it extends the last one signed here. What it refuses it
keeps with the reason: two checkpoints of one key that cannot both be true are the proof of a fork.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from vms.clock import MICRO, Clock
from vms.errors import BadInput, Damaged, GuetError, LimitExceeded
from vms.keeper.files.store import explained, open_connection, transaction
from vms.keeper.journal.checkpoint import parse_checkpoint
from vms.keeper.journal.tree import EMPTY_ROOT, verify_consistency
from vms.keeper.proof.witness_request import Submission, head_of, parse_submission, size_body
from vms.keys.cosignature import ED25519, ML_DSA_44, SEED_BYTES, Cosigner, Head
from vms.keys.note import Verifier, check_name, note_text, only_signed_by, parse_vkey

TEXT: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"
LOGS_LIMIT: Final = 200_000
REFUSALS_LIMIT: Final = 1_000  # of each reason: replays, which anybody can make, leave room for forks
KEYS_LIMIT: Final = 1_000
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS seen (
  hash TEXT PRIMARY KEY, origin TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL,
  at_us INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS refusal (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, origin TEXT NOT NULL, reason TEXT NOT NULL,
  known_size INTEGER NOT NULL, known_note TEXT NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL,
  UNIQUE (origin, reason, note)
) STRICT;
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; ``reason`` is for the witness's own log."""

    status: int
    body: bytes
    media_type: str = TEXT
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    size: int = 0
    root: bytes = EMPTY_ROOT
    note: str = ""


def read_log_keys(path: Path) -> list[Verifier]:
    """The logs a witness knows: one verifier key a line, ``#`` for remarks. BadInput when there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("Le fichier des journaux connus est illisible.", where=str(path)) from error
    keys = [parse_vkey(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not 0 < len(keys) <= KEYS_LIMIT:
        raise BadInput(f"Il faut de 1 à {KEYS_LIMIT} clés de journal.", where=path.name, todo="Une par ligne.")
    return keys


class WitnessBook:
    """One witness's state in one file; every method is short and safe to call from one thread at a time."""

    def __init__(self, path: Path, name: str, logs: Iterable[Verifier], clock: Clock) -> None:
        self._logs = tuple(logs)
        self._clock = clock
        self._path = path
        with explained(path):
            self._db = open_connection(path)
            self._db.executescript(SCHEMA)
            self._cosigners = _own_keys(self._db, name)

    def vkeys(self) -> list[str]:
        """The witness's own verifier keys, to give to those who run logs and those who verify them."""
        return [one.key.vkey() for one in self._cosigners]

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to ``add-checkpoint``; a cosignature is only given once the new state is on the disk."""
        try:
            asked = parse_submission(body)
            head = head_of(asked.note)
        except GuetError as error:
            return _no(HTTPStatus.BAD_REQUEST, error.what)
        key = self._key_of(head.origin)
        if key is None:
            return _no(HTTPStatus.NOT_FOUND, "Ce journal n’est pas de ceux que ce témoin connaît.")
        try:
            parse_checkpoint(asked.note, key)
        except Damaged as error:
            return _no(HTTPStatus.FORBIDDEN, error.what)
        if asked.old > head.size:
            return _no(HTTPStatus.BAD_REQUEST, "La taille d’avant est plus grande que celle du point de contrôle.")
        with explained(self._path), transaction(self._db):
            return self._decide(asked, head, key)

    def checkpoint(self, origin_hash: str) -> Answer:
        """The last checkpoint cosigned for a log, by the SHA-256 of its origin, with log's and own signatures."""
        with explained(self._path):
            row = self._db.execute("SELECT note FROM seen WHERE hash = ?", (origin_hash,)).fetchone()
        if row is None:
            return _no(HTTPStatus.NOT_FOUND, "Aucun point de contrôle de ce journal n’a été contresigné ici.")
        return Answer(HTTPStatus.OK, str(row[0]).encode())

    def told(self) -> dict[str, Any]:
        """What this witness has seen and refused, for whoever runs it."""
        with explained(self._path):
            seen = self._db.execute("SELECT origin, size, at_us, note FROM seen ORDER BY origin").fetchall()
            refused = self._db.execute("SELECT * FROM refusal ORDER BY id").fetchall()
        names = ("id", "at_us", "origin", "reason", "known_size", "known_note", "size", "note")
        return {
            "vkeys": self.vkeys(),
            "logs": [dict(zip(("origin", "size", "at_us", "note"), row, strict=True)) for row in seen],
            "refusals": [dict(zip(names, row, strict=True)) for row in refused],
        }

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _key_of(self, origin: str) -> Verifier | None:
        """The key whose logs bear this origin: its own name, or below it (each quarter of a commune is a log).

        The longest such name: nobody speaks for a log that another known key names more closely.
        """
        named = (k for k in self._logs if origin == k.name or origin.startswith(f"{k.name}/"))
        return max(named, key=lambda k: len(k.name), default=None)

    def _decide(self, asked: Submission, head: Head, key: Verifier) -> Answer:
        known = self._seen(head.origin)
        fault = _contradiction(asked, head, known)
        if fault:
            self._keep_refusal(head, only_signed_by(asked.note, key), known, fault)
        if asked.old != known.size:
            return Answer(HTTPStatus.CONFLICT, size_body(known.size), SIZE, fault or "une autre taille est connue ici")
        if fault:
            return _no(HTTPStatus.UNPROCESSABLE_ENTITY, fault)
        if not known.note and self._db.execute("SELECT count(*) FROM seen").fetchone()[0] >= LOGS_LIMIT:
            raise LimitExceeded("Ce témoin suit déjà autant de journaux qu’il le peut.")
        lines = [one.line(note_text(asked.note), head, self._clock.utc().us // MICRO) for one in self._cosigners]
        # Only what was verified is kept and shown again: the log's own signature, then ours.
        kept = only_signed_by(asked.note, key) + "".join(lines)
        self._db.execute(
            "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET "
            "size = excluded.size, root = excluded.root, note = excluded.note, at_us = excluded.at_us",
            (_origin_hash(head.origin), head.origin, head.size, head.root, kept, self._clock.utc().us),
        )
        return Answer(HTTPStatus.OK, "".join(lines).encode(), reason="contresigné")

    def _seen(self, origin: str) -> _Seen:
        row = self._db.execute("SELECT size, root, note FROM seen WHERE hash = ?", (_origin_hash(origin),)).fetchone()
        return _Seen() if row is None else _Seen(int(row[0]), bytes(row[1]), str(row[2]))

    def _keep_refusal(self, head: Head, note: str, known: _Seen, reason: str) -> None:
        """Keep the signed contradiction, once; the oldest of its reason stay when there are too many."""
        count = self._db.execute("SELECT count(*) FROM refusal WHERE reason = ?", (reason,)).fetchone()[0]
        if count < REFUSALS_LIMIT:
            self._db.execute(
                "INSERT OR IGNORE INTO refusal (at_us, origin, reason, known_size, known_note, size, note) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._clock.utc().us, head.origin, reason, known.size, known.note, head.size, note),
            )


def _contradiction(asked: Submission, head: Head, known: _Seen) -> str:
    """Why this checkpoint cannot follow what is known, or nothing; a mere lack of news is no contradiction."""
    if head.size == 0 and head.root != EMPTY_ROOT:
        return "Un arbre vide n’a pas cette racine."
    if known.note and head.size == known.size and head.root != known.root:
        return "Bifurcation : un autre arbre de même taille a déjà été contresigné ici."
    if head.size < known.size:
        return "Retour en arrière, ou point de contrôle rejoué : un arbre plus grand a déjà été contresigné ici."
    if asked.old != known.size:
        return ""
    if known.size == 0 or head.size == known.size:
        return "La preuve de cohérence devrait être vide." if asked.proof else ""
    try:
        verify_consistency(known.size, head.size, known.root, head.root, asked.proof)
    except Damaged:
        return "La preuve ne mène pas de l’arbre connu ici à celui-ci : elle est fausse, ou le journal a bifurqué."
    return ""


def _own_keys(db: sqlite3.Connection, name: str) -> list[Cosigner]:
    """The witness's keys, made at the first start; BadInput when the state is another witness's."""
    check_name(name)  # before anything is kept under it
    found = dict(db.execute("SELECT name, value FROM secret"))
    if not found:
        found = {"name": name.encode()} | {kind: secrets.token_bytes(SEED_BYTES) for kind in ("ed25519", "ml-dsa-44")}
        with transaction(db):
            db.executemany("INSERT INTO secret (name, value) VALUES (?, ?)", list(found.items()))
    if set(found) != {"name", "ed25519", "ml-dsa-44"}:
        raise Damaged("Les clés de ce témoin manquent à son état.", where="--home", todo="Rétablissez sa sauvegarde.")
    if found["name"].decode() != name:
        what = f"Cet état est celui du témoin « {found['name'].decode()} »."
        raise BadInput(what, where="--name", todo="Donnez son nom, ou un autre dossier.")
    return [Cosigner(name, ED25519, found["ed25519"]), Cosigner(name, ML_DSA_44, found["ml-dsa-44"])]


def _origin_hash(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()


def _no(status: HTTPStatus, why: str) -> Answer:
    return Answer(status, f"{why}\n".encode(), reason=why)
