"""A log as tables for the CNIL: CSV for people, JSON for programs, both the same from anyone who writes them (D-13).

Pure: the same records give the same bytes, so that the keeper can sign what another process writes, and a verifier can
make the tables again from the records it has checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, Final

from vms.clock import UtcTime
from vms.errors import Damaged

KIND: Final = "export"
CSV, JSON, NOTE = "journal.csv", "journal.json", "export.note"
VERSION: Final = 1
COLUMNS: Final = (
    "numero", "date_heure_utc", "nature", "acte", "auteur", "qualite", "habilitation", "poste", "cameras", "plage_de",
    "plage_a", "finalite", "motif", "reference", "destinataire", "detail",
)  # fmt: skip
# What a spreadsheet would run when a cell begins with it; a motive is typed by hand and may hold anything.
FORMULA: Final = tuple("=+-@\t\r\n|%")
BOM: Final = "\ufeff"  # without it a spreadsheet reads French accents as Latin-1

# (number, record or None once pruned, salt in hexadecimal or None)
Row = tuple[int, str | None, str | None]


def tables(commune: str, log: str, size: int, rows: Iterable[Row]) -> Iterator[tuple[bytes, bytes]]:
    """Pieces of (CSV, JSON) of the first ``size`` entries, in order; an entry that is not in ``rows`` was pruned."""
    head = {"v": VERSION, "commune": commune, "log": log, "size": size}
    opening = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1]
    yield f"{BOM}{_csv(COLUMNS)}".encode(), f'{opening},"entries":[\n'.encode()
    wanted = 0
    for number, record, salt in rows:
        if number >= size:
            break
        for gone in range(wanted, number):
            yield _piece(gone, None, None, size)
        yield _piece(number, record, salt, size)
        wanted = number + 1
    for gone in range(wanted, size):
        yield _piece(gone, None, None, size)
    yield b"", b"]}\n"


def digests(pieces: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """SHA-256 (hex) of both tables, by file name."""
    csv, whole = sha256(), sha256()
    for one, other in pieces:
        csv.update(one)
        whole.update(other)
    return {CSV: csv.hexdigest(), JSON: whole.hexdigest()}


def subject(log: str, size: int) -> str:
    """What the signed note names: the log and how many of its entries are in the tables."""
    return f"{log} {size}"


def cell(value: object) -> str:
    """One CSV cell: quoted, and no formula to whatever opens it."""
    text = str(value).replace("\0", "")
    if text.lstrip(" \ufeff\u00a0").startswith(FORMULA) or text.startswith(FORMULA):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"'


def _piece(number: int, record: str | None, salt: str | None, size: int) -> tuple[bytes, bytes]:
    try:
        entry: dict[str, Any] = {"n": number, "record": None if record is None else json.loads(record), "salt": salt}
        line, cells = (
            json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
            _cells(number, entry),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged("Une ligne du journal n’est pas une fiche.", where=f"entrée n° {number}") from error
    end = "\n" if number == size - 1 else ",\n"
    return _csv(cells).encode("utf-8", "replace"), f"{line}{end}".encode("utf-8", "replace")


def _cells(number: int, entry: dict[str, Any]) -> list[object]:
    record: dict[str, Any] | None = entry["record"]
    if record is None:
        return [number, "", "", "fiche effacée à son terme", *[""] * (len(COLUMNS) - 4)]
    author = record.get("author", {})
    detail = json.dumps(record["detail"], ensure_ascii=False, sort_keys=True) if "detail" in record else ""
    return [
        number, record["at"], record["kind"], record["act"],
        *(author.get(part, "") for part in ("person", "role", "habilitation", "workstation")),
        " ".join(record.get("cameras", ())), _moment(record.get("from_us")), _moment(record.get("to_us")),
        *(record.get(part, "") for part in ("purpose", "motive", "reference", "recipient")), detail,
    ]  # fmt: skip


def _moment(at_us: object) -> str:
    return UtcTime(at_us).iso() if isinstance(at_us, int) else ""


def _csv(cells: Iterable[object]) -> str:
    return ";".join(cell(one) for one in cells) + "\r\n"
