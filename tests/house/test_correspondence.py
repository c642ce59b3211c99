"""The table from each rule to its code and its test (docs/legal/correspondance.md) says what is there and no more."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from vms.law.rulebook import rulebook

ROOT = Path(__file__).parent.parent.parent
TABLE: Final = (ROOT / "docs/legal/correspondance.md").read_text(encoding="utf-8")
RULES: Final = (ROOT / "docs/legal/regles.md").read_text(encoding="utf-8")
ROWS: Final = [tuple(cell.strip() for cell in row.split("|")[1:-1]) for row in re.findall(r"^\|.*\|$", TABLE, re.M)]
LAW: Final = [row for row in ROWS if re.fullmatch(r"[PTDE]-\d{2}b?", row[0])]
INVARIANTS: Final = [row for row in ROWS if row[0].isdigit()]
STATES: Final = {"fait", "partiel", "pas encore", "hors logiciel"}


def test_every_rule_stands_there_once() -> None:
    wanted = re.findall(r"^\| ([PTDE]-\d{2}b?) ", RULES, re.M)
    assert [row[0] for row in LAW] == wanted
    assert len(set(wanted)) == len(wanted)


@pytest.mark.parametrize("row", LAW, ids=lambda row: row[0])
def test_a_row_says_what_is_there(row: tuple[str, ...]) -> None:
    _, state, code, test, note = row
    assert state in STATES
    if state in ("fait", "partiel"):
        assert code, "a rule that is kept names its code"
        assert test, "a rule that is kept names its test"
    else:
        assert (code, test) == ("", "")
    if state != "fait":
        assert note, "what is missing is said"


def test_the_eighteen_invariants_are_there_in_order() -> None:
    assert [int(row[0]) for row in INVARIANTS] == list(range(1, 19))
    assert all(row[2] for row in INVARIANTS)


def test_what_is_cited_exists() -> None:
    missing = []
    for row in (*LAW, *INVARIANTS):
        for cited in re.findall(r"`([^`]+)`", " ".join(row)):
            path, _, name = cited.partition("::")
            if not (ROOT / path).is_file() or (name and name not in functions(ROOT / path)):
                missing.append(f"{row[0]}: {cited}")
    assert missing == []


def functions(path: Path) -> set[str]:
    """The names of a file's functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_articles_that_an_explanation_cites_are_those_of_the_rules_page() -> None:
    page = dict(re.findall(r"^\| ([PTD]-\d{2}b?) \| ([^|]*?) *\|", RULES, re.M))
    articles = rulebook().article
    assert set(articles) == set(page)
    for rule, words in page.items():
        assert words.strip() in articles[rule], rule
