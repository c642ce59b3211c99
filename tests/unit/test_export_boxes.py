"""A video's closing box, as somebody would forge it: each lie is found, though the rest is signed anew (O-62, O-65)."""

from __future__ import annotations

import hashlib
import random
import struct

import pytest

from recorder.export import oeff
from recorder.stream.boxes import box, full_box
from tests.fakes.recording import START
from tests.unit.test_evidence_manifest import MANIFEST
from tests.unit.test_oeff import EXPORTER, SEAL, SIGNING
from vms.errors import Damaged
from vms.evidence import mp4
from vms.evidence.export_boxes import check_meta
from vms.evidence.manifest import Video
from vms.keys import seal

BEFORE = b"ftyp moov moof mdat: all that stands before"
ISSUER = seal.read_certificate(SEAL.certificate)
VIDEO = Video.model_validate(MANIFEST["streams"][0]["videos"][0] | {"from_us": START.us, "to_us": START.us + 1})
SOURCE = oeff.Source("Place de l’Église")
META = oeff.tail(hashlib.sha256(BEFORE), SOURCE, EXPORTER, START.us, START.us, SIGNING)


def check(meta: bytes, before: bytes = BEFORE) -> None:
    check_meta(meta, hashlib.sha256(before), VIDEO, ISSUER)


def said() -> list[bytes]:
    """The boxes of an honest ``meta``, without its signature."""
    inner = list(mp4.boxes(META, 12, len(META)))
    return [META[one.start : one.end] for one in inner if one.kind != b"ipro"]


def signed(boxes: list[bytes], by: oeff.Signing = SIGNING) -> bytes:
    return oeff.closed(hashlib.sha256(BEFORE), b"".join(boxes), by)


def test_the_honest_one_holds_and_only_after_what_it_signed() -> None:
    check(META)
    check(signed(said()))
    with pytest.raises(Damaged, match="signature"):
        check(META, BEFORE + b"\0")


@pytest.mark.parametrize("late_us", [-1, 1, 3_600_000_000])
def test_another_start_is_a_lie_even_when_signed(late_us: int) -> None:
    with pytest.raises(Damaged, match="heure de début"):
        check(oeff.tail(hashlib.sha256(BEFORE), SOURCE, EXPORTER, START.us, START.us + late_us, SIGNING))


def test_a_key_that_the_seal_did_not_certify_is_refused() -> None:
    private, public = seal.generate_key()
    stranger = seal.make_seal("valclair", "Valclair-sur-Brume", START)
    for certificate in (seal.issue(stranger, public, "Extraction d-1", START), stranger.certificate):
        with pytest.raises(Damaged, match="émetteur"):
            check(signed(said(), oeff.Signing(seal.Seal(private, certificate), "")))
    # Certified, but not the key that signed.
    with pytest.raises(Damaged, match="signature"):
        check(signed(said(), oeff.Signing(seal.Seal(private, SIGNING.key.certificate), "")))


def test_a_box_that_is_added_missing_or_moved_is_refused() -> None:
    handler, source, start = said()
    for boxes in (
        [],
        [handler, source],
        [handler, start],
        [source, handler, start],
        [handler, source, start, start],
        [handler, source, start, box(b"free")],
        [handler, source, full_box(b"cstb", 0, 0, start[8:])],
        [handler, source, box(b"cstb", struct.pack(">I", 2), start[12:], start[12:])],
    ):
        with pytest.raises(Damaged):
            check(signed(boxes))


def test_a_second_signature_another_scheme_or_version_is_refused() -> None:
    for found, put in ((b"oeff", b"cenc"), (b"\0\1\0\0" + b"\0", b"\0\2\0\0" + b"\0")):
        at = META.index(found, META.index(b"schm"))
        with pytest.raises(Damaged, match="schm"):
            check(META[:at] + put + META[at + len(put) :])
    protection = next(one for one in mp4.boxes(META, 12, len(META)) if one.kind == b"ipro")
    twice = META[protection.body : protection.end] + META[protection.body + 6 : protection.end]
    with pytest.raises(Damaged):
        check(full_box(b"meta", 0, 0, *said(), box(b"ipro", twice)))


def test_every_changed_byte_and_every_cut_is_damaged_and_nothing_else() -> None:
    dice = random.Random(3)
    for at in range(0, len(META), 3):
        changed = bytearray(META)
        changed[at] ^= 1 << dice.randrange(8)
        with pytest.raises(Damaged):
            check(bytes(changed))
    for length in range(0, len(META), 17):
        with pytest.raises(Damaged):
            check(META[:length])
    with pytest.raises(Damaged):
        check(META + b"\0" * 8)
