"""``vms demo --story`` played once, and what it leaves checked by other hands: ffmpeg, the camera's own ledger, and the
verifying commands on bytes that were altered."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import av
import httpx
import pytest

from deploy.demo.farm import LISTENING_FILE
from tests.fakes.camera.clips import unit_digest
from tests.fakes.machine import CameraFarm, descendants
from tests.judges.forgery import entries_of, signed_again

pytestmark = pytest.mark.timeout(600)

COMMUNE: Final = "brumesnil"
NUMBER: Final = 2
CAMERA: Final = f"{COMMUNE}-c{NUMBER:02d}"
# Which of the camera's profiles is recorded as the main stream is the product's choice (T-04): both are counted.
PROFILES: Final = ("main", "sub")
STORY_LIMIT_S: Final = 400.0
COMMAND_LIMIT_S: Final = 120.0
POLL_S: Final = 0.5
STEPS: Final = [
    "demo", "watch", "record", "replay", "register", "extract-refused", "decide-needs-step-up", "decide", "extract",
    "download", "verify", "receipt", "journal",
]  # fmt: skip


@dataclass(slots=True)
class Played:
    """A story that was played: what it left, what its camera says that it sent, which processes it had."""

    folder: Path
    exit_code: int
    told: dict[str, Any]
    sent: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pids: set[int] = field(default_factory=set)

    def path(self, name: str) -> Path:
        """Where one of the story's proofs lies."""
        return self.folder / str(self.told[name])

    @property
    def signer(self) -> str:
        return str(self.folder / "signer.vkey")


