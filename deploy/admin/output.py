"""What commands print: a table for people, JSON for machines; reads have both."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_json(data: Any) -> None:
    """One JSON document on stdout."""
    json.dump(data, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def print_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    """A table; ``columns`` gives key → heading. What strangers wrote is printed as text, never as markup."""
    table = Table(*columns.values(), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(_printable(row.get(key, ""))) for key in columns))
    Console(soft_wrap=True).print(table)


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, as_json: bool) -> None:
    """Rows as a table, or whole as JSON."""
    if as_json:
        print_json(list(rows))
    else:
        print_table(rows, columns)


def _printable(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return "".join(c for c in text if c.isprintable())
