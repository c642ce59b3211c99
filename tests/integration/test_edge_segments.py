"""Recovered segments in store, index and packages: written, checked, extracted, adopted, destroyed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import select

from recorder.backfill.frames import EdgeGroup
from recorder.backfill.gaps import Gap, find_gaps, mend, missing, settle
from recorder.backfill.writer import EdgeWriter
from recorder.fsck.fsck import Fsck
from recorder.recording.adoption import adopt
from recorder.recording.playback import Playback
from recorder.retention.erasure import erased_absences, erased_segments
from recorder.retention.policies import Policies
from recorder.segment.format import SegmentName
from recorder.segment.rows import StreamId, load_tail
from recorder.stream.fragmenter import fragment, init_segment
from tests.fakes.extraction import GROUP_US, SIGNER, extract, opened_package, timed_groups
from tests.fakes.recording import CAMERA, COMMUNE, START, Rig
from vms.clock import MICRO, UtcTime
from vms.db.engine import read, write
from vms.errors import Conflict
from vms.evidence.verify import verify_package
from vms.model import Absence, EdgeHead, Mending, Segment, StreamMark

pytestmark = pytest.mark.usefixtures("material")

STREAM = StreamId(COMMUNE, CAMERA, "main")
CLIP = "main"


def at(seconds: float) -> int:
    return START.us + round(seconds * MICRO)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Two groups, eight seconds without the camera, three groups: groups of two seconds."""
    made = await Rig(tmp_path).prepare()
    writer = made.writer()
    await writer.start()
    fmt, groups = timed_groups(CLIP, 3, START)
    for number, units in enumerate(groups[:2]):
        start, end = UtcTime(at(2 * number)), UtcTime(at(2 * number + 2))
        await writer.group([init_segment(fmt) + fragment(units, fmt, 1, end)], start, end, len(units), fmt, "zs-1")
    await writer.absence(UtcTime(at(4)), "camera-unreachable", "Câble.")
    fmt, groups = timed_groups(CLIP, 3, UtcTime(at(12)))
    for number, units in enumerate(groups):
        start, end = UtcTime(at(12 + 2 * number)), UtcTime(at(14 + 2 * number))
        await writer.group([init_segment(fmt) + fragment(units, fmt, 1, end)], start, end, len(units), fmt, "zs-1")
    made.clock.step(seconds=600)
    await writer.close()
    yield made
    await made.close()


async def the_gap(rig: Rig) -> Gap:
    async with read(rig.engine) as session:
        [gap] = await find_gaps(session, [CAMERA], rig.clock.utc().us)
    return gap


def edge_groups(start_s: float, count: int) -> list[EdgeGroup]:
    start = UtcTime(at(start_s))
    fmt, groups = timed_groups(CLIP, count, start)
    return [
        EdgeGroup(tuple(units), fmt, start.us + number * GROUP_US, start.us + (number + 1) * GROUP_US)
        for number, units in enumerate(groups)
    ]


async def recover(rig: Rig, *parts: tuple[float, int]) -> None:
    """Write groups back, a segment for each part (start in seconds, groups)."""
    writer = EdgeWriter(STREAM, store=rig.store, engine=rig.engine, keys=rig.keys())
    await writer.start()
    try:
        for start_s, count in parts:
            for group in edge_groups(start_s, count):
                await writer.group(group, "zs-1")
            await writer.seal()
    finally:
        await writer.close()


async def fill(rig: Rig, *parts: tuple[float, int]) -> None:
    gap = await the_gap(rig)
    async with write(rig.engine) as session:
        await mend(session, gap)
    await recover(rig, *parts)
    async with write(rig.engine) as session:
        await settle(session, gap, lambda _: "rien")


async def findings(rig: Rig) -> list[str]:
    report = await Fsck(rig.engine, rig.store, rig.clock.utc(), Policies(rig.store, rig.home / "none.json")).check()
    return [str(finding) for finding in report.findings if not finding.note]


