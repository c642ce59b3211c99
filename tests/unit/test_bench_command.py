"""``vms bench``: which streams it takes from the command line and from a file, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.admin.bench import streams
from tests.fakes.small_clip import write_clip
from vms.errors import BadInput


def test_streams_come_from_options_then_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text("# north\n\nrtsp://camera/1\n  rtsps://camera/2  \n")
    assert streams(["rtsp://camera/0"], file) == ["rtsp://camera/0", "rtsp://camera/1", "rtsps://camera/2"]
    assert streams([], None) == []


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xff\xfe", b"file:///etc/passwd\n"])
def test_a_file_without_streams_is_wrong_use(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "urls"
    file.write_bytes(content)
    with pytest.raises(BadInput):
        streams([], file)


def test_a_missing_file_and_too_many_streams(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        streams([], tmp_path / "none")
    with pytest.raises(BadInput):
        streams(["rtsp://camera/0"] * 201, None)


def test_an_address_with_a_password_is_not_told() -> None:
    with pytest.raises(BadInput) as refused:
        streams(["http://user:secret@camera/"], None)
    assert "secret" not in str(refused.value)


def test_mask_prints_one_object(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    command = [sys.executable, "-m", "deploy.cli", "bench", "mask", "--footage", str(clip), "--runs", "1"]
    done = subprocess.run([*command, "--pictures", "10"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["bench"] == "mask"
    assert said["figures"]["clear_pixels"] == 0
    assert {"frames_ratio_to_drawbox", "mask_only_ms_per_frame"} <= set(said["figures"])
