"""The journal as pages and verifiers read it; reading it is itself journalled (D-12, E-01…E-05)."""

from __future__ import annotations

import base64
import json
from typing import Any, Final, Literal

from pydantic import Field

from vms.errors import BadInput, NotFound
from vms.keeper.arguments import Args, Identifier
from vms.keeper.journal.cosigned import cosigned_notes, stamped, with_cosignatures
from vms.keeper.journal.log import checked_row, nodes_of, read_entry_bundle, read_tile
from vms.keeper.journal.review import Seen, review
from vms.keeper.journal.tiles import LEVELS_LIMIT, WIDTH, pack_entries
from vms.keeper.journal.tree import inclusion_proof, leaf_hash
from vms.keeper.reads.spec import Reader, ReadSpec, own_alone
from vms.law.dates import DAY_US

PAGE_LIMIT_ENTRIES: Final = 500
SCAN_LIMIT_ENTRIES: Final = 20_000

# No log has so many tiles; the entries of one still have numbers that a table can hold.
INDEX_LIMIT: Final = 1 << 48


class JournalPage(Args):
    """A page of entries: after a number (oldest first) or before one (newest first, the default), filtered."""

    after: int | None = Field(default=None, ge=0)
    before: int | None = Field(default=None, ge=1)
    limit: int = Field(default=100, ge=1, le=PAGE_LIMIT_ENTRIES)
    kind: (
        Literal["collecte", "modification", "consultation", "communication", "effacement", "refus", "session"] | None
    ) = None
    act: Identifier | None = None
    person: Identifier | None = None
    camera: Identifier | None = None
    from_us: int | None = None
    to_us: int | None = None


class Log(Args):
    """Which quarter's log (the open one when none is given)."""

    log: str | None = Field(default=None, pattern=r"^\d{4}-T[1-4]$")


class Tile(Log):
    """Which tile: a level, or the entries."""

    level: int | Literal["entries"] = 0
    index: int = Field(ge=0, lt=INDEX_LIMIT)


class Records(Log):
    """Which bundle's records."""

    index: int = Field(ge=0, lt=INDEX_LIMIT)


class Review(Args):
    """Over how many days until now."""

    days: int = Field(default=30, ge=1, le=31)


class Proof(Args):
    """Of which entry."""

    seq: int = Field(ge=1)


def journal(reader: Reader, args: JournalPage) -> dict[str, Any]:
    """Entries, each checked against its leaf: an altered row is Damaged, by name."""
    if args.after is not None and args.before is not None:
        raise BadInput("Donnez « after » ou « before », pas les deux.", where="before")
    db = reader.commune.store.reader
    order, bound = ("ASC", "seq > ?") if args.after is not None else ("DESC", "seq < ?")
    start = args.after if args.after is not None else args.before if args.before is not None else 1 << 62
    rows = db.execute(
        f"SELECT seq, log, n, leaf, salt, record, at_us FROM entry WHERE {bound} ORDER BY seq {order} LIMIT ?",
        (start, SCAN_LIMIT_ENTRIES),
    )
    entries: list[dict[str, Any]] = []
    for row in rows:
        found = checked_row(row[:6])
        record = json.loads(found["record"]) if found["record"] is not None else None
        if _wanted(record, row[6], args):
            entries.append(
                {"seq": found["seq"], "log": found["log"], "n": found["n"], "at_us": row[6], "record": record}
            )
        if len(entries) == args.limit:
            break
    total = db.execute("SELECT count(*) FROM entry").fetchone()[0]
    people = {one["record"]["author"].get("person", "") for one in entries if one["record"]}
    return {"entries": entries, "total": total, "labels": reader.labels(people), **_checkpoint(reader, None)}


def _wanted(record: dict[str, Any] | None, at_us: int, args: JournalPage) -> bool:
    if (args.from_us is not None and at_us < args.from_us) or (args.to_us is not None and at_us >= args.to_us):
        return False
    if record is None:
        return args.kind is None and args.act is None and args.person is None and args.camera is None
    return (
        args.kind in (None, record["kind"])
        and args.act in (None, record["act"])
        and args.person in (None, record["author"].get("person"))
        and (args.camera is None or args.camera in record.get("cameras", ()))
    )


def journal_checkpoint(reader: Reader, args: Log) -> dict[str, Any]:
    """The signed checkpoint of a log, and the key that verifies it."""
    return _checkpoint(reader, args.log)


def journal_tile(reader: Reader, args: Tile) -> dict[str, Any]:
    """A tile or entry bundle of a log, base64."""
    db, log = reader.commune.store.reader, _log(reader, args.log)
    if args.level == "entries":
        bundle = read_entry_bundle(db, log, args.index)
        if not bundle:
            raise NotFound("Ce lot d’entrées n’existe pas.", where=f"{log} tile/entries/{args.index}")
        data = pack_entries(bundle)
    elif 0 <= args.level < LEVELS_LIMIT:
        data = read_tile(db, log, args.level, args.index)
    else:
        raise NotFound("Cette tuile n’existe pas.", where=f"{log} tile/{args.level}/{args.index}")
    return {"log": log, "data": base64.b64encode(data).decode()}


