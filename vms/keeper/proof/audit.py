"""Verifies whole logs from files alone, against a known key and, when given, a checkpoint kept elsewhere (E-01…E-05).

The steps, numbered as in the code: (1) the checkpoint's signature, (2) entry bundles against level-0 tiles, (3) every
upper tile against the one below, (4) the root, (5) records against their leaves, (6) the kept checkpoint is an earlier
state of this very log, (7) so is what each known witness cosigned, (8) tables
that lie beside it are those of its records, (9) an authority time-stamped an earlier state. A fault names the file or
entry that is wrong, not merely that something is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vms.errors import BadInput, Damaged, GuetError
from vms.keeper.journal.checkpoint import parse_checkpoint
from vms.keeper.journal.entry import commitment
from vms.keeper.journal.signed_document import open_document
from vms.keeper.journal.table import KIND, NOTE, digests, tables
from vms.keeper.journal.tiles import (
    WIDTH,
    entry_bundles_of,
    split_hashes,
    tile_levels,
    tile_path,
    tiles_of,
    unpack_entries,
)
from vms.keeper.journal.tree import HASH_BYTES, leaf_hash, root_of
from vms.keeper.proof.log_source import (
    COSIGNED,
    SIGNER_FILE,
    STAMP_ANSWER,
    STAMP_NOTE,
    LogSource,
    RecordLine,
    folder_logs,
    read_verifier_key,
    records_path,
    rows_of,
    store_logs,
)
from vms.keeper.proof.stamp import Stamped, check_stamp
from vms.keeper.proof.witnesses import Witnessed, check_earlier, check_witness
from vms.keys.cosignature import Head, WitnessKey, cosignatures, parse_witness_vkey
from vms.keys.note import Verifier, parse_vkey

FAULTS_LIMIT: Final = 100
SIZE_LIMIT_ENTRIES: Final = 50_000_000
KEY_ID: Final = re.compile("[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where."""

    where: str
    what: str


@dataclass(slots=True)
class LogReport:
    """What was checked in one log."""

    name: str
    origin: str = ""
    size: int = 0
    records: int = 0
    pruned: int = 0
    witnessed: list[Witnessed] = field(default_factory=list)
    stamped: Stamped | None = None
    faults: list[Fault] = field(default_factory=list)

    def fault(self, where: str, what: str) -> None:
        """Note a fault; beyond a hundred only the first count."""
        if len(self.faults) < FAULTS_LIMIT:
            self.faults.append(Fault(where, what))


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict over all logs; ``signer_given`` says whether the key came from outside the folder."""

    logs: tuple[LogReport, ...]
    signer: str
    signer_given: bool
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether everything verified, and there was something to verify."""
        return bool(self.logs) and not self.faults

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        logs = [
            {"name": one.name, "origin": one.origin, "size": one.size, "records": one.records, "pruned": one.pruned}
            | {"witnessed": [seen.to_dict() for seen in one.witnessed]}
            | {"stamped": one.stamped.to_dict() if one.stamped else None}
            for one in self.logs
        ]
        faults = [{"where": one.where, "what": one.what} for one in self.faults]
        return {"ok": self.ok, "signer": self.signer, "signer_given": self.signer_given, "logs": logs, "faults": faults}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a verifier has that the host did not choose: a checkpoint, witnesses' keys, an authority's roots (PEM)."""

    checkpoint: str | None = None
    witnesses: tuple[WitnessKey, ...] = ()
    stamp_roots: bytes | None = None


def verify_log(
    folder: Path,
    signer: str | None = None,
    checkpoint: str | None = None,
    witnesses: Sequence[str] = (),
    stamp_roots: bytes | None = None,
) -> Report:
    """Verify every log below ``folder``; ``signer`` is a verifier key, else the folder's own ``signer.vkey``.

    ``checkpoint`` is the text of a signed checkpoint kept elsewhere, ``witnesses`` the verifier keys of those that must
    have cosigned every log. BadInput when there is no log or no key at all.
    """
    logs = list(folder_logs(folder))
    if not logs:
        raise BadInput("Il n’y a pas de journal dans ce dossier.", where=folder.name, todo="Donnez un dossier exporté.")
    key, given = _signer(folder, signer)
    return _verify_all(logs, key, given, _elsewhere(checkpoint, witnesses, stamp_roots))


def verify_store(
    keeper_dir: Path,
    signer: str,
    checkpoint: str | None = None,
    witnesses: Sequence[str] = (),
    stamp_roots: bytes | None = None,
) -> Report:
    """Verify the logs in the keeper's own files (its process may be running: they are opened read-only)."""
    with ExitStack() as stack:
        logs: list[LogSource] = []
        for path in sorted(keeper_dir.glob("*.sqlite")):
            if not path.stem.endswith(".keys"):
                logs += stack.enter_context(store_logs(path))
        if not logs:
            raise BadInput("Il n’y a pas de journal dans ce dossier.", where=keeper_dir.name)
        return _verify_all(logs, signer.strip(), True, _elsewhere(checkpoint, witnesses, stamp_roots))


