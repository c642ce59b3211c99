"""Camera-hour keys of a recorder: made, wrapped to the commune, handed over, forgotten (design: Keys).

Order (S3): a key's wrapped form is durable, with the keeper or in the spool here, *before* the key seals its first
byte. So a segment on disk always has a wrapped key somewhere; the worst a crash leaves is a key that sealed nothing.
The clear key lives in this process's memory only, for its hour.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from recorder.store.errors import StoreError
from vms import logs
from vms.clock import HOUR_US, UtcTime
from vms.errors import Conflict, GuetError, LimitExceeded, Unavailable
from vms.keys import wrapping

KEY_BYTES: Final = 32
HANDOVER_WAIT_S: Final = 2.0
SPOOL_LIMIT_KEYS: Final = 100_000
FLUSH_BATCH_KEYS: Final = 100
BUSY_WAIT_S: Final = 5.0

log = logs.get("recorder.hour_keys")


class HourKeySink(Protocol):
    """Who keeps wrapped keys: the keeper. Unavailable when away; the same key may be put again."""

    async def put_hour_key(self, commune: str, camera: str, key_id: str, hour_us: int, wrapped: bytes) -> bool:
        """Durable on return; False when the hour is due already, and nothing was kept."""
        ...


@dataclass(frozen=True, slots=True)
class HourKey:
    """A clear key in use; ``key`` is wiped when it is forgotten."""

    id: str
    hour_us: int
    key: bytearray


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """What the keeper gets."""

    commune: str
    camera: str
    key_id: str
    hour_us: int
    wrapped: bytes


class KeySpool:
    """Wrapped keys that the keeper has not taken yet, in a SQLite file of their own that overwrites what it deletes.

    Methods block. The journal mode is ``DELETE``, so no copy of a removed key stays in a write-ahead log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS wrapped (key_id TEXT PRIMARY KEY, commune TEXT NOT NULL,"
                " camera TEXT NOT NULL, hour_us INTEGER NOT NULL, wrapped BLOB NOT NULL)"
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=BUSY_WAIT_S, isolation_level=None)) as db:
                for pragma in ("journal_mode=DELETE", "synchronous=EXTRA", "secure_delete=ON"):
                    db.execute(f"PRAGMA {pragma}")
                yield db
        except sqlite3.Error as error:
            full = "full" in str(error)
            raise StoreError(
                f"Les clés en attente ne peuvent pas être gardées : {error}.",
                cause="disk-full" if full else "disk-wrong",
                where=self._path.name,
                todo="Vérifiez le volume de VMS_HOME.",
            ) from error

    def put(self, key: WrappedKey) -> None:
        """Keep a key, durable on return; LimitExceeded beyond 100 000 keys."""
        with self._open() as db:
            if db.execute("SELECT count(*) FROM wrapped").fetchone()[0] >= SPOOL_LIMIT_KEYS:
                raise LimitExceeded("Trop de clés attendent le gardien.", todo="Relancez le gardien (vms serve).")
            db.execute(
                "INSERT OR REPLACE INTO wrapped VALUES (?, ?, ?, ?, ?)",
                (key.key_id, key.commune, key.camera, key.hour_us, key.wrapped),
            )

    def waiting(self, limit: int = FLUSH_BATCH_KEYS) -> list[WrappedKey]:
        """The oldest keys that wait, at most ``limit``."""
        with self._open() as db:
            rows = db.execute(
                "SELECT commune, camera, key_id, hour_us, wrapped FROM wrapped ORDER BY hour_us, key_id LIMIT ?",
                (limit,),
            ).fetchall()
        return [WrappedKey(*row) for row in rows]

    def remove(self, key_id: str) -> None:
        """Destroy one key here: the keeper has it."""
        with self._open() as db:
            db.execute("DELETE FROM wrapped WHERE key_id = ?", (key_id,))

    def destroy_where(self, is_due: Callable[[str, int], bool]) -> int:
        """Destroy the keys whose (camera, hour_us) is due though never handed over (S5); how many."""
        with self._open() as db:
            rows = db.execute("SELECT key_id, camera, hour_us FROM wrapped").fetchall()
            due = [(key_id,) for key_id, camera, hour_us in rows if is_due(camera, hour_us)]
            db.executemany("DELETE FROM wrapped WHERE key_id = ?", due)
        return len(due)


