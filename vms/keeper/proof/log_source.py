"""Where a log is read from for verification: a folder of tiles, or the keeper's own file opened read-only (E-01).

<folder>/checkpoint   <folder>/tile/<L>/<N>[.p/<W>]   <folder>/tile/entries/<N>[.p/<W>]
<folder>/cosigned/<key id>        a checkpoint that a witness cosigned
<folder>/stamp/checkpoint.note, answer.tsr   a checkpoint that an authority time-stamped, and its answer
<folder>/journal.csv, journal.json, export.note   the same records for people, and their signature (D-13)
<folder>/records/<N>[.p/<W>]      one JSON object a line: {"n", "salt" (hex), "record" (text)}, absent once pruned
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final, Protocol

from vms.errors import BadInput, Damaged, NotFound
from vms.keeper.journal.cosigned import cosigned_notes, stamped
from vms.keeper.journal.log import read_entry_bundle, read_tile
from vms.keeper.journal.table import CSV, JSON, NOTE
from vms.keeper.journal.tiles import WIDTH, entry_bundles_of, pack_entries, tile_path
from vms.keeper.journal.tree import HASH_BYTES

FILE_LIMIT_BYTES: Final = 32 * 1024 * 1024
SIGNER_FILE: Final = "signer.vkey"
KEY_LIMIT_BYTES: Final = 64 * 1024
COSIGNED: Final = "cosigned"
STAMP_NOTE, STAMP_ANSWER = "stamp/checkpoint.note", "stamp/answer.tsr"
COSIGNED_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A record with the salt of its leaf."""

    number: int
    salt: bytes
    record: str

    def encode(self) -> str:
        """The line in a records file."""
        line = {"n": self.number, "salt": self.salt.hex(), "record": self.record}
        return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def records_path(index: int, width: int) -> str:
    """The path of a records file below its log."""
    return tile_path("records", index, width).removeprefix("tile/")


class LogSource(Protocol):
    """One log; every method raises NotFound for what is missing and Damaged for what cannot be read."""

    name: str

    def checkpoint(self) -> str:
        """The signed checkpoint."""
        ...

    def cosigned(self) -> dict[str, str]:
        """By a witness key's id (hex), the newest checkpoint that it cosigned, with its line."""
        ...

    def stamped(self) -> tuple[str, bytes] | None:
        """The newest time-stamped checkpoint and the authority's answer over it (RFC 3161), or None."""
        ...

    def signed_tables(self) -> tuple[str, dict[str, str]] | None:
        """The signed note over the log's tables and the SHA-256 (hex) of each as it is here; None without them."""
        ...

    def tile(self, level: int, index: int, width: int) -> bytes:
        """The hashes of a tile."""
        ...

    def bundle(self, index: int, width: int) -> bytes:
        """An entry bundle."""
        ...

    def records(self, index: int, width: int) -> list[RecordLine] | None:
        """The records of a bundle's entries, or None when they are not here (any more)."""
        ...


def read_verifier_key(path: Path) -> str:
    """The verifier key in a file, unread; BadInput when it is no text or cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(KEY_LIMIT_BYTES).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("Cette clé de vérification est illisible.", where=path.name) from error


class FolderLog:
    """A log in the tlog-tiles layout."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.name = name

    def checkpoint(self) -> str:
        """The file ``checkpoint``."""
        try:
            return self._read("checkpoint").decode("utf-8")
        except UnicodeDecodeError as error:
            raise Damaged("Le point de contrôle est illisible.", where=f"{self.name}/checkpoint") from error

    def cosigned(self) -> dict[str, str]:
        """The files below ``cosigned``."""
        found = sorted((self._folder / COSIGNED).glob("*"))[:COSIGNED_LIMIT]
        try:
            return {path.name: self._read(f"{COSIGNED}/{path.name}").decode("utf-8") for path in found}
        except UnicodeDecodeError as error:
            raise Damaged("Un point de contrôle contresigné est illisible.", where=f"{self.name}/{COSIGNED}") from error

    def stamped(self) -> tuple[str, bytes] | None:
        """The files below ``stamp``."""
        if not (self._folder / STAMP_ANSWER).is_file():
            return None
        try:
            return self._read(STAMP_NOTE).decode("utf-8"), self._read(STAMP_ANSWER)
        except UnicodeDecodeError as error:
            raise Damaged("Le point de contrôle horodaté est illisible.", where=f"{self.name}/{STAMP_NOTE}") from error

    def signed_tables(self) -> tuple[str, dict[str, str]] | None:
        """The note's file and the digests of the tables beside it."""
        if not (self._folder / NOTE).is_file():
            return None
        found = {}
        for name in (CSV, JSON):
            if not (self._folder / name).is_file():
                raise NotFound("Ce tableau du journal manque.", where=f"{self.name}/{name}")
            with (self._folder / name).open("rb") as file:
                found[name] = file_digest(file, "sha256").hexdigest()
        try:
            return self._read(NOTE).decode("utf-8"), found
        except UnicodeDecodeError as error:
            raise Damaged("La note signée des tableaux est illisible.", where=f"{self.name}/{NOTE}") from error

    def tile(self, level: int, index: int, width: int) -> bytes:
        """The file of a tile."""
        return self._read(tile_path(level, index, width))

    def bundle(self, index: int, width: int) -> bytes:
        """The file of an entry bundle."""
        return self._read(tile_path("entries", index, width))

    def records(self, index: int, width: int) -> list[RecordLine] | None:
        """The records file, if there is one."""
        path = records_path(index, width)
        if not (self._folder / path).is_file():
            return None
        data, where = self._read(path), f"{self.name}/{path}"
        lines = [_record_line(line, where) for line in data.split(b"\n") if line]
        if "".join(line.encode() for line in lines).encode("utf-8", "surrogatepass") != data:
            raise Damaged("Ce fichier de lignes n’est pas sous sa forme canonique.", where=where)
        return lines

    def _read(self, path: str) -> bytes:
        full = self._folder / path
        if not full.is_file():
            raise NotFound("Ce fichier du journal manque.", where=f"{self.name}/{path}")
        if full.stat().st_size > FILE_LIMIT_BYTES:
            raise Damaged("Ce fichier du journal est trop long.", where=f"{self.name}/{path}")
        return full.read_bytes()


