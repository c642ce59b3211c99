"""The destruction certificate of a day: what was destroyed, when, why, which keys, and the journal's proof of it
(P-29, P-30, P-32, P-42).

What is destroyed is told by journal entries alone, each with its inclusion proof, so that whoever checks the
certificate recomputes that part. What remains and what is held is the keeper's own word, under its signature.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from vms.clock import HOUR_US
from vms.errors import BadInput, LimitExceeded
from vms.keeper.files.hour_keys import holds_on, retention_days
from vms.keeper.journal.cosigned import with_cosignatures
from vms.keeper.journal.log import checked_row, read_tile
from vms.keeper.journal.tiles import nodes_in
from vms.keeper.journal.tree import Nodes, inclusion_proof
from vms.law.dates import midnight
from vms.law.facts import CommuneFacts
from vms.law.retention import hour_key_due

VERSION: Final = 1
KIND: Final = "destruction"
FILE: Final = "certificat.json"
ENTRIES_LIMIT: Final = 8_000
# A key that falls due is destroyed within the keeper's next turns; after this it is a failure (P-30).
OVERDUE_AFTER_US: Final = 10 * 60 * 1_000_000
WHY_KEYS: Final = {"auto": "due", "auto-held": "due-beside-hold"}
ACTS: Final = ("destroy_hour_key", "destroy_held_keys", "erase_bytes")


@dataclass(frozen=True, slots=True)
class Day:
    """A day in Paris, of all cameras or of one."""

    day: str
    camera: str = ""

    def span(self) -> tuple[int, int]:
        """Its first instant and the next day's; BadInput for what is no day."""
        try:
            first = date.fromisoformat(self.day)
            return midnight(first), midnight(first + timedelta(days=1))
        except (ValueError, OverflowError) as error:
            raise BadInput("Un jour s’écrit AAAA-MM-JJ.", where=self.day[:40]) from error


def said_by(records: Iterable[Mapping[str, Any]], asked: Day, holds: frozenset[str]) -> dict[str, dict[str, list[Any]]]:
    """By camera, what the journal's records say was destroyed of that day; ``holds`` are those that touch it.

    Pure, and the same for whoever makes a certificate and whoever checks one.
    """
    told: dict[str, dict[str, list[Any]]] = {}
    for record in records:
        if not concerns(record, asked, holds):
            continue
        detail = record.get("detail", {})
        written = {"written": record["at"], "log": record["log"], "n": record["n"]}
        for camera in record["cameras"]:
            of = told.setdefault(camera, {"destroyed": [], "bytes": [], "released": []})
            if record["act"] == "destroy_hour_key":
                of["destroyed"].append(_key_line(record, detail) | written)
            elif record["act"] == "erase_bytes":
                why = "due" if detail.get("mode") == "due" else "documented-loss"
                count = {"segments": detail.get("count", 0), "size_bytes": detail.get("bytes", 0)}
                span = {"from_us": record["from_us"], "to_us": record["to_us"]}
                of["bytes"].append(span | {"why": why} | count | written)
            else:
                of["released"].append({"hold": detail.get("hold"), "segments": detail.get("segments", 0)} | written)
    return told


def concerns(record: Mapping[str, Any], asked: Day, holds: frozenset[str]) -> bool:
    """Whether a record tells of a destruction of that day's footage."""
    cameras = record.get("cameras", [])
    if record.get("kind") != "effacement" or record.get("act") not in ACTS or not cameras:
        return False
    if asked.camera and cameras != [asked.camera]:
        return False
    if record["act"] == "destroy_held_keys":
        return record.get("detail", {}).get("hold") in holds
    from_us, to_us = asked.span()
    low, high = record.get("from_us"), record.get("to_us")
    return isinstance(low, int) and isinstance(high, int) and low < to_us and from_us < high


def _key_line(record: Mapping[str, Any], detail: Mapping[str, Any]) -> dict[str, Any]:
    why = WHY_KEYS.get(str(detail.get("mode")), "?")
    line = {"hour_us": record["from_us"], "keys": detail.get("keys", []), "why": why}
    days = detail.get("days")
    if isinstance(days, int):  # journals of before 2026-12 do not say by which retention a key fell due
        line |= {"days": days, "due_us": hour_key_due(record["from_us"], days)}
    return line | ({"destroyed_us": detail["destroyed_us"]} if "destroyed_us" in detail else {})


