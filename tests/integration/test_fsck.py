"""fsck over stores damaged on purpose: each damage is found and named; repair never destroys what it must not."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlmodel import col, delete, update

from recorder.fsck.findings import Report
from recorder.fsck.fsck import Fsck
from recorder.retention.policies import Policies
from recorder.segment.format import GROUP_HEADER_BYTES, SegmentHeader, SegmentName
from recorder.store.errors import StoreError
from recorder.store.local import StoredFile
from tests.fakes.recording import COMMUNE, START, Format, Rig
from vms.clock import UtcTime
from vms.db.engine import write
from vms.model import Absence, Segment, StreamMark


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await Rig(tmp_path).prepare()
    yield made
    await made.close()


async def record(rig: Rig, seconds: int = 130) -> list[Path]:
    """Three segments (two of 30 groups, one of 5) with an absence between the first two; their files."""
    writer = rig.writer()
    await writer.start()
    for second in range(0, seconds, 2):
        shift = 0 if second < 60 else 10
        if second == 60:
            await writer.absence(START.plus(seconds=60), "stream-stalled")
        start = START.plus(seconds=second + shift)
        await writer.group([f"group {second} ".encode() * 100], start, start.plus(seconds=2), 50, Format())
    await writer.close()
    return [path_of(rig, row) for row in await rig.segments()]


def path_of(rig: Rig, row: Segment) -> Path:
    return rig.store.path_of(SegmentName.parse(row.name), COMMUNE)


async def check(rig: Rig, now: UtcTime | None = None) -> Report:
    policies = Policies(rig.store, rig.home / "policies.json")
    return await Fsck(rig.engine, rig.store, now or START.plus(seconds=400), policies).check()


async def repair(rig: Rig) -> Report:
    policies = Policies(rig.store, rig.home / "policies.json")
    return await Fsck(rig.engine, rig.store, START.plus(seconds=400), policies).repair()


def kinds(report: Report) -> set[tuple[str, str]]:
    return {(one.invariant, one.kind) for one in report.findings if not one.note}


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x10
    path.write_bytes(data)


def snapshot(rig: Rig) -> dict[str, bytes]:
    return {
        path.relative_to(rig.home).as_posix(): path.read_bytes()
        for path in rig.store.root.rglob("*")
        if path.is_file() and ".lock" not in path.name
    }


async def test_a_sound_store_has_no_finding(rig: Rig) -> None:
    await record(rig)
    report = await check(rig)
    assert report.findings == []
    assert (report.ok, report.segments, report.groups) == (True, 3, 65)


async def test_checking_changes_nothing(rig: Rig) -> None:
    files = await record(rig)
    files[1].write_bytes(files[1].read_bytes()[:-5])
    (rig.store.root / "foreign.txt").write_text("x")
    before = snapshot(rig)
    await check(rig)
    assert snapshot(rig) == before


async def test_an_open_segment_is_a_note(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await writer.group([b"x" * 999], START, START.plus(seconds=2), 50, Format())
    report = await check(rig)
    assert report.ok
    assert [one.kind for one in report.findings] == ["open"]
    await writer.close()


@pytest.mark.parametrize("kept", [0, 30, 500, -1, -2000])
async def test_a_cut_segment_is_named_with_its_offset(rig: Rig, kept: int) -> None:
    files = await record(rig)
    data = files[0].read_bytes()
    files[0].write_bytes(data[:kept])
    report = await check(rig)
    (found,) = [one for one in report.findings if one.kind == "cut"]
    assert (found.invariant, found.where) == ("S1", files[0].stem)
    assert found.offset == len(data[:kept])


@pytest.mark.parametrize(
    "index,place", [(0, 3), (0, 20), (0, 100), (1, -1), (2, 700), (1, 4000), (0, -GROUP_HEADER_BYTES)]
)
async def test_a_flipped_bit_is_named_with_its_group(rig: Rig, index: int, place: int) -> None:
    files = await record(rig)
    size = files[index].stat().st_size
    offset = place if place >= 0 else size + place
    flip(files[index], offset)
    report = await check(rig)
    named = [one for one in report.findings if one.where == files[index].stem and one.invariant == "S1"]
    assert named, report.findings
    assert all(one.offset is not None and one.offset <= offset for one in named)
    assert {one.kind for one in named} <= {"altered", "swapped"}


async def test_swapped_files_are_both_named(rig: Rig) -> None:
    first, second, _ = await record(rig)
    aside = rig.home / "aside"
    shutil.move(first, aside)
    shutil.move(second, first)
    shutil.move(aside, second)
    report = await check(rig)
    swapped = [one for one in report.findings if one.kind == "swapped"]
    assert {one.where for one in swapped} == {first.stem, second.stem}
    assert second.stem in next(one.what for one in swapped if one.where == first.stem)


async def test_swapped_groups_are_named(rig: Rig) -> None:
    (first, *_) = await record(rig)
    data = first.read_bytes()
    _, head = SegmentHeader.parse(data)
    size = (len(data) - head) // 30
    swapped = data[:head] + data[head + size : head + 2 * size] + data[head : head + size] + data[head + 2 * size :]
    assert len(swapped) == len(data)
    first.write_bytes(swapped)
    report = await check(rig)
    assert ("S1", "altered") in kinds(report)


async def test_a_missing_file_is_named(rig: Rig) -> None:
    files = await record(rig)
    files[1].unlink()
    report = await check(rig)
    assert [(one.invariant, one.kind, one.where) for one in report.findings] == [("S1", "missing", files[1].stem)]


async def test_a_volume_that_goes_away_meanwhile_is_no_loss_of_files(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await record(rig)
    listed = rig.store.files

    def and_gone() -> list[StoredFile]:
        files = list(listed())
        rig.store.root.rename(rig.home / "unplugged")
        rig.store.root.mkdir()  # the empty place where it was mounted
        return files

    monkeypatch.setattr(rig.store, "files", and_gone)
    with pytest.raises(StoreError):
        await check(rig)


@pytest.mark.parametrize(
    "relative",
    ["notes.txt", "valclair/valclair-c01/2026-11-24/x.seg", "valclair/valclair-c01/README", ".hidden", "a/b/c/d/e.seg"],
)
async def test_foreign_files_are_named(rig: Rig, relative: str) -> None:
    await record(rig)
    path = rig.store.root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not a segment")
    report = await check(rig)
    assert [(one.invariant, one.kind, one.where) for one in report.findings] == [("S2", "foreign", relative)]
    fixed = await repair(rig)
    assert fixed.ok
    assert fixed.quarantined == 1
    assert rig.store.quarantined()[0].read_bytes() == b"not a segment"


async def test_a_segment_in_another_day_is_foreign(rig: Rig) -> None:
    files = await record(rig)
    elsewhere = files[0].parent.parent / "2026-11-23"
    elsewhere.mkdir()
    shutil.move(files[0], elsewhere / files[0].name)
    assert kinds(await check(rig)) == {("S1", "missing"), ("S2", "foreign")}


async def test_a_link_planted_in_the_store_is_foreign(rig: Rig) -> None:
    files = await record(rig)
    (files[0].parent / "link.seg").symlink_to(files[0])
    assert kinds(await check(rig)) == {("S2", "foreign")}


async def test_a_copy_of_a_segment_is_a_stray_and_goes_to_quarantine(rig: Rig) -> None:
    files = await record(rig)
    name = SegmentName.parse(files[0].stem)
    copy = files[0].with_name(f"{files[0].stem[: -len(str(name.fence))]}77.seg")
    shutil.copy(files[0], copy)
    assert kinds(await check(rig)) == {("S2", "stray")}
    fixed = await repair(rig)
    assert fixed.ok
    assert [path.name.startswith(copy.name) for path in rig.store.quarantined()] == [True]
    assert files[0].exists()


async def change(rig: Rig, values: Callable[[Segment], dict[str, object]]) -> None:
    row = (await rig.segments())[1]
    async with write(rig.engine) as session:
        await session.execute(update(Segment).where(col(Segment.name) == row.name).values(**values(row)))


@pytest.mark.parametrize(
    "values,expected",
    [
        (lambda row: {"end_us": row.end_us + 1}, {("S1", "chain-differs"), ("S4", "overlap")}),
        (lambda row: {"groups": 29}, {("S1", "chain-differs"), ("S4", "chain-break")}),
        (lambda row: {"last_link": bytes(32)}, {("S1", "chain-differs"), ("S4", "chain-break")}),
        (lambda row: {"first_link": bytes(32)}, {("S1", "header-differs")}),
        (lambda row: {"size_bytes": row.size_bytes - 1}, {("S1", "longer")}),
        (lambda row: {"size_bytes": row.size_bytes + 1}, {("S1", "cut")}),
        (lambda row: {"start_us": row.start_us - 1_000_000}, {("S1", "row-differs"), ("S4", "overlap")}),
        (lambda row: {"sequence": 3}, {("S1", "row-differs"), ("S4", "chain-break")}),
        (lambda row: {"zone_set_id": "zs-9"}, {("S1", "row-differs")}),
    ],
    ids=["end", "groups", "last-link", "first-link", "longer", "shorter", "start", "sequence", "zones"],
)
async def test_a_changed_row_is_named(
    rig: Rig, values: Callable[[Segment], dict[str, object]], expected: set[tuple[str, str]]
) -> None:
    await record(rig)
    await change(rig, values)
    assert kinds(await check(rig)) == expected


async def test_a_removed_row_breaks_the_tiling_and_leaves_a_stray(rig: Rig) -> None:
    await record(rig)
    row = (await rig.segments())[1]
    async with write(rig.engine) as session:
        await session.delete(await session.get(Segment, row.name))
    assert kinds(await check(rig)) == {("S2", "stray"), ("S4", "hole")}


async def test_a_changed_absence_breaks_the_chain(rig: Rig) -> None:
    await record(rig)
    async with write(rig.engine) as session:
        await session.execute(update(Absence).where(col(Absence.cause) == "stream-stalled").values(cause="suspended"))
    assert ("S4", "chain-break") in kinds(await check(rig))


async def test_two_open_absences_overlap(rig: Rig) -> None:
    await record(rig)
    async with write(rig.engine) as session:
        session.add(
            Absence(
                commune_id=COMMUNE,
                camera_id="valclair-c01",
                stream="main",
                start_us=START.us + 70_000_000,
                cause="clock",
            )
        )
    assert ("S4", "overlap") in kinds(await check(rig))


async def test_what_is_past_its_due_date_is_named(rig: Rig) -> None:
    await record(rig)
    report = await check(rig, START.plus(days=31))
    assert kinds(report) == {("S5", "past-due")}
    assert len(report.findings) == 3


async def test_another_volume_is_not_checked_as_ours(rig: Rig) -> None:
    await record(rig)
    (rig.store.root / "guet-store.json").unlink()
    with pytest.raises(Exception, match="identité"):
        await check(rig)


async def crash(rig: Rig, groups: int = 3) -> Path:
    """A writer that dies with an open segment; the file."""
    writer = rig.writer()
    await writer.start()
    for number in range(groups):
        start = START.plus(seconds=2 * number)
        await writer.group([f"group {number} ".encode() * 300], start, start.plus(seconds=2), 50, Format())
    writer._release()
    return path_of(rig, (await rig.segments())[0])


@pytest.mark.parametrize("tail", [b"", b"GRP1", bytes(9000), b"torn"], ids=["whole", "short", "zeros", "cut group"])
async def test_repair_seals_what_a_crash_left_open(rig: Rig, tail: bytes) -> None:
    path = await crash(rig)
    if tail == b"torn":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.write_bytes(path.read_bytes() + tail)
    assert (await check(rig)).ok
    report = await repair(rig)
    assert report.findings == []
    (row,) = await rig.segments()
    assert (row.state, row.groups) == ("sealed", 2 if tail == b"torn" else 3)
    assert rig.store.quarantined() == []
    assert len(await rig.opened()) == row.groups
    assert [line for line in report.repaired if "scellé" in line]
    assert (await repair(rig)).repaired == []


async def test_repair_keeps_a_copy_of_what_it_does_not_understand(rig: Rig) -> None:
    path = await crash(rig)
    path.write_bytes(path.read_bytes() + b"somebody wrote this here" * 50)
    report = await repair(rig)
    assert report.ok
    assert [kept.read_bytes() for kept in rig.store.quarantined()] == [b"somebody wrote this here" * 50]
    assert len(await rig.opened()) == 3


async def test_a_flip_in_the_middle_of_an_open_segment_keeps_the_rest_aside(rig: Rig) -> None:
    path = await crash(rig, groups=5)
    size = path.stat().st_size
    flip(path, size // 2)
    await repair(rig)
    (row,) = await rig.segments()
    assert row.groups == 2
    (kept,) = rig.store.quarantined()
    assert kept.stat().st_size + path.stat().st_size == size
    assert len(await rig.opened()) == 2


async def test_repair_leaves_a_stream_that_is_being_written(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await writer.group([b"x" * 999], START, START.plus(seconds=2), 50, Format())
    report = await repair(rig)
    assert report.ok
    assert "en cours d’écriture" in report.repaired[0]
    await writer.group([b"y" * 999], START.plus(seconds=2), START.plus(seconds=4), 50, Format())
    await writer.close()
    assert len(await rig.opened()) == 2


async def test_repair_finishes_a_destruction(rig: Rig) -> None:
    files = await record(rig)
    await change(rig, lambda row: {"state": "destroying"})
    report = await check(rig)
    assert report.ok
    assert [one.kind for one in report.findings] == ["half-destroyed"]
    assert (await repair(rig)).ok
    assert not files[1].exists()
    async with write(rig.engine) as session:
        mark = await session.get(StreamMark, ("valclair-c01", "main"))
    assert mark is not None
    assert mark.destroyed_until_us == START.us + 130_000_000


async def test_a_lost_index_is_rebuilt_from_whole_chains(rig: Rig) -> None:
    await record(rig)
    before = await rig.tiles()
    async with write(rig.engine) as session:
        await session.execute(delete(Segment))
        await session.execute(delete(Absence))
    report = await repair(rig)
    assert report.findings == []
    assert len([line for line in report.repaired if "adopté" in line]) == 3
    assert await rig.tiles() == before[:-1]  # the pause after the last group is nobody's to guess
    assert len(await rig.opened()) == 65
