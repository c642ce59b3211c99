"""Absences whose rows were lost are found again by the links that follow them, or not at all (S2, S4)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.recording import bridge
from recorder.recording.bridge import ABSENCES_LIMIT_COUNT, bridge_to, change_us
from recorder.segment.format import CAUSES, AbsenceRecord, next_link
from recorder.segment.rows import BeginAbsence, EndAbsence, StreamId, Tail
from vms.clock import MICRO, UtcTime

STREAM = StreamId("valclair", "valclair-c01", "main")
BEGUN_US = UtcTime.parse("2026-11-24T14:00:00.400000Z").us
LINK = bytes(range(32))

causes = st.sampled_from(sorted(CAUSES))


def chained(begun_us: int, parts: list[tuple[int, str]]) -> tuple[list[tuple[int, int, str]], bytes]:
    """Absences one after the other, each (where it ends, its cause), as a writer chains them; the last link."""
    told, link = [], LINK
    for number, (until_us, cause) in enumerate(parts):
        record = AbsenceRecord(STREAM.camera, STREAM.stream, 8 + number, begun_us, until_us, cause)
        link = next_link(link, record.encode())
        told.append((begun_us, until_us, cause))
        begun_us = until_us
    return told, link


def file_behind(count: int, link: bytes, start_us: int) -> Any:
    """What is read of a file, as far as it matters here."""
    header = SimpleNamespace(sequence=8 + count, previous=link, name=SimpleNamespace(start=UtcTime(start_us)))
    return SimpleNamespace(header=header)


def found(tail: Tail, scan: Any) -> list[tuple[int, int, str]] | None:
    operations = bridge_to(tail, STREAM, scan)
    if operations is None:
        return None
    pairs = []
    for begin, end in zip(operations[::2], operations[1::2], strict=True):
        assert isinstance(begin, BeginAbsence)
        assert isinstance(end, EndAbsence)
        assert begin.start_us == end.start_us
        pairs.append((begin.start_us, end.end_us, begin.cause))
    return pairs


@given(
    first=causes, second=causes, after_us=st.integers(0, 100 * MICRO), lasts_us=st.integers(1, 100 * MICRO),
    known=st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_one_absence_or_two_are_found_with_causes_and_instants(
    first: str, second: str, after_us: int, lasts_us: int, known: bool
) -> None:
    changed_us = change_us(BEGUN_US, BEGUN_US + after_us)
    ends_us = max(changed_us, BEGUN_US + after_us) + lasts_us
    parts = (
        [(ends_us, second)] if first == second or changed_us == BEGUN_US else [(changed_us, first), (ends_us, second)]
    )
    told, link = chained(BEGUN_US, parts)
    open_now = BeginAbsence(BEGUN_US, parts[0][1], "vu") if known else None
    tail = Tail(BEGUN_US, 7, LINK, open_now)
    assert found(tail, file_behind(len(parts), link, ends_us)) == told
    operations = bridge_to(tail, STREAM, file_behind(len(parts), link, ends_us))
    assert operations is not None
    assert getattr(operations[0], "detail", None) == ("vu" if known else "")


def test_three_are_found_when_they_follow_each_other_at_once() -> None:
    told, link = chained(
        BEGUN_US,
        [(BEGUN_US + 1, "stream-stalled"), (BEGUN_US + 2_600_000, "disk-full"), (BEGUN_US + 9 * MICRO, "clock")],
    )
    tail = Tail(BEGUN_US, 7, LINK, BeginAbsence(BEGUN_US, "stream-stalled"))
    assert found(tail, file_behind(3, link, told[-1][1])) == told


def test_what_follows_nothing_is_not_adopted_and_the_search_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "TRIES_LIMIT_COUNT", 5_000)
    tail = Tail(BEGUN_US, 7, LINK, None)
    for count in range(ABSENCES_LIMIT_COUNT + 2):
        assert found(tail, file_behind(count, bytes(32), BEGUN_US + 3600 * MICRO)) is None
    _, link = chained(BEGUN_US, [(BEGUN_US + 1234, "disk-full"), (BEGUN_US + 9 * MICRO, "clock")])
    assert found(tail, file_behind(2, link, BEGUN_US + 9 * MICRO)) is None  # no instant that a writer says


@given(begun_us=st.integers(0, 10 * MICRO), later_us=st.integers(-MICRO, 10 * MICRO))
def test_a_change_is_told_within_the_second_before_and_never_before_the_absence(begun_us: int, later_us: int) -> None:
    changed_us = change_us(begun_us, begun_us + later_us)
    assert begun_us <= changed_us <= max(begun_us, begun_us + later_us)
    assert begun_us + later_us - changed_us < MICRO or later_us < 0
    assert (changed_us > begun_us) == (later_us > 0)
