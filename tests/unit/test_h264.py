"""H.264 out of RTP (RFC 6184): packet forms, where pictures end, what losses do, parameter sets."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from recorder.access_unit import AccessUnit
from recorder.rtsp.assembly import NALS_LIMIT_COUNT, UNIT_LIMIT_BYTES
from recorder.rtsp.errors import ParameterSetsMissing
from recorder.rtsp.h264 import H264Depacketizer
from recorder.rtsp.h264_sets import H264Sets, parse_sps
from tests.fakes.small_clip import small_clip
from tests.fakes.zoo.pictures import pictures

SPS = b"\x67\x42\xc0\x0d\xda\x05\x07\xe8\x40\x00\x00\x03\x00\x40\x00\x00\x0c\xa3\xc5\x0a\xa8"
PPS = b"\x68\xce\x0f\xc8"
IDR = b"\x65\x88" + b"i" * 30
P = b"\x41\x9a" + b"p" * 20
P_SECOND_SLICE = b"\x41\x1a" + b"q" * 20
SEI = b"\x06\x05\x01\x00\x80"
AUD = b"\x09\xf0"


@dataclass
class Feed:
    """Pushes payloads one by one and remembers what came out."""

    target: H264Depacketizer

    def __call__(self, payload: bytes, time: int, *, marker: bool = False) -> list[AccessUnit]:
        data = b"head" + payload + b"tail"
        self.target.push(memoryview(data), 4, 4 + len(payload), time, marker, time)
        return self.target.take()


@pytest.fixture
def feed() -> Feed:
    return Feed(H264Depacketizer())


def stap(*nals: bytes) -> bytes:
    return b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def fu(nal: bytes, *cuts: int) -> list[bytes]:
    edges = [1, *cuts, len(nal)]
    pieces = [nal[a:b] for a, b in itertools.pairwise(edges)]
    ends = [(0x80 if n == 0 else 0) | (0x40 if n == len(pieces) - 1 else 0) for n in range(len(pieces))]
    heads = [bytes([nal[0] & 0xE0 | 28, end | nal[0] & 0x1F]) for end in ends]
    return [head + piece for head, piece in zip(heads, pieces, strict=True)]


def test_a_key_unit_from_all_three_packet_forms(feed: Feed) -> None:
    assert feed(AUD, 10) == []
    assert feed(stap(SPS, PPS), 10) == []
    assert feed(SEI, 10) == []
    first, middle, last = fu(IDR, 10, 20)
    assert feed(first, 10) == []
    assert feed(middle, 10) == []
    (unit,) = feed(last, 10, marker=True)
    assert unit.nals == (AUD, SPS, PPS, SEI, IDR)
    assert unit.key
    assert unit.rtp_time == 10
    assert not unit.lost_before
    assert unit.fmt is not None
    assert (unit.fmt.size, unit.fmt.codec_string, unit.fmt.fps) == ((320, 240), "avc1.42C00D", 25.0)
    assert unit.fmt.parameter_sets == (SPS, PPS)


def test_a_unit_ends_when_the_time_changes_if_there_is_no_marker(feed: Feed) -> None:
    assert feed(P, 10) == []
    (unit,) = feed(P, 20)
    assert (unit.nals, unit.rtp_time, unit.key, unit.fmt) == ((P,), 10, False, None)


def test_parameter_sets_sent_ahead_open_the_next_unit(feed: Feed) -> None:
    feed(SPS, 5, marker=True)  # some cameras mark them, some give them a time of their own
    feed(PPS, 5, marker=True)
    (unit,) = feed(IDR, 10, marker=True)
    assert unit.nals == (SPS, PPS, IDR)
    assert unit.fmt is not None


def test_parameter_sets_of_the_description_suffice() -> None:
    feed = Feed(H264Depacketizer((SPS, PPS)))
    (unit,) = feed(IDR, 10, marker=True)
    assert unit.fmt is not None
    assert unit.nals == (IDR,)


def test_a_key_unit_without_parameter_sets_says_so(feed: Feed) -> None:
    (unit,) = feed(IDR, 10, marker=True)
    assert unit.key
    assert unit.fmt is None
    assert isinstance(feed.target.format_error, ParameterSetsMissing)


def test_parameter_sets_that_change_make_another_format(feed: Feed) -> None:
    other = small_clip("h264", 160, 120, 12).parameter_sets
    feed(stap(SPS, PPS), 10)
    (one,) = feed(IDR, 10, marker=True)
    feed(stap(*other), 20)
    (two,) = feed(IDR, 20, marker=True)
    feed(stap(*other), 30)
    (three,) = feed(IDR, 30, marker=True)
    assert one.fmt is not None
    assert two.fmt is not None
    assert (one.fmt.size, two.fmt.size) == ((320, 240), (160, 120))
    assert three.fmt is two.fmt


def test_a_loss_inside_a_unit_drops_it_and_marks_the_next(feed: Feed) -> None:
    first, _, last = fu(P, 8, 12)
    feed(first, 10)
    feed.target.lost()
    assert feed(last, 10, marker=True) == []
    (unit,) = feed(P, 20, marker=True)
    assert unit.lost_before
    (unit,) = feed(P, 30, marker=True)
    assert not unit.lost_before
    assert feed.target.dropped_units == 1


def test_a_loss_between_units_marks_the_next(feed: Feed) -> None:
    feed(P, 10, marker=True)
    feed.target.lost()
    (unit,) = feed(P, 20, marker=True)
    assert unit.lost_before


def test_a_loss_that_swallows_an_end_and_a_beginning_drops_both(feed: Feed) -> None:
    feed(P, 10)
    feed.target.lost()
    assert feed(P_SECOND_SLICE, 20, marker=True) == []
    (unit,) = feed(P, 30, marker=True)
    assert unit.lost_before


def test_a_key_unit_that_lost_its_parameter_sets_is_dropped(feed: Feed) -> None:
    feed(stap(SPS, PPS), 10)
    feed(IDR, 10, marker=True)
    feed.target.lost()
    assert feed(IDR, 20, marker=True) == []  # key units of this stream open with parameter sets: here they are missing
    feed(stap(SPS, PPS), 30)
    (unit,) = feed(IDR, 30, marker=True)
    assert unit.lost_before


def test_a_fragment_without_its_start_is_dropped(feed: Feed) -> None:
    assert feed(fu(P, 8)[1], 10, marker=True) == []
    assert feed.target.dropped_units == 1


def test_a_fragment_without_its_end_is_dropped(feed: Feed) -> None:
    feed(fu(P, 8)[0], 10)
    assert feed(P, 20) == []
    (unit,) = feed(P, 30)
    assert unit.lost_before


def test_markers_on_every_slice_are_found_out(feed: Feed) -> None:
    (early,) = feed(P, 10, marker=True)  # believed at first: the unit is short of its second slice
    assert early.nals == (P,)
    assert feed(P_SECOND_SLICE, 10, marker=True) == []
    assert not feed.target.markers_trusted
    assert feed(P, 20, marker=True) == []
    assert feed(P_SECOND_SLICE, 20, marker=True) == []
    (unit,) = feed(P, 30, marker=True)
    assert unit.nals == (P, P_SECOND_SLICE)
    assert unit.lost_before
    feed(P_SECOND_SLICE, 30, marker=True)
    (unit,) = feed(P, 40, marker=True)
    assert not unit.lost_before


def test_start_codes_left_inside_a_payload_are_split(feed: Feed) -> None:
    (unit,) = feed(SPS + b"\0\0\0\1" + PPS + b"\0\0\1" + IDR, 10, marker=True)
    assert unit.nals == (SPS, PPS, IDR)


@pytest.mark.parametrize("payload", [b"\x79\0\0" + P, b"\x7a\0\0", b"\x7d\x85abc", b"\x7f", b"\x7e\1"])
def test_interleaved_and_reserved_packets_spoil_the_unit(feed: Feed, payload: bytes) -> None:
    feed(payload, 10)
    assert feed(P, 10, marker=True) == []


@pytest.mark.parametrize("payload", [
    stap(SPS)[:-1], b"\x78\1", b"\x78\0\0\1", b"\x78\xff\xff" + P, b"\x7c", b"\x7c\x85",
])  # fmt: skip
def test_lengths_that_do_not_add_up_spoil_the_unit(feed: Feed, payload: bytes) -> None:
    feed(payload, 10)
    assert feed(P, 10, marker=True) == []
    assert feed.target.dropped_units == 1


def test_empty_payloads_are_nothing(feed: Feed) -> None:
    assert feed(b"", 10) == []
    (unit,) = feed(P, 10, marker=True)
    assert unit.nals == (P,)


def test_an_oversized_unit_is_dropped_and_memory_stays_bounded(feed: Feed) -> None:
    piece = b"\x5c\x01" + bytes(60_000)
    feed(b"\x5c\x81" + bytes(60_000), 10)
    for _ in range(UNIT_LIMIT_BYTES // 60_000 + 10):
        assert feed(piece, 10) == []
    assert feed(b"\x5c\x41end", 10, marker=True) == []
    (unit,) = feed(P, 20, marker=True)
    assert unit.lost_before


def test_a_unit_of_too_many_nals_is_dropped(feed: Feed) -> None:
    feed(P, 10)
    for _ in range(NALS_LIMIT_COUNT):
        feed(P_SECOND_SLICE, 10)
    assert feed(P, 20) == []


@pytest.mark.parametrize("zeros", [b"\0", b"\0\0", bytes(9)])
def test_zeros_behind_an_aggregate_are_no_part_of_it(feed: Feed, zeros: bytes) -> None:
    feed(stap(SPS, PPS) + zeros, 10)
    (unit,) = feed(IDR, 10, marker=True)
    assert unit.nals == (SPS, PPS, IDR)


def test_first_slices_part_pictures_that_neither_time_nor_marker_does(feed: Feed) -> None:
    assert [feed(nal, 10) for nal in (SPS, PPS, IDR, P_SECOND_SLICE, AUD)] == [[]] * 5
    (key,) = feed(P, 10)
    (later,) = feed(P, 10)
    assert (key.nals, key.key) == ((SPS, PPS, IDR, P_SECOND_SLICE), True)
    assert (later.nals, later.key, later.lost_before) == ((AUD, P), False, False)


def test_two_fields_of_one_time_stay_one_unit() -> None:
    """An encoder of interlaced pictures says so in its SPS; each field begins with a first slice."""
    shown = pictures(options="interlaced=1", count=2)
    (sps,) = (nal for nal in shown[0].nals if nal[0] & 0x1F == 7)
    assert parse_sps(sps).fields
    feed = Feed(H264Depacketizer((sps, PPS)))
    feed(IDR, 10)
    (unit,) = feed(P, 10, marker=True)
    assert unit.nals == (IDR, P)


@pytest.mark.parametrize("size", [(64, 64), (320, 240), (176, 144), (1920, 1080), (322, 182)])
def test_sizes_with_and_without_cropping(size: tuple[int, int]) -> None:
    clip = small_clip("h264", *size, 3)
    assert (parse_sps(clip.parameter_sets[0]).width, parse_sps(clip.parameter_sets[0]).height) == size


@pytest.mark.parametrize("nal", [b"\x67", b"\x67\x42\xc0\x0d", SPS[:6], b"\x67" + bytes(60)])
def test_a_damaged_sps_is_missing_and_voids_the_old_one(nal: bytes) -> None:
    with pytest.raises(ParameterSetsMissing):
        parse_sps(nal)
    sets = H264Sets()
    for good in (SPS, PPS):
        sets.add(good)
    assert sets.format().size == (320, 240)
    sets.add(nal)
    with pytest.raises(ParameterSetsMissing):
        sets.format()


def test_the_same_sets_again_change_nothing() -> None:
    sets = H264Sets()
    sets.add(SPS)
    sets.add(PPS)
    first = sets.format()
    sets.add(SPS)
    sets.add(b"")
    sets.add(P)
    assert sets.format() is first
