"""One stream through the masker, in this process: pixels of every picture, counts, times, and hostile units (P-11)."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from privacy import annexb
from privacy.encoders import TIME_BASE
from privacy.paint import PAINT_CHROMA, PAINT_LUMA, STRAY_LIMIT_LEVELS, Painter, planes
from privacy.raster import Raster, rasterise
from privacy.stream_mask import StreamMask
from privacy.units import (
    KEY_AWAITED,
    SIZE_CHANGED,
    STREAM_DAMAGED,
    DroppedUnit,
    EncodedUnit,
    MaskedUnit,
    MaskFailed,
    Outcome,
    StreamSpec,
)
from privacy.zones import validate_polygon
from tests.fakes.clips import RECIPES, clip, decode, encode_clip, psnr_db, read_units, rendered
from vms.errors import BadInput

PICTURES = 120
SHORT = RECIPES["small"].pictures
ZONES = [[(0.1, 0.0), (0.45, 0.05), (0.38, 0.31), (0.12, 0.27)], [(0.6, 0.4), (0.9, 0.35), (0.85, 0.8), (0.55, 0.7)]]


def random_zones(seed: str) -> list[list[tuple[float, float]]]:
    """One to four simple polygons, some of them at the picture's border."""
    dice = random.Random(seed)
    zones: list[list[tuple[float, float]]] = []
    wanted = dice.randint(1, 4)
    while len(zones) < wanted:
        x, y, size = dice.random(), dice.random(), dice.uniform(0.05, 0.35)
        points = [
            (min(1.0, max(0.0, x + dice.uniform(-size, size))), min(1.0, max(0.0, y + dice.uniform(-size, size))))
            for _ in range(dice.randint(3, 7))
        ]
        try:
            zones.append(list(validate_polygon(points)))
        except BadInput:
            continue
    return zones


def run(mask: StreamMask, units: list[EncodedUnit] | tuple[EncodedUnit, ...]) -> list[Outcome]:
    return [outcome for unit in units for outcome in mask.push(unit)] + mask.finish()


def masked(outcomes: list[Outcome]) -> list[MaskedUnit]:
    assert all(isinstance(outcome, MaskedUnit) for outcome in outcomes)
    return [outcome for outcome in outcomes if isinstance(outcome, MaskedUnit)]


def check_pixels(spec: StreamSpec, raster: Raster, before: Any, after: Any) -> float:
    """Every picture: zones opaque on all planes, the rest near the source; the lowest PSNR found, in dB."""
    zone, outside = raster.zone_grid(), ~raster.luma_grid()
    lowest = float("inf")
    for source, result in zip(decode(spec.codec, before), decode("h264", after), strict=True):
        assert int(np.abs(result[0][zone] - PAINT_LUMA).max()) <= STRAY_LIMIT_LEVELS
        for part in raster.parts:
            rows, columns = part.zone_chroma.shape
            top, left = part.top // 2, part.left // 2
            for plane in result[1:]:
                area = plane[top : top + rows, left : left + columns][part.zone_chroma]
                assert int(np.abs(area - PAINT_CHROMA).max()) <= STRAY_LIMIT_LEVELS
        lowest = min(lowest, psnr_db(source[0][outside], result[0][outside]))
    return lowest


def test_every_picture_of_every_clip_is_masked_and_faithful(any_clip: Path) -> None:
    spec, units = read_units(any_clip, SHORT if any_clip == rendered("small") else PICTURES)
    zones = random_zones(any_clip.stem)
    outcomes = masked(run(StreamMask(spec, zones), units))
    shown = sorted(units, key=lambda unit: unit.utc_us)
    assert [unit.ticket for unit in outcomes] == [unit.ticket for unit in shown]
    assert [unit.utc_us for unit in outcomes] == [unit.utc_us for unit in shown]
    assert [unit.key for unit in outcomes] == [unit.key for unit in shown]
    assert check_pixels(spec, rasterise(zones, spec.width, spec.height), units, outcomes) >= 35.0


@pytest.mark.usefixtures("material")
def test_every_group_stands_alone_and_carries_its_parameter_sets() -> None:
    spec, units = read_units(clip("main"), PICTURES)
    outcomes = masked(run(StreamMask(spec, ZONES), units))
    starts = [number for number, unit in enumerate(outcomes) if unit.key]
    assert len(starts) > 1
    for start, end in zip(starts, [*starts[1:], len(outcomes)], strict=True):
        assert [annexb.nal_type("h264", nal) for nal in outcomes[start].parameter_sets] == [7, 8]
        assert any(annexb.nal_type("h264", nal) == 5 for nal in outcomes[start].nals)
        assert all(not unit.parameter_sets for unit in outcomes[start + 1 : end])
        assert len(list(decode("h264", outcomes[start:end]))) == end - start