class StoreLog:
    """A log in the keeper's own file."""

    def __init__(self, db: sqlite3.Connection, commune: str, log: str) -> None:
        self._db = db
        self._log = log
        self.name = f"{commune}/{log}"

    def checkpoint(self) -> str:
        """The row of the checkpoint."""
        row = self._db.execute("SELECT note FROM checkpoint WHERE log = ?", (self._log,)).fetchone()
        if row is None:
            raise NotFound("Ce journal n’a pas de point de contrôle.", where=self.name)
        return str(row[0])

    def cosigned(self) -> dict[str, str]:
        """The rows of the cosignatures."""
        return cosigned_notes(self._db, self._log)

    def stamped(self) -> tuple[str, bytes] | None:
        """The row of the time-stamp."""
        return stamped(self._db, self._log)

    def signed_tables(self) -> tuple[str, dict[str, str]] | None:
        """None: tables are made for whoever takes the journal away."""
        return None

    def tile(self, level: int, index: int, width: int) -> bytes:
        """A tile, stored or computed at the edge."""
        return read_tile(self._db, self._log, level, index)[: width * HASH_BYTES]

    def bundle(self, index: int, width: int) -> bytes:
        """The leaves of a bundle."""
        return pack_entries(read_entry_bundle(self._db, self._log, index)[:width])

    def records(self, index: int, width: int) -> list[RecordLine] | None:
        """The records that are still there."""
        rows = self._db.execute(
            "SELECT n, salt, record FROM entry WHERE log = ? AND n >= ? AND n < ? AND record IS NOT NULL ORDER BY n",
            (self._log, index * WIDTH, index * WIDTH + width),
        ).fetchall()
        return [RecordLine(int(n), bytes(salt or b""), str(record)) for n, salt, record in rows] or None


def rows_of(log: LogSource, size: int) -> Iterator[tuple[int, str | None, str | None]]:
    """The records of a log of ``size`` entries as its tables take them (D-13)."""
    for index, width in entry_bundles_of(size):
        for line in log.records(index, width) or []:
            yield line.number, line.record, line.salt.hex()


def folder_logs(root: Path) -> Iterator[FolderLog]:
    """Every log below a folder, by the checkpoints that lie in it."""
    for found in sorted(root.rglob("checkpoint")):
        if found.is_file():
            name = found.parent.relative_to(root).as_posix()
            yield FolderLog(found.parent, "." if name == "." else name)


@contextmanager
def store_logs(path: Path) -> Iterator[list[StoreLog]]:
    """Every log in a file of the keeper, opened read-only; Damaged when it is no such file."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            names = [row[0] for row in db.execute("SELECT DISTINCT log FROM entry ORDER BY log")]
            yield [StoreLog(db, path.stem, name) for name in names]
    except sqlite3.DatabaseError as error:
        raise Damaged("Ce fichier n’est pas un journal du gardien.", where=path.name) from error


def _record_line(line: bytes, where: str) -> RecordLine:
    try:
        data: Any = json.loads(line)
        return RecordLine(int(data["n"]), bytes.fromhex(data["salt"]), str(data["record"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise Damaged("Une ligne du journal est illisible.", where=where) from error
