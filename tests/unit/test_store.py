"""The local store: identity, atomic files, locks, and what leaves the disk."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recorder.segment.format import SegmentName
from recorder.store.disk import OsDisk, try_lock, write_atomic
from recorder.store.errors import StoreError
from recorder.store.identity import IDENTITY_FILE, read_identity
from recorder.store.local import LocalStore
from tests.fakes.faulty_disk import Crash, Fault, FaultyDisk, Mode
from vms.clock import UtcTime
from vms.errors import NotFound

NAME = SegmentName("valclair-c01", "main", UtcTime.parse("2026-11-24T14:10:00Z"), "0" * 32, 0)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    (tmp_path / "store").mkdir()
    return LocalStore.attach(tmp_path / "store", tmp_path / "store-id", FaultyDisk(), floor_bytes=0)


def test_a_new_store_gets_an_identity_that_is_remembered(tmp_path: Path, store: LocalStore) -> None:
    assert read_identity(store.root) == store.identity == (tmp_path / "store-id").read_text()
    assert LocalStore.attach(store.root, tmp_path / "store-id").identity == store.identity


def test_recorders_that_start_at_once_agree_on_one_identity(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with ThreadPoolExecutor(8) as pool:
        attached = list(
            pool.map(lambda _: LocalStore.attach(tmp_path / "store", tmp_path / "memo").identity, range(16))
        )
    assert set(attached) == {read_identity(tmp_path / "store")}


def test_a_store_with_an_identity_is_taken_over_when_nothing_is_remembered(tmp_path: Path, store: LocalStore) -> None:
    assert LocalStore.attach(store.root, tmp_path / "other-memo").identity == store.identity


@pytest.mark.parametrize(
    "content", [None, b"", b"{}", b"[]", b'{"guet_store": 2, "id": "x"}', b'{"guet_store": 1}', b"\xff"]
)
def test_a_store_that_lost_its_identity_is_refused(tmp_path: Path, store: LocalStore, content: bytes | None) -> None:
    identity = store.root / IDENTITY_FILE
    if content is None:
        identity.unlink()
    else:
        identity.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        LocalStore.attach(store.root, tmp_path / "store-id")
    assert caught.value.cause == "disk-wrong"
    with pytest.raises(StoreError):
        store.create(NAME, "valclair", b"header")
    assert not (store.root / "valclair").exists()


def test_nothing_is_made_where_the_volume_was(store: LocalStore) -> None:
    """Found by the simulation: it went away between a writer's look at it and the first folder."""
    (store.root / IDENTITY_FILE).unlink()
    for make in (
        lambda: store.lock("valclair", "valclair-c01", "main"),
        lambda: store.quarantine(store.root / "stray", "stray"),
    ):
        with pytest.raises(StoreError) as caught:
            make()
        assert caught.value.cause == "disk-wrong"
    assert list(store.root.iterdir()) == []


def test_files_and_folders_are_for_our_account_only(store: LocalStore) -> None:
    store.create(NAME, "valclair", b"header").close()
    path = store.path_of(NAME, "valclair")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(parent.stat().st_mode) for parent in list(path.parents)[:3]} == {0o700}
    assert path.relative_to(store.root).as_posix() == f"valclair/valclair-c01/2026-11-24/{NAME}.seg"


def test_a_segment_is_never_written_over(store: LocalStore) -> None:
    store.create(NAME, "valclair", b"first").close()
    with pytest.raises(StoreError):
        store.create(NAME, "valclair", b"second")
    assert store.path_of(NAME, "valclair").read_bytes() == b"first"


def test_after_a_failed_sync_the_file_takes_nothing_more(store: LocalStore) -> None:
    file = store.create(NAME, "valclair", b"header")
    assert isinstance(store.disk, FaultyDisk)
    store.disk.arm(Fault(1, "stored"))
    with pytest.raises(StoreError):
        file.append(b"group")
    with pytest.raises(StoreError):
        file.append(b"group")
    assert file.durable_bytes == 6
    file.abandon()
    assert store.path_of(NAME, "valclair").read_bytes() == b"header"


