"""The writer of one stream: what it leaves in files and rows (S3, S4), and what errors of the disk become."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from recorder.recording.writer import StreamWriter
from recorder.segment.format import SegmentName
from recorder.store.errors import StoreError
from recorder.store.identity import IDENTITY_FILE
from recorder.stream.sink import SinkRefused
from tests.fakes.faulty_disk import Fault
from tests.fakes.recording import CAMERA, COMMUNE, START, Format, Rig
from vms.clock import UtcTime
from vms.errors import Conflict, Unavailable

FORMAT = Format()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await Rig(tmp_path).prepare()
    yield made
    await made.close()


def at(seconds: float) -> UtcTime:
    return START.plus(seconds=seconds)


async def put(
    writer: StreamWriter, start_s: float, end_s: float, fmt: Format = FORMAT, zones: str | None = None
) -> bytes:
    plain = f"group {start_s} ".encode() * 200
    await writer.group([plain], at(start_s), at(end_s), 50, fmt, zones)
    return plain


@contextlib.contextmanager
def database_away(rig: Rig) -> Iterator[None]:
    """Each commit fails meanwhile."""

    def refuse(_: object) -> None:
        raise OperationalError("COMMIT", None, Exception("disk I/O error"))

    event.listen(rig.engine.sync_engine, "commit", refuse)
    try:
        yield
    finally:
        event.remove(rig.engine.sync_engine, "commit", refuse)


async def test_groups_open_again_and_time_is_tiled(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    plains = [await put(writer, second, second + 2) for second in range(0, 130, 2)]
    rig.clock.advance(seconds=200)
    await writer.close()
    groups = await rig.opened()
    assert [one.plaintext for one in groups] == plains
    assert [(one.start_us, one.end_us) for one in groups] == [
        (at(second).us, at(second + 2).us) for second in range(0, 130, 2)
    ]
    rows = await rig.segments()
    assert [row.groups for row in rows] == [30, 30, 5]
    assert {row.state for row in rows} == {"sealed"}
    assert await rig.tiles() == [
        (at(0).us, at(60).us, ""),
        (at(60).us, at(120).us, ""),
        (at(120).us, at(130).us, ""),
        (at(130).us, None, "recorder-stopped"),
    ]


async def test_row_is_there_once_the_first_group_returned(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    (row,) = await rig.segments()
    assert (row.state, row.end_us, row.start_us) == ("open", at(2).us, at(0).us)
    assert rig.store.path_of(SegmentName.parse(row.name), COMMUNE).exists()
    await writer.close()


@pytest.mark.parametrize("change", [Format(width=704), Format(codec_string="hvc1.1.6.L93.B0"), "zones"])
async def test_another_format_or_zone_set_is_another_segment(rig: Rig, change: Format | str) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    await put(writer, 2, 4, change if isinstance(change, Format) else FORMAT, "zs-2" if change == "zones" else None)
    await writer.close()
    assert [row.groups for row in await rig.segments()] == [1, 1]


async def test_a_new_hour_is_a_new_segment_under_a_new_key(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    for second in (2995, 2998, 3001):
        await put(writer, second, second + 3)
    await writer.close()
    first, second_row = await rig.segments()
    assert first.end_us == at(3001).us
    assert first.hour_key_id != second_row.hour_key_id
    assert [rig.keeper.keys[row.hour_key_id][2] for row in (first, second_row)] == [
        START.hour().us,
        START.plus(seconds=3600).hour().us,
    ]


async def test_both_streams_of_a_camera_share_the_hour_key(rig: Rig) -> None:
    keys = rig.keys()
    main, sub = rig.writer("main", keys), rig.writer("sub", keys)
    await main.start()
    await sub.start()
    await asyncio.gather(put(main, 0, 2), put(sub, 0, 2))
    await main.close()
    await sub.close()
    assert len(rig.keeper.keys) == 1
    assert (await rig.segments("main"))[0].hour_key_id == (await rig.segments("sub"))[0].hour_key_id
    assert len(await rig.opened("sub")) == 1


async def test_absence_ends_where_the_next_group_starts(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    await writer.absence(at(5), "camera-unreachable", "délai dépassé")
    await writer.absence(at(6), "camera-unreachable", "encore")
    await writer.absence(at(9), "stream-stalled")
    await put(writer, 12, 14)
    await writer.absence(at(14), "suspended")
    await writer.close()
    assert await rig.tiles() == [
        (at(0).us, at(2).us, ""),
        (at(2).us, at(9).us, "camera-unreachable"),
        (at(9).us, at(12).us, "stream-stalled"),
        (at(12).us, at(14).us, ""),
        (at(14).us, None, "suspended"),
    ]


async def test_an_absence_of_no_time_leaves_no_row(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    await writer.absence(at(2), "key-frame-awaited")
    await writer.absence(at(2), "stream-damaged")
    await put(writer, 2, 4)
    await writer.close()
    assert [part[2] for part in await rig.tiles()] == ["", "", "recorder-stopped"]


async def test_a_hole_nobody_declared_becomes_an_absence(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    await put(writer, 3, 5)
    await writer.close()
    assert (at(2).us, at(3).us, "stream-damaged") in await rig.tiles()


async def test_small_holes_and_overlaps_are_joined(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    await put(writer, 2.04, 4)
    await put(writer, 3.97, 6)
    await writer.close()
    (row,) = await rig.segments()
    assert (row.groups, row.end_us) == (3, at(6).us)
    assert [one.start_us for one in await rig.opened()] == [at(0).us, at(2).us, at(4).us]


@pytest.mark.parametrize("start_s,end_s", [(0, 2), (1.5, 1.9), (0.5, 9)])
async def test_time_that_is_covered_is_not_written_twice(rig: Rig, start_s: float, end_s: float) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    with pytest.raises(SinkRefused) as caught:
        await put(writer, start_s, end_s)
    assert caught.value.cause == "clock"
    await writer.close()
    assert len(await rig.opened()) == 1


async def test_restart_covers_the_pause_as_recorder_stopped(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    await writer.close()
    rig.clock.advance(seconds=30)
    again = rig.writer()
    await again.start()
    assert again.cause == "recorder-stopped"
    await put(again, 31, 33)
    await again.close()
    assert (at(2).us, at(31).us, "recorder-stopped") in await rig.tiles()
    assert len(rig.keeper.keys) == 2  # a new key at each start


async def test_two_writers_of_one_stream_do_not_start(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    with pytest.raises(Conflict):
        await rig.writer().start()
    await writer.close()
    await rig.writer().start()


async def test_a_writer_that_is_not_started_takes_nothing(rig: Rig) -> None:
    writer = rig.writer()
    with pytest.raises(Unavailable):
        await put(writer, 0, 2)
    await writer.start()
    await writer.close()
    with pytest.raises(Unavailable):
        await writer.absence(at(0), "suspended")


@pytest.mark.parametrize(
    "code,cause", [(errno.ENOSPC, "disk-full"), (errno.EIO, "disk-wrong"), (errno.EROFS, "disk-wrong")]
)
@pytest.mark.parametrize("step", [0, 1], ids=["append", "sync"])
async def test_an_error_of_the_disk_abandons_the_segment(rig: Rig, code: int, cause: str, step: int) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    await put(writer, 2, 4)
    rig.disk.arm(Fault(step, "not-stored", code))
    with pytest.raises(SinkRefused) as caught:
        await put(writer, 4, 6)
    assert caught.value.cause == cause
    assert writer.cause == cause
    await put(writer, 6, 8)
    await writer.close()
    assert await rig.tiles() == [
        (at(0).us, at(4).us, ""),
        (at(4).us, at(6).us, cause),
        (at(6).us, at(8).us, ""),
        (at(8).us, None, "recorder-stopped"),
    ]
    rows = await rig.segments()
    sizes = [rig.store.path_of(SegmentName.parse(row.name), COMMUNE).stat().st_size for row in rows]
    assert [row.size_bytes for row in rows] == sizes
    assert len(await rig.opened()) == 3


async def test_an_unmounted_volume_is_not_written_to(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    identity = rig.store.root / IDENTITY_FILE
    kept = identity.read_bytes()
    identity.unlink()
    await writer.absence(at(2), "stream-stalled")
    with pytest.raises(SinkRefused) as caught:
        await put(writer, 10, 12)
    assert caught.value.cause == "disk-wrong"
    with pytest.raises(StoreError):
        await rig.writer("sub").start()
    identity.write_bytes(kept.replace(kept[30:32], b"zz"))
    with pytest.raises(SinkRefused):
        await put(writer, 12, 14)
    identity.write_bytes(kept)
    await put(writer, 14, 16)
    await writer.close()
    assert await rig.tiles() == [
        (at(0).us, at(2).us, ""),
        (at(2).us, at(10).us, "stream-stalled"),
        (at(10).us, at(14).us, "disk-wrong"),
        (at(14).us, at(16).us, ""),
        (at(16).us, None, "recorder-stopped"),
    ]


async def test_below_the_floor_nothing_is_begun(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).prepare()
    rig.store._floor_bytes = 2**62
    writer = rig.writer()
    await writer.start()
    with pytest.raises(SinkRefused) as caught:
        await put(writer, 0, 2)
    assert caught.value.cause == "disk-full"
    assert [part[2] for part in await rig.tiles()] == ["disk-full"]
    await rig.close()


async def test_recording_goes_on_while_the_keeper_is_away(rig: Rig) -> None:
    rig.keeper.away = True
    keys = rig.keys()
    writer = rig.writer(keys=keys)
    await writer.start()
    await put(writer, 0, 2)
    assert [one.camera for one in rig.spool.waiting()] == [CAMERA]
    rig.keeper.away = False
    assert await keys.flush() == 1
    assert rig.spool.waiting() == []
    await put(writer, 2, 4)
    await writer.close()
    assert len(await rig.opened()) == 2


async def test_rows_wait_while_the_database_is_away(rig: Rig) -> None:
    writer = rig.writer()
    with database_away(rig):
        await writer.start()
        for second in range(0, 124, 2):
            await put(writer, second, second + 2)
    assert await rig.segments() == []
    await put(writer, 124, 126)
    await writer.close()
    assert [row.groups for row in await rig.segments()] == [30, 30, 3]
    assert len(await rig.opened()) == 63


async def test_what_was_kept_behind_two_absences_that_no_database_knew_is_adopted(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    await writer.absence(at(2.25), "disk-full")
    with database_away(rig):
        await writer.absence(at(7.75), "disk-wrong")
        kept = [await put(writer, second, second + 2) for second in range(12, 90, 2)]
        writer._release()  # and dies
    rig.clock.advance(seconds=200)
    adopted = await rig.writer().start()
    assert (len(adopted.adopted), adopted.quarantined) == (2, [])
    assert [part for part in await rig.tiles() if part[2]][:2] == [
        (at(2).us, at(7).us, "disk-full"),
        (at(7).us, at(12).us, "disk-wrong"),
    ]
    assert [one.plaintext for one in await rig.opened()][1:] == kept


async def test_a_cancelled_caller_leaves_no_half_group(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    task = asyncio.create_task(writer.group([b"x" * 3_000_000], at(2), at(4), 50, FORMAT))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await put(writer, 4, 6)
    await writer.close()
    assert [one.end_us for one in await rig.opened()] == [at(2).us, at(4).us, at(6).us]


async def test_a_group_over_the_limit_is_lost_alone(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    with pytest.raises(SinkRefused) as caught:
        await writer.group([bytes(33_554_432)], at(2), at(4), 50, FORMAT)
    assert caught.value.cause == "stream-damaged"
    await put(writer, 4, 6)
    await writer.close()
    assert [(part[2]) for part in await rig.tiles()] == ["", "stream-damaged", "", "recorder-stopped"]


async def test_no_plaintext_is_in_any_file(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    plains = [await put(writer, second, second + 2) for second in range(0, 70, 2)]
    files = [path for path in rig.home.rglob("*") if path.is_file()]
    assert len(files) > 3
    secrets = {plain[offset : offset + 32] for plain in plains for offset in range(len(plain) - 31)}
    for path in files:
        data = path.read_bytes()
        assert not any(data[offset : offset + 32] in secrets for offset in range(len(data) - 31)), path
    await writer.close()


async def test_heads_follow_the_durable_chain(rig: Rig) -> None:
    writer = rig.writer()
    await writer.start()
    await put(writer, 0, 2)
    first = writer.head()
    await put(writer, 2, 4)
    assert writer.head().sequence == first.sequence + 1 == 3
    await writer.close()
    (row,) = await rig.segments()
    assert (writer.head().link, writer.head().segment) == (row.last_link, "")
