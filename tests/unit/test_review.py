"""The journal's review: what raises a question and what does not, and that nobody is ranked (D-12, D-33)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vms.clock import HOUR_US, UtcTime
from vms.keeper.journal.review import QUESTIONS_LIMIT, Seen, review

DAY_US = 24 * HOUR_US
FROM = UtcTime.parse("2026-11-01T00:00:00+01:00").us
TO = FROM + 30 * DAY_US
NOON = 12 * HOUR_US


def seen(
    at_us: int, act: str = "replay", *, person: str = "p-1", cameras: tuple[str, ...] = ("c1",), **more: Any
) -> Seen:
    record = {"kind": "consultation", "act": act, "author": {"person": person}, "cameras": list(cameras), "motive": "x"}
    return Seen(at_us, FROM + at_us, record | more)


def kinds(*entries: Seen) -> list[str]:
    return sorted(one.kind for one in review(entries, FROM, TO))


def test_a_quiet_month_raises_nothing() -> None:
    days = [seen(day * DAY_US + NOON + n, cameras=(f"c{n}",)) for day in range(30) for n in range(4)]
    assert kinds(*days) == []
    assert review([], FROM, TO) == []


def test_a_night_is_asked_about_once() -> None:
    late = [seen(3 * DAY_US + hour * HOUR_US, "live") for hour in (22, 23, 24, 29)]
    [one] = review(late, FROM, TO)
    assert (one.kind, one.count) == ("night", 4)
    assert kinds(seen(3 * DAY_US + 21 * HOUR_US), seen(3 * DAY_US + 30 * HOUR_US)) == []
    two = [seen(3 * DAY_US + 23 * HOUR_US, "live"), seen(5 * DAY_US + 23 * HOUR_US, "live")]
    assert kinds(*two) == ["night", "night"]


def test_a_night_service_is_one_question() -> None:
    nights = [seen(day * DAY_US + 23 * HOUR_US, "live") for day in range(20)]
    [one] = review(nights, FROM, TO)
    assert (one.kind, one.count, one.of) == ("night-habit", 20, 30)


def test_one_camera_far_above_the_others() -> None:
    usual = [seen(day * DAY_US + NOON, cameras=(f"c{day % 5 + 2}",)) for day in range(20)]
    many = [seen(day * DAY_US + NOON + 1) for day in range(20)]
    [one] = review([*usual, *many], FROM, TO)
    assert (one.kind, one.cameras, one.count, one.of) == ("one-camera", ("c1",), 20, 40)
    assert kinds(*many) == []  # a commune of one camera
    assert kinds(*usual, *many[:9]) == []
    even = [seen(day * DAY_US + NOON + 2, cameras=("c2",)) for day in range(20)]
    assert kinds(*many, *even) == []  # of two cameras, both are watched


def test_bulk_search_in_one_sitting() -> None:
    wide = [seen(NOON + n, cameras=(f"c{n}",)) for n in range(8)]
    assert kinds(*wide) == ["bulk-search"]
    assert kinds(*wide[:7]) == []
    assert kinds(*(seen(NOON + n) for n in range(20))) == ["bulk-search"]
    windows = [seen(NOON + n, "key_window", from_us=0, to_us=HOUR_US // 12) for n in range(72)]
    assert kinds(*windows) == ["bulk-search"]
    assert kinds(*windows[:71]) == []
    spread = [replace(one, at_us=one.at_us + n * HOUR_US, record=one.record) for n, one in enumerate(wide)]
    assert kinds(*spread) == []
    others = [seen(NOON + n, cameras=(f"c{n}",), person=f"p-{n}") for n in range(8)]
    assert kinds(*others) == []  # eight people at work are no search


def test_viewing_and_exporting_without_a_ground() -> None:
    assert kinds(seen(NOON, motive="")) == ["no-incident"]
    assert kinds(seen(NOON, motive="", reference="r-1")) == []
    assert kinds(seen(NOON, "live", motive="")) == []
    assert kinds(seen(NOON, "export", kind="communication")) == ["no-request"]
    assert kinds(seen(NOON, "export", kind="communication", reference="r-1")) == []


def test_what_is_outside_the_days_or_is_no_view_is_not_looked_at() -> None:
    assert kinds(seen(-1, motive=""), seen(30 * DAY_US, motive=""), seen(NOON, "read_journal", motive="")) == []
    assert kinds(seen(NOON, "replay", kind="refus", motive="")) == []


ENTRIES = st.builds(
    seen,
    st.integers(0, 30 * DAY_US - 1),
    st.sampled_from(["live", "replay", "export", "key_window", "live_end", "x"]),
    person=st.sampled_from(["p-one", "p-two", "p-three"]),
    cameras=st.lists(st.sampled_from(["c1", "c2", "c3"]), max_size=3).map(tuple),
    motive=st.sampled_from(["", "x"]),
)


@given(st.lists(ENTRIES, max_size=80))
def test_no_question_names_or_counts_a_person(entries: list[Seen]) -> None:
    found = review(entries, FROM, TO)
    text = json.dumps([one.to_dict() for one in found])
    assert "p-one" not in text
    assert "p-two" not in text
    assert len(found) <= QUESTIONS_LIMIT
    seqs = {one.seq for one in entries}
    assert all(set(one.entries) <= seqs and one.entries and one.from_us <= one.to_us for one in found)
    assert [one.to_us for one in found] == sorted((one.to_us for one in found), reverse=True)
