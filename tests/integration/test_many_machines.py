"""Two recorders on real PostgreSQL and S3 servers, one killed; a spool whose bucket goes away and comes back."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from sqlmodel import select

from deploy.bench.servers import Server, client_environment, object_store
from deploy.bench.takeover import run
from recorder.drain_spool import SpoolDrain
from recorder.fsck.fsck import Fsck
from recorder.recording.playback import Playback
from recorder.recording.scan import read_index, scan_file
from recorder.retention.policies import Policies
from recorder.segment.format import SegmentName
from recorder.store.bucket import MAGIC, Bucket, trailer_of
from recorder.store.errors import StoreError
from recorder.store.s3 import SpooledStore
from recorder.stream.sink import SinkRefused
from tests.fakes.recording import CAMERA, COMMUNE, START, Format, Rig
from tests.fakes.small_clip import write_clip
from vms.clock import ManualClock
from vms.db.engine import read, write
from vms.db.leases import Leases
from vms.errors import Conflict
from vms.model import Incident, Segment

GROUP_S = 2
MINUTE_GROUPS = 30


async def test_a_killed_recorder_s_cameras_are_taken_over(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    figures = (await run(cameras=2, seconds=1.0, clip=clip))["figures"]
    assert figures["cameras_taken_over"] >= 1
    assert 0 < figures["gap_median_s"] <= figures["gap_worst_s"] < float("inf")
    assert figures["instants_written_twice"] == 0
    assert figures["segments_not_in_bucket"] == 0
    assert figures["fsck_findings"] == 0
    assert figures["wrapped_keys"] > 0
    assert figures["wrapped_keys_found_in_database"] == figures["wrapped_keys_found_in_bucket"] == 0
    assert figures["search_control_found"] > 0


class Spool(Rig):
    """A recorder's storage with a bucket behind it."""

    drain: SpoolDrain
    spooled: SpooledStore


@asynccontextmanager
async def spool(home: Path, server: Server, *, limit_mib: int = 1000) -> AsyncIterator[Spool]:
    rig = Spool(home)
    await rig.prepare()
    store = SpooledStore.of(home / "store", home / "store-id", Bucket(server.url), limit_mib, floor_bytes=0)
    rig.store, rig.spooled = store, store
    rig.drain = SpoolDrain(rig.engine, store, rig.clock, home / "bucket-id")
    try:
        yield rig
    finally:
        await rig.close()


async def record(rig: Rig, groups: int, size_bytes: int = 20_000) -> None:
    writer = rig.writer()
    await writer.start()
    at = rig.clock.utc()
    try:
        for _ in range(groups):
            end = at.plus(seconds=GROUP_S)
            rig.clock.advance(seconds=GROUP_S)
            await writer.group([os.urandom(size_bytes)], at, end, 50, Format())
            at = end
    finally:
        await writer.close()


async def states(rig: Rig) -> list[str]:
    return [row.state for row in await rig.segments()]


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    async with object_store(tmp_path / "s3") as started:
        for name, value in client_environment(started).items():
            monkeypatch.setenv(name, value)
        yield started


async def test_a_spool_keeps_everything_while_the_bucket_is_away_and_drains_in_order(
    tmp_path: Path, server: Server
) -> None:
    async with spool(tmp_path / "rig", server) as rig:
        await server.stop()
        await record(rig, 2 * MINUTE_GROUPS + 5)
        assert await states(rig) == ["spooled"] * 3
        with pytest.raises(StoreError):
            await rig.drain.round()
        rig.clock.advance(seconds=90)
        with pytest.raises(StoreError):
            await rig.drain.round()
        assert len(rig.spooled.waiting()) == 3, "nothing leaves the spool before the bucket has it"
        before = await rig.opened()
        await server.start()
        assert await rig.drain.round() == 3
        assert await states(rig) == ["sealed"] * 3
        assert rig.spooled.waiting() == []
        assert len(before) == 2 * MINUTE_GROUPS + 5
        for row in await rig.segments():
            path = rig.spooled.path_of(SegmentName.parse(row.name), COMMUNE)
            scan = scan_file(rig.spooled, path)
            assert (scan.groups, scan.last_link, scan.rest) == (row.groups, row.last_link, "")
            assert len(read_index(rig.spooled, path)[1]) == row.groups
        timeline = await Playback(rig.engine, rig.spooled, rig.clock).timeline(CAMERA, "main", START, rig.clock.utc())
        assert len(timeline.recorded) == 1
        report = await Fsck(rig.engine, rig.spooled, rig.clock.utc(), Policies(rig.spooled, tmp_path / "none")).check()
        assert report.ok, report.findings
        async with read(rig.engine) as session:
            told = [one for one in (await session.execute(select(Incident))).scalars() if one.kind == "bucket-away"]
        assert [one.closed_us is not None for one in told] == [True]


