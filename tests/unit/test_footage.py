"""Clips for the virtual cameras: real ones as they lie where that works, our own street where there is none."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import PictureType

from deploy.demo import footage, scene
from deploy.demo.encode import Planes, Recipe, decoded, facts_of, write_clip
from deploy.demo.footage import bench_clip, find_clips, real_clips, scene_name
from deploy.demo.footage_notes import UNKNOWN_LICENCE, notes_of
from deploy.demo.run import DemoOptions, run_demo
from tests.fakes.camera.clips import load_clip
from vms.errors import BadInput

NOTES = """# Clips

| file | codec | licence |
|---|---|---|
| `square_64x48.mp4` | H.264 | CC BY 4.0 |

## square_* (two files)

**Shows.** A square.
```json
{"scene": "square", "zones": {"window": [[0.1, 0.1], [0.3, 0.1], [0.3, 0.3]], "bad": [[2, 2], [3, 3], [4, 4]]}}
```
**Origin.** Public project `some/where` (commit 123), file `x.mp4`.
**Licence.** CC BY 4.0.
"""


def moving_square(count: int, width: int = 64, height: int = 48) -> list[Planes]:
    frames: list[Planes] = []
    for number in range(count):
        planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
        planes[:height] = 60
        planes[10:20, number % (width - 10) : number % (width - 10) + 10] = 220
        frames.append(planes)
    return frames


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "clips"
    write_clip(place / "square_64x48.mp4", Recipe(64, 48, 25, group_s=1.0), moving_square(60))
    return place


def with_b_frames(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options.update({"x264-params": "bframes=3:b-adapt=0:keyint=25"})
        for number, planes in enumerate(moving_square(50)):
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def assert_streams(path: Path) -> None:
    """A camera can stream it: no frame out of order, only I and P pictures, groups closed, no audio."""
    clip = load_clip(path)
    assert clip.units[0].key
    with av.open(str(path)) as container:
        assert not container.streams.audio
        for frame in container.decode(video=0):
            assert PictureType(frame.pict_type) in (PictureType.I, PictureType.P)


def test_what_is_encoded_here_can_be_streamed(folder: Path) -> None:
    path = folder / "square_64x48.mp4"
    assert_streams(path)
    clip = load_clip(path)
    assert [number for number, unit in enumerate(clip.units) if unit.key] == [0, 25, 50]
    assert path.read_bytes()[4:8] == b"ftyp"
    assert path.read_bytes().index(b"moov") < path.read_bytes().index(b"mdat")


def test_a_streamable_clip_is_used_as_it_lies(folder: Path, tmp_path: Path) -> None:
    (clip,) = find_clips(folder, tmp_path / "cache")
    assert clip.path_main == folder / "square_64x48.mp4"
    assert (clip.scene, clip.size, clip.codec, clip.rendered) == ("square", (64, 48), "h264", False)


def test_a_sub_stream_of_the_same_length_is_encoded_once(folder: Path, tmp_path: Path) -> None:
    (clip,) = find_clips(folder, tmp_path / "cache")
    sub = facts_of(clip.path_sub)
    assert sub is not None
    assert (sub.width, sub.height, sub.fps, sub.codec) == (704, 576, 12.0, "h264")
    assert abs(sub.duration_s - clip.duration_s) < 0.1
    assert_streams(clip.path_sub)
    before = clip.path_sub.stat().st_mtime_ns
    (again,) = find_clips(folder, tmp_path / "cache")
    assert again == clip
    assert again.path_sub.stat().st_mtime_ns == before


def test_a_sub_stream_beside_the_clip_is_taken_when_it_runs_as_long(folder: Path, tmp_path: Path) -> None:
    beside = folder / "square_sub_704x576_12fps.mp4"
    write_clip(beside, Recipe(704, 576, 12), decoded(folder / "square_64x48.mp4", 12, 2.4))
    (clip,) = find_clips(folder, tmp_path / "cache")
    assert clip.path_sub == beside
    write_clip(beside, Recipe(704, 576, 12), decoded(folder / "square_64x48.mp4", 12, 1.0))
    (clip,) = find_clips(folder, tmp_path / "cache")
    assert clip.path_sub != beside


def test_a_clip_with_b_frames_is_encoded_anew(tmp_path: Path) -> None:
    place = tmp_path / "clips"
    place.mkdir()
    with_b_frames(place / "odd.mp4")
    facts = facts_of(place / "odd.mp4")
    assert facts is not None
    assert not facts.streamable
    (clip,) = find_clips(place, tmp_path / "cache")
    assert clip.path_main.parent == tmp_path / "cache"
    assert_streams(clip.path_main)


def test_one_file_may_be_given_instead_of_a_folder(folder: Path, tmp_path: Path) -> None:
    (clip,) = find_clips(folder / "square_64x48.mp4", tmp_path / "cache")
    assert clip.path_main == folder / "square_64x48.mp4"


def test_files_that_are_no_video_are_passed_over(folder: Path, tmp_path: Path) -> None:
    (folder / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    (folder / "empty.mkv").touch()
    assert [clip.scene for clip in real_clips(folder, tmp_path / "cache")] == ["square"]


@pytest.mark.parametrize("place", ["nothing-here", "empty"])
def test_a_place_without_clips_is_said_to_be_one(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput) as caught:
        find_clips(tmp_path / place, tmp_path / "cache")
    assert place in caught.value.where


def test_a_file_that_only_has_a_clips_name_is_named(tmp_path: Path) -> None:
    """Fails when the message says no more than for an empty folder."""
    (tmp_path / "words.mp4").write_text("These are words.")
    with pytest.raises(BadInput, match=r"words\.mp4 n’en est pas une"):
        find_clips(tmp_path, tmp_path / "cache")


def test_a_taken_port_is_told_before_anything_is_rendered(tmp_path: Path) -> None:
    """Fails when the demonstration finds out from pages that never answer, minutes later."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BadInput) as caught:
            asyncio.run(run_demo(DemoOptions(tmp_path / "home", port)))
    assert caught.value.where == f"127.0.0.1:{port}"
    assert "PORT=" in caught.value.todo


