"""A motive has one limit (D-31): pages that ask for one let it be typed as far as the keeper takes it, no further."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from vms.law.rulebook import rulebook

PAGES: Final = Path(__file__).parents[2] / "web/ui/src"
ITS_PLACE: Final = PAGES / "parts/MotiveField.tsx"


def test_pages_take_motives_of_the_length_that_the_keeper_takes() -> None:
    (limit,) = re.findall(r"MOTIVE_MAX_CHARS = (\d+);", ITS_PLACE.read_text(encoding="utf-8"))
    assert int(limit) == rulebook().limits.motive_chars


def test_no_page_gives_a_motive_a_limit_of_its_own() -> None:
    fields = {
        path.name: re.findall(
            r"<TextField\b[^<]*?name=\"motive\"[^<]*?maxLength=\{(\w+)\}", path.read_text(encoding="utf-8")
        )
        for path in PAGES.rglob("*.tsx")
    }
    asked = {name: limits for name, limits in fields.items() if limits}
    assert len(asked) >= 3
    assert {limit for limits in asked.values() for limit in limits} == {"MOTIVE_MAX_CHARS"}
