"""Writes a commune's log into a folder through the keeper's reads, as an auditor or the demo's story does (D-13,
E-01).
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from vms.errors import Conflict
from vms.keeper.journal.checkpoint import parse_checkpoint
from vms.keeper.journal.signed_document import open_document
from vms.keeper.journal.table import CSV, JSON, KIND, NOTE, tables
from vms.keeper.journal.tiles import ENTRY_LENGTH_BYTES, WIDTH, entry_bundles_of, tiles_of
from vms.keeper.journal.tree import HASH_BYTES
from vms.keeper.proof.audit import write_log
from vms.keeper.proof.log_source import SIGNER_FILE, FolderLog, RecordLine, rows_of
from vms.keys.note import parse_vkey

ENTRY_BYTES: Final = ENTRY_LENGTH_BYTES + HASH_BYTES

# a log's name → (how many entries its tables hold, the keeper's note over them)
Sign = Callable[[str], Awaitable[tuple[int, str]]]
Read = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class _Fetched:
    """A log held in memory while it is written out."""

    def __init__(self, name: str, point: dict[str, Any]) -> None:
        cosigned: dict[str, str] = point["cosigned"]
        note, stamp = str(point["checkpoint"]), point["stamp"]
        self._stamp = (stamp["note"], base64.b64decode(stamp["answer"])) if stamp else None
        self.name = name
        self._note = note
        self._cosigned = cosigned
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.bundles: dict[int, bytes] = {}
        self.lines: dict[int, list[RecordLine]] = {}

    def checkpoint(self) -> str:
        return self._note

    def cosigned(self) -> dict[str, str]:
        return self._cosigned

    def stamped(self) -> tuple[str, bytes] | None:
        return self._stamp

    def signed_tables(self) -> None:
        return None

    def tile(self, level: int, index: int, width: int) -> bytes:
        return self.tiles[(level, index)][: width * HASH_BYTES]

    def bundle(self, index: int, width: int) -> bytes:
        return self.bundles[index][: width * ENTRY_BYTES]

    def records(self, index: int, width: int) -> list[RecordLine] | None:
        low = index * WIDTH
        return [line for line in self.lines.get(index, []) if line.number < low + width] or None


async def export_for_cnil(read: Read, sign: Sign, folder: Path, log: str | None = None) -> Path:
    """The log as ``export_log`` writes it, with its tables and their signed note (D-13); the log's folder.

    Conflict when the records changed while they were read, as a pruning makes them: ask again.
    """
    name = log or str((await read("journal_checkpoint", {}))["log"])
    size, note = await sign(name)
    written = await export_log(read, folder, name)
    source = FolderLog(written, name)
    whole_size = parse_checkpoint(source.checkpoint(), parse_vkey((folder / SIGNER_FILE).read_text("utf-8")))[1]
    with (written / CSV).open("wb") as csv, (written / JSON).open("wb") as whole:
        for one, other in tables(written.parent.name, name, size, rows_of(source, whole_size)):
            csv.write(one)
            whole.write(other)
    (written / NOTE).write_text(note, encoding="utf-8")
    said = open_document(note, parse_vkey((folder / SIGNER_FILE).read_text("utf-8")), KIND)
    if (source.signed_tables() or ("", {}))[1] != said.digests:
        raise Conflict("Le journal a changé pendant l’export.", where=name, todo="Recommencez.")
    return written


async def export_log(read: Read, folder: Path, log: str | None = None) -> Path:
    """Write one quarter's log (the open one by default) below ``folder``, with ``signer.vkey``; the log's folder.

    ``read`` calls the keeper's reads by name, e.g. ``lambda name, args: keeper.read(token, name, args)``. What is
    appended meanwhile is left out: the checkpoint read first says how far to go.
    """
    point = await read("journal_checkpoint", {} if log is None else {"log": log})
    origin, size, _ = parse_checkpoint(point["checkpoint"], parse_vkey(point["vkey"]))
    name = "/".join(origin.split("/")[-2:])
    fetched = _Fetched(name, point)
    for level, index, _ in tiles_of(size):
        tile = await read("journal_tile", {"log": point["log"], "level": level, "index": index})
        fetched.tiles[(level, index)] = base64.b64decode(tile["data"])
    for index, _ in entry_bundles_of(size):
        asked = {"log": point["log"], "index": index}
        bundle = await read("journal_tile", {**asked, "level": "entries"})
        fetched.bundles[index] = base64.b64decode(bundle["data"])
        lines = (await read("journal_records", asked))["records"]
        fetched.lines[index] = [RecordLine(one["n"], bytes.fromhex(one["salt"]), one["record"]) for one in lines]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SIGNER_FILE).write_text(point["vkey"] + "\n", encoding="utf-8")
    write_log(fetched, folder / name, size)
    return folder / name