@pytest.mark.parametrize("kind", ["h264-b", "h265-b"])
def test_a_source_with_b_frames_keeps_every_picture_in_presentation_order(kind: str) -> None:
    spec, units = read_units(rendered(kind), 80)
    assert [unit.utc_us for unit in units] != sorted(unit.utc_us for unit in units)
    outcomes = masked(run(StreamMask(spec, ZONES), units))
    assert [unit.utc_us for unit in outcomes] == sorted(unit.utc_us for unit in units)
    assert {unit.ticket for unit in outcomes if unit.key} == {unit.ticket for unit in units if unit.key}
    assert check_pixels(spec, rasterise(ZONES, spec.width, spec.height), units, outcomes) >= 35.0


def test_odd_sizes_are_covered_to_the_last_sample(tmp_path: Path) -> None:
    raster = rasterise([[(0.4, 0.4), (1, 0.4), (1, 1), (0.4, 1)]], 33, 35)
    frame = av.VideoFrame(33, 35, "yuv420p")
    for plane in planes(frame):
        plane[:] = 7
    painter = Painter(raster)
    assert not painter.opaque(frame)
    painter.paint(frame)
    y, u, v = planes(frame)
    assert y[-1, -1] == PAINT_LUMA
    assert u[-1, -1] == v[-1, -1] == PAINT_CHROMA
    assert (y == PAINT_LUMA).sum() == raster.luma_grid().sum()
    assert painter.opaque(frame)


def test_pure_noise_still_comes_back_at_35_db(tmp_path: Path) -> None:
    """The worst scene there is for an encoder: quality is bounded by the quantiser, not by the scene."""
    noise = np.random.default_rng(3)
    source: Any = av.CodecContext.create("libx264", "w")
    source.width, source.height, source.pix_fmt, source.time_base = 320, 240, "yuv420p", TIME_BASE
    source.options = {"tune": "zerolatency", "qp": "4"}
    units = []
    for number in range(20):
        frame = av.VideoFrame(320, 240, "yuv420p")
        for plane in planes(frame):
            plane[:] = noise.integers(0, 255, plane.shape)
        frame.pts, frame.time_base = number, TIME_BASE
        packet = source.encode(frame)[0]
        units.append(EncodedUnit(annexb.split(bytes(packet)), number, packet.is_keyframe, number))
    spec = StreamSpec("h264", 320, 240, 25.0)
    outcomes = masked(run(StreamMask(spec, ZONES), units))
    assert check_pixels(spec, rasterise(ZONES, 320, 240), units, outcomes) >= 35.0


def test_units_before_the_first_key_frame_are_dropped_and_told() -> None:
    spec, units = read_units(clip("main"), PICTURES)
    outcomes = run(StreamMask(spec, ZONES), units[3:45])
    dropped = [outcome for outcome in outcomes if isinstance(outcome, DroppedUnit)]
    first_key = next(unit.ticket for unit in units[3:] if unit.key)
    assert {outcome.cause for outcome in dropped} == {KEY_AWAITED}
    assert [outcome.ticket for outcome in dropped] == list(range(3, first_key))
    assert len(outcomes) == 42


@pytest.mark.usefixtures("material")
@pytest.mark.parametrize("damage", ["cut", "flipped", "missing", "noise", "empty", "no-slice"])
@pytest.mark.parametrize("name", ["main", "h265"])
def test_a_damaged_unit_drops_up_to_the_next_key_frame(damage: str, name: str) -> None:
    """Whatever happens to one unit: one outcome for each, nothing invented, every picture that comes out is masked."""
    spec, units = read_units(clip(name), PICTURES)
    keys = [unit.ticket for unit in units if unit.key]
    at = keys[0] + 7
    hurt = list(units)
    if damage == "missing":
        del hurt[at]
    else:
        hurt[at] = dataclasses.replace(units[at], nals=damaged(damage, units[at].nals))
    outcomes = run(StreamMask(spec, ZONES), hurt)
    assert sorted(outcome.ticket for outcome in outcomes) == [unit.ticket for unit in hurt]
    dropped = {outcome.ticket for outcome in outcomes if isinstance(outcome, DroppedUnit)}
    assert all(outcome.cause == STREAM_DAMAGED for outcome in outcomes if isinstance(outcome, DroppedUnit))
    assert dropped <= set(range(at, keys[1]))
    # A flipped bit, a missing unit, an H.265 slice that ends early may decode to a picture that is only wrong: it is
    # masked all the same, and the recorder knows from RTP what it did not receive.
    if damage in ("empty", "noise", "no-slice") or (damage == "cut" and spec.codec == "h264"):
        assert dropped == {unit.ticket for unit in hurt if at <= unit.ticket < keys[1]}
    kept = [outcome for outcome in outcomes if isinstance(outcome, MaskedUnit)]
    raster = rasterise(ZONES, spec.width, spec.height)
    for picture in decode("h264", kept):
        assert int(np.abs(picture[0][raster.zone_grid()] - PAINT_LUMA).max()) <= STRAY_LIMIT_LEVELS


