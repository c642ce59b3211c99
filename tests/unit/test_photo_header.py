"""Files that lie about being a photograph are refused with the reason, before or while they are decoded (P-80)."""

from __future__ import annotations

import io
import zipfile

import cv2
import numpy as np
import pytest

from tests.fakes.photographs import EXIF, HEIGHT, WIDTH, jpeg, picture, png, png_of
from vms.errors import BadInput
from web.photo_header import UPLOAD_LIMIT_BYTES, photo_size
from web.photo_worker import KEPT_LIMIT_BYTES, SIDE_LIMIT_PX, remade

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("bombe", bytes(10_000_000))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "vide"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "un PDF"),
        (SVG, "un dessin SVG"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?>" + SVG, "un dessin SVG"),
        (a_zip(), "une archive"),
        (b"GIF89a" + bytes(50), "une image GIF"),
        (b"\0\0\0\x18ftypheic" + bytes(50), "HEIC"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"MZ" + bytes(80), "autre format"),
        (png_of(50_000, 50_000), "50000 × 50000"),
        (png_of(0, 0), "0 × 0"),
        (png_of(4_000_000_000, 4_000_000_000), "millions"),
        (png_of(100, 100), "lisible"),
        (b"\xff\xd8\xff\xd9", "abîmée"),
        (b"\xff\xd8\xff\xe1\xff\xff", "abîmée"),
        (b"\xff\xd8\xff" + b"\xff" * 1000, "abîmée"),
        (b"\x89PNG\r\n\x1a\n" + bytes(12), "abîmée"),
        (b"\xff\xd8\xff" + bytes(UPLOAD_LIMIT_BYTES), "12 Mo"),
    ],
)
def test_what_is_no_photograph_is_named(data: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why) as caught:
        photo_size(data)
    assert caught.value.rule == "P-80"
    assert caught.value.todo


@pytest.mark.parametrize("whole", [jpeg(), png()])
def test_a_cut_file_is_refused_wherever_it_is_cut(whole: bytes) -> None:
    assert photo_size(whole) == (WIDTH, HEIGHT)
    for at in (3, 30, 200, len(whole) // 4, len(whole) // 2, len(whole) - 1):
        with pytest.raises(BadInput):
            remade(whole[:at])


def test_a_cut_picture_that_was_given_an_end_again_is_refused() -> None:
    """libjpeg fills the rest with grey, and a header check alone sees nothing."""
    whole = jpeg()
    cut = whole[: len(whole) // 2] + b"\xff\xd9"
    assert photo_size(cut) == (WIDTH, HEIGHT)
    with pytest.raises(BadInput, match="incomplète"):
        remade(cut)


def test_a_png_that_does_not_hold_what_it_declares_is_refused() -> None:
    assert photo_size(png_of(3000, 3000)) == (3000, 3000)
    with pytest.raises(BadInput, match="incomplète"):
        remade(png_of(3000, 3000))


@pytest.mark.parametrize("whole", [jpeg(), png(), jpeg() + a_zip() + SVG])
def test_what_is_kept_has_the_picture_and_nothing_else_of_the_file(whole: bytes) -> None:
    kept = remade(whole)
    assert photo_size(kept) == (SIDE_LIMIT_PX, SIDE_LIMIT_PX * HEIGHT // WIDTH)
    assert len(kept) <= KEPT_LIMIT_BYTES
    assert kept.startswith(b"\xff\xd8\xff")
    for gone in (b"Exif", b"GPS", b"48.8584", b"PK\x03\x04", b"<svg"):
        assert gone not in kept
    seen = np.asarray(cv2.imdecode(np.frombuffer(kept, np.uint8), cv2.IMREAD_COLOR), float)
    wanted = cv2.resize(picture(), (SIDE_LIMIT_PX, seen.shape[0]), interpolation=cv2.INTER_AREA)
    assert float(np.abs(seen - wanted).mean()) < 6


def test_a_picture_taken_on_its_side_is_kept_upright() -> None:
    data = bytes(cv2.imencode(".jpg", picture())[1])
    turned = EXIF[:4] + b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + bytes(38)
    turned = turned[:2] + (len(turned) - 2).to_bytes(2, "big") + turned[4:]
    width, height = photo_size(remade(data[:2] + turned + data[2:]))
    assert (width, height) == (SIDE_LIMIT_PX * HEIGHT // WIDTH, SIDE_LIMIT_PX)


def test_a_noisy_picture_is_still_kept_small() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (1200, 1600, 3), dtype=np.uint8)
    kept = remade(bytes(cv2.imencode(".jpg", noise)[1]))
    assert len(kept) <= KEPT_LIMIT_BYTES
