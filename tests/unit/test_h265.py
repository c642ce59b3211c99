"""H.265 out of RTP (RFC 7798), and what its parameter sets say."""

from __future__ import annotations

import pytest

from recorder.access_unit import AccessUnit
from recorder.rtsp.errors import ParameterSetsMissing
from recorder.rtsp.h265 import H265Depacketizer
from recorder.rtsp.h265_sets import H265Sets, parse_sps
from tests.fakes.small_clip import small_clip

IDR = b"\x26\x01\x80" + b"i" * 40
CRA = b"\x2a\x01\x80" + b"c" * 40
P = b"\x02\x01\x80" + b"p" * 20
P_SECOND = b"\x02\x01\x10" + b"q" * 20


def feed(target: H265Depacketizer, payload: bytes, time: int, *, marker: bool = False) -> list[AccessUnit]:
    target.push(payload, 0, len(payload), time, marker, time)
    return target.take()


def fu(nal: bytes, cut: int) -> list[bytes]:
    kind = nal[0] >> 1 & 0x3F
    head = bytes([nal[0] & 0x81 | 49 << 1, nal[1]])
    return [head + bytes([0x80 | kind]) + nal[2:cut], head + bytes([0x40 | kind]) + nal[cut:]]


def test_aggregation_and_fragmentation_make_a_key_unit() -> None:
    sets = small_clip("h265").parameter_sets
    target = H265Depacketizer()
    bundle = b"\x60\x01" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in sets)
    assert feed(target, bundle, 10) == []
    first, last = fu(IDR, 20)
    assert feed(target, first, 10) == []
    (unit,) = feed(target, last, 10, marker=True)
    assert unit.nals == (*sets, IDR)
    assert unit.key
    assert unit.fmt is not None
    assert (unit.fmt.codec, unit.fmt.size) == ("h265", (320, 240))
    assert unit.fmt.codec_string.startswith("hvc1.1.6.L")


def test_cra_pictures_are_key_units_and_trailing_ones_are_not() -> None:
    target = H265Depacketizer()
    (cra,) = feed(target, CRA, 10, marker=True)
    (trail,) = feed(target, P, 20, marker=True)
    assert (cra.key, trail.key) == (True, False)
    assert isinstance(target.format_error, ParameterSetsMissing)


def test_markers_on_every_slice_are_found_out() -> None:
    target = H265Depacketizer()
    feed(target, P, 10, marker=True)
    feed(target, P_SECOND, 10, marker=True)
    assert not target.markers_trusted


@pytest.mark.parametrize("payload", [
    b"\x62", b"\x62\x01\x81", b"\x60\x01\0\1a", b"\x60\x01\0\5ab", b"\x64\x01abc", b"\x7e\x01", b"\x02",
])  # fmt: skip
def test_lengths_and_kinds_that_cannot_be_spoil_the_unit(payload: bytes) -> None:
    target = H265Depacketizer()
    feed(target, payload, 10)
    assert feed(target, P, 10, marker=True) == []


def test_a_fragment_start_inside_a_fragment_spoils_the_unit() -> None:
    target = H265Depacketizer()
    first, last = fu(P, 10)
    feed(target, first, 10)
    feed(target, first, 10)
    assert feed(target, last, 10, marker=True) == []


@pytest.mark.parametrize("size", [(64, 64), (320, 240), (322, 182), (1920, 1080)])
def test_sizes_with_and_without_cropping(size: tuple[int, int]) -> None:
    sps = parse_sps(small_clip("h265", *size, 3).parameter_sets[1])
    assert (sps.width, sps.height) == size
    assert (sps.chroma, sps.depth_luma) == (1, 0)


@pytest.mark.parametrize("nal", [b"\x42\x01\x01", b"\x42\x01" + b"\xff" * 60, b"\x42\x01" + bytes(60)])
def test_a_damaged_sps_is_missing_and_voids_the_old_one(nal: bytes) -> None:
    sets = H265Sets()
    for good in small_clip("h265").parameter_sets:
        sets.add(good)
    assert sets.format().size == (320, 240)
    sets.add(nal)
    with pytest.raises(ParameterSetsMissing):
        sets.format()
