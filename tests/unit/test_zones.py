"""Zone sets: what is refused and why, one canonical form, and when a change loosens."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.zones import POINTS_LIMIT, ZONES_LIMIT, ZoneSet, loosens, validate_polygon
from vms.errors import BadInput

SQUARE = [(0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6)]


def zone_set(*polygons: Any, **changes: Any) -> ZoneSet:
    facts: dict[str, Any] = {
        "id": "z1",
        "version": 1,
        "camera": "valclair-c01",
        "polygons": [{"points": points, "reason": "entrance"} for points in polygons],
        "no_dwelling": not polygons,
        "author": "p-1",
        "created_us": 1,
    }
    return ZoneSet(**{**facts, **changes})


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ([], "au moins trois points"),
        ([(0.1, 0.1), (0.2, 0.2)], "au moins trois points"),
        ([(math.cos(a) / 3 + 0.5, math.sin(a) / 3 + 0.5) for a in range(POINTS_LIMIT + 1)], "au plus 32 points"),
        ([(0.1, 0.1), (0.5, 0.5), (0.5, 0.1), (0.1, 0.5)], "se croisent"),
        # a vertex that touches another edge, an edge that folds back, a polygon pinched in one point
        ([(0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.3, 0.1), (0.1, 0.5)], "se croisent"),
        ([(0.1, 0.1), (0.5, 0.1), (0.3, 0.1), (0.3, 0.4)], "se croisent"),
        ([(0.1, 0.1), (0.3, 0.3), (0.5, 0.1), (0.5, 0.5), (0.3, 0.3), (0.1, 0.5)], "au même endroit"),
        ([(0.1, 0.1), (0.5, 0.1), (0.5, 0.1), (0.3, 0.4)], "au même endroit"),
        ([(0.1, 0.1), (0.5, 0.1), (0.500_000_1, 0.1), (0.3, 0.4)], "au même endroit"),
        ([(-0.01, 0.1), (0.5, 0.1), (0.3, 0.4)], "hors de l’image"),
        ([(0.1, 0.1), (0.5, 1.000001), (0.3, 0.4)], "hors de l’image"),
        ([(0.1, 0.1), (math.nan, 0.1), (0.3, 0.4)], "finies"),
        ([(0.1, 0.1), (0.5, math.inf), (0.3, 0.4)], "finies"),
        ([(0.1, 0.1), (0.5,), (0.3, 0.4)], "paire de nombres"),
        ([(0.1, 0.1), ("0.5", 0.1), (0.3, 0.4)], "paire de nombres"),
        ([(0.1, 0.1), (True, 0.1), (0.3, 0.4)], "paire de nombres"),
        ([(0.1, 0.1), (0.3, 0.3), (0.5, 0.500001)], "surface"),
        ([(0.1, 0.1), (0.101, 0.1), (0.1, 0.101)], "surface"),
    ],
)
def test_a_wrong_polygon_is_refused_with_its_reason(points: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        validate_polygon(points)


@pytest.mark.parametrize(
    "points",
    [
        SQUARE,
        [(0, 0), (1, 0), (1, 1), (0, 1)],
        [(0.5, 0.1), (0.9, 0.9), (0.5, 0.3), (0.1, 0.9)],
        [(0.1, 0.1), (0.3, 0.1), (0.5, 0.1), (0.3, 0.4)],
    ],
)
def test_a_simple_polygon_is_kept(points: Any) -> None:
    assert [tuple(map(float, point)) for point in points] == list(validate_polygon(points))


def test_a_set_without_zones_needs_a_statement() -> None:
    with pytest.raises(BadInput, match="aucun logement"):
        zone_set(no_dwelling=False)
    assert zone_set(no_dwelling=True).polygons == ()


def test_a_wrong_zone_of_a_set_is_named() -> None:
    with pytest.raises(BadInput, match="se croisent") as caught:
        zone_set(SQUARE, [(0.1, 0.1), (0.5, 0.5), (0.5, 0.1), (0.1, 0.5)])
    assert caught.value.where == "zone 2"


def test_too_many_zones_are_refused() -> None:
    with pytest.raises(BadInput, match="24 zones"):
        zone_set(*[SQUARE] * (ZONES_LIMIT + 1))


def test_the_author_does_not_validate() -> None:
    with pytest.raises(BadInput, match="ne peut pas les valider"):
        zone_set(SQUARE, validator="p-1", validated_us=2)
    with pytest.raises(BadInput, match="ni l’un ni l’autre"):
        zone_set(SQUARE, validator="p-2")


def test_the_hash_follows_what_is_hidden_and_nothing_else() -> None:
    drawn = zone_set(SQUARE)
    assert drawn.sha256() == zone_set(SQUARE, validator="p-2", validated_us=9, id="other").sha256()
    assert drawn.sha256() != zone_set([*SQUARE[:3], (0.2, 0.600001)]).sha256()
    assert drawn.sha256() != zone_set(SQUARE, version=2).sha256()
    assert drawn.canonical() == (
        b'{"camera":"valclair-c01","format":"guet/zones/v1","no_dwelling":false,"version":1,"zones":[{"points":'
        b'[[200000,200000],[600000,200000],[600000,600000],[200000,600000]],"reason":"entrance"}]}'
    )


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=8))
def test_a_set_survives_storage(points: list[tuple[float, float]]) -> None:
    try:
        drawn = zone_set(points)
    except BadInput:
        return
    stored = ZoneSet.model_validate_json(drawn.model_dump_json())
    assert stored == drawn
    assert stored.sha256() == drawn.sha256()


LEFT = [(0.2, 0.2), (0.4, 0.2), (0.4, 0.6), (0.2, 0.6)]
RIGHT = [(0.4, 0.2), (0.6, 0.2), (0.6, 0.6), (0.4, 0.6)]
BIG = [(0.1, 0.1), (0.7, 0.1), (0.7, 0.7), (0.1, 0.7)]
NOTCHED = [(0.1, 0.1), (0.7, 0.1), (0.7, 0.7), (0.41, 0.7), (0.4, 0.5), (0.39, 0.7), (0.1, 0.7)]


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ([SQUARE], [SQUARE], False),
        ([SQUARE], [SQUARE[2:] + SQUARE[:2]], False),
        ([SQUARE], [SQUARE[::-1]], False),
        ([SQUARE], [BIG], False),
        ([SQUARE], [LEFT, RIGHT], False),
        ([LEFT, RIGHT], [SQUARE], False),
        ([], [SQUARE], False),
        ([SQUARE], [], True),
        ([BIG], [SQUARE], True),
        ([SQUARE], [LEFT], True),
        ([SQUARE], [NOTCHED], True),
        ([SQUARE], [[(x + 0.000_01, y) for x, y in SQUARE]], True),
        ([SQUARE, BIG], [SQUARE], True),
    ],
)
def test_what_uncovers_loosens(old: Any, new: Any, answer: bool) -> None:
    assert loosens(zone_set(*old), zone_set(*new)) is answer
