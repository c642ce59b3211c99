"""Extraction over a real store, in its own process: what comes out, what is refused, what never lies in clear."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from recorder.export.plan import Wanted, plan_stream
from tests.fakes.extraction import (
    GROUP_US,
    SIGNER,
    ExportDesk,
    exported_by,
    extract,
    job_for,
    opened_package,
    permit,
    record_clip,
)
from tests.fakes.recording import CAMERA, COMMUNE, START, Rig
from vms.errors import BadInput, Refused, Unavailable
from vms.evidence.manifest import Manifest
from vms.evidence.verify import verify_package
from vms.keeper.protocol import Act
from vms.keys.signing import generate_signing_key

pytestmark = pytest.mark.usefixtures("material")

SECOND = 1_000_000


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await Rig(tmp_path).prepare()
    yield made
    await made.close()


async def record(rig: Rig, groups: int = 6) -> list[bytes]:
    """Groups of two seconds from START on, in one stretch."""
    writer = rig.writer()
    await writer.start()
    nals = await record_clip(rig, writer, "main", groups, START)
    rig.clock.step(seconds=600)
    await writer.close()
    return nals


def manifest_of(package: Path) -> Manifest:
    with zipfile.ZipFile(package) as archive:
        return Manifest.parse(archive.read("manifest.json"))


def run(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """A public tool's answer."""
    return subprocess.run(command, cwd=cwd, capture_output=True, check=False)


def at(seconds: float) -> int:
    return START.us + round(seconds * SECOND)


async def test_the_video_is_the_recording_bit_for_bit(rig: Rig, tmp_path: Path) -> None:
    nals = await record(rig)
    exported = await extract(rig, tmp_path / "p.guetpkg", at(0), at(12))
    package = opened_package(exported, tmp_path / "p.zip")
    assert package.stat().st_size == exported.size_bytes
    report = verify_package(package, SIGNER.vkey())
    assert report.verdict == "authentic", report.text()
    assert {check.step for check in report.checks} >= {
        "conteneur", "manifeste", "signature", "fichiers", "chaîne", "vidéo", "durée", "journal",
    }  # fmt: skip
    (stream,) = manifest_of(package).streams
    (video,) = stream.videos
    with zipfile.ZipFile(package) as archive:
        listed = archive.read(video.nal_list).decode().split()
        assert hashlib.sha256(archive.read("manifest.json")).hexdigest() == exported.manifest_sha256
        archive.extractall(tmp_path / "out")
    assert listed == [hashlib.sha256(nal).hexdigest() for nal in nals]
    assert (video.from_us, video.to_us, stream.absences) == (at(0), at(12), ())
    assert stream.zone_sets == ("zs-1",)


async def test_h265_is_extracted_as_it_came(rig: Rig, tmp_path: Path) -> None:
    writer = rig.writer()
    await writer.start()
    await record_clip(rig, writer, "h265", 2, START)
    rig.clock.step(seconds=600)
    await writer.close()
    package = opened_package(await extract(rig, tmp_path / "p.guetpkg", at(0), at(4)), tmp_path / "p.zip")
    assert verify_package(package, SIGNER.vkey()).verdict == "authentic"
    (video,) = manifest_of(package).streams[0].videos
    with zipfile.ZipFile(package) as archive:
        archive.extract(video.path, tmp_path)
    codec = run(
        *("ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", str(tmp_path / video.path))
    )
    assert codec.stdout.strip() == b"hevc"


async def test_public_tools_play_it_and_find_no_sound(rig: Rig, tmp_path: Path) -> None:
    await record(rig)
    package = opened_package(await extract(rig, tmp_path / "p.guetpkg", at(0), at(12)), tmp_path / "p.zip")
    with zipfile.ZipFile(package) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "out")
    (video,) = manifest_of(package).streams[0].videos
    path = str(tmp_path / "out" / video.path)
    probe = json.loads(run("ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", path).stdout)
    (stream,) = probe["streams"]
    assert (stream["codec_type"], stream["codec_name"]) == ("video", "h264")
    assert int(stream["nb_read_frames"]) == video.pictures
    assert float(stream["start_time"]) == 0.0
    decoded = run("ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-")
    assert (decoded.returncode, decoded.stderr) == (0, b"")


async def test_the_readme_verifies_with_openssl(rig: Rig, tmp_path: Path) -> None:
    """The commands that LISEZMOI.txt gives are run as they stand."""
    await record(rig)
    package = opened_package(await extract(rig, tmp_path / "p.guetpkg", at(0), at(12)), tmp_path / "p.zip")
    out = tmp_path / "out"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(out)
    text = (out / "LISEZMOI.txt").read_text()
    assert "Place de l’Église" in text
    (video,) = (str(path.relative_to(out)) for path in (out / "video").glob("*.mp4"))
    lines = text.replace("\\\n", " ").splitlines()
    wanted = ("openssl ", "grep ", "sha256sum ", "ffprobe ")
    commands = [line.strip().replace("video/*.mp4", video) for line in lines if line.strip().startswith(wanted)]
    assert len(commands) == 6
    done = run("bash", "-ec", "\n".join(commands), cwd=out)
    assert done.returncode == 0, done.stderr
    assert b"CMS Verification successful" in done.stderr
    assert b"Valclair-sur-Brume" in done.stdout
    assert "il n’y a pas d’horodatage" in text


