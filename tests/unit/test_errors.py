"""Errors keep what a person needs through every process."""

from __future__ import annotations

import pytest

from vms.errors import KINDS, GuetError


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_survives_the_journey(kind: str) -> None:
    data = {"kind": kind, "what": "Quoi.", "where": "où", "todo": "Faites.", "rule": "P-40"}
    error = GuetError.from_dict(data)
    assert type(error) is KINDS[kind]
    assert error.to_dict() == data
    assert str(error) == "Quoi. (où) [P-40] Faites."


def test_an_unknown_kind_is_still_an_error() -> None:
    assert GuetError.from_dict({"kind": "new", "what": "X"}).status == 500
