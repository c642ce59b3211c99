"""The export's boxes as programs written by others read them: MediaInfo's box trace, and ffprobe (O-60…O-65)."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from recorder.export import oeff
from tests.fakes.recording import START
from tests.unit.test_oeff import EXPORTER, SIGNING, boxes_of, stored_group
from vms.evidence import mp4


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One group of pictures as an export, its place known."""
    init, stored = stored_group()
    fragment = mp4.shifted(stored, -mp4.decode_time_90k(stored))
    before = oeff.head(init, oeff.Place("angle de la place", 3.0586, 50.6365, 21.5)) + fragment
    tail = oeff.tail(hashlib.sha256(before), oeff.Source("Place de l’Église"), EXPORTER, START.us, START.us, SIGNING)
    path = tmp_path_factory.mktemp("oeff") / "export.mp4"
    path.write_bytes(before + tail)
    return path


def test_mediainfo_finds_every_box_where_it_stands_and_as_long_as_it_is(video: Path) -> None:
    trace = run("mediainfo", "--Details=1", str(video))
    data = video.read_bytes()
    top = {one.kind: one for one in mp4.boxes(data)}
    for one in mp4.boxes(data, top[b"meta"].body + 4, top[b"meta"].end):
        if one.kind != b"hdlr":
            assert re.search(rf"^0*{one.start:X} +{one.kind.decode()} \({one.end - one.start} bytes\)", trace, re.M), (
                one
            )
    assert re.search(rf"^0*{top[b'moof'].start:X} +Movie Fragment", trace, re.M)
    user_data = next(one for one in mp4.boxes(data, top[b"moov"].body, top[b"moov"].end) if one.kind == b"udta")
    assert re.search(rf"^0*{user_data.body + 4:X} +Name: +loci", trace, re.M)


def test_ffprobe_reads_pictures_and_place_past_the_boxes_it_does_not_know(video: Path) -> None:
    shown = ("-show_entries", "format_tags:stream=codec_type,nb_read_packets", "-count_packets", "-of", "json")
    told = json.loads(run("ffprobe", "-v", "error", *shown, str(video)))
    assert told["format"]["tags"]["major_brand"] == "isom"
    assert told["format"]["tags"]["location"].startswith("+50.6365+003.0586+21.5")
    (stream,) = told["streams"]
    assert stream["codec_type"] == "video"
    assert int(stream["nb_read_packets"]) == len(mp4.nal_units(stored_group()[1]))


def test_the_signature_is_made_as_the_specification_says(video: Path) -> None:
    """Scheme, version, one protection, boxes in their containers: read by offsets written here, not by our reader."""
    meta = boxes_of(video.read_bytes())[b"meta"]
    protection = boxes_of(meta, 4)[b"ipro"]
    assert protection[:6] == b"\0\0\0\0\0\1"
    scheme = boxes_of(boxes_of(protection, 6)[b"sinf"])
    assert list(scheme) == [b"schm", b"schi"]
    assert scheme[b"schm"] == b"\0\0\0\0" + b"oeff" + b"\0\1\0\0"
    inside = boxes_of(scheme[b"schi"])
    assert list(inside) == [b"sibo", b"cert", b"auib"]
    assert (len(inside[b"sibo"]), inside[b"cert"]) == (384, SIGNING.key.certificate)
    assert inside[b"auib"] == b"demande d-1\0"


def run(*command: str) -> str:
    """What a tool prints; nothing may be said on its error output."""
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "replace")