def damaged(how: str, nals: tuple[bytes, ...]) -> tuple[bytes, ...]:
    largest = max(nals, key=len)
    rest = nals[: nals.index(largest)]
    middle = len(largest) // 2
    if how == "cut":
        return (*rest, largest[:middle])
    if how == "flipped":
        return (*rest, largest[:middle] + bytes((largest[middle] ^ 0x10,)) + largest[middle + 1 :])
    if how == "noise":
        return (*rest, largest[:1] + random.Random(4).randbytes(len(largest)))
    return () if how == "empty" else (largest[:1].replace(largest[:1], b"\x06\x01") + b"\x05",)


@pytest.mark.parametrize(
    "nals", [(), (b"",), (b"\x65" + bytes(range(256)) * 8,), (b"\x67\x01\x02", b"\x68", b"\x65\xff" * 400)]
)
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_garbage_as_a_key_frame_is_a_failure(codec: Any, nals: tuple[bytes, ...]) -> None:
    mask = StreamMask(StreamSpec(codec, 640, 360), ZONES)
    with pytest.raises(MaskFailed) as caught:
        mask.push(EncodedUnit(nals, 0, True, 0))
    assert caught.value.cause == STREAM_DAMAGED


def test_an_oversized_unit_is_no_picture() -> None:
    spec, units = read_units(clip("main"), PICTURES)
    mask = StreamMask(spec, ZONES)
    mask.push(units[0])
    assert mask.push(dataclasses.replace(units[1], nals=(b"\x41" * (9 << 20),))) == [
        DroppedUnit(units[1].utc_us, units[1].ticket, STREAM_DAMAGED)
    ]


def test_a_picture_of_another_size_is_a_failure(tmp_path: Path) -> None:
    encode_clip(tmp_path / "a.mp4", "libx264", 320, 240, 20)
    encode_clip(tmp_path / "b.mp4", "libx264", 320, 256, 20)
    spec, first = read_units(tmp_path / "a.mp4")
    _, second = read_units(tmp_path / "b.mp4")
    mask = StreamMask(spec, ZONES)
    for unit in first:
        mask.push(unit)
    with pytest.raises(MaskFailed) as caught:
        mask.push(second[0])
    assert caught.value.cause == SIZE_CHANGED
    with pytest.raises(MaskFailed) as caught:
        StreamMask(dataclasses.replace(spec, width=640), ZONES).push(first[0])
    assert caught.value.cause == SIZE_CHANGED


@pytest.mark.parametrize("size", [(16, 16), (8192, 8192), (0, 0)])
def test_a_size_beyond_the_bounds_is_a_failure(size: tuple[int, int]) -> None:
    with pytest.raises(MaskFailed, match="ne peut pas être masquée"):
        StreamMask(StreamSpec("h264", *size), ZONES)


def test_a_zone_too_small_for_the_stream_is_a_failure() -> None:
    with pytest.raises(MaskFailed, match="La zone 2 est trop petite"):
        StreamMask(StreamSpec("h264", 352, 288), [ZONES[0], [(0.5, 0.5), (0.507, 0.5), (0.507, 0.504)]])


@pytest.mark.parametrize("zone", [0, 1])
def test_the_self_check_finds_a_zone_left_clear(zone: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A painter that forgets one zone: nothing comes out, not even the first picture."""
    spec, units = read_units(clip("main"), PICTURES)
    forgetful = Painter(rasterise([polygon for n, polygon in enumerate(ZONES) if n != zone], spec.width, spec.height))
    monkeypatch.setattr(Painter, "paint", lambda self, frame: Painter_paint(forgetful, frame))
    mask = StreamMask(spec, ZONES)
    with pytest.raises(MaskFailed, match="n’est pas opaque"):
        mask.push(units[0])


Painter_paint = Painter.paint


@pytest.mark.usefixtures("material")
def test_nothing_of_the_source_passes_beside_the_picture() -> None:
    """Captions and user data in SEI messages could carry anything; no 16 bytes of them reach our output."""
    spec, units = read_units(clip("main"), 30)
    secret = bytes(random.Random(9).randrange(1, 255) for _ in range(200))
    sei = b"\x06\x05" + bytes((216,)) + bytes(range(16, 32)) + secret + b"\x80"
    carrying = [dataclasses.replace(unit, nals=(sei, *unit.nals)) for unit in units]
    data = b"".join(annexb.join(unit.nals) for unit in masked(run(StreamMask(spec, ZONES), carrying)))
    assert not any(secret[at : at + 16] in data for at in range(len(secret) - 16))


def test_a_second_picture_in_one_unit_is_a_failure() -> None:
    spec, units = read_units(clip("main"), 30)
    mask = StreamMask(spec, ZONES)
    mask.push(units[0])
    both = dataclasses.replace(units[1], nals=units[1].nals + units[2].nals)
    try:
        outcomes = mask.push(both)
    except MaskFailed:
        return
    assert [outcome.ticket for outcome in outcomes] == [1]