def journal_records(reader: Reader, args: Records) -> dict[str, Any]:
    """The records of a bundle with their salts, for whoever verifies a copy (D-13); pruned ones are absent."""
    db, log = reader.commune.store.reader, _log(reader, args.log)
    rows = db.execute(
        "SELECT seq, log, n, leaf, salt, record FROM entry WHERE log = ? AND n >= ? AND n < ? ORDER BY n",
        (log, args.index * WIDTH, (args.index + 1) * WIDTH),
    )
    found = [checked_row(row) for row in rows]
    kept = [{"n": one["n"], "salt": one["salt"], "record": one["record"]} for one in found if one["record"] is not None]
    return {"log": log, "records": kept}


def journal_proof(reader: Reader, args: Proof) -> dict[str, Any]:
    """An entry with its record, salt and inclusion proof under the current checkpoint of its log."""
    db = reader.commune.store.reader
    row = db.execute("SELECT seq, log, n, leaf, salt, record FROM entry WHERE seq = ?", (args.seq,)).fetchone()
    if row is None:
        raise NotFound("Cette entrée n’existe pas.", where=str(args.seq))
    found = checked_row(row)
    record = json.loads(found["record"]) if found["record"] is not None else {}
    if own_alone(reader) and record.get("author", {}).get("person") != reader.person.id:
        raise NotFound("Cette entrée n’existe pas.", where=str(args.seq))
    point = _checkpoint(reader, found["log"])
    proof = inclusion_proof(nodes_of(db, found["log"]), found["n"], point["size"])
    return found | {
        "leaf_hash": leaf_hash(bytes(row[3])).hex(),
        "proof": [base64.b64encode(one).decode() for one in proof],
        **point,
    }


def journal_review(reader: Reader, args: Review) -> dict[str, Any]:
    """Questions that the last days' entries raise, for the auditor alone (D-33); ``whole`` when all were looked at."""
    to_us = reader.now_us + 1
    from_us = to_us - args.days * DAY_US
    rows = reader.commune.store.reader.execute(
        "SELECT seq, log, n, leaf, salt, record, at_us FROM entry WHERE at_us >= ? AND record IS NOT NULL "
        'AND (record LIKE \'%"kind":"consultation"%\' OR record LIKE \'%"kind":"communication"%\') '
        "ORDER BY seq DESC LIMIT ?",
        (from_us, SCAN_LIMIT_ENTRIES + 1),
    ).fetchall()
    whole = len(rows) <= SCAN_LIMIT_ENTRIES
    seen = []
    for row in rows[:SCAN_LIMIT_ENTRIES]:
        checked_row(row[:6])
        seen.append(Seen(row[0], row[6], json.loads(row[5])))
    if not whole:
        from_us = min(one.at_us for one in seen)
    questions = [one.to_dict() for one in review(seen, from_us, to_us)]
    return {"questions": questions, "from_us": from_us, "to_us": to_us, "entries": len(seen), "whole": whole}


def _log(reader: Reader, log: str | None) -> str:
    return log or str(reader.commune.store.state.log)


def _checkpoint(reader: Reader, log: str | None) -> dict[str, Any]:
    name = _log(reader, log)
    row = reader.commune.store.reader.execute("SELECT size, note FROM checkpoint WHERE log = ?", (name,)).fetchone()
    if row is None:
        raise NotFound("Ce journal n’existe pas.", where=name)
    stamp = stamped(reader.commune.store.reader, name)
    logs = [one[0] for one in reader.commune.store.reader.execute("SELECT log FROM checkpoint ORDER BY log")]
    return {
        "log": name,
        "logs": logs,
        "size": row[0],
        "checkpoint": with_cosignatures(reader.commune.store.reader, name, *row),
        "cosigned": cosigned_notes(reader.commune.store.reader, name),
        "stamp": None if stamp is None else {"note": stamp[0], "answer": base64.b64encode(stamp[1]).decode()},
        "vkey": reader.commune.keeper_keys.signer.vkey(),
    }


READS: Final = {
    "journal": ReadSpec(JournalPage, journal, journalled=True),
    "journal_checkpoint": ReadSpec(Log, journal_checkpoint),
    "journal_tile": ReadSpec(Tile, journal_tile),
    "journal_records": ReadSpec(Records, journal_records, journalled=True),
    "journal_proof": ReadSpec(Proof, journal_proof),
    "journal_review": ReadSpec(Review, journal_review, journalled=True),
}
