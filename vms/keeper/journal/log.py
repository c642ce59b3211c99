"""A commune's journal: append-only rows, one RFC 6962 tree a quarter, a signed checkpoint with every commit
(E-01…E-05).

Lives in the same SQLite file as the facts, so that an act and its entry are one transaction (P-40). Order of a commit:
rows → full tiles → checkpoint → COMMIT; a crash before COMMIT leaves none of them, and nothing was answered yet.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field, replace
from typing import Any, Final

from vms.clock import UtcTime
from vms.errors import Damaged, NotFound
from vms.keeper.journal import cosigned
from vms.keeper.journal.checkpoint import Signer, checkpoint_text, parse_checkpoint
from vms.keeper.journal.entry import Entry, commitment, new_salt, quarter_of, record_of
from vms.keeper.journal.tiles import LEVEL_BITS, WIDTH, nodes_in, split_hashes, tile_levels
from vms.keeper.journal.tree import HASH_BYTES, Frontier, Nodes, frontier_of, leaf_hash, root_of
from vms.keys.note import sign_note

SCHEMA: Final = (
    """
CREATE TABLE IF NOT EXISTS entry (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  log TEXT NOT NULL, n INTEGER NOT NULL, at_us INTEGER NOT NULL,
  leaf BLOB NOT NULL, salt BLOB, record TEXT,
  UNIQUE (log, n)
) STRICT;
CREATE INDEX IF NOT EXISTS entry_by_time ON entry (at_us);
CREATE TABLE IF NOT EXISTS tile (
  log TEXT NOT NULL, level INTEGER NOT NULL, n INTEGER NOT NULL, hashes BLOB NOT NULL,
  PRIMARY KEY (log, level, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint (log TEXT PRIMARY KEY, size INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS entry_stays BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_fixed BEFORE UPDATE ON entry
WHEN NOT (NEW.seq = OLD.seq AND NEW.log = OLD.log AND NEW.n = OLD.n AND NEW.at_us = OLD.at_us AND NEW.leaf = OLD.leaf
          AND NEW.salt IS NULL AND NEW.record IS NULL)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
    + cosigned.SCHEMA
)


@dataclass(frozen=True, slots=True)
class LogState:
    """The open log: its quarter, its tree's edge, and the hashes of each level's partial tile."""

    log: str = ""
    frontier: Frontier = field(default_factory=Frontier)
    partial: tuple[tuple[bytes, ...], ...] = ()


class Journal:
    """Appends to and reads one commune's journal; the caller owns the transaction."""

    def __init__(self, commune: str, signer: Signer) -> None:
        self.commune = commune
        self._signer = signer

    def origin(self, log: str) -> str:
        """The first line of a log's checkpoints (E-02)."""
        return f"{self._signer.name}/{self.commune}/{log}"

    def load(self, db: sqlite3.Connection) -> LogState:
        """The newest log's state, rebuilt from its rows and checked against its tiles and checkpoint (fails closed)."""
        row = db.execute("SELECT log, size, note FROM checkpoint ORDER BY log DESC LIMIT 1").fetchone()
        if row is None:
            if db.execute("SELECT 1 FROM entry LIMIT 1").fetchone():
                raise Damaged("Le journal a des entrées et aucun point de contrôle.", where=self.commune)
            return LogState()
        log, size, note = row
        rows = db.execute("SELECT n, leaf FROM entry WHERE log = ? ORDER BY n", (log,)).fetchall()
        for expected, (number, _) in enumerate(rows):
            if number != expected:
                raise Damaged("Une entrée du journal manque.", where=f"{self.commune} {log} n° {expected}")
        levels = tile_levels([leaf_hash(leaf) for _, leaf in rows])
        _check_tiles(db, log, levels)
        partial = tuple(tuple(one[len(one) // WIDTH * WIDTH :]) for one in levels)
        state = LogState(log, frontier_of(levels[0]), partial)
        origin, signed_size, root = parse_checkpoint(note, self._signer.verifier())
        if origin != self.origin(log) or signed_size != size:
            raise Damaged("Le point de contrôle n’est pas celui de ce journal.", where=f"{self.commune} {log}")
        if state.frontier.size != size or state.frontier.root() != root:
            raise Damaged("Le journal diffère de son point de contrôle.", where=f"{self.commune} {log}")
        return state

    def append(self, db: sqlite3.Connection, state: LogState, entry: Entry, at: UtcTime) -> tuple[LogState, int]:
        """Add one entry; (the new state, its sequence number). The checkpoint follows with ``seal``."""
        log = max(quarter_of(at), state.log)  # a clock set back does not reopen a closed quarter
        if log != state.log:
            state = LogState(log)
        number = state.frontier.size
        record, salt = record_of(entry, self.commune, log, number, at), new_salt()
        leaf = commitment(salt, record)
        cursor = db.execute(
            "INSERT INTO entry (log, n, at_us, leaf, salt, record) VALUES (?, ?, ?, ?, ?, ?)",
            (log, number, at.us, leaf, salt, record),
        )
        state, full = _grown(state, leaf_hash(leaf))
        db.executemany("INSERT INTO tile (log, level, n, hashes) VALUES (?, ?, ?, ?)", [(log, *one) for one in full])
        return state, int(cursor.lastrowid or 0)

    def seal(self, db: sqlite3.Connection, state: LogState) -> None:
        """Sign the checkpoint of what was appended, in the same transaction."""
        text = checkpoint_text(self.origin(state.log), state.frontier.size, state.frontier.root())
        note = sign_note(text, self._signer.name, self._signer.private)
        db.execute(
            "INSERT INTO checkpoint (log, size, note) VALUES (?, ?, ?) "
            "ON CONFLICT (log) DO UPDATE SET size = excluded.size, note = excluded.note WHERE excluded.size > size",
            (state.log, state.frontier.size, note),
        )


def _check_tiles(db: sqlite3.Connection, log: str, levels: list[list[bytes]]) -> None:
    for level, hashes in enumerate(levels):
        for index in range(len(hashes) // WIDTH):
            expected = b"".join(hashes[index * WIDTH : (index + 1) * WIDTH])
            stored = db.execute("SELECT hashes FROM tile WHERE log = ? AND level = ? AND n = ?", (log, level, index))
            if stored.fetchone() != (expected,):
                raise Damaged("Une tuile du journal diffère de ses entrées.", where=f"{log} tile/{level}/{index}")


def _grown(state: LogState, leaf: bytes) -> tuple[LogState, list[tuple[int, int, bytes]]]:
    """The state with one more leaf hash, and the tiles (level, index, hashes) that became full by it."""
    frontier, partial = state.frontier.append(leaf), [list(one) for one in state.partial]
    full: list[tuple[int, int, bytes]] = []
    level, carried = 0, leaf
    while True:
        if level == len(partial):
            partial.append([])
        partial[level].append(carried)
        if len(partial[level]) < WIDTH:
            break
        index = (frontier.size >> LEVEL_BITS * (level + 1)) - 1
        full.append((level, index, b"".join(partial[level])))
        carried, partial[level] = root_of(partial[level]), []
        level += 1
    return replace(state, frontier=frontier, partial=tuple(tuple(one) for one in partial)), full


def prune(db: sqlite3.Connection, before_us: int) -> int:
    """Delete the records and salts of entries older than ``before_us``; their hashes stay (P-43, E-05). How many.

    Only a prefix of the journal goes, whatever the clock once did, so that a gap can never pass for a pruning.
    """
    kept = db.execute("SELECT min(seq) FROM entry WHERE at_us >= ?", (before_us,)).fetchone()[0]
    bound = kept if kept is not None else 1 << 62
    done = db.execute("UPDATE entry SET salt = NULL, record = NULL WHERE seq < ? AND record IS NOT NULL", (bound,))
    return done.rowcount


def read_tile(db: sqlite3.Connection, log: str, level: int, index: int) -> bytes:
    """The hashes of a tile, full or partial, from the stored tiles and rows; NotFound beyond the tree's edge."""
    row = db.execute("SELECT hashes FROM tile WHERE log = ? AND level = ? AND n = ?", (log, level, index)).fetchone()
    if row is not None:
        return bytes(row[0])
    low, high = index * WIDTH, (index + 1) * WIDTH
    if level == 0:
        rows = db.execute("SELECT leaf FROM entry WHERE log = ? AND n >= ? AND n < ? ORDER BY n", (log, low, high))
        hashes = b"".join(leaf_hash(leaf) for (leaf,) in rows)
    else:
        rows = db.execute(
            "SELECT hashes FROM tile WHERE log = ? AND level = ? AND n >= ? AND n < ? ORDER BY n",
            (log, level - 1, low, high),
        )
        hashes = b"".join(root_of(split_hashes(below)) for (below,) in rows)
    if not hashes:
        raise NotFound("Cette tuile n’existe pas.", where=f"{log} tile/{level}/{index}")
    return hashes


def read_entry_bundle(db: sqlite3.Connection, log: str, index: int) -> list[bytes]:
    """The leaves' data (salted hashes) of an entry bundle."""
    rows = db.execute(
        "SELECT leaf FROM entry WHERE log = ? AND n >= ? AND n < ? ORDER BY n",
        (log, index * WIDTH, (index + 1) * WIDTH),
    )
    return [bytes(leaf) for (leaf,) in rows]


def nodes_of(db: sqlite3.Connection, log: str) -> Nodes:
    """The nodes of a log's tree."""
    return nodes_in(lambda level, index: read_tile(db, log, level, index))


def checked_row(row: tuple[Any, ...]) -> dict[str, Any]:
    """A row (seq, log, n, leaf, salt, record) as a reader gets it; Damaged, naming it, when its record was altered."""
    seq, log, number, leaf, salt, record = row
    if len(leaf) != HASH_BYTES or (record is None) != (salt is None):
        raise Damaged("Une entrée du journal est abîmée.", where=f"{log} n° {number}")
    if record is not None and commitment(salt, record) != leaf:
        raise Damaged("Une entrée du journal a été altérée.", where=f"{log} n° {number}")
    return {"seq": seq, "log": log, "n": number, "record": record, "salt": None if salt is None else salt.hex()}