@pytest.mark.parametrize(
    "code,cause", [(errno.ENOSPC, "disk-full"), (errno.EDQUOT, "disk-full"), (errno.EIO, "disk-wrong")]
)
def test_errors_say_what_absence_they_mean(store: LocalStore, code: int, cause: str) -> None:
    assert isinstance(store.disk, FaultyDisk)
    store.disk.arm(Fault(0, "not-stored", code))
    with pytest.raises(StoreError) as caught:
        store.create(NAME, "valclair", b"header")
    assert caught.value.cause == cause


def test_destroying_removes_the_file_and_the_empty_day(store: LocalStore) -> None:
    store.create(NAME, "valclair", b"header").close()
    path = store.path_of(NAME, "valclair")
    assert store.destroy(path)
    assert not path.parent.exists()
    assert path.parent.parent.exists()
    assert not store.destroy(path)


def test_a_day_destroyed_meanwhile_is_made_again(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.path_of(NAME, "valclair")
    made = store.disk.create
    calls = 0

    def create_once_gone(where: Path) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            path.parent.rmdir()
        return made(where)

    monkeypatch.setattr(store.disk, "create", create_once_gone)
    store.create(NAME, "valclair", b"header").close()
    assert path.read_bytes() == b"header"


def test_reading_what_is_gone_is_not_found(store: LocalStore) -> None:
    with pytest.raises(NotFound):
        store.read(store.path_of(NAME, "valclair"), 0, 10)


def test_reading_does_not_follow_links(store: LocalStore, tmp_path: Path) -> None:
    store.create(NAME, "valclair", b"header").close()
    path = store.path_of(NAME, "valclair")
    (tmp_path / "elsewhere").write_bytes(b"not ours")
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        store.read(path, 0, 10)


def test_quarantine_keeps_both_of_two_files_with_one_name(store: LocalStore) -> None:
    for content in (b"one", b"two"):
        (store.root / "stray").write_bytes(content)
        store.quarantine(store.root / "stray", "stray")
    assert {path.read_bytes() for path in store.quarantined()} == {b"one", b"two"}


def test_a_lock_is_held_by_one_and_dies_with_its_descriptor(store: LocalStore) -> None:
    lock = store.lock("valclair", "valclair-c01", "main")
    assert lock is not None
    assert store.lock("valclair", "valclair-c01", "main") is None
    other = store.lock("valclair", "valclair-c01", "sub")
    assert other is not None
    store.unlock(lock)
    again = try_lock(store.root / "valclair" / "valclair-c01" / ".main.lock")
    assert again is not None
    os.close(again)
    os.close(other)


@pytest.mark.parametrize("mode", ["not-stored", "stored", "crash-before", "crash-after"])
@pytest.mark.parametrize("step", range(6))
def test_an_atomic_write_leaves_the_old_or_the_new(tmp_path: Path, step: int, mode: Mode) -> None:
    disk, path = FaultyDisk(), tmp_path / "file"
    write_atomic(disk, path, b"old")
    disk.arm(Fault(step, mode))
    failed = False
    try:
        write_atomic(disk, path, b"new content")
    except (OSError, Crash):
        failed = True
    assert path.read_bytes() in ((b"old", b"new content") if failed else (b"new content",))
    disk.restart()
    write_atomic(OsDisk(), path, b"next")
    assert path.read_bytes() == b"next"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, real = OsDisk(), os.writev
    monkeypatch.setattr(os, "writev", lambda fd, views: real(fd, [views[0][:3]]))
    fd = disk.create(tmp_path / "file")
    disk.append(fd, b"header", b"", bytearray(b"group"), memoryview(b"end"))
    disk.close(fd)
    assert (tmp_path / "file").read_bytes() == b"headergroupend"


def test_what_is_let_go_of_reads_the_same_and_goes_on(tmp_path: Path) -> None:
    disk, path, data = OsDisk(), tmp_path / "segment", os.urandom(300_001)
    fd = disk.create(path)
    for at in range(0, len(data), 70_000):
        disk.append(fd, data[at : at + 70_000])
        disk.sync(fd)
        disk.let_go(fd, min(at + 70_000, len(data)))
    disk.close(fd)
    assert path.read_bytes() == data