def test_the_environment_names_the_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMS_FOOTAGE", str(folder))
    assert [clip.scene for clip in find_clips(None, tmp_path / "cache")] == ["square"]


def test_the_notes_beside_clips_give_credit_licence_and_zones(folder: Path, tmp_path: Path) -> None:
    (folder / "README.md").write_text(NOTES)
    (clip,) = find_clips(folder, tmp_path / "cache")
    assert clip.credit == "Public project some/where, CC BY 4.0"
    assert clip.licence == "CC BY 4.0"
    assert clip.zones == (((0.1, 0.1), (0.3, 0.1), (0.3, 0.3)),)


def test_without_notes_the_licence_is_said_to_be_unknown(folder: Path) -> None:
    assert notes_of(folder).licence("square_64x48.mp4") == UNKNOWN_LICENCE
    assert UNKNOWN_LICENCE in notes_of(folder).credit("square_64x48.mp4")


@pytest.mark.parametrize(
    ("name", "scene_told"),
    [("junction_day_800x600.mp4", "junction_day"), ("a_1280x720_hevc.mp4", "a"), ("plain.mp4", "plain")],
)
def test_scene_names(name: str, scene_told: str) -> None:
    assert scene_name(Path(name)) == scene_told


def short(one: scene.Scene, count: int) -> bytes:
    digest = hashlib.sha256()
    for number, picture in enumerate(scene.frames(one)):
        if number == count:
            break
        digest.update(picture.tobytes())
    return digest.digest()


def test_the_rendered_street_is_the_same_every_time() -> None:
    street = scene.SCENES[0]
    first = short(street, 2)
    scene.backdrop.cache_clear()
    assert short(street, 2) == first


def test_something_moves_and_the_houses_do_not() -> None:
    pictures = [picture for number, picture in enumerate(scene.frames(scene.SCENES[0])) if number in (0, 50)]
    changed = np.abs(pictures[0].astype(int) - pictures[1].astype(int)).max(axis=2) > 12
    assert 0.002 < changed.mean() < 0.3
    for zone in scene.zones_of(scene.SCENES[0])[:1]:
        xs, ys = [x for x, _ in zone], [y for _, y in zone]
        top = changed[: round(scene.HEIGHT * min(ys) + 20), round(scene.WIDTH * min(xs)) : round(scene.WIDTH * max(xs))]
        assert not top.any()


def test_night_is_darker_than_day_at_the_same_place() -> None:
    day, night = (scene.backdrop(one) for one in scene.SCENES[:2])
    assert night.mean() < 0.45 * day.mean()


def test_dwellings_are_inside_the_picture_and_the_car_park_has_none() -> None:
    for one in scene.SCENES:
        zones = scene.zones_of(one)
        assert bool(zones) == one.dwellings
        for zone in zones:
            assert len(zone) >= 3
            assert all(0 <= value <= 1 for point in zone for value in point)


def test_without_footage_the_scene_is_rendered_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VMS_FOOTAGE", raising=False)
    monkeypatch.setattr(scene, "FRAMES", 30)
    monkeypatch.setattr(scene, "LOOP_S", 30 / scene.FPS)
    monkeypatch.setattr(scene, "SCENES", (replace(scene.SCENES[3], actors=scene.SCENES[3].actors[:3]),))
    (clip,) = find_clips(None, tmp_path)
    assert clip.rendered
    assert clip.credit == footage.RENDERED_CREDIT
    assert clip.size == (1280, 720)
    assert_streams(clip.path_main)
    assert_streams(clip.path_sub)


def test_the_bench_clip_is_1080p_with_a_group_of_two_seconds(folder: Path, tmp_path: Path) -> None:
    (clip,) = find_clips(folder, tmp_path)
    path = bench_clip(clip, tmp_path)
    facts = facts_of(path)
    assert facts is not None
    assert (facts.width, facts.height, facts.fps) == (1920, 1080, 25.0)
    assert [n for n, unit in enumerate(load_clip(path).units) if unit.key] == [0, 50]


def test_an_unfinished_clip_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[Planes]:
        yield moving_square(1)[0]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        write_clip(tmp_path / "never.mp4", Recipe(64, 48, 25), broken())
    assert list(tmp_path.iterdir()) == []