async def test_only_groups_that_touch_the_range_are_opened(rig: Rig, tmp_path: Path) -> None:
    await record(rig)
    desk = ExportDesk(rig)
    exported = await extract(rig, tmp_path / "p.guetpkg", at(3), at(7.5), desk)
    package = opened_package(exported, tmp_path / "p.zip")
    (stream,) = manifest_of(package).streams
    assert [one["groups"] for one in desk.asked] == [[1, 2, 3]]
    assert [(video.from_us, video.to_us) for video in stream.videos] == [(at(2), at(8))]
    assert stream.absences == ()
    assert verify_package(package, SIGNER.vkey()).verdict == "authentic"


async def test_a_gap_splits_the_video_and_is_declared_with_its_cause(rig: Rig, tmp_path: Path) -> None:
    writer = rig.writer()
    await writer.start()
    await record_clip(rig, writer, "main", 2, START)
    rig.clock.step(seconds=4)
    await writer.absence(START.plus(us=2 * GROUP_US), "camera-unreachable")
    await record_clip(rig, writer, "main", 3, START.plus(seconds=20))
    rig.clock.step(seconds=600)
    await writer.close()
    package = opened_package(await extract(rig, tmp_path / "p.guetpkg", at(0), at(26)), tmp_path / "p.zip")
    report = verify_package(package, SIGNER.vkey())
    assert report.verdict == "authentic", report.text()
    (stream,) = manifest_of(package).streams
    assert [(video.from_us, video.to_us) for video in stream.videos] == [(at(0), at(4)), (at(20), at(26))]
    assert [(one.from_us, one.to_us, one.cause) for one in stream.absences] == [(at(4), at(20), "camera-unreachable")]


async def test_a_range_wider_than_the_recording_says_what_is_missing(rig: Rig, tmp_path: Path) -> None:
    await record(rig, 2)
    package = opened_package(await extract(rig, tmp_path / "p.guetpkg", at(-60), at(20)), tmp_path / "p.zip")
    (stream,) = manifest_of(package).streams
    assert [(one.from_us, one.to_us, one.cause) for one in stream.absences] == [
        (at(-60), at(0), "not-recorded"),
        (at(4), at(20), "recorder-stopped"),
    ]
    assert verify_package(package, SIGNER.vkey()).verdict == "authentic"


async def test_nothing_recorded_is_a_package_that_says_so(rig: Rig, tmp_path: Path) -> None:
    rig.clock.step(seconds=600)
    package = opened_package(await extract(rig, tmp_path / "p.guetpkg", at(0), at(20)), tmp_path / "p.zip")
    (stream,) = manifest_of(package).streams
    assert stream.videos == ()
    assert [one.cause for one in stream.absences] == ["not-recorded"]
    assert verify_package(package, SIGNER.vkey()).verdict == "authentic"


