"""Former versions of the facts that the gate reads: what was recorded at any past instant, version by version.

A fact is overwritten when it changes; its versions are not, so that the gate can be asked what it would have answered
on that day, and why. Each version bears a keyed checksum over its number and its instant; numbers follow each other and
the last version is the fact itself, so that none can be altered, added or taken away from between unseen.
"""

from __future__ import annotations

import hmac
import sqlite3
from hashlib import sha256
from typing import Final

from vms.errors import Damaged, NotFound

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS fact_version (
  kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, at_us INTEGER NOT NULL, body TEXT NOT NULL,
  mac BLOB NOT NULL, PRIMARY KEY (kind, id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history_start (one INTEGER PRIMARY KEY CHECK (one = 1), at_us INTEGER NOT NULL) STRICT;
"""
# What the gate reads; keys, prefixes and orders to the provisioner are not its business and keep no history.
DATED: Final = frozenset(
    {
        "commune", "order", "habilitation", "convention", "grouping", "modification", "camera", "zones", "framing",
        "request", "emergency", "emergency_persons", "mask_drift",
    }
)  # fmt: skip


class Sealer:
    """Keyed checksums of one commune's rows."""

    def __init__(self, commune: str, mac_key: bytes) -> None:
        self.commune = commune
        self._key = mac_key

    def mac(self, domain: str, *parts: str) -> bytes:
        """The checksum of a row of that kind of table."""
        text = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in (self.commune, *parts))
        return hmac.digest(self._key, f"guet/{domain}/v1\0".encode() + text, sha256)


class History:
    """The versions; the caller owns the transaction."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def keep(self, db: sqlite3.Connection, kind: str, fact_id: str, body: str, now_us: int) -> None:
        """Add a version; a fact older than its history gets its former body as the first one, known since ever."""
        if kind not in DATED:
            return
        key = (kind, fact_id)
        last = db.execute("SELECT max(version) FROM fact_version WHERE kind = ? AND id = ?", key).fetchone()[0]
        if last is None:
            before = db.execute("SELECT body FROM fact WHERE kind = ? AND id = ?", key).fetchone()
            last = 0
            if before is not None:
                last = 1
                self._insert(db, kind, fact_id, last, 0, str(before[0]))
        self._insert(db, kind, fact_id, last + 1, now_us, body)

    def _insert(self, db: sqlite3.Connection, kind: str, fact_id: str, version: int, at_us: int, body: str) -> None:
        mac = self._mac(kind, fact_id, version, at_us, body)
        db.execute("INSERT INTO fact_version VALUES (?, ?, ?, ?, ?, ?)", (kind, fact_id, version, at_us, body, mac))

    def bodies_at(self, db: sqlite3.Connection, at_us: int) -> dict[tuple[str, str], str]:
        """Every dated fact as it was recorded at an instant, by kind and id."""
        start = db.execute("SELECT at_us FROM history_start").fetchone()
        if start is not None and at_us < start[0]:
            raise NotFound("Les faits de ce jour ne sont plus gardés.", where=self._sealer.commune, rule="P-43")
        found: dict[tuple[str, str], str] = {}
        latest: dict[tuple[str, str], tuple[int, str]] = {}
        rows = db.execute("SELECT kind, id, version, at_us, body, mac FROM fact_version ORDER BY kind, id, version")
        for kind, fact_id, version, since_us, body, mac in rows:
            key, genuine = (kind, fact_id), self._mac(kind, fact_id, version, since_us, body)
            follows = key not in latest or version == latest[key][0] + 1
            if not follows or not hmac.compare_digest(genuine, mac):
                raise self._damaged(kind, fact_id)
            latest[key] = version, body
            if since_us <= at_us:
                found[key] = body
        for kind, fact_id, body in db.execute("SELECT kind, id, body FROM fact").fetchall():
            if kind not in DATED:
                continue
            if (kind, fact_id) not in latest:  # older than this history, and unchanged since
                found[kind, fact_id] = body
            elif latest.pop((kind, fact_id))[1] != body:
                raise self._damaged(kind, fact_id)
        for kind, fact_id in latest:  # versions without their fact
            raise self._damaged(kind, fact_id)
        return found

    def prune(self, db: sqlite3.Connection, before_us: int) -> int:
        """Forget versions superseded before an instant, and remember that nothing older can be asked."""
        gone = db.execute(
            "DELETE FROM fact_version AS old WHERE EXISTS (SELECT 1 FROM fact_version AS new WHERE new.kind = old.kind "
            "AND new.id = old.id AND new.version = old.version + 1 AND new.at_us < ?)",
            (before_us,),
        ).rowcount
        if gone:
            db.execute("INSERT OR REPLACE INTO history_start VALUES (1, ?)", (before_us,))
        return gone

    def _damaged(self, kind: str, fact_id: str) -> Damaged:
        where = f"{self._sealer.commune}: {kind} {fact_id}"
        return Damaged("L’histoire d’un fait du gardien a été altérée.", where=where, todo="Restaurez-la.")

    def _mac(self, kind: str, fact_id: str, version: int, at_us: int, body: str) -> bytes:
        return self._sealer.mac("fact-version", kind, fact_id, str(version), str(at_us), body)
