"""Where each login has signed in: the back-off and the password queue tell such places from strangers.

Kept over a restart as keyed hashes of (login, place), a place being a workstation's secret or a network: the file says
neither who nor where. Bounded: the places used longest ago are forgotten first.
"""

from __future__ import annotations

import hmac
from typing import Final

from vms.clock import HOUR_US, Clock
from vms.keeper.files.store import Store, Tx

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS known_place (hash BLOB PRIMARY KEY, used_us INTEGER NOT NULL) STRICT;
"""
PLACES_LIMIT: Final = 20_000
CONTEXT: Final = b"guet/known-place/1\0"
# A place in daily use is written once a day.
FRESH_US: Final = 24 * HOUR_US


class KnownPlaces:
    """The places of all logins, on the host's file."""

    def __init__(self, store: Store, key: bytes, clock: Clock, limit: int = PLACES_LIMIT) -> None:
        self._store, self._key, self._clock, self._limit = store, key, clock, limit

    def holds(self, login: str, place: str) -> bool:
        """Whether the login has signed in at the place before."""
        return self._used_us(self._hash(login, place)) is not None

    async def note(self, login: str, *places: str) -> None:
        """A good sign-in at these places; empty ones are none."""
        now_us = self._clock.utc().us
        hashes = [self._hash(login, place) for place in places if place]
        stale = [one for one in hashes if now_us - (self._used_us(one) or 0) > FRESH_US]
        if stale:
            await self._store.write(lambda tx: self._keep(tx, stale, now_us))

    def _keep(self, tx: Tx, hashes: list[bytes], now_us: int) -> None:
        tx.db.executemany("INSERT OR REPLACE INTO known_place VALUES (?, ?)", [(one, now_us) for one in hashes])
        over = "SELECT hash FROM known_place ORDER BY used_us DESC, rowid DESC LIMIT -1 OFFSET ?"
        tx.db.execute(f"DELETE FROM known_place WHERE hash IN ({over})", (self._limit,))

    def _used_us(self, digest: bytes) -> int | None:
        row = self._store.reader.execute("SELECT used_us FROM known_place WHERE hash = ?", (digest,)).fetchone()
        return None if row is None else int(row[0])

    def _hash(self, login: str, place: str) -> bytes:
        text = f"{login}\0{place}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, CONTEXT + text, "sha256")