def _elsewhere(checkpoint: str | None, witnesses: Sequence[str], stamp_roots: bytes | None) -> Elsewhere:
    return Elsewhere(checkpoint, tuple(parse_witness_vkey(one) for one in witnesses), stamp_roots)


def _signer(folder: Path, signer: str | None) -> tuple[str, bool]:
    if signer is not None:
        return signer.strip(), True
    for candidate in (folder / SIGNER_FILE, folder.parent / SIGNER_FILE):
        if candidate.is_file():
            return read_verifier_key(candidate), False
    raise BadInput("La clé du signataire manque.", where=SIGNER_FILE, todo="Donnez-la avec --signer.")


def _verify_all(logs: Sequence[LogSource], key: str, given: bool, elsewhere: Elsewhere) -> Report:
    verifier = parse_vkey(key)
    kept: Head | None = None
    extra: list[Fault] = []
    if elsewhere.checkpoint is not None:
        try:
            kept = Head(*parse_checkpoint(elsewhere.checkpoint, verifier))
            cosignatures(elsewhere.checkpoint, kept, list(elsewhere.witnesses))
        except (Damaged, BadInput) as error:
            extra.append(Fault("--checkpoint", error.what))
    reports = [_verify_one(log, verifier, kept, elsewhere) for log in logs]
    if kept is not None and not any(report.origin == kept.origin for report in reports):
        extra.append(Fault("--checkpoint", f"Aucun journal ici n’est « {kept.origin} »."))
    faults = [fault for report in reports for fault in report.faults]
    return Report(tuple(reports), key, given, (*faults, *extra))


def _verify_one(log: LogSource, verifier: Verifier, kept: Head | None, elsewhere: Elsewhere) -> LogReport:
    report = LogReport(log.name)
    try:
        origin, size, root = parse_checkpoint(log.checkpoint(), verifier)  # (1)
    except GuetError as error:
        report.fault(f"{log.name}/checkpoint", error.what)
        return report
    report.origin, report.size = origin, size
    if size > SIZE_LIMIT_ENTRIES:
        report.fault(f"{log.name}/checkpoint", "Ce journal est plus long que ce que ce programme vérifie.")
        return report
    entries = _entries(log, size, report)
    if len(report.faults) >= FAULTS_LIMIT:  # the size may be a lie: nothing is made for entries that are not here
        return report
    leaves = [leaf_hash(one) for one in entries]
    hashes = _level0(log, size, report, leaves, root)
    _upper_tiles(log, size, report, hashes)
    if root_of(hashes) != root:  # (4)
        report.fault(f"{log.name}/checkpoint", "La racine signée n’est pas celle des tuiles.")
    _records(log, size, report, hashes)
    if kept is not None and kept.origin == origin:
        _kept(report, kept, leaves)
    for witness in elsewhere.witnesses:
        _witnessed(log, report, verifier, witness, leaves)
    if elsewhere.stamp_roots is not None:  # (9)
        try:
            report.stamped = check_stamp(log.stamped(), origin, leaves, verifier, elsewhere.stamp_roots)
        except Damaged as error:
            report.fault(f"{log.name}/{STAMP_ANSWER}", error.what)
    _tables(log, report, verifier)
    return report


