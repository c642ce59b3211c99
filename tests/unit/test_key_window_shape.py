"""What a web process may ask keys for: a list of segments, and nothing else gets as far as a key."""

from __future__ import annotations

from typing import Any

import pytest

from vms.errors import BadInput
from vms.keeper.keys.windows import SEGMENTS_LIMIT, asked_segments

ONE: dict[str, Any] = {"name": "valclair-c01.main.20261124T141000000000Z." + "a" * 32 + ".0", "groups": [0]}


def test_segments_are_read_as_they_were_asked() -> None:
    assert [one.groups for one in asked_segments([ONE, ONE | {"groups": [1, 2]}])] == [(0,), (1, 2)]


@pytest.mark.parametrize(
    "segments",
    [
        None, True, 5, -1, 1.5, 10**30, "x", {}, ONE, [], [None], ["x"], [[]], [ONE | {"groups": []}],
        [ONE | {"groups": "0"}], [ONE | {"groups": [None]}], [ONE | {"more": 1}], [ONE] * (SEGMENTS_LIMIT + 1),
    ],
)  # fmt: skip
def test_anything_else_is_bad_input(segments: Any) -> None:
    with pytest.raises(BadInput):
        asked_segments(segments)