async def play(folder: Path, *options: str, stop_once_listening: bool = False) -> Played:
    """Run the command to its end, reading the camera's ledger meanwhile."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli", "demo", "--story", str(folder), *options, stdout=asyncio.subprocess.DEVNULL
    )
    played = Played(folder, -1, {})
    listening = folder / "home" / LISTENING_FILE
    try:
        async with asyncio.timeout(STORY_LIMIT_S):
            while process.returncode is None:
                played.pids |= set(descendants(process.pid))
                if listening.exists():
                    with contextlib.suppress(httpx.HTTPError, ValueError):
                        farm = CameraFarm(json.loads(listening.read_text()))
                        for profile in PROFILES:
                            played.sent[profile] = await farm.sent(CAMERA, profile)
                        if stop_once_listening:
                            process.send_signal(signal.SIGTERM)
                            await process.wait()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), POLL_S)
    finally:
        if process.returncode is None:
            for pid in (*descendants(process.pid), process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await process.wait()
    played.exit_code = process.returncode if process.returncode is not None else -1
    played.told = json.loads((folder / "story.json").read_text())
    return played


@pytest.fixture(scope="module")
def story() -> Iterator[Played]:
    folder = Path(tempfile.mkdtemp(prefix="guet-"))
    yield asyncio.run(play(folder, "--commune", COMMUNE, "--number", str(NUMBER), "--range", "11-19", "--port", "0"))
    shutil.rmtree(folder, ignore_errors=True)


def vms(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """One command, with what it says."""
    command = [sys.executable, "-m", "deploy.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_LIMIT_S, check=False)


@contextlib.contextmanager
def flipped(path: Path, at: int) -> Iterator[None]:
    """The file with one bit of one byte changed, put back afterwards."""
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
    try:
        yield
    finally:
        path.write_bytes(whole)


def units_of(video: Path) -> list[tuple[bytes, ...]]:
    """The NAL units of each access unit of an MP4, as PyAV reads them."""
    units = []
    with av.open(str(video)) as container:
        for packet in container.demux(container.streams.video[0]):
            sample, nals, at = bytes(packet), [], 0
            while at + 4 <= len(sample):
                length = int.from_bytes(sample[at : at + 4], "big")
                nals.append(sample[at + 4 : at + 4 + length])
                at += 4 + length
            if nals:
                units.append(tuple(nals))
    return units


def test_every_step_went_as_it_should(story: Played) -> None:
    assert story.exit_code == 0, story.told
    assert [step["name"] for step in story.told["steps"]] == STEPS
    assert all(step["ok"] is True and step["role"] and step["detail"] for step in story.told["steps"])
    for name in ("package", "video", "journal", "store"):
        assert not Path(story.told[name]).is_absolute()
        assert story.path(name).exists(), name
    assert story.path("store") == story.folder / "home" / "store"
    left = [pid for pid in story.pids if Path(f"/proc/{pid}/cmdline").exists()]
    assert not [pid for pid in left if b"deploy." in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_the_video_plays_and_has_no_sound(story: Played) -> None:
    video = story.path("video")
    decoded = subprocess.run(
        # Each picture at its own time: rounding to a constant rate is no part of the video.
        ["ffmpeg", "-v", "error", "-xerror", "-i", str(video), "-fps_mode", "passthrough", "-enc_time_base", "demux",
         "-f", "null", "-"],
        capture_output=True, text=True, timeout=COMMAND_LIMIT_S, check=False,
    )  # fmt: skip
    assert decoded.returncode == 0, decoded.stderr
    assert decoded.stderr == ""
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(video)]
    probed = subprocess.run(command, capture_output=True, timeout=COMMAND_LIMIT_S, check=True)
    streams = json.loads(probed.stdout)["streams"]
    assert [one["codec_type"] for one in streams] == ["video"]
    assert int(streams[0]["nb_read_frames"]) == len(units_of(video)) > 0
    with av.open(str(video)) as container:
        times = [packet.dts for packet in container.demux(container.streams.video[0]) if packet.dts is not None]
    assert all(one < after for one, after in itertools.pairwise(times))
    with zipfile.ZipFile(story.path("package")) as package:
        stream = json.loads(package.read("manifest.json"))["streams"][0]
    assert stream["to_us"] - stream["from_us"] == 8_000_000
    (told,) = stream["videos"]
    assert told["from_us"] <= stream["from_us"] < stream["to_us"] <= told["to_us"]
    assert stream["absences"] == []


def test_the_video_is_what_the_camera_sent_unit_for_unit(story: Played) -> None:
    units = units_of(story.path("video"))
    got = [unit_digest(nals) for nals in units]
    assert len(got) > 8 * 10
    runs: dict[tuple[str, int], list[str]] = {}
    for profile, sent in story.sent.items():
        for one in sent:
            runs.setdefault((profile, one["player"]), []).append(one["digest"])
    assert any(
        got == run[at : at + len(got)] for run in runs.values() for at, first in enumerate(run) if first == got[0]
    ), {name: len(run) for name, run in runs.items()}
    with zipfile.ZipFile(story.path("package")) as package:
        listed = next(name for name in package.namelist() if name.endswith(".nal-sha256"))
        assert package.read(listed).decode().split() == [hashlib.sha256(nal).hexdigest() for u in units for nal in u]


def test_who_signed_decides_between_authentic_and_unknown(story: Played) -> None:
    known = vms("evidence", "verify", story.path("package"), "--signer", story.signer, "--json")
    assert known.returncode == 0, known.stdout
    assert json.loads(known.stdout)["verdict"] == "authentic"
    unknown = vms("evidence", "verify", story.path("package"), "--json")
    assert unknown.returncode == 1
    said = json.loads(unknown.stdout)
    assert said["verdict"] == "intact, signer unknown"
    assert said["fingerprint"]
    assert all(check["ok"] for check in said["checks"])


def test_signed_again_with_another_key_the_signer_is_unknown(story: Played, tmp_path: Path) -> None:
    forged = tmp_path / "forged.zip"
    forged.write_bytes(signed_again(entries_of(story.path("package").read_bytes())))
    for options in (("--signer", story.signer), ()):
        done = vms("evidence", "verify", forged, *options, "--json")
        assert done.returncode == 1
        said = json.loads(done.stdout)
        assert said["verdict"] == "intact, signer unknown", said
        assert said["fingerprint"]


def test_a_flipped_byte_of_the_package_is_named(story: Played) -> None:
    package = story.path("package")
    with zipfile.ZipFile(package) as archive:
        entries = {one.filename: one.header_offset + 64 + len(one.filename) for one in archive.infolist()}
    video = next(name for name in entries if name.startswith("video/"))
    for name in (video, "manifest.json", "manifest.sig"):
        with flipped(package, entries[name]):
            done = vms("evidence", "verify", package, "--signer", story.signer, "--json")
        assert done.returncode == 1, name
        said = json.loads(done.stdout)
        assert said["verdict"] == "damaged", name
        assert any(name in check["detail"] for check in said["checks"] if not check["ok"]), said
    assert vms("evidence", "verify", package, "--signer", story.signer).returncode == 0


def test_a_flipped_byte_of_a_stored_segment_is_named(story: Played) -> None:
    home = story.folder / "home"
    assert vms("fsck", "--home", home).returncode == 0
    segment = max(story.path("store").rglob(f"{CAMERA}.main.*.seg"), key=lambda path: path.stat().st_size)
    with flipped(segment, segment.stat().st_size // 2):
        done = vms("fsck", "--home", home, "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert not said["ok"]
    assert any(segment.stem in str(one) for one in said["findings"]), said
    assert vms("fsck", "--home", home).returncode == 0


@pytest.mark.parametrize("kind", ["tile/0", "tile/entries", "records", "checkpoint"])
def test_a_flipped_byte_of_the_journal_is_named(story: Played, kind: str) -> None:
    journal = story.path("journal")
    assert vms("audit", "verify", journal, "--signer", story.signer).returncode == 0
    path = next(one for one in sorted(journal.rglob("*")) if one.is_file() and kind in str(one.relative_to(journal)))
    with flipped(path, path.stat().st_size // 2):
        done = vms("audit", "verify", journal, "--signer", story.signer, "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert not said["ok"]
    assert any(kind in fault["where"] for fault in said["faults"]), said


def test_the_keepers_own_journal_verifies_and_an_altered_row_is_named(story: Played, tmp_path: Path) -> None:
    keeper = tmp_path / "keeper"
    shutil.copytree(story.folder / "home" / "keeper", keeper)
    asked = ("audit", "verify", "--home", tmp_path, "--signer", story.signer, "--json")
    intact = vms(*asked)
    assert intact.returncode == 0, intact.stdout
    assert {log["name"].split("/")[0] for log in json.loads(intact.stdout)["logs"]} >= {COMMUNE, "host"}
    with contextlib.closing(sqlite3.connect(keeper / f"{COMMUNE}.sqlite")) as db:
        # The file itself refuses: whoever alters it takes that guard away first.
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute("UPDATE entry SET record = replace(record, 'decide', 'deride') WHERE record LIKE '%\"decide\"%'")
        assert db.total_changes > 0
        db.commit()
    altered = vms(*asked)
    assert altered.returncode == 1
    assert any(fault["where"].startswith(f"{COMMUNE}/") for fault in json.loads(altered.stdout)["faults"])
    assert vms("audit", "verify", "--home", tmp_path).returncode == 2, "the store does not vouch for itself"


async def test_a_story_that_is_interrupted_says_where_it_was(short_home: Path) -> None:
    played = await play(short_home / "story", stop_once_listening=True)
    assert played.exit_code == 1
    assert [(step["name"], step["ok"]) for step in played.told["steps"]] == [("demo", False)]
    again = vms("demo", "--story", short_home / "story")
    assert again.returncode == 1
    assert "neuve" in again.stderr
