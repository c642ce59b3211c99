"""``vms bench mask`` gives its figures, and finds no clear pixel; what it measures is not judged here."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from deploy.bench.mask import run
from tests.fakes.clips import clip
from vms.errors import BadInput


def test_the_bench_prints_its_agreed_figures() -> None:
    found = run([str(clip("other"))], runs=1, pictures=30)
    assert found["bench"] == "mask"
    assert found["runs"] == 1
    figures = found["figures"]
    assert {"frames_ratio_to_drawbox", "mask_only_ms_per_frame", "clear_pixels"} <= figures.keys()
    assert figures["clear_pixels"] == 0
    assert all(math.isfinite(value) and value >= 0 for value in figures.values())


def test_a_source_without_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(
        b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\x08\0\0\0" + bytes(8)
    )
    with pytest.raises(BadInput, match="pas de vidéo"):
        run([str(tmp_path / "a.wav")], runs=1)