def build(
    db: sqlite3.Connection, keys: sqlite3.Connection, facts: CommuneFacts, asked: Day, now_us: int, vkey: str
) -> dict[str, Any]:
    """The certificate's body, from the commune's two files; runs on connections of its own, in a thread.

    LimitExceeded when the day has more entries than one certificate holds.
    """
    from_us, to_us = asked.span()
    if asked.camera and asked.camera not in facts.cameras:
        raise BadInput("Cette caméra n’est pas de cette commune.", where=asked.camera[:80])
    db.execute("BEGIN")  # entries, tree and checkpoints of one moment
    held = [one for one in facts.holds if one.from_us < to_us and from_us < one.to_us]
    holds = frozenset(one.id for one in held)
    rows = [row for row in _rows(db, from_us) if concerns(json.loads(row[5]), asked, holds)]
    if len(rows) > ENTRIES_LIMIT:
        raise LimitExceeded("Ce jour a trop d’entrées pour un certificat.", todo="Demandez-le caméra par caméra.")
    found = db.execute("SELECT log, size, note FROM checkpoint")
    points = {str(log): (int(size), str(note)) for log, size, note in found}
    trees = {log: _nodes(db, log) for log in {row[1] for row in rows}}
    proofs = [_proof(row, trees[row[1]], points[row[1]][0]) for row in rows]
    told = said_by((json.loads(row[5]) for row in rows), asked, holds)
    cameras: dict[str, dict[str, Any]] = {camera: dict(of) for camera, of in told.items()}
    for camera in sorted([asked.camera] if asked.camera else facts.cameras):
        cameras.setdefault(camera, {"destroyed": [], "bytes": [], "released": []})
        cameras[camera] |= _kept(keys, facts, camera, (from_us, to_us), now_us)
    gone = db.execute("SELECT 1 FROM entry WHERE at_us >= ? AND record IS NULL LIMIT 1", (from_us,)).fetchone()
    return {
        "v": VERSION, "commune": facts.id, "name": facts.name, "day": asked.day, "camera": asked.camera,
        "from_us": from_us, "to_us": to_us, "made_us": now_us, "pruned": gone is not None,
        "holds": sorted(holds), "cameras": cameras, "proofs": proofs,
        "checkpoints": {log: with_cosignatures(db, log, *points[log]) for log in sorted(trees)}, "signer": vkey,
    }  # fmt: skip


def _rows(db: sqlite3.Connection, from_us: int) -> list[tuple[Any, ...]]:
    """The rows of destructions written since an instant, each checked against its leaf."""
    found = db.execute(
        "SELECT seq, log, n, leaf, salt, record FROM entry WHERE at_us >= ? AND record LIKE ? ORDER BY seq",
        (from_us, '%"kind":"effacement"%'),
    ).fetchall()
    for row in found:
        checked_row(row)
    return found


def _nodes(db: sqlite3.Connection, log: str) -> Nodes:
    """A log's nodes, each computed once."""
    tiles: dict[tuple[int, int], bytes] = {}
    known: dict[tuple[int, int], bytes] = {}

    def tile(level: int, index: int) -> bytes:
        if (level, index) not in tiles:
            tiles[level, index] = read_tile(db, log, level, index)
        return tiles[level, index]

    nodes = nodes_in(tile)

    def node(level: int, index: int) -> bytes:
        if (level, index) not in known:
            known[level, index] = nodes(level, index)
        return known[level, index]

    return node


def _proof(row: tuple[Any, ...], nodes: Nodes, size: int) -> dict[str, Any]:
    _, log, number, _, salt, record = row
    path = [base64.b64encode(one).decode() for one in inclusion_proof(nodes, number, size)]
    return {"log": log, "n": number, "record": record, "salt": bytes(salt).hex(), "path": path}


def _kept(
    keys: sqlite3.Connection, facts: CommuneFacts, camera: str, span: tuple[int, int], now_us: int
) -> dict[str, list[Any]]:
    """What of the day can still be opened: keys that are there, and segments that holds keep (P-32)."""
    days = retention_days(facts, camera, now_us)
    rows = keys.execute(
        "SELECT hour_us, key_id FROM hour_key WHERE camera = ? AND hour_us > ? AND hour_us < ? ORDER BY 1, 2",
        (camera, span[0] - HOUR_US, span[1]),
    )
    remaining = []
    for hour_us, key in rows.fetchall():
        holds = [one.id for one in holds_on(facts, camera, hour_us, hour_us + HOUR_US, now_us)]
        due_us = hour_key_due(hour_us, days)
        late = now_us - due_us > OVERDUE_AFTER_US
        state = "held" if holds and now_us >= due_us else "overdue" if late else "kept"
        remaining.append({"hour_us": hour_us, "key": key, "due_us": due_us, "state": state, "holds": sorted(holds)})
    held = []
    for hold in facts.holds:
        if camera in hold.cameras and hold.active(now_us) and hold.from_us < span[1] and span[0] < hold.to_us:
            counted = keys.execute(
                "SELECT count(*) FROM held_segment WHERE hold = ? AND camera = ? AND start_us >= ? AND start_us < ?",
                (hold.id, camera, *span),
            ).fetchone()
            said: dict[str, Any] = {"from_us": hold.from_us, "to_us": hold.to_us, "until_us": hold.until_us}
            said |= {"reference": hold.reference}
            held.append({"hold": hold.id, "segments": counted[0]} | said)
    return {"remaining": remaining, "held": held}