async def test_a_damaged_group_is_declared_and_the_rest_is_given(rig: Rig, tmp_path: Path) -> None:
    await record(rig)
    (path,) = rig.store.root.rglob("*.seg")
    plan = await plan_stream(
        rig.engine, rig.store, Wanted(COMMUNE, CAMERA, "", "", "main", at(0), at(12)), rig.clock.utc().us
    )
    data = bytearray(path.read_bytes())
    data[plan.pieces[0].sound_bytes // 2] ^= 1
    path.write_bytes(data)
    package = opened_package(await extract(rig, tmp_path / "p.guetpkg", at(0), at(12)), tmp_path / "p.zip")
    report = verify_package(package, SIGNER.vkey())
    assert report.verdict == "authentic", report.text()
    (stream,) = manifest_of(package).streams
    assert [one.cause for one in stream.absences] == ["stored-damaged"]
    assert len(stream.videos) == 2


async def test_a_segment_that_is_gone_is_a_break_that_is_declared(rig: Rig, tmp_path: Path) -> None:
    writer = rig.writer()
    await writer.start()
    for minute in range(3):
        await record_clip(rig, writer, "main", 2, START.plus(seconds=60 * minute))
        rig.clock.step(seconds=60)
        await writer.absence(START.plus(seconds=60 * minute + 4), "stream-stalled")
    await record_clip(rig, writer, "main", 2, START.plus(seconds=180))
    rig.clock.step(seconds=600)
    await writer.close()
    gone = sorted(rig.store.root.rglob("*.seg"))[1]
    gone.unlink()
    package = opened_package(await extract(rig, tmp_path / "p.guetpkg", at(0), at(184)), tmp_path / "p.zip")
    report = verify_package(package, SIGNER.vkey())
    assert report.verdict == "authentic", report.text()
    (stream,) = manifest_of(package).streams
    assert (at(60), at(64), "not-recorded") in {(one.from_us, one.to_us, one.cause) for one in stream.absences}


async def test_nothing_in_clear_lies_on_disk(rig: Rig, tmp_path: Path) -> None:
    nals = await record(rig)
    await extract(rig, tmp_path / "p.guetpkg", at(0), at(12))
    probes = [nal[at_ : at_ + 32] for nal in nals for at_ in range(0, len(nal) - 32, 997)]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(probe in data for probe in probes), path
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(("act", "camera"), [(Act.REPLAY, CAMERA), (Act.LIVE, CAMERA), (Act.EXPORT, "valclair-c02")])
async def test_a_permit_for_something_else_is_refused_by_the_worker(
    rig: Rig, tmp_path: Path, act: Act, camera: str
) -> None:
    await record(rig, 1)
    job = await job_for(rig, tmp_path / "p.guetpkg", at(0), at(2))
    desk = ExportDesk(rig, lambda: permit(act, camera))
    with pytest.raises(Refused):
        await exported_by(permit(act, camera), job, desk)
    assert not job.output.exists()
    assert desk.asked == []


async def test_a_forged_permit_is_refused_by_the_worker(rig: Rig, tmp_path: Path) -> None:
    await record(rig, 1)
    job = await job_for(rig, tmp_path / "p.guetpkg", at(0), at(2))
    forged = permit(private=generate_signing_key()[0])
    with pytest.raises(Refused, match="pas signé par le gardien"):
        await exported_by(forged, job, ExportDesk(rig, lambda: forged))


async def test_a_range_beyond_the_permit_is_refused(rig: Rig, tmp_path: Path) -> None:
    await record(rig, 1)
    job = await job_for(rig, tmp_path / "p.guetpkg", at(0), at(2))
    far = replace(job, plans=(replace(job.plans[0], from_us=at(-90_000)),))
    with pytest.raises(Refused, match="ne couvre pas"):
        await exported_by(permit(), far, ExportDesk(rig))


async def test_a_right_withdrawn_on_the_way_leaves_no_file(rig: Rig, tmp_path: Path) -> None:
    await record(rig)
    job = await job_for(rig, tmp_path / "p.guetpkg", at(0), at(12))

    class Withdrawing(ExportDesk):
        async def sign_manifest(self, manifest_sha256: str) -> dict[str, str]:
            raise Refused("L’habilitation a été retirée.", rule="P-58")

    with pytest.raises(Refused, match="retirée"):
        await exported_by(permit(), job, Withdrawing(rig))
    assert not job.output.exists()
    assert not list(tmp_path.glob("*.partial"))


async def test_a_refused_renewal_ends_the_extraction_with_its_reason(rig: Rig, tmp_path: Path) -> None:
    await record(rig)
    job = await job_for(rig, tmp_path / "p.guetpkg", at(0), at(12))

    class Slow(ExportDesk):
        async def sign_manifest(self, manifest_sha256: str) -> dict[str, str]:
            self.withdrawn = True
            await asyncio.sleep(60)
            return {}

    with pytest.raises(Refused, match="habilitation a été retirée"):
        await exported_by(permit(), job, Slow(rig))
    assert not list(tmp_path.glob("*guetpkg*"))


async def test_a_worker_that_dies_is_unavailable_and_leaves_no_file(rig: Rig, tmp_path: Path) -> None:
    await record(rig)
    job = await job_for(rig, tmp_path / "p.guetpkg", at(0), at(12))

    class Silent(ExportDesk):
        async def sign_manifest(self, manifest_sha256: str) -> dict[str, str]:
            for pid in children():
                os.kill(pid, signal.SIGKILL)
            return {"note": "", "vkey": ""}

    with pytest.raises(Unavailable):
        await exported_by(permit(), job, Silent(rig))
    assert not job.output.exists()
    assert not list(tmp_path.glob("*.partial"))


def children() -> list[int]:
    """The export workers that this process started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if int(stat[1]) == os.getpid() and b"recorder.export.worker" in command:
                found.append(int(folder.name))
    return found


@pytest.mark.parametrize("span", [(10, 5), (5, 5), (0, 100_000)])
async def test_a_range_that_cannot_be_is_refused(rig: Rig, span: tuple[float, float]) -> None:
    wanted = Wanted(COMMUNE, CAMERA, "", "", "main", at(span[0]), at(span[1]))
    with pytest.raises(BadInput):
        await plan_stream(rig.engine, rig.store, wanted, rig.clock.utc().us)


async def test_recording_goes_on_during_an_extraction(rig: Rig, tmp_path: Path) -> None:
    """T-11: the writer keeps its groups while the worker reads the same open segment."""
    writer = rig.writer()
    await writer.start()
    await record_clip(rig, writer, "main", 3, START)
    rig.clock.step(seconds=6)
    extracting = asyncio.create_task(extract(rig, tmp_path / "p.guetpkg", at(0), at(6)))
    await record_clip(rig, writer, "main", 4, START.plus(seconds=6))
    package = opened_package(await extracting, tmp_path / "p.zip")
    rig.clock.step(seconds=8)
    await writer.close()
    assert verify_package(package, SIGNER.vkey()).verdict == "authentic"
    assert [tile[2] for tile in await rig.tiles() if tile[1] is not None] == [""]
