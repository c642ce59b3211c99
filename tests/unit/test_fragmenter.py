"""CMAF: judged by ffprobe, ffmpeg and PyAV, and by its own bytes where those are lenient."""

from __future__ import annotations

import io
import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder.access_unit import AccessUnit, TimedUnit, ticks_of
from recorder.stream.fragmenter import fragment, init_segment
from tests.fakes.small_clip import small_clip
from tests.fakes.timed_units import START, format_of, timed_units


def groups(units: list[TimedUnit]) -> list[list[TimedUnit]]:
    found: list[list[TimedUnit]] = []
    for unit in units:
        if unit.unit.key:
            found.append([])
        found[-1].append(unit)
    return found


def probe(path: Path, *more: str) -> dict[str, Any]:
    run = subprocess.run(
        ["ffprobe", "-v", "warning", "-of", "json", *more, str(path)], capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def pictures(data: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(data), "r") as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def boxes(data: bytes) -> dict[bytes, bytes]:
    """Boxes of one level; the last of a kind wins."""
    found = {}
    while data:
        size, kind = struct.unpack_from(">I4s", data)
        assert 8 <= size <= len(data)
        found[kind] = data[8:size]
        data = data[size:]
    return found


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_stored_group_plays_by_itself_and_carries_its_capture_time(codec: str, tmp_path: Path) -> None:
    clip = small_clip(codec)
    fmt = format_of(clip)
    group = groups(timed_units(clip))[1]
    end = group[-1].utc.plus(us=40_000)
    path = tmp_path / "group.mp4"
    path.write_bytes(init_segment(fmt) + fragment(group, fmt, 1, end))
    found = probe(path, "-show_streams", "-show_packets")
    streams: list[dict[str, Any]] = found["streams"]
    (stream,) = streams
    assert (stream["codec_name"], stream["width"], stream["height"]) == ({"h265": "hevc"}.get(codec, codec), 320, 240)
    assert stream["codec_tag_string"] == {"h264": "avc1", "h265": "hvc1"}[codec]
    packets: list[dict[str, Any]] = found["packets"]
    assert [int(packet["pts"]) for packet in packets] == [ticks_of(unit.utc_us) for unit in group]
    assert [packet["flags"][0] for packet in packets] == ["K", *"_" * 9]
    assert {int(packet["duration"]) for packet in packets} == {3600}
    assert len(pictures(path.read_bytes())) == 10


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_groups_and_single_frames_decode_to_the_same_pictures(codec: str) -> None:
    clip = small_clip(codec)
    fmt = format_of(clip)
    units = timed_units(clip)
    by_group = init_segment(fmt) + b"".join(fragment(group, fmt, n, None) for n, group in enumerate(groups(units), 1))
    by_frame = init_segment(fmt) + b"".join(fragment([unit], fmt, n, None) for n, unit in enumerate(units, 1))
    one, two = pictures(by_group), pictures(by_frame)
    assert len(one) == len(two) == 50
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_nal_units_stand_as_they_were_sent() -> None:
    clip = small_clip()
    units = timed_units(clip)[:10]
    data = boxes(fragment(units, format_of(clip), 1, None))[b"mdat"]
    for unit in units:
        for nal in unit.unit.nals:
            assert int.from_bytes(data[:4], "big") == len(nal)
            assert data[4 : 4 + len(nal)] == nal
            data = data[4 + len(nal) :]
    assert data == b""


def test_durations_follow_utc_and_never_drift() -> None:
    clip = small_clip()
    units = timed_units(clip)[:10]
    uneven = [TimedUnit(unit.unit, START.us + n * 33_333 + n % 3, None) for n, unit in enumerate(units)]
    traf = boxes(boxes(fragment(uneven, format_of(clip), 7, START.plus(us=400_000)))[b"moof"])
    run = boxes(traf[b"traf"])[b"trun"]
    durations = [struct.unpack_from(">I", run, 12 + 16 * n)[0] for n in range(10)]
    assert sum(durations) == ticks_of(START.us + 400_000) - ticks_of(START.us)
    assert struct.unpack(">I", traf[b"mfhd"][4:])[0] == 7
    assert struct.unpack(">Q", boxes(traf[b"traf"])[b"tfdt"][4:])[0] == ticks_of(START.us)


def test_the_last_unit_lasts_as_expected_when_nothing_follows() -> None:
    clip = small_clip()
    fmt = format_of(clip)

    def last_duration(duration: int | None) -> int:
        unit = TimedUnit(timed_units(clip)[0].unit, START.us, duration)
        run = boxes(boxes(boxes(fragment([unit], fmt, 1, None))[b"moof"])[b"traf"])[b"trun"]
        found: int = struct.unpack_from(">I", run, 12)[0]
        return found

    assert last_duration(4500) == 4500
    assert last_duration(None) == 3600  # 25 a second, by the SPS
    # A next unit that claims to start earlier cannot make a negative duration.
    run = boxes(boxes(boxes(fragment(timed_units(clip)[:1], fmt, 1, START.plus(us=-5)))[b"moof"])[b"traf"])[b"trun"]
    assert struct.unpack_from(">I", run, 12)[0] == 1


def test_pictures_out_of_order_are_shown_in_order(tmp_path: Path) -> None:
    clip = small_clip()
    plain = timed_units(clip)[:4]
    shifted = [
        TimedUnit(unit.unit, unit.utc_us, 3600, offset)
        for unit, offset in zip(plain, (0, 7200, -3600, -3600), strict=True)
    ]
    path = tmp_path / "b.mp4"
    path.write_bytes(init_segment(format_of(clip)) + fragment(shifted, format_of(clip), 1, None))
    packets: list[dict[str, Any]] = probe(path, "-show_packets")["packets"]
    shown = [int(packet["pts"]) for packet in packets]  # ffmpeg moves them all, so that no dts exceeds its pts
    assert [value - shown[0] for value in shown] == [0, 10_800, 3600, 7200]


def test_a_format_with_several_pictures_parameter_sets(tmp_path: Path) -> None:
    clip = small_clip()
    fmt = format_of(clip)
    pps = fmt.parameter_sets[1]
    bits = f"{int.from_bytes(pps[1:], 'big'):0{8 * len(pps) - 8}b}"
    assert bits[0] == "1"  # id 0 as an exp-Golomb code; id 1 is 010
    bits = "010" + bits[1:].rstrip("0")
    bits += "0" * (-len(bits) % 8)
    second = pps[:1] + int(bits, 2).to_bytes(len(bits) // 8, "big")
    both = type(fmt)(fmt.codec, fmt.width, fmt.height, fmt.fps, (*fmt.parameter_sets, second), fmt.codec_string)
    path = tmp_path / "sets.mp4"
    path.write_bytes(init_segment(both) + fragment(timed_units(clip)[:1], both, 1, None))
    probe(path, "-show_streams")
    assert second in path.read_bytes()


def test_the_initialisation_is_the_same_for_the_same_format() -> None:
    fmt = format_of(small_clip())
    assert init_segment(fmt) == init_segment(format_of(small_clip()))
    assert init_segment(fmt)[4:8] == b"ftyp"


def test_ffmpeg_reads_a_whole_stream_without_a_word(tmp_path: Path) -> None:
    clip = small_clip("h264", 640, 360, 100, gop=25)
    fmt = format_of(clip)
    path = tmp_path / "all.mp4"
    parts = groups(timed_units(clip))
    ends = [*(part[0].utc for part in parts[1:]), None]
    fragments = [fragment(part, fmt, n, end) for n, (part, end) in enumerate(zip(parts, ends, strict=True), 1)]
    path.write_bytes(init_segment(fmt) + b"".join(fragments))
    run = subprocess.run(
        ["ffmpeg", "-v", "warning", "-i", str(path), "-c", "copy", "-f", "null", "-"], capture_output=True, check=True
    )
    assert run.stderr == b""


def test_a_unit_without_nals_is_an_empty_sample() -> None:
    fmt = format_of(small_clip())
    empty = TimedUnit(AccessUnit.of((), 0, False, 0), START.us, 3600)
    assert boxes(fragment([empty], fmt, 1, None))[b"mdat"] == b""