async def test_segments_and_what_is_left_of_the_gap_tile_time(rig: Rig) -> None:
    """S4: no overlap and no hole, before, between and after; what is left says both causes."""
    await fill(rig, (6, 1), (8, 1))
    tiles = [tile for tile in await rig.tiles() if tile[1] is not None]
    assert [(low, high, cause) for low, high, cause in tiles] == [
        (at(0), at(4), ""), (at(4), at(6), "camera-unreachable"), (at(6), at(8), ""), (at(8), at(10), ""),
        (at(10), at(12), "camera-unreachable"), (at(12), at(18), ""),
    ]  # fmt: skip
    left = [row for row in await rig.absences() if row.end_us is not None]
    assert {row.detail for row in left} == {"carte : rien"}
    assert await findings(rig) == []
    assert len(await rig.opened()) == 7
    async with read(rig.engine) as session:
        assert await find_gaps(session, [CAMERA], rig.clock.utc().us) == []
        tail = await load_tail(session, STREAM)
        head = await session.get(EdgeHead, (CAMERA, "main"))
    assert head is not None
    assert head.sequence == 4
    assert tail.sequence == 2 + 1 + 1 + 1 + 3
    timeline = await Playback(rig.engine, rig.store, rig.clock).timeline(CAMERA, "main", START, UtcTime(at(18)))
    recorded = [(one.start.us, one.end.us) for one in timeline.recorded]
    assert recorded == [(at(0), at(4)), (at(6), at(10)), (at(12), at(18))]
    assert [(one.start.us, one.end.us) for one in timeline.recovered] == [(at(6), at(10))]


async def test_what_is_not_missing_cannot_be_written(rig: Rig) -> None:
    """S4: a segment over time that is covered is refused, and its file goes."""
    before = sorted(path.name for path in rig.store.root.rglob("*.seg"))
    gap = await the_gap(rig)
    async with write(rig.engine) as session:
        await mend(session, gap)
    with pytest.raises(Conflict):
        await recover(rig, (11, 1))
    assert sorted(path.name for path in rig.store.root.rglob("*.seg")) == before
    async with read(rig.engine) as session:
        assert await missing(session, gap) == [(at(4), at(12))]


async def test_only_one_process_fills_a_stream(rig: Rig) -> None:
    first = EdgeWriter(STREAM, store=rig.store, engine=rig.engine, keys=rig.keys())
    await first.start()
    with pytest.raises(Conflict):
        await EdgeWriter(STREAM, store=rig.store, engine=rig.engine, keys=rig.keys()).start()
    await first.close()


async def test_a_crash_before_the_commit_leaves_a_file_that_adoption_destroys(rig: Rig) -> None:
    """S2: the card still has it; while a fill is under way its file is left alone."""
    gap = await the_gap(rig)
    async with write(rig.engine) as session:
        await mend(session, gap)
    writer = EdgeWriter(STREAM, store=rig.store, engine=rig.engine, keys=rig.keys())
    await writer.start()
    await writer.group(edge_groups(6, 1)[0], "zs-1")
    files = sorted(rig.store.root.rglob("*.seg"))
    await adopt(rig.engine, rig.store, STREAM)
    assert sorted(rig.store.root.rglob("*.seg")) == files
    assert await findings(rig) == []
    assert writer._lock is not None
    rig.store.unlock(writer._lock)
    done = await adopt(rig.engine, rig.store, STREAM)
    assert len(done.removed) == 1
    assert len(sorted(rig.store.root.rglob("*.seg"))) == len(files) - 1
    assert await findings(rig) == []


async def test_an_extraction_over_a_filled_gap_is_authentic(rig: Rig, tmp_path: Path) -> None:
    """E-31: both chains are in the package, and what is still missing is declared."""
    await fill(rig, (6, 1), (8, 1))
    for number, (low, high) in enumerate(((0, 18), (5, 11), (7, 13))):
        exported = await extract(rig, tmp_path / f"{number}.sealed", at(low), at(high))
        package = opened_package(exported, tmp_path / f"{number}.zip")
        report = verify_package(package, SIGNER.vkey())
        assert report.verdict == "authentic", report.text()


async def test_both_chains_outlive_the_destruction_of_the_past(rig: Rig) -> None:
    """P-30: due rows go, edge rows and asked absences with them, and the live chain's mark is the live chain's."""
    await fill(rig, (6, 1), (8, 1))
    rows = [row for row in await rig.segments() if row.start_us < at(12)]
    await erased_segments(rig.engine, rows, "due", rig.clock.utc().us)
    await erased_absences(rig.engine, CAMERA, at(12), lambda low, high: True)
    async with read(rig.engine) as session:
        assert (await session.execute(select(Mending))).scalars().all() == []
        mark = await session.get(StreamMark, (CAMERA, "main"))
        left = (await session.execute(select(Segment))).scalars().all()
        gone = (await session.execute(select(Absence).where(Absence.end_us <= at(12)))).scalars().all()  # type: ignore[operator]
    assert mark is not None
    assert mark.sequence == 4
    assert [row.start_us for row in left] == [at(12)]
    assert list(gone) == []
    for row in rows:
        rig.store.path_of(SegmentName.parse(row.name), COMMUNE).unlink()
    assert await findings(rig) == []
