"""A document's data as files: JSON as it was journalled, CSV for a spreadsheet, PDF/A-2a for people and archives.

Each is drawn from the same bytes, whose SHA-256 the PDF prints and the journal holds.
"""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from vms.clock import MICRO, PARIS, UtcTime
from vms.keeper.journal.table import BOM, cell
from vms.typeset import typeset

TEMPLATE: Final = files("vms.documents").joinpath("document.typ").read_bytes()
FORMATS: Final = {
    "pdf": "application/pdf",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}
CELL_LIMIT_CHARS: Final = 1000  # of our own sentences; what people type is bounded where it is recorded


def render(data: bytes, form: str) -> bytes:
    """The file in ``form``, one of FORMATS; Damaged when a page cannot be set."""
    if form == "json":
        return data
    document = json.loads(data)
    return _csv(document) if form == "csv" else _pdf(document, sha256(data).hexdigest())


def file_name(data: bytes, form: str) -> str:
    """A name of plain characters: kind, commune, the day it was made."""
    document = json.loads(data)
    return f"{document['kind']}-{document['commune']}-{document['made'][:10]}.{form}"


def _pdf(document: dict[str, Any], digest: str) -> bytes:
    made = UtcTime.parse(document["made"])
    journal = document["journal"]
    shown = {
        **{key: document[key] for key in ("title", "basis", "subject", "lead", "wide", "signed_by", "name", "build")},
        "made": _local(made),
        "stands_on": f"Journal {document['commune']}/{journal['log']}, {journal['size']} entrées, "
        f"racine {journal['root'][:16]}…",
        "digest": digest,
        "missing": document["missing"],
        "to_write": document["to_write"],
        "sections": [_section(one) for one in document["sections"]],
    }
    return typeset(TEMPLATE, shown, made.us // MICRO, "Ce document n’a pas pu être composé.")


def _section(section: dict[str, Any]) -> dict[str, Any]:
    table = section["table"]
    return {
        "title": section["title"],
        "text": [_shown(one) for one in section["text"]],
        "facts": [[fact["name"], _shown(fact["value"])] for fact in section["facts"]],
        "table": table
        and {
            "heads": [one["title"] for one in table["columns"]],
            "shares": [one["share"] for one in table["columns"]],
            "rows": [[_shown(row[one["key"]]) for one in table["columns"]] for row in table["rows"]],
            "empty": table["empty"],
        },
        "plan": section["plan"],
    }


def _shown(value: Any) -> dict[str, str]:
    """A cell as the page shows it: its words, and whether something lacks or is to be written."""
    match value:
        case {"missing": what}:
            return {"kind": "missing", "text": _cut(f"Manque : {what}")}
        case {"to_write": what}:
            return {"kind": "to_write", "text": _cut(f"À écrire : {what}")}
        case {"instant": iso}:
            return {"kind": "", "text": _local(UtcTime.parse(iso))}
        case {"day": iso}:
            return {"kind": "", "text": "/".join(reversed(iso.split("-")))}
        case _:
            return {"kind": "", "text": _cut(str(value))}


def _cut(text: str) -> str:
    return text if len(text) <= CELL_LIMIT_CHARS else text[: CELL_LIMIT_CHARS - 1] + "…"


def _local(moment: UtcTime) -> str:
    return moment.datetime().astimezone(PARIS).strftime("%d/%m/%Y %H:%M")


def _csv(document: dict[str, Any]) -> bytes:
    """Every fact and every row, one line each, under its section; no cell is a formula to whatever opens it."""
    lines: list[list[str]] = [["section", "ligne", "rubrique", "valeur", "etat"]]
    for section in document["sections"]:
        title = section["title"]
        lines += [[title, "", "", *_plain(one)] for one in section["text"]]
        lines += [[title, "", fact["name"], *_plain(fact["value"])] for fact in section["facts"]]
        table = section["table"] or {"rows": [], "columns": []}
        for number, row in enumerate(table["rows"], start=1):
            lines += [[title, str(number), one["title"], *_plain(row[one["key"]])] for one in table["columns"]]
    return (BOM + "".join(";".join(cell(one) for one in line) + "\r\n" for line in lines)).encode()


def _plain(value: Any) -> tuple[str, str]:
    """A cell's value, ISO and UTC, and its state: empty, ``manque`` or ``à écrire``."""
    match value:
        case {"missing": what}:
            return str(what), "manque"
        case {"to_write": what}:
            return str(what), "à écrire"
        case {"instant": iso} | {"day": iso}:
            return str(iso), ""
        case _:
            return str(value), ""
