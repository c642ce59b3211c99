"""A package at rest, its container, and how absences fill a range."""

from __future__ import annotations

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.export.package_builder import fill_absences
from tests.golden.package.generate import vectors
from vms.errors import BadInput, Damaged
from vms.evidence import sealed
from vms.evidence.container import Container, ContainerWriter
from vms.evidence.manifest import Absence
from vms.evidence.sealed import SealingSink, open_parts
from vms.keys.sealing import sealed_length

KEY = bytes(range(32))


def seal(data: bytes, step: int, package: str = "E-1") -> bytes:
    out = BytesIO()
    sink = SealingSink(out, package, KEY)
    for at in range(0, len(data), step):
        sink.write(data[at : at + step])
    sink.finish()
    return out.getvalue()


def opened(data: bytes, package: str = "E-1", key: bytes = KEY) -> bytes:
    return b"".join(open_parts(BytesIO(data), package, key))


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "PART_BYTES", 100)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 200, 201, 999])
@pytest.mark.parametrize("step", [1, 100, 7, 1000])
def test_what_was_sealed_opens(size: int, step: int) -> None:
    data = bytes(n % 251 for n in range(size))
    assert opened(seal(data, step)) == data


@pytest.mark.usefixtures("small_parts")
def test_parts_cannot_be_cut_swapped_moved_or_altered() -> None:
    data = bytes(350)
    whole = seal(data, 350)
    size = 4 + sealed_length(100)
    parts = [whole[8 + size * n : 8 + size * (n + 1)] for n in range(3)] + [whole[8 + size * 3 :]]
    head = whole[:8]
    assert opened(head + b"".join(parts)) == data
    for wrong in (
        head,
        head + b"".join(parts[:3]),
        head + b"".join(parts[:2]),
        head + parts[1] + parts[0] + parts[2] + parts[3],
        head + b"".join(parts) + parts[3],
        head + b"".join(parts[1:]),
        b"GUETPKG2" + b"".join(parts),
        whole[:-1],
        whole + b"\0",
        whole[: 8 + 2],
    ):
        with pytest.raises(Damaged):
            opened(wrong)
    for at in range(0, len(whole), 11):
        with pytest.raises(Damaged):
            opened(whole[:at] + bytes((whole[at] ^ 4,)) + whole[at + 1 :])
    with pytest.raises(Damaged):
        opened(whole, "E-2")
    with pytest.raises(Damaged):
        opened(whole, key=bytes(32))


def test_the_published_vector_opens_and_is_made_again() -> None:
    """A package sealed by a second implementation; the page's tests open the same one."""
    vector = json.loads((Path(__file__).parent.parent / "golden" / "package" / "vectors.json").read_text())
    assert vector == vectors()
    plain = opened(bytes.fromhex(vector["sealed"]), vector["package"], bytes.fromhex(vector["package_key"]))
    assert (len(plain), hashlib.sha256(plain).hexdigest()) == (vector["plain_bytes"], vector["plain_sha256"])


# No name is a file's and a folder's too: that leads to one place twice, and is refused.
NAMES = st.from_regex(r"f[a-z]{0,8}|d[a-z]{0,8}/[a-z0-9]{1,8}", fullmatch=True)


@settings(max_examples=60)
@given(st.dictionaries(NAMES, st.binary(max_size=400), max_size=6))
def test_any_archive_program_reads_the_container(entries: dict[str, bytes]) -> None:
    out = BytesIO()
    writer = ContainerWriter(out)
    for name, content in entries.items():
        writer.add(name, content)
    assert writer.finish() == len(out.getvalue())
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == entries
    container = Container(out)
    assert {name: b"".join(container.stream(name)) for name in container.names()} == entries
    assert not any(container.frame_problem(entry) for entry in container.entries)


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../b", "a//b", ".a", "a/.b", "é", "a b", "x" * 201, "a/"])
def test_a_name_that_could_escape_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        ContainerWriter(BytesIO()).add(name, b"")


def test_a_name_is_used_once() -> None:
    writer = ContainerWriter(BytesIO())
    writer.add("a", b"1")
    with pytest.raises(BadInput):
        writer.add("a", b"2")


SPANS = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 30)), max_size=5)


@given(SPANS, st.lists(st.tuples(st.integers(0, 99), st.integers(1, 30), st.sampled_from("ab")), max_size=5))
def test_videos_and_absences_cover_each_instant_once(
    videos: list[tuple[int, int]], known: list[tuple[int, int, str]]
) -> None:
    shown: list[tuple[int, int]] = []
    for start, length in sorted(videos):
        if not shown or start >= shown[-1][1]:
            shown.append((start, start + length))
    causes = [Absence(from_us=start, to_us=start + length, cause=cause) for start, length, cause in known]
    filled = fill_absences(10, 90, shown, causes)
    for instant in range(10, 90):
        covering = sum(start <= instant < end for start, end in shown)
        covering += sum(one.from_us <= instant < one.to_us for one in filled)
        assert covering == 1, instant
    for one in filled:
        named = any(c.from_us <= one.from_us and one.to_us <= c.to_us and c.cause == one.cause for c in causes)
        assert named or one.cause == "not-recorded"
