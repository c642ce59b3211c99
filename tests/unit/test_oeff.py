"""The export file's own boxes, byte by byte as O-61 to O-63 lay them down, and the fragments' clock."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recorder.export import oeff
from recorder.stream.boxes import box, full_box
from recorder.stream.fragmenter import fragment, init_segment
from tests.fakes.extraction import timed_groups
from tests.fakes.recording import START
from vms.errors import BadInput, Damaged
from vms.evidence import mp4
from vms.keys import seal

SEAL = seal.make_seal("valclair", "Valclair-sur-Brume", START)
PRIVATE, PUBLIC = seal.generate_key()
SIGNING = oeff.Signing(seal.Seal(PRIVATE, seal.issue(SEAL, PUBLIC, "Extraction d-1", START)), "demande d-1")
EXPORTER = oeff.Exporter(unit="Guet 0.1", operator="Cheffe de service")


def stored_group() -> tuple[bytes, bytes]:
    fmt, groups = timed_groups("main", 1, START)
    return init_segment(fmt), fragment(groups[0], fmt, 1, START.plus(seconds=2))


def boxes_of(data: bytes, start: int = 0, end: int | None = None) -> dict[bytes, bytes]:
    return {one.kind: data[one.body : one.end] for one in mp4.boxes(data, start, end)}


def test_the_head_has_the_boxes_of_the_format() -> None:
    init, _ = stored_group()
    place = oeff.Place("angle de la place", 3.0586, 50.6365, 21.5)
    source = oeff.Source("Place de l’Église", "rtsp://camera", "00:11:22:33:44:55", "1")
    head = oeff.head(init, place)
    tail = oeff.tail(hashlib.sha256(head), source, EXPORTER, START.us, START.us + 1_500_000, SIGNING)
    top = boxes_of(head + tail)
    assert list(top) == [b"ftyp", b"moov", b"meta"]
    assert top[b"ftyp"].startswith(b"isom")
    meta = boxes_of(top[b"meta"], 4)
    assert list(meta) == [b"hdlr", b"suep", b"cstb", b"ipro"]
    expected = b"Guet 0.1\0\0\0" + struct.pack(">Q", START.us // 1_000_000 + 2_082_844_800)
    expected += b"Cheffe de service\0" + struct.pack(">IH", 1, 1)
    expected += "Place de l’Église\0rtsp://camera\0".encode() + b"00:11:22:33:44:55" + b"\0" + b"1\0"
    assert meta[b"suep"] == b"\1\0\0\0" + expected
    since_1601 = datetime(2026, 11, 24, 14, 10, 1, 500_000, UTC) - datetime(1601, 1, 1, tzinfo=UTC)
    assert meta[b"cstb"] == struct.pack(">IIQ", 1, 1, since_1601 // timedelta(microseconds=1) * 10)
    loci = boxes_of(boxes_of(top[b"moov"])[b"udta"])[b"loci"]
    assert loci[4:] == (
        b"\x55\xc4" + b"angle de la place\0" + struct.pack(">Biii", 1, 200_448, 3_318_514, 1_409_024) + b"earth\0\0"
    )


def test_the_track_stays_as_it_was_recorded() -> None:
    init, _ = stored_group()
    head = oeff.head(init)
    assert boxes_of(head)[b"moov"] == boxes_of(init)[b"moov"]


@pytest.mark.parametrize("text", ["a\0b", "x" * 513])
def test_a_text_that_would_break_a_box_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        oeff.tail(hashlib.sha256(), oeff.Source(text), EXPORTER, START.us, START.us, SIGNING)
    with pytest.raises(BadInput, match="moov"):
        oeff.head(box(b"ftyp"))


def test_shifting_the_clock_changes_eight_bytes_and_comes_back() -> None:
    _, stored = stored_group()
    start = mp4.decode_time_90k(stored)
    assert start == START.us * 9 // 100
    moved = mp4.shifted(stored, -start)
    assert mp4.decode_time_90k(moved) == 0
    assert sum(a != b for a, b in zip(stored, moved, strict=True)) <= 8
    assert mp4.shifted(moved, start) == stored
    with pytest.raises(Damaged, match="bornes"):
        mp4.shifted(moved, -1)


@pytest.mark.usefixtures("material")
def test_nal_units_are_those_that_were_muxed() -> None:
    _, groups = timed_groups("main", 1, START)
    _, stored = stored_group()
    assert mp4.nal_units(stored) == [list(unit.unit.nals) for unit in groups[0]]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\0\0\0\4moof",
        b"\0\0\0\x20moof",
        b"\0\0\0\1moof" + bytes(8),
        box(b"moof") + box(b"mdat"),
        box(b"moof", box(b"traf", full_box(b"tfdt", 0, 0, bytes(4)))) + box(b"mdat"),
        box(b"moof", box(b"traf", full_box(b"trun", 0, 0x200, struct.pack(">II", 1, 9)))) + box(b"mdat", bytes(4)),
        box(b"moof", box(b"traf", full_box(b"trun", 0, 0x200, struct.pack(">II", 1, 4)))) + box(b"mdat", bytes(4)),
        box(b"moof", box(b"traf", full_box(b"trun", 0, 0x200, struct.pack(">I", 2**31)))) + box(b"mdat"),
        box(b"moof", box(b"traf", full_box(b"trun", 0, 0x200, bytes(4)))) + box(b"mdat", b"x"),
    ],
)
def test_broken_fragments_are_damaged(broken: bytes) -> None:
    with pytest.raises(Damaged):
        mp4.nal_units(broken)
    with pytest.raises(Damaged):
        mp4.decode_time_90k(broken)


def test_every_cut_of_a_fragment_is_damaged(tmp_path: Path) -> None:
    _, stored = stored_group()
    for length in [*range(0, 400, 7), len(stored) // 2, len(stored) - 1]:
        with pytest.raises(Damaged):
            mp4.nal_units(stored[:length])
