"""The search must find what is there, or its silence proves nothing."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.judges.clear_bytes import RUN_BYTES, Needles, memory_of


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 968), st.integers(0, 5000))
def test_any_run_of_32_bytes_is_found_at_any_offset(seed: int, start: int, at: int) -> None:
    source = random.Random(seed)
    needle = source.randbytes(1000)
    haystack = bytearray(source.randbytes(6000))
    haystack[at : at + RUN_BYTES] = needle[start : start + RUN_BYTES]
    hits = list(Needles([b"x" * 40, needle]).search(bytes(haystack)))
    # The bytes before the run may happen to be the needle's too: the run is then longer, and starts earlier.
    assert hits
    assert all(at - 4 <= hit.offset <= at for hit in hits)


@given(st.integers(0, 2**32))
def test_31_bytes_are_not_a_run(seed: int) -> None:
    source = random.Random(seed)
    needle = source.randbytes(400)
    part = needle[100:131]
    haystack = b"\x00" * 50 + part + bytes([needle[131] ^ 1]) + b"\x00" * 50
    assert needle[99] == 0 or list(Needles([needle]).search(haystack)) == []


def test_a_planted_file_is_found_across_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.judges.clear_bytes.PIECE_BYTES", 1000)
    needle = os.urandom(500)
    (tmp_path / "a").write_bytes(os.urandom(980) + needle[100:150] + os.urandom(3000))
    (tmp_path / "b").write_bytes(os.urandom(4000))
    hits = Needles([needle]).search_tree(tmp_path)
    assert {Path(hit.where).name for hit in hits} == {"a"}


def test_a_secret_in_our_own_memory_is_found() -> None:
    secret = os.urandom(64)
    needles = Needles([secret])
    assert any(True for region in memory_of(os.getpid()) for _ in needles.search(region))
