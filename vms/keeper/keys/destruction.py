"""Destroys due keys, re-wraps what holds keep, and tells the journal (P-30…P-38, P-40): at start, at unlocking, in a
loop.

Order: keys destroyed and outbox written (one transaction) → write-ahead log cut → journal entries (one transaction) →
outbox emptied. A crash after any step is finished by the next run, which is the same function.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vms import logs
from vms.clock import HOUR_US
from vms.keeper.communes import Commune
from vms.keeper.files import hour_keys
from vms.keeper.files.hour_keys import Held, WrappedHour
from vms.keeper.files.store import Store, Tx
from vms.keeper.journal.entry import Entry
from vms.keeper.journal.log import prune
from vms.law.dates import add_months
from vms.law.facts import Hold
from vms.law.rulebook import rulebook

BATCH_LIMIT_KEYS: Final = 2000

log = logs.get("keeper.destruction")


@dataclass(frozen=True, slots=True)
class Destroyed:
    """Keys destroyed, keys destroyed beside a hold, keys that wait for an unlocking (an alarm, P-32)."""

    destroyed: int = 0
    rewrapped: int = 0
    frozen: int = 0
    released: int = 0


async def destroy_due(commune: Commune, now_us: int) -> Destroyed:
    """One run for one commune; safe to kill anywhere and to repeat."""
    async with commune.turn:  # no hold is placed between what is decided here and what is done about it
        due = hour_keys.decide(commune.keys.reader, commune.facts, now_us)
        ready, frozen = _ready_to_rewrap(commune, due.due_held)
        early, _ = _ready_to_rewrap(commune, due.early)
        keeping = hour_keys.keepers(commune.facts.holds, now_us)

        def work(tx: Tx) -> tuple[int, int, list[tuple[str, str, int]]]:
            for key, holds, names in (*ready, *early):
                hour_keys.rewrap_held(tx, commune.id, commune.public_key, commune.private_key(), key, holds, names)
            gone = hour_keys.destroy(tx, due.destroy, "auto")
            moved = hour_keys.destroy(tx, (*due.spared, *(key for key, _, _ in ready)), "auto-held")
            return gone, moved, hour_keys.drop_ended_holds(tx, keeping)

        destroyed, rewrapped = 0, 0
        released: list[tuple[str, str, int]] = []
        if due.destroy or due.spared or ready or early or _ended(commune, keeping):
            destroyed, rewrapped, released = await commune.keys.write(work)
            await commune.keys.truncate()
        await _tell_journal(commune, released)
    if frozen:
        log.warning("clés gelées à déverrouiller", commune=commune.id, count=frozen)
    return Destroyed(destroyed, rewrapped, frozen, sum(count for _, _, count in released))


async def prune_journal(store: Store, now_us: int) -> int:
    """Delete the journal records of a store that have reached 36 months (P-43); the pruning is itself an entry."""
    before_us = add_months(now_us, -rulebook().durations.journal_months)
    oldest = store.reader.execute("SELECT min(at_us) FROM entry WHERE record IS NOT NULL").fetchone()[0]
    if oldest is None or oldest >= before_us:
        return 0

    def work(tx: Tx) -> int:
        count = prune(tx.db, before_us)
        if count:
            tx.journal(Entry("effacement", "prune_journal", detail={"count": count, "before_us": before_us}))
        return count

    return await store.write(work)


async def prune_facts(commune: Commune, now_us: int) -> int:
    """Forget versions of facts superseded for 36 months: they explain journal entries, and go with them (P-43)."""
    before_us = add_months(now_us, -rulebook().durations.journal_months)
    oldest = commune.store.reader.execute("SELECT min(at_us) FROM fact_version WHERE version > 1").fetchone()[0]
    if oldest is None or oldest >= before_us:
        return 0

    def work(tx: Tx) -> int:
        count = commune.records.prune(tx.db, before_us)
        if count:
            tx.journal(Entry("effacement", "prune_facts", detail={"count": count, "before_us": before_us}))
        return count

    return await commune.store.write(work)


def _ended(commune: Commune, keeping: Mapping[str, tuple[Hold, ...]]) -> bool:
    rows = commune.keys.reader.execute("SELECT hold FROM hold_key")
    return any(hold not in keeping for (hold,) in rows) or bool(hour_keys.uncovered(commune.keys.reader, keeping))


def _ready_to_rewrap(
    commune: Commune, rows: tuple[Held, ...]
) -> tuple[list[tuple[WrappedHour, tuple[Hold, ...], list[tuple[str, int]]]], int]:
    """The keys whose held segments are known and whose commune is unlocked, and how many must wait."""
    ready, frozen = [], 0
    for key, holds in rows:
        names = commune.store.reader.execute(
            "SELECT segment, start_us FROM head WHERE key_id = ? AND camera = ?", (key.key_id, key.camera)
        ).fetchall()
        # Without the recorder's heads nothing is known to keep: the key waits rather than lose what is held.
        if commune.unlocked and names:
            ready.append((key, holds, [(str(name), int(start)) for name, start in names]))
        else:
            frozen += 1
    return ready, frozen


async def _tell_journal(commune: Commune, released: list[tuple[str, str, int]]) -> None:
    rows = commune.keys.reader.execute(
        "SELECT key_id, camera, hour_us, mode, at_us FROM destroyed ORDER BY hour_us, camera LIMIT ?",
        (BATCH_LIMIT_KEYS,),
    ).fetchall()
    if not rows and not released:
        return
    by_hour: dict[tuple[str, int, str], list[tuple[str, int]]] = defaultdict(list)
    for key_id, camera, hour_us, mode, at_us in rows:
        by_hour[(camera, hour_us, mode)].append((key_id, at_us))
    entries = [_entry(commune, camera, hour_us, mode, keys) for (camera, hour_us, mode), keys in by_hour.items()]
    entries += [
        Entry("effacement", "destroy_held_keys", cameras=(camera,), detail={"hold": hold, "segments": count})
        for hold, camera, count in released
    ]

    def tell(tx: Tx) -> None:
        for entry in entries:
            tx.journal(entry)
        tx.db.executemany("DELETE FROM head WHERE key_id = ?", [(row[0],) for row in rows])

    await commune.store.write(tell)

    def forget(tx: Tx) -> None:
        tx.db.executemany("DELETE FROM destroyed WHERE key_id = ?", [(row[0],) for row in rows])

    if rows:
        await commune.keys.write(forget)


def _entry(commune: Commune, camera: str, hour_us: int, mode: str, keys: list[tuple[str, int]]) -> Entry:
    """What a destruction certificate needs: which keys, by which retention they fell due, and when they went."""
    at_us = max(at_us for _, at_us in keys)
    days = hour_keys.retention_days(commune.facts, camera, at_us)
    detail: dict[str, Any] = {"mode": mode, "keys": [key for key, _ in keys], "count": len(keys)}
    detail |= {"days": days, "destroyed_us": at_us}
    return Entry(
        "effacement", "destroy_hour_key", cameras=(camera,), from_us=hour_us, to_us=hour_us + HOUR_US, detail=detail
    )
