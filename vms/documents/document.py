"""A document as data: titled sections of sentences, facts and tables, each value typed; a missing one says so.

``to_data`` gives the one form that is hashed for the journal, downloaded as JSON, and set as PDF.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from vms.clock import UtcTime, paris_date
from vms.documents.siting import Sheet

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Instant:
    """An instant, µs UTC; pages show it in Paris's time."""

    us: int


@dataclass(frozen=True, slots=True)
class Day:
    """The day, in Paris, of an instant in µs UTC."""

    us: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that the law asks for and that is not recorded: what lacks, and where to record it."""

    what: str


@dataclass(frozen=True, slots=True)
class ToWrite:
    """A part that no software can know and that a person must write."""

    what: str


Cell = str | int | Instant | Day | Missing | ToWrite


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the data, its heading, and its share of the width."""

    key: str
    title: str
    share: int = 2


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; ``empty`` is said when there is none."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "Aucune ligne."


@dataclass(frozen=True, slots=True)
class Section:
    """A part under a title; ``rule`` is the id that asks for it, ``plan`` what is drawn under its table."""

    id: str
    title: str
    rule: str = ""
    text: tuple[str | Missing | ToWrite, ...] = ()
    facts: tuple[tuple[str, Cell], ...] = ()
    table: Table | None = None
    plan: tuple[Sheet, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document; ``subject`` says what it is about (a date, a year, an order), ``wide`` that its pages lie."""

    kind: str
    title: str
    basis: str
    subject: str
    sections: tuple[Section, ...]
    lead: tuple[str, ...] = ()
    wide: bool = False
    signed_by: tuple[str, ...] = field(default=())

    def to_data(self, stands_on: dict[str, Any]) -> dict[str, Any]:
        """The document with what it stands on: commune, date, journal's checkpoint, build."""
        return {
            "v": VERSION, "kind": self.kind, "title": self.title, "basis": self.basis, "subject": self.subject,
            "lead": list(self.lead), "wide": self.wide, "signed_by": list(self.signed_by), **stands_on,
            "missing": [f"{where} : {one.what}" for where, one in self._found(Missing)],
            "to_write": [f"{where} : {one.what}" for where, one in self._found(ToWrite)],
            "sections": [_section(one) for one in self.sections],
        }  # fmt: skip

    def _found(self, kind: type[Missing] | type[ToWrite]) -> Iterator[tuple[str, Any]]:
        """Where each such part stands: section, then the fact's name or the row's first cell and the column."""
        for section in self.sections:
            for text in section.text:
                if isinstance(text, kind):
                    yield section.title, text
            for name, value in section.facts:
                if isinstance(value, kind):
                    yield f"{section.title}, {name.lower()}", value
            for row in section.table.rows if section.table else ():
                for column, value in zip(section.table.columns if section.table else (), row, strict=True):
                    if isinstance(value, kind):
                        yield f"{section.title}, {plain(row[0])}, {column.title.lower()}", value


def count(number: int, what: str) -> str:
    """A number with its words, each of which takes an ``s`` from two on: ``2 caméras``."""
    return f"{number} {what}" if number < 2 else f"{number} " + " ".join(f"{word}s" for word in what.split())


def canonical(data: dict[str, Any]) -> bytes:
    """JSON in its one form: keys sorted, no spaces, UTF-8; half a character, as a journal may hold, becomes ``?``."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def plain(value: Cell) -> str:
    """A cell in a line of text, as data has it (ISO, UTC)."""
    if isinstance(value, Missing | ToWrite):
        return value.what
    return str(next(iter(coded.values()))) if isinstance(coded := _cell(value), dict) else str(coded)


def _section(section: Section) -> dict[str, Any]:
    table = section.table
    return {
        "id": section.id,
        "title": section.title,
        "rule": section.rule,
        "text": [_cell(one) for one in section.text],
        "facts": [{"name": name, "value": _cell(value)} for name, value in section.facts],
        "table": None
        if table is None
        else {
            "columns": [{"key": one.key, "title": one.title, "share": one.share} for one in table.columns],
            "rows": [
                {column.key: _cell(value) for column, value in zip(table.columns, row, strict=True)}
                for row in table.rows
            ],
            "empty": table.empty,
        },
        "plan": [one.to_data() for one in section.plan],
    }


def _cell(value: Cell) -> Any:
    match value:
        case Instant(us):
            return {"instant": UtcTime(us).iso()}
        case Day(us):
            return {"day": paris_date(UtcTime(us)).isoformat()}
        case Missing(what):
            return {"missing": what}
        case ToWrite(what):
            return {"to_write": what}
        case _:
            return value
