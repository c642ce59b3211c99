"""The segment reader over mutated files: the same target as the fuzzer's, driven by hypothesis within the test run."""

from __future__ import annotations

import json
from pathlib import Path

import xxhash
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recorder.segment.format import GROUP_FIXED, GROUP_HEADER_BYTES, SegmentHeader
from tests.fuzz.segment_target import any_file, any_group_header, any_input, any_name

VECTORS = json.loads((Path(__file__).parent.parent / "golden" / "segment" / "vectors.json").read_text(encoding="ascii"))
FILE = bytes.fromhex(VECTORS["file"])
_, HEADER_BYTES = SegmentHeader.parse(FILE)


def test_the_target_takes_the_vector() -> None:
    assert any_file(FILE) == 3


@settings(max_examples=300)
@given(st.binary(max_size=400))
@example(b"")
def test_any_bytes(data: bytes) -> None:
    any_input(data)
    any_file(data)
    any_group_header(data)
    any_name(data)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(FILE) - 1), st.integers(0, 255)), max_size=4), st.integers(0, len(FILE)))
def test_changed_and_cut_files(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(FILE)
    for place, value in changes:
        data[place] = value
    any_file(bytes(data[:cut]))


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, HEADER_BYTES - 17), st.integers(0, 255)), min_size=1, max_size=3))
def test_headers_changed_under_a_right_checksum(changes: list[tuple[int, int]]) -> None:
    data = bytearray(FILE)
    for place, value in changes:
        data[place] = value
    data[HEADER_BYTES - 16 : HEADER_BYTES] = xxhash.xxh3_128_digest(bytes(data[: HEADER_BYTES - 16]))
    any_file(bytes(data))


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(4, 59), st.integers(0, 255)), min_size=1, max_size=3))
def test_group_headers_changed_under_a_right_checksum(changes: list[tuple[int, int]]) -> None:
    data = bytearray(FILE)
    start = HEADER_BYTES
    for place, value in changes:
        data[start + place] = value
    length = int.from_bytes(data[start + 24 : start + 28], "big")
    sealed = bytes(data[start + GROUP_HEADER_BYTES : start + GROUP_HEADER_BYTES + length])
    check = xxhash.xxh3_128(bytes(data[start : start + GROUP_FIXED.size]) + sealed).digest()
    data[start + GROUP_FIXED.size : start + GROUP_HEADER_BYTES] = check
    any_file(bytes(data))


@settings(max_examples=300)
@given(st.from_regex(r"[a-z0-9-]{1,10}\.(main|sub)\.[0-9]{8}T[0-9]{12}Z\.[0-9a-f]{32}\.[0-9]{1,20}\Z"))
def test_names_that_look_right(text: str) -> None:
    any_name(text.encode())
