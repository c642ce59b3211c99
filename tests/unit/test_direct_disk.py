"""Appending past the page cache: what is read back is what was written, whatever the sizes and whatever the volume."""

from __future__ import annotations

import errno
import fcntl
import os
import random
from pathlib import Path

import pytest

from recorder.store.direct import LEAST_BYTES, DirectDisk
from recorder.store.room import KEPT_LIMIT_BYTES, PAGE_BYTES, room

SIZES = (LEAST_BYTES, LEAST_BYTES + 1, 1, 300_001, 17 * PAGE_BYTES, KEPT_LIMIT_BYTES + 5, 100_000, PAGE_BYTES)


def written(disk: DirectDisk, path: Path, sizes: tuple[int, ...] = SIZES) -> bytes:
    """What was appended to ``path``, piece by piece, each synced."""
    dice, expected = random.Random(7), b""
    fd = disk.create(path)
    for size in sizes:
        data = dice.randbytes(size)
        place = room(len(expected), size)
        place[:] = data
        disk.append(fd, place)
        disk.sync(fd)
        expected += data
        disk.let_go(fd, len(expected))
    disk.close(fd)
    return expected


def test_pieces_of_any_size_follow_one_another(tmp_path: Path) -> None:
    expected = written(DirectDisk(), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == expected


def test_whole_pages_go_past_the_cache_and_the_rest_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    past: list[int] = []
    through: list[int] = []
    write, writev, control = os.write, os.writev, fcntl.fcntl

    def write_past(fd: int, data: memoryview) -> int:
        past.append(len(data))
        return write(fd, data)

    def write_through(fd: int, views: list[memoryview]) -> int:
        through.append(sum(map(len, views)))
        return writev(fd, views)

    monkeypatch.setattr(os, "write", write_past)
    monkeypatch.setattr(os, "writev", write_through)
    # Not every volume that tests run on can do it: which call takes what is the same.
    monkeypatch.setattr(fcntl, "fcntl", lambda fd, what, flags=0: control(fd, what, flags & ~os.O_DIRECT))
    expected = written(DirectDisk(), tmp_path / "file", (100_000, 100_000))
    assert (tmp_path / "file").read_bytes() == expected
    assert past == [24 * PAGE_BYTES, 23 * PAGE_BYTES]
    assert through == [100_000 % PAGE_BYTES, -100_000 % PAGE_BYTES, 200_000 % PAGE_BYTES]


def test_a_volume_that_cannot_is_written_as_ever_from_then_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def refuse(fd: int, data: memoryview) -> int:
        asked.append(len(data))
        raise OSError(errno.EINVAL, "no")

    monkeypatch.setattr(os, "write", refuse)
    expected = written(DirectDisk(), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == expected
    assert len(asked) == 1


def test_a_short_write_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[: 5 * PAGE_BYTES]))
    expected = written(DirectDisk(), tmp_path / "file", (100_000, 300_001, 100_000))
    assert (tmp_path / "file").read_bytes() == expected


def test_a_full_disk_is_told_and_later_pieces_still_append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, data, write = DirectDisk(), room(0, LEAST_BYTES), os.write
    data[:] = os.urandom(LEAST_BYTES)

    def full(fd: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "full")

    fd = disk.create(tmp_path / "file")
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="full"):
        disk.append(fd, data)
    monkeypatch.setattr(os, "write", write)
    disk.append(fd, data)
    disk.append(fd, b"not laid out", b"in pages")
    disk.close(fd)
    assert (tmp_path / "file").read_bytes() == bytes(data) + b"not laid outin pages"


def test_memory_that_lies_otherwise_than_the_file_goes_through_the_cache(tmp_path: Path) -> None:
    disk, data = DirectDisk(), os.urandom(3 * LEAST_BYTES)
    fd = disk.create(tmp_path / "file")
    for part in (memoryview(bytearray(data))[1:], room(5, 100_000), data):
        before = os.fstat(fd).st_size
        disk.append(fd, part)
        assert (tmp_path / "file").read_bytes()[before:] == bytes(part)
    disk.close(fd)
