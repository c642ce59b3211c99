"""``vms bench record``: it runs, both sides, and its figures have the names that scripts hold on to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.bench.record import run, shares, use
from deploy.bench.record_child import missing
from tests.fakes.small_clip import write_clip
from vms.errors import BadInput


async def test_a_short_run_says_what_it_measured(tmp_path: Path) -> None:
    found = await run(cameras=2, seconds=2, clip=write_clip(tmp_path / "clip.mp4"))
    figures = found["figures"]
    assert found["bench"] == "record"
    assert {
        "cpu_ratio_to_ffmpeg", "memory_ratio_to_ffmpeg", "cpu_percent_per_camera", "pss_mib_per_camera", "gaps",
        "frames_missing",
    } <= set(figures)  # fmt: skip
    assert figures["gaps"] == 0
    assert figures["frames_missing"] == 0
    assert figures["units"] >= 2 * 50
    assert figures["ffmpeg_alive_count"] == 2
    assert figures["sealed_mib"] > 0
    assert figures["pss_mib_per_camera"] > 0


async def test_each_packet_sent_alone_to_two_recorders_in_pure_python(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    found = await run(cameras=2, seconds=2, clip=clip, recorders=2, packet_sends=True, pure=True, in_turn=True)
    assert (found["recorders"], found["compiled"], found["sources"]["packet_sends"]) == (2, False, True)
    assert found["figures"]["gaps"] == found["figures"]["frames_missing"] == 0
    assert found["figures"]["units"] >= 2 * 50
    assert found["figures"]["ffmpeg_cpu_percent_per_camera"] > 0


async def test_gstreamer_s_server_as_the_source(tmp_path: Path) -> None:
    found = await run(cameras=1, seconds=2, clip=write_clip(tmp_path / "clip.mp4"), source="gstreamer")
    assert found["sources"]["source"] == "gstreamer"
    assert not found["sources"]["virtual"]
    assert found["figures"]["gaps"] == found["figures"]["frames_missing"] == 0
    assert found["figures"]["units"] >= 25


def test_streams_are_shared_out_once_each() -> None:
    urls = [f"rtsp://10.0.0.{number}/" for number in range(40)]
    parts = shares(urls, 2)
    assert sorted(url for part in parts for url in part) == sorted(urls)
    assert min(map(len, parts)) > 10
    assert shares(urls, 1) == [urls]


@pytest.mark.parametrize(("cameras", "seconds"), [(0, 5), (10_000, 5), (1, 0)])
async def test_numbers_out_of_range(cameras: int, seconds: float) -> None:
    with pytest.raises(BadInput):
        await run(cameras=cameras, seconds=seconds)


async def test_a_source_that_does_not_exist() -> None:
    with pytest.raises(BadInput):
        await run(cameras=1, seconds=1, source="imaginary")


def test_use_of_this_process_and_of_none() -> None:
    here = use([os.getpid()])
    assert here.cpu_s > 0
    assert here.pss_mib > 1
    assert use([2**22 + 1]) == use([])


def test_missing_pictures_of_a_steady_clock() -> None:
    steady = list(range(0, 360_000, 3600))
    assert missing(steady) == 0
    assert missing([time for time in steady if time not in (36_000, 39_600, 180_000)]) == 3
    assert missing([]) == missing([5]) == missing([5, 5, 5]) == 0