class HourKeys:
    """The keys in use, one per camera, shared by its streams."""

    def __init__(
        self,
        sink: HourKeySink,
        spool: KeySpool,
        public_key: Callable[[str], bytes],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._sink = sink
        self._spool = spool
        self._public_key = public_key
        self._random = random
        self._current: dict[str, dict[int, HourKey]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def key_for(self, commune: str, camera: str, at: UtcTime) -> HourKey:
        """The camera's key for the hour that holds ``at``: the one in use, or a new one, wrapped and durable (S3).

        StoreError when neither the keeper nor the spool can keep it: then nothing may be sealed.
        """
        hour_us = at.hour().us
        async with self._locks.setdefault(camera, asyncio.Lock()):
            keys = self._current.setdefault(camera, {})
            if hour_us in keys:
                return keys[hour_us]
            fresh = HourKey(secrets.token_hex(16), hour_us, bytearray(self._random(KEY_BYTES)))
            info = wrapping.hour_key_info(commune, camera, fresh.id, hour_us)
            wrapped = wrapping.wrap(self._public_key(commune), bytes(fresh.key), info)
            await self._keep(WrappedKey(commune, camera, fresh.id, hour_us, wrapped))
            # A crash here leaves a wrapped key that sealed nothing: it is destroyed with its hour.
            keys[hour_us] = fresh
            # The camera's other stream may still close a group of the hour before: that key stays one hour more.
            for old in [one for one in keys if one < hour_us - HOUR_US]:
                _wipe(keys.pop(old))
            return fresh

    async def _keep(self, key: WrappedKey) -> None:
        try:
            kept = await self._hand_over(key)
        except (Unavailable, TimeoutError) as error:
            log.warning("hour_key_spooled", camera=key.camera, why=str(error) or "délai dépassé")
            await asyncio.to_thread(self._spool.put, key)
            return
        if not kept:
            raise StoreError(
                "Le gardien tient cette heure pour échue : l’horloge de l’enregistreur est fausse.",
                cause="clock",
                where=key.camera,
                todo="Vérifiez l’heure des deux machines.",
            )

    async def _hand_over(self, key: WrappedKey) -> bool:
        try:
            return await asyncio.wait_for(
                self._sink.put_hour_key(
                    commune=key.commune,
                    camera=key.camera,
                    key_id=key.key_id,
                    hour_us=key.hour_us,
                    wrapped=key.wrapped,
                ),
                HANDOVER_WAIT_S,
            )
        except Conflict:
            return True  # an earlier try had arrived after all: ids are random, so it is this key

    async def flush(self) -> int:
        """Hand the keys that wait to the keeper, then destroy them here; how many. Stops at the first refusal."""
        done = 0
        while batch := await asyncio.to_thread(self._spool.waiting):
            for key in batch:
                try:
                    await self._hand_over(key)
                except (GuetError, TimeoutError) as error:
                    log.info("hour_keys_still_waiting", why=str(error) or "délai dépassé", handed=done)
                    return done
                # A crash here leaves the key with both: it is handed over again, to no effect. What the keeper
                # would not keep is due, and goes here too (S5).
                await asyncio.to_thread(self._spool.remove, key.key_id)
                done += 1
        return done

    def forget(self, camera: str) -> None:
        """Drop a camera's clear keys: it no longer records here."""
        for key in self._current.pop(camera, {}).values():
            _wipe(key)


def _wipe(key: HourKey) -> None:
    """Overwrite a clear key; best effort, since Python may hold copies."""
    key.key[:] = bytes(len(key.key))