async def test_each_death_between_object_row_and_spool_is_finished_by_the_next_round(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with spool(tmp_path / "rig", server) as rig:
        await record(rig, 3)
        (row,) = await rig.segments()
        path = rig.spooled.path_of(SegmentName.parse(row.name), COMMUNE)
        rig.spooled.upload(path)  # and dead before the row
        assert await states(rig) == ["spooled"]

        def dead(_: Path) -> bool:
            raise OSError("dead before the spool file went")

        with monkeypatch.context() as patch:
            patch.setattr(rig.spooled, "forget", dead)
            with pytest.raises(OSError, match="dead"):
                await rig.drain.round()
        assert await states(rig) == ["sealed"]
        assert path.exists()
        await rig.drain.round()
        assert not path.exists()
        assert scan_file(rig.spooled, path).groups == 3


async def test_a_full_spool_stops_recording_with_its_cause(tmp_path: Path, server: Server) -> None:
    async with spool(tmp_path / "rig", server, limit_mib=1) as rig:
        await record(rig, MINUTE_GROUPS, size_bytes=60_000)
        rig.spooled.measure()
        with pytest.raises(SinkRefused, match="tampon"):
            await record(rig, 3)
        assert [one.cause for one in await rig.absences()][-1] == "disk-full"
        await rig.drain.round()
        rig.spooled.measure()
        await record(rig, 3)
        assert await states(rig) == ["sealed", "spooled"]


async def test_what_another_recorder_s_absence_covers_never_reaches_the_bucket(tmp_path: Path, server: Server) -> None:
    async with spool(tmp_path / "rig", server) as rig:
        await record(rig, 5)
        (row,) = await rig.segments()
        path = rig.spooled.path_of(SegmentName.parse(row.name), COMMUNE)
        placed = read_index(rig.spooled, path)[1]
        # Taken over when three groups were told: the row ends there, and so must the object.
        async with write(rig.engine) as session:
            told = await session.get(Segment, row.name)
            assert told is not None
            told.groups, told.size_bytes, told.end_us = 3, placed[2].end, placed[2].header.end_us
            told.last_link = placed[2].link
        await rig.drain.round()
        assert scan_file(rig.spooled, path).groups == 3
        assert len(rig.spooled.quarantined_here()) == 1


async def test_a_destroyed_segment_leaves_neither_object_nor_spool_file(tmp_path: Path, server: Server) -> None:
    async with spool(tmp_path / "rig", server) as rig:
        await record(rig, 2 * MINUTE_GROUPS)
        first, second = await rig.segments()
        await rig.drain.round()
        # Retention on another machine destroys: it reaches the bucket, and marks what lies in this spool.
        path = rig.spooled.path_of(SegmentName.parse(first.name), COMMUNE)
        assert rig.spooled.destroy(path)
        assert not rig.spooled.destroy(path)
        assert [one.relative for one in rig.spooled.files()] == [
            rig.spooled.path_of(SegmentName.parse(second.name), COMMUNE).relative_to(rig.spooled.root).as_posix()
        ]
        await record(rig, 2)
        async with write(rig.engine) as session:
            last = await session.get(Segment, (await rig.segments())[-1].name)
            assert last is not None
            last.state = "destroying"
        await rig.drain.round()
        assert rig.spooled.waiting() == []


async def test_another_bucket_than_ours_gets_nothing(tmp_path: Path, server: Server) -> None:
    async with spool(tmp_path / "rig", server) as rig:
        await record(rig, 2)
        (tmp_path / "rig" / "bucket-id").write_text("f" * 32)
        with pytest.raises(StoreError, match="n’est pas celui"):
            await rig.drain.round()
        assert await states(rig) == ["spooled"]


async def test_a_forged_trailer_changes_nothing_that_is_read(tmp_path: Path, server: Server) -> None:
    async with spool(tmp_path / "rig", server) as rig:
        await record(rig, 4)
        (row,) = await rig.segments()
        path = rig.spooled.path_of(SegmentName.parse(row.name), COMMUNE)
        data = path.read_bytes()
        sound = scan_file(rig.spooled, path)
        key = path.relative_to(rig.spooled.root).as_posix()
        rig.spooled.forget(path)
        rig.spooled.bucket.put(key, data)
        assert scan_file(rig.spooled, path) == sound, "an object without a trailer is a segment"
        trailer = bytearray(trailer_of(data))
        trailer[-40] ^= 1  # a copied header no longer says what the segment says
        rig.spooled.bucket.put(key, data + bytes(trailer))
        assert scan_file(rig.spooled, path).rest != "" or scan_file(rig.spooled, path).groups < 4
        rig.spooled.bucket.put(key, data + b"\xff" * 16 + MAGIC)
        assert scan_file(rig.spooled, path).groups == 4


async def test_a_writer_whose_lease_has_passed_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).prepare()
    rig.clock.advance(seconds=100)
    one, two = (Leases(rig.engine, rig.clock, seat) for seat in ("rec-a/0", "rec-b/0"))
    await one.join()
    await one.take([f"camera:{CAMERA}"])
    held = one.held(f"camera:{CAMERA}")
    assert held is not None
    writer = rig.writer()
    writer._fence = held
    await writer.start()
    at = rig.clock.utc()
    await writer.group([b"a" * 5000], at, at.plus(seconds=2), 50, Format())
    assert isinstance(rig.clock, ManualClock)
    rig.clock.advance(seconds=10)
    await two.join()
    assert await two.take([f"camera:{CAMERA}"])
    rows = [(row.name, row.groups, row.end_us) for row in await rig.segments()]
    await writer.absence(at.plus(seconds=2), "stream-stalled")
    assert writer.fenced
    with pytest.raises(Exception, match="autre enregistreur"):
        await writer.group([b"b" * 5000], at.plus(seconds=4), at.plus(seconds=6), 50, Format())
    await writer.close()
    assert [(row.name, row.groups, row.end_us) for row in await rig.segments()] == rows
    assert await rig.absences() == []
    async with read(rig.engine) as session:
        assert [one.kind for one in (await session.execute(select(Incident))).scalars()] == ["fence-refused"]
    await rig.close()


