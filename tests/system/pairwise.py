"""Pairwise selection: few rows in which every pair of values of two factors occurs at least once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

Row = tuple[str, ...]


def pairs_of(row: Row) -> set[tuple[int, str, int, str]]:
    """The pairs of values in a row."""
    return {(a, row[a], b, row[b]) for a, b in combinations(range(len(row)), 2)}


def selection(factors: Sequence[Sequence[str]]) -> list[Row]:
    """Rows that cover every pair, chosen greedily: always the row that covers most of what is left."""
    rows = list(product(*factors))
    left = {pair for row in rows for pair in pairs_of(row)}
    chosen: list[Row] = []
    while left:
        best = max(rows, key=lambda row: len(pairs_of(row) & left))
        chosen.append(best)
        left -= pairs_of(best)
    return chosen