def _entries(log: LogSource, size: int, report: LogReport) -> list[bytes]:
    """All leaves' data; what is missing or cut is a fault and stands as nothing."""
    entries: list[bytes] = []
    for index, width in entry_bundles_of(size):
        if len(report.faults) >= FAULTS_LIMIT:
            break
        where = f"{log.name}/{tile_path('entries', index, width)}"
        try:
            found = unpack_entries(log.bundle(index, width))
        except GuetError as error:
            report.fault(where, error.what)
            found = []
        if len(found) != width:
            report.fault(where, f"Ce lot a {len(found)} entrées au lieu de {width}.")
        entries += (found + [b""] * width)[:width]
    return entries


def _level0(log: LogSource, size: int, report: LogReport, leaves: list[bytes], root: bytes) -> list[bytes]:
    """Level-0 hashes to go on with: the tiles' if the root bears them out, else those of the entries. (2)"""
    tiles: list[bytes] = []
    differ: list[tuple[int, int, list[int]]] = []
    for index, width in entry_bundles_of(size):
        found = _tile(log, report, 0, index, width)
        tiles += found
        mine = leaves[index * WIDTH : index * WIDTH + width]
        wrong = [index * WIDTH + at for at in range(width) if found[at] != mine[at]]
        if wrong:
            differ.append((index, width, wrong))
    entries_right = bool(differ) and root_of(leaves) == root
    tiles_right = not differ or root_of(tiles) == root
    for index, width, wrong in differ:
        if not entries_right:
            for number in wrong:
                where = f"{log.name}/{tile_path('entries', index, width)}"
                report.fault(where, f"L’entrée n° {number} n’est pas celle de l’arbre.")
        if not tiles_right:
            report.fault(f"{log.name}/{tile_path(0, index, width)}", "Cette tuile n’est pas celle de ses entrées.")
    return tiles if tiles_right else leaves


def _tile(log: LogSource, report: LogReport, level: int, index: int, width: int) -> list[bytes]:
    where = f"{log.name}/{tile_path(level, index, width)}"
    try:
        found = split_hashes(log.tile(level, index, width))
    except GuetError as error:
        report.fault(where, error.what)
        found = []
    if found and len(found) != width:
        report.fault(where, f"Cette tuile a {len(found)} empreintes au lieu de {width}.")
    return (found + [bytes(HASH_BYTES)] * width)[:width]


def _upper_tiles(log: LogSource, size: int, report: LogReport, below: list[bytes]) -> None:
    """Each upper tile against the roots of the full tiles below it. (3)"""
    levels = tile_levels(below)
    for level, index, width in tiles_of(size):
        if level == 0:
            continue
        if _tile(log, report, level, index, width) != levels[level][index * WIDTH : index * WIDTH + width]:
            where = f"{log.name}/{tile_path(level, index, width)}"
            report.fault(where, "Cette tuile n’est pas celle des tuiles qu’elle résume.")


def _records(log: LogSource, size: int, report: LogReport, hashes: list[bytes]) -> None:
    """Records against their leaves; they may only be missing from the start of the log on (P-43). (5)"""
    seen: int | None = None
    for index, width in entry_bundles_of(size):
        where = f"{log.name}/{records_path(index, width)}"
        try:
            lines = log.records(index, width)
        except GuetError as error:
            report.fault(error.where or where, error.what)
            seen = index * WIDTH + width  # what this file hid is told once, not again by the next
            continue
        expected = seen
        for line in lines or []:
            if expected is not None and line.number != expected:
                report.fault(where, f"La ligne de l’entrée n° {expected} manque.")
            expected = line.number + 1
            _record(report, line, hashes, where)
        if lines is None and seen is not None:
            report.fault(where, "Des lignes manquent après celles qui sont là.")
        seen = expected
    report.pruned = size - report.records


