"""Wrapped camera-hour keys: kept, frozen by holds, destroyed when due; in a file of their own (design §4, Keys; P-38).

The file deletes with zeroes (secure_delete) and its write-ahead log is cut after every destruction. A destruction
leaves a row without key material that waits for the journal, so that a crash between the two files loses no record of
it.

A hold freezes the keys its range touches by merely existing: they are not destroyed while it lasts. As soon as the
commune is unlocked, the held segments' keys are sealed one by one under a key of the hold; from then on the hour key,
which also opens its unheld neighbours, is destroyed on its own due date like any other. What a hold
sealed stays for those placed while it lasted, also once it has ended itself (``keepers``).
"""

from __future__ import annotations

import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vms.clock import HOUR_US
from vms.errors import Conflict, Damaged
from vms.keeper.files.segment_name import SEGMENT_LIMIT_US
from vms.keeper.files.store import Tx
from vms.keys.derive import segment_key
from vms.keys.wrapping import hour_key_info, unwrap, wrap
from vms.law.dates import DAY_US
from vms.law.facts import CommuneFacts, Hold
from vms.law.retention import MAX_DAYS, hour_key_due

KEY_BYTES: Final = 32
SHORTEST_MONTH_DAYS: Final = 28
NONCE_BYTES: Final = 12
# A recorder that was cut off hands its chain heads over late; after this an hour's segments are taken to be known.
REWRAP_AFTER_US: Final = HOUR_US
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS hour_key (
  key_id TEXT PRIMARY KEY, camera TEXT NOT NULL, hour_us INTEGER NOT NULL, wrapped BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS hour_key_by_camera ON hour_key (camera, hour_us);
CREATE TABLE IF NOT EXISTS hold_key (hold TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS held_segment (
  hold TEXT NOT NULL, segment TEXT NOT NULL, camera TEXT NOT NULL, start_us INTEGER NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (hold, segment)
) STRICT;
CREATE TABLE IF NOT EXISTS rewrapped (hold TEXT NOT NULL, key_id TEXT NOT NULL, PRIMARY KEY (hold, key_id)) STRICT;
CREATE TABLE IF NOT EXISTS package_key (
  request TEXT PRIMARY KEY, package TEXT NOT NULL, wrapped BLOB NOT NULL, at_us INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS destroyed (
  key_id TEXT PRIMARY KEY, camera TEXT NOT NULL, hour_us INTEGER NOT NULL, at_us INTEGER NOT NULL, mode TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class WrappedHour:
    """A row: an hour key as the recorder handed it over."""

    key_id: str
    camera: str
    hour_us: int
    wrapped: bytes


Held = tuple[WrappedHour, tuple[Hold, ...]]


@dataclass(frozen=True, slots=True)
class Due:
    """What a run decided: keys that go now, keys that go now although held (their held segments are re-wrapped), and
    keys to re-wrap for these holds, due ones first among what an unlocking must not wait for.
    """

    destroy: tuple[WrappedHour, ...]
    spared: tuple[WrappedHour, ...]
    due_held: tuple[Held, ...]
    early: tuple[Held, ...]


def retention_days(facts: CommuneFacts, camera: str, now_us: int) -> int:
    """The days that a camera's footage may stay: its order's, or the legal maximum when none is known (P-30)."""
    known = facts.cameras.get(camera)
    order = facts.order_of(known, now_us) if known else None
    return order.max_days if order else MAX_DAYS


def is_due(facts: CommuneFacts, camera: str, hour_us: int, now_us: int) -> bool:
    """Whether the first instant of an hour is due (P-31, S5)."""
    return hour_key_due(hour_us, retention_days(facts, camera, now_us)) <= now_us


def holds_on(facts: CommuneFacts, camera: str, from_us: int, to_us: int, now_us: int) -> tuple[Hold, ...]:
    """The active holds that touch a camera's range."""
    return tuple(
        hold
        for hold in facts.holds
        if hold.active(now_us) and camera in hold.cameras and hold.from_us < to_us and from_us < hold.to_us
    )


def put(tx: Tx, key: WrappedHour) -> None:
    """Keep a wrapped key; the same again changes nothing, another under the same id is a Conflict."""
    row = tx.db.execute("SELECT camera, hour_us, wrapped FROM hour_key WHERE key_id = ?", (key.key_id,)).fetchone()
    if row is None:
        tx.db.execute("INSERT INTO hour_key VALUES (?, ?, ?, ?)", (key.key_id, key.camera, key.hour_us, key.wrapped))
    elif (row[0], row[1], bytes(row[2])) != (key.camera, key.hour_us, key.wrapped):
        raise Conflict("Une autre clé porte déjà cet identifiant.", where=key.key_id)


def find(db: sqlite3.Connection, key_id: str) -> WrappedHour | None:
    """The wrapped key with this id, if it is still there."""
    row = db.execute("SELECT key_id, camera, hour_us, wrapped FROM hour_key WHERE key_id = ?", (key_id,)).fetchone()
    return None if row is None else WrappedHour(row[0], row[1], row[2], bytes(row[3]))


def open_hour(private: bytes, commune: str, key: WrappedHour) -> bytes:
    """The clear hour key; Damaged when the row was altered (its place in the file is bound by HPKE's info)."""
    return unwrap(private, key.wrapped, hour_key_info(commune, key.camera, key.key_id, key.hour_us))


def decide(db: sqlite3.Connection, facts: CommuneFacts, now_us: int) -> Due:
    """What is due at ``now_us`` (P-30, P-32); only rows that may be are read, so that asking often is cheap."""
    destroy: list[WrappedHour] = []
    spared: list[WrappedHour] = []
    due_held: list[Held] = []
    for (camera,) in db.execute("SELECT DISTINCT camera FROM hour_key").fetchall():
        # No calendar makes a month shorter than 28 days, nor a clock change a day shorter than 23 hours.
        youngest_us = now_us - min(retention_days(facts, camera, now_us), SHORTEST_MONTH_DAYS) * DAY_US + HOUR_US
        rows = db.execute(
            "SELECT key_id, camera, hour_us, wrapped FROM hour_key WHERE camera = ? AND hour_us <= ?",
            (camera, youngest_us),
        )
        for row in rows:
            key = WrappedHour(row[0], row[1], row[2], bytes(row[3]))
            if not is_due(facts, camera, key.hour_us, now_us):
                continue
            holds = _holds_of_hour(facts, key, now_us)
            waiting = _not_rewrapped(db, key, holds)
            if waiting:
                due_held.append((key, waiting))
            else:
                (spared if holds else destroy).append(key)
    known = {key.key_id for key, _ in due_held} | {key.key_id for key in (*destroy, *spared)}
    early = [one for one in _held_hours(db, facts, now_us) if one[0].key_id not in known]
    return Due(tuple(destroy), tuple(spared), tuple(due_held), tuple(early))


def _holds_of_hour(facts: CommuneFacts, key: WrappedHour, now_us: int) -> tuple[Hold, ...]:
    around = (key.hour_us - SEGMENT_LIMIT_US, key.hour_us + HOUR_US + SEGMENT_LIMIT_US)
    return holds_on(facts, key.camera, *around, now_us)


def _not_rewrapped(db: sqlite3.Connection, key: WrappedHour, holds: Iterable[Hold]) -> tuple[Hold, ...]:
    done = {row[0] for row in db.execute("SELECT hold FROM rewrapped WHERE key_id = ?", (key.key_id,))}
    return tuple(hold for hold in holds if hold.id not in done)


def _held_hours(db: sqlite3.Connection, facts: CommuneFacts, now_us: int) -> list[Held]:
    """Keys of hours long enough over for all their segments to be known, that an active hold touches."""
    found: dict[str, WrappedHour] = {}
    for hold in facts.holds:
        if not hold.active(now_us):
            continue
        low = hold.from_us - HOUR_US - SEGMENT_LIMIT_US
        high = min(hold.to_us + SEGMENT_LIMIT_US, now_us - HOUR_US - REWRAP_AFTER_US)
        for camera in hold.cameras:
            rows = db.execute(
                "SELECT key_id, camera, hour_us, wrapped FROM hour_key "
                "WHERE camera = ? AND hour_us > ? AND hour_us < ?",
                (camera, low, high),
            )
            found |= {row[0]: WrappedHour(row[0], row[1], row[2], bytes(row[3])) for row in rows}
    pairs = [(key, _not_rewrapped(db, key, _holds_of_hour(facts, key, now_us))) for key in found.values()]
    return [(key, holds) for key, holds in pairs if holds]


def destroy(tx: Tx, keys: Iterable[WrappedHour], mode: str) -> int:
    """Delete keys and leave a record of each for the journal; how many."""
    count = 0
    for key in keys:
        count += tx.db.execute("DELETE FROM hour_key WHERE key_id = ?", (key.key_id,)).rowcount
        tx.db.execute(
            "INSERT OR IGNORE INTO destroyed VALUES (?, ?, ?, ?, ?)",
            (key.key_id, key.camera, key.hour_us, tx.now.us, mode),
        )
    return count


def rewrap_held(
    tx: Tx,
    commune: str,
    public: bytes,
    private: bytes,
    key: WrappedHour,
    holds: Iterable[Hold],
    names: list[tuple[str, int]],
) -> None:
    """Seal the held segments' keys under each hold's key; ``names`` are the (segment, start µs) written with this
    key.
    """
    hour_key = open_hour(private, commune, key)
    for hold in holds:
        tx.db.execute("INSERT OR IGNORE INTO rewrapped VALUES (?, ?)", (hold.id, key.key_id))
        held = [(n, start) for n, start in names if hold.from_us - SEGMENT_LIMIT_US < start < hold.to_us]
        if not held:
            continue
        box = AESGCM(_hold_key(tx, commune, public, private, hold.id))
        for name, start in held:
            nonce = secrets.token_bytes(NONCE_BYTES)
            sealed = nonce + box.encrypt(nonce, segment_key(hour_key, name), _held_aad(hold.id, name))
            tx.db.execute(
                "INSERT OR IGNORE INTO held_segment VALUES (?, ?, ?, ?, ?)", (hold.id, name, key.camera, start, sealed)
            )


def rewrap_again(tx: Tx, key_ids: Iterable[str]) -> None:
    """More segments of these keys became known: holds look at them again."""
    tx.db.executemany("DELETE FROM rewrapped WHERE key_id = ?", [(key_id,) for key_id in key_ids])


def keepers(holds: Iterable[Hold], now_us: int) -> dict[str, tuple[Hold, ...]]:
    """By the id of a hold, ended or not: the active holds that keep what was sealed under its key (P-32, P-34).

    Itself while it lasts, and those placed while it did: past the term its key is the only one left, and must outlive
    it for them, whether or not somebody unlocks meanwhile.
    """
    found: dict[str, list[Hold]] = defaultdict(list)
    for hold in holds:
        if hold.active(now_us):
            for source in sealed_under(hold):
                found[source].append(hold)
    return {source: tuple(kept_by) for source, kept_by in found.items()}


def sealed_under(hold: Hold) -> tuple[str, ...]:
    """The ids of the holds under whose keys may lie what this one keeps: the other way round."""
    return (hold.id, *hold.after)


def uncovered(db: sqlite3.Connection, keeping: Mapping[str, tuple[Hold, ...]]) -> list[tuple[str, str]]:
    """The (hold, camera) of segments that no hold of ``keepers`` keeps, or not any more."""
    rows = db.execute("SELECT hold, camera, min(start_us), max(start_us) FROM held_segment GROUP BY hold, camera")
    return [
        (name, camera)
        for name, camera, first_us, last_us in rows
        if not any(low < first_us and last_us < high for low, high in _kept(keeping.get(name, ()), camera))
    ]


def _kept(holds: Iterable[Hold], camera: str) -> list[tuple[int, int]]:
    """Between which instants, both excluded, a camera's segments may start to be kept by these holds."""
    return [(hold.from_us - SEGMENT_LIMIT_US, hold.to_us) for hold in holds if camera in hold.cameras]


def held_segment_key(
    db: sqlite3.Connection, commune: str, private: bytes, segment: str, hold_ids: Iterable[str]
) -> bytes | None:
    """The key of a segment that one of these holds keeps, or None."""
    for hold_id in hold_ids:
        row = db.execute(
            "SELECT s.sealed, k.wrapped FROM held_segment s JOIN hold_key k ON k.hold = s.hold "
            "WHERE s.hold = ? AND s.segment = ?",
            (hold_id, segment),
        ).fetchone()
        if row is not None:
            key = unwrap(private, bytes(row[1]), _hold_info(commune, hold_id))
            sealed = bytes(row[0])
            try:
                return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _held_aad(hold_id, segment))
            except InvalidTag as error:
                raise Damaged("Une clé gelée a été altérée.", where=segment) from error
    return None


def drop_ended_holds(tx: Tx, keeping: Mapping[str, tuple[Hold, ...]]) -> list[tuple[str, str, int]]:
    """Destroy the keys of what no hold of ``keepers`` keeps; the (hold, camera, segments) that went."""
    gone = []
    for name, camera in uncovered(tx.db, keeping):
        kept = _kept(keeping.get(name, ()), camera)
        but = "".join(" AND NOT (? < start_us AND start_us < ?)" for _ in kept)
        limits = [limit for span in kept for limit in span]
        count = tx.db.execute(
            f"DELETE FROM held_segment WHERE hold = ? AND camera = ?{but}", (name, camera, *limits)
        ).rowcount
        gone.append((name, camera, count))
    for (hold,) in tx.db.execute("SELECT hold FROM hold_key").fetchall():
        if hold not in keeping:
            tx.db.execute("DELETE FROM hold_key WHERE hold = ?", (hold,))
            tx.db.execute("DELETE FROM rewrapped WHERE hold = ?", (hold,))
    return gone


def _hold_key(tx: Tx, commune: str, public: bytes, private: bytes, hold: str) -> bytes:
    row = tx.db.execute("SELECT wrapped FROM hold_key WHERE hold = ?", (hold,)).fetchone()
    if row is not None:
        return unwrap(private, bytes(row[0]), _hold_info(commune, hold))
    key = secrets.token_bytes(KEY_BYTES)
    tx.db.execute("INSERT INTO hold_key VALUES (?, ?)", (hold, wrap(public, key, _hold_info(commune, hold))))
    return key


def _hold_info(commune: str, hold: str) -> bytes:
    return b"guet/hold-key/v1\0" + f"{commune}\0{hold}".encode()


def _held_aad(hold: str, segment: str) -> bytes:
    return b"guet/held-segment/v1\0" + f"{hold}\0{segment}".encode()
