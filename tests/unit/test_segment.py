"""The segment format against vectors written by a second implementation, and against damage."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from recorder.segment import format as segment
from recorder.segment.format import AbsenceRecord, GroupHeader, SegmentDamaged, SegmentHeader, SegmentName
from tests.golden.segment import reference
from vms.clock import UtcTime
from vms.errors import BadInput, Damaged
from vms.keys import derive, sealing

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "golden" / "segment" / "vectors.json").read_text(encoding="ascii")
)
FILE = bytes.fromhex(VECTORS["file"])


def _read(data: bytes, offset: int, length: int) -> bytes:
    return data[offset : offset + length]


def _walk(data: bytes, *, verify: bool = True) -> list[segment.Placed]:
    header, length = SegmentHeader.parse(data)
    return list(segment.walk(lambda offset, size: _read(data, offset, size), header, length, verify=verify))


def _whole_groups(data: bytes) -> int:
    header, length = SegmentHeader.parse(data)
    count = 0
    try:
        for _ in segment.walk(lambda offset, size: _read(data, offset, size), header, length, verify=True):
            count += 1
    except SegmentDamaged:
        pass
    return count


def test_header_parses_as_the_vector_says() -> None:
    header, length = SegmentHeader.parse(FILE)
    assert FILE[:length].hex() == VECTORS["header"]
    assert (header.commune, header.zone_set_id, header.codec) == ("valclair", "zs-0012", "avc1.64001F")
    assert (header.width, header.height, header.origin, header.sequence) == (1920, 1080, "live", 2)
    assert header.name == SegmentName(
        "valclair-c07", "main", UtcTime(VECTORS["start_us"]), "000102030405060708090a0b0c0d0e0f", 3
    )
    assert header.encode() == FILE[:length]


def test_groups_links_and_places_are_those_of_the_vector() -> None:
    placed = _walk(FILE)
    assert [one.sealed_offset for one in placed] == [group["offset"] for group in VECTORS["groups"]]
    assert [one.link.hex() for one in placed] == [group["link"] for group in VECTORS["groups"]]
    assert [one.header.encode().hex() for one in placed] == [group["header"] for group in VECTORS["groups"]]
    assert placed[-1].end == len(FILE)
    assert placed[-1].header.end_us == VECTORS["end_us"]


def test_groups_open_with_derived_keys() -> None:
    key = derive.segment_key(bytes.fromhex(VECTORS["hour_key"]), VECTORS["name"])
    assert key.hex() == VECTORS["segment_key"]
    for number, group in enumerate(VECTORS["groups"]):
        its_key = derive.group_key(key, number)
        context = derive.group_context("valclair-c07", VECTORS["name"], number)
        assert (its_key.hex(), context.hex()) == (group["group_key"], group["context"])
        sealed = FILE[group["offset"] : group["offset"] + group["length"]]
        plain = sealing.open_group(its_key, context, sealed)
        assert hashlib.sha256(plain).hexdigest() == group["plain_sha256"]
        digest = hashlib.sha256(plain).digest()
        again = GroupHeader.over(number, UtcTime(group["utc_us"]), group["duration_us"], group["units"], digest, sealed)
        assert again.encode().hex() == group["header"]


def test_absence_and_genesis_are_those_of_the_vector() -> None:
    absence = VECTORS["absence"]
    record = AbsenceRecord("valclair-c07", "main", 1, absence["start_us"], absence["end_us"], absence["cause"]).encode()
    assert record.hex() == absence["record"]
    first = segment.genesis("valclair-c07", "main")
    assert first.hex() == VECTORS["genesis"]
    assert segment.next_link(first, record).hex() == absence["link"]


@pytest.mark.parametrize("other", ["main", "sub"])
def test_a_group_does_not_open_in_another_place(other: str) -> None:
    key = bytes(32)
    sealed = sealing.seal_group(key, derive.group_context("a-c01", "name", 4), b"plain")
    for context in (
        derive.group_context("a-c01", "name", 5),
        derive.group_context("a-c01", f"name.{other}", 4),
        derive.group_context("a-c02", "name", 4),
    ):
        with pytest.raises(Damaged):
            sealing.open_group(key, context, sealed)


def test_cut_anywhere_leaves_the_whole_groups_before_the_cut() -> None:
    ends = [group["offset"] + group["length"] for group in VECTORS["groups"]]
    for cut in [*range(len(bytes.fromhex(VECTORS["header"])), len(FILE), 997), *ends, *(end - 1 for end in ends)]:
        assert _whole_groups(FILE[:cut]) == sum(end <= cut for end in ends)


def test_cut_within_the_header_is_torn() -> None:
    for cut in range(len(bytes.fromhex(VECTORS["header"]))):
        with pytest.raises(SegmentDamaged) as caught:
            SegmentHeader.parse(FILE[:cut])
        assert caught.value.torn


def test_every_flipped_byte_is_found() -> None:
    header_length = len(bytes.fromhex(VECTORS["header"]))
    places = [*range(header_length + 200), *range(header_length + 200, len(FILE), 211)]
    ends = [group["offset"] + group["length"] for group in VECTORS["groups"]]
    for place in places:
        flipped = FILE[:place] + bytes((FILE[place] ^ 0x40,)) + FILE[place + 1 :]
        with pytest.raises(Damaged) as caught:
            _walk(flipped)
        if place >= header_length:
            assert isinstance(caught.value, SegmentDamaged)
            assert _whole_groups(flipped) == sum(end <= place for end in ends)


def test_zeros_at_the_end_are_not_a_group() -> None:
    with pytest.raises(SegmentDamaged) as caught:
        _walk(FILE + bytes(4096))
    assert caught.value.offset == len(FILE)
    assert not caught.value.torn


@pytest.mark.parametrize(
    "text",
    [
        "", "valclair-c07", VECTORS["name"].upper(), VECTORS["name"] + ".seg", VECTORS["name"][:-1] + "03",
        VECTORS["name"].replace("20261124", "20261324"), VECTORS["name"].replace(".3", ".9223372036854775808"),
        "../" + VECTORS["name"], VECTORS["name"].replace("main", "other"), VECTORS["name"] + "\n",
        VECTORS["name"].replace("20261124", "19691124"), VECTORS["name"].replace(".3", ".٣"),
    ],
)  # fmt: skip
def test_what_is_not_a_name_is_refused(text: str) -> None:
    with pytest.raises(Damaged):
        SegmentName.parse(text)


def test_fields_outside_the_format_are_refused() -> None:
    header, _ = SegmentHeader.parse(FILE)
    for change in (
        {"commune": "Val clair"}, {"commune": ""}, {"width": 65536}, {"height": -1}, {"origin": "other"},
        {"previous": b"short"}, {"codec": "avc1 é"}, {"zone_set_id": "x" * 129}, {"sequence": -1},
        {"name": dataclasses.replace(header.name, camera="a/../b")},
    ):  # fmt: skip
        with pytest.raises((BadInput, Damaged)):
            dataclasses.replace(header, **change).encode()


@pytest.mark.parametrize("duration,units,length", [(0, 1, 1), (600_000_001, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_groups_outside_the_limits_are_refused(duration: int, units: int, length: int) -> None:
    with pytest.raises(BadInput):
        GroupHeader.over(0, UtcTime(1), duration, units, bytes(32), bytes(length))


@pytest.mark.parametrize("start,end,cause", [(5, 5, "clock"), (6, 5, "clock"), (1, 2, "Clock"), (1, 2, "")])
def test_absences_outside_the_format_are_refused(start: int, end: int, cause: str) -> None:
    with pytest.raises(BadInput):
        AbsenceRecord("a-c01", "main", 1, start, end, cause).encode()


def test_reference_makes_the_file_again() -> None:
    absence = reference.absence("valclair-c07", "main", 1, 1, 2, "clock")
    assert AbsenceRecord("valclair-c07", "main", 1, 1, 2, "clock").encode() == absence
    assert hashlib.sha256(FILE).hexdigest() == VECTORS["file_sha256"]