async def test_a_second_writer_of_one_stream_is_refused_and_told_once(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).prepare()
    first = rig.writer()
    await first.start()
    for _ in range(3):
        with pytest.raises(Conflict):
            await rig.writer().start()
    async with read(rig.engine) as session:
        told = list((await session.execute(select(Incident))).scalars())
    assert [(one.kind, one.camera_id) for one in told] == [("two-recorders", CAMERA)]
    await first.close()
    await rig.close()


async def test_a_bucket_that_keeps_versions_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On moto's server: what is deleted from such a bucket is still there under its version."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    try:
        names = {"AWS_ACCESS_KEY_ID": "guet", "AWS_SECRET_ACCESS_KEY": "guet", "AWS_REGION": "us-east-1"}
        for name, value in {**names, "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ALLOW_HTTP": "true"}.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
        for bucket in ("plain", "versioned"):
            client.create_bucket(Bucket=bucket)
        client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
        plain = Bucket("s3://plain/footage")
        plain.put("a/b.seg", b"x" * 100)
        assert plain.get("a/b.seg") == b"x" * 100
        assert plain.delete("a/b.seg")
        with pytest.raises(StoreError, match="versions"):
            Bucket("s3://versioned/footage").put("a/b.seg", b"x" * 100)
    finally:
        moto.stop()