def _record(report: LogReport, line: RecordLine, hashes: list[bytes], where: str) -> None:
    report.records += 1
    if not 0 <= line.number < len(hashes):
        report.fault(where, f"La ligne n° {line.number} n’a pas d’entrée.")
    elif leaf_hash(commitment(line.salt, line.record)) != hashes[line.number]:
        report.fault(where, f"La ligne de l’entrée n° {line.number} a été altérée.")
    elif _place_of(line) != (*report.origin.split("/")[-2:], line.number):
        report.fault(where, f"La ligne de l’entrée n° {line.number} est celle d’une autre entrée.")


def _place_of(line: RecordLine) -> tuple[object, object, object] | None:
    """(commune, log, number) that a record gives itself; None when it is no record."""
    try:
        record = json.loads(line.record)
        return record["commune"], record["log"], record["n"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _kept(report: LogReport, kept: Head, leaves: list[bytes]) -> None:
    """The kept checkpoint must be an earlier state of this log. (6)"""
    try:
        check_earlier(kept, leaves, "gardé ailleurs")
    except Damaged as error:
        report.fault("--checkpoint", error.what)


def _witnessed(log: LogSource, report: LogReport, verifier: Verifier, witness: WitnessKey, leaves: list[bytes]) -> None:
    """A known witness must have cosigned an earlier state of this log. (7)"""
    where = f"{log.name}/{COSIGNED}/{witness.key_id.hex()}"
    try:
        kept = log.cosigned().get(witness.key_id.hex())
        notes = [log.checkpoint()] if kept is None else [kept, log.checkpoint()]
        report.witnessed.append(check_witness(notes, report.origin, leaves, verifier, witness))
    except GuetError as error:
        report.fault(where, error.what)


def _tables(log: LogSource, report: LogReport, verifier: Verifier) -> None:
    """Tables for the CNIL, when they are here, are signed and say what these records say. (8)"""
    where = f"{log.name}/{NOTE}"
    try:
        signed = log.signed_tables()
        if signed is None:
            return
        said = open_document(signed[0], verifier, KIND)
        parent, _, quarter = report.origin.rpartition("/")
        count = said.subject.removeprefix(f"{quarter} ")
        if said.origin != f"{parent}/{KIND}" or not count.isdecimal() or int(count) > report.size:
            raise Damaged("Cette note est celle des tableaux d’un autre journal.", where=where)
        for name, digest in signed[1].items():
            if said.digests.get(name) != digest:
                report.fault(f"{log.name}/{name}", "Ce tableau n’est pas celui qui a été signé.")
        made = digests(tables(parent.rpartition("/")[2], quarter, int(count), rows_of(log, report.size)))
        if made != said.digests:
            report.fault(where, "Les tableaux signés ne disent pas ce que disent les lignes du journal.")
    except GuetError as error:
        report.fault(error.where or where, error.what)


def write_log(source: LogSource, folder: Path, size: int) -> None:
    """Write a log of ``size`` entries in the tlog-tiles layout, its checkpoint last."""
    for level, index, width in tiles_of(size):
        _put(folder / tile_path(level, index, width), source.tile(level, index, width))
    for index, width in entry_bundles_of(size):
        _put(folder / tile_path("entries", index, width), source.bundle(index, width))
        lines = source.records(index, width)
        if lines is not None:
            _put(folder / records_path(index, width), "".join(line.encode() for line in lines).encode())
    for key, note in source.cosigned().items():
        if not KEY_ID.fullmatch(key):  # it names a file here, and another machine said it
            raise BadInput("Cet identifiant de témoin n’a pas une forme possible.", where=key[:80])
        _put(folder / COSIGNED / key, note.encode())
    stamp = source.stamped()
    if stamp is not None:
        _put(folder / STAMP_NOTE, stamp[0].encode())
        _put(folder / STAMP_ANSWER, stamp[1])
    _put(folder / "checkpoint", source.checkpoint().encode())


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
