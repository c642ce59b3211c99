"""``vms fsck`` over stores that a separate script has damaged: each damage is found and named; ``--repair`` destroys
nothing that it does not understand.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from deploy.admin.fsck import check
from recorder.fsck.findings import Report
from tests.fakes.recording import START, Format, Rig
from tests.judges.damage import Vandal
from vms.clock import MICRO
from vms.settings import Settings

CAMERAS: Final = ("valclair-c01", "valclair-c02", "valclair-c03")
SEGMENTS: Final = 8
GROUPS: Final = 5
FLIPS: Final = 60
SEED: Final = secrets.randbits(31)
OFFSET_S: Final = (START.us + 3600 * MICRO) // MICRO - int(time.time())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two dozen sealed segments of the product's own writer, in a home as ``vms fsck`` expects it."""
    folder = tmp_path_factory.mktemp("home")
    rig = await Rig(folder).prepare()
    chance = random.Random(SEED)
    for camera in CAMERAS:
        for number in range(SEGMENTS):  # each start of a writer begins a segment
            writer = rig.writer(camera=camera)
            await writer.start()
            for group in range(GROUPS):
                start = START.plus(seconds=100 * number + 2 * group)
                await writer.group([chance.randbytes(9000)], start, start.plus(seconds=2), 50, Format())
            await writer.close()
    await rig.close()
    recorder = folder / "recorder"
    recorder.mkdir()
    shutil.copy(folder / "store-id", recorder / "store-identity")
    return folder


@pytest.fixture
def copied(home: Path, tmp_path: Path) -> Iterator[Path]:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    yield copy
    shutil.rmtree(copy)


def damage(home: Path, kind: str, seed: int, count: int = 1) -> list[dict[str, Any]]:
    """What the script did."""
    command = [sys.executable, "-m", "tests.judges.damage", str(home / "store"), "--kind", kind]
    command += ["--seed", str(seed), "--count", str(count)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


async def fsck(home: Path, *, repair: bool = False) -> Report:
    return await check(Settings(home=home, test_clock_offset_s=OFFSET_S), repair=repair)


def named(report: Report, path: str) -> set[str]:
    """The kinds of what was found about a file, by its path or its segment's name."""
    stem = Path(path).name.removesuffix(".seg")
    return {one.kind for one in report.findings if not one.note and one.where in (path, stem)}


EXPECTED: Final = {
    "cut": {"cut"},
    "flip": {"altered", "swapped", "cut"},
    "grow": {"longer"},
    "swap": {"swapped"},
    "remove": {"missing"},
    "foreign": {"foreign"},
    "rename": {"foreign", "stray"},
    "copy": {"foreign"},
}


def check_named(report: Report, done: list[dict[str, Any]]) -> None:
    assert not report.ok
    for one in done:
        assert named(report, one["path"]) & EXPECTED[one["kind"]], (one, [str(f) for f in report.findings])
        if one["kind"] == "swap":
            assert "swapped" in named(report, one["was"]), one
        if one["kind"] == "rename":
            assert "missing" in named(report, one["was"]), one


async def test_the_sound_store_holds(home: Path) -> None:
    report = await fsck(home)
    assert (report.ok, report.findings) == (True, [])
    assert report.segments == len(CAMERAS) * SEGMENTS


@pytest.mark.parametrize("kind", list(EXPECTED))
async def test_each_damage_is_named_and_nothing_else(copied: Path, kind: str) -> None:
    done = damage(copied, kind, SEED, count=3)
    report = await fsck(copied)
    check_named(report, done)
    touched = {Path(path).name.removesuffix(".seg") for one in done for path in (one["path"], one["was"]) if path}
    blamed = {Path(one.where).name.removesuffix(".seg") for one in report.findings if one.invariant in ("S1", "S2")}
    assert blamed <= touched, f"seed {SEED}"


async def test_a_flipped_bit_is_found_wherever_it_is(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    for number in range(FLIPS):
        (done,) = damage_in_place(copy, SEED + number)
        report = await fsck(copy)
        assert named(report, done["path"]) & EXPECTED["flip"], (SEED + number, done)
        source = home / "store" / done["path"]
        shutil.copy2(source, copy / "store" / done["path"])
    assert (await fsck(copy)).ok


def damage_in_place(home: Path, seed: int) -> list[dict[str, Any]]:
    """One flip by the script's own hand, without a process for each of sixty."""
    return [asdict(Vandal(home / "store", seed).flip())]


async def test_many_damages_at_once_are_all_named_by_the_command(copied: Path) -> None:
    done = await asyncio.to_thread(damage, copied, "all", SEED, 2)
    assert len(done) == 2 * len(EXPECTED)
    check_named(await fsck(copied), done)
    command = [sys.executable, "-m", "deploy.cli", "fsck", "--home", str(copied)]
    run = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    for one in done:
        assert Path(one["path"]).name.removesuffix(".seg") in run.stdout, one


def contents(home: Path) -> dict[str, bytes]:
    """What lies under a home's store, by hash."""
    files = [path for path in (home / "store").rglob("*") if path.is_file() and ".lock" not in path.name]
    return {hashlib.sha256(data).hexdigest(): data for data in (path.read_bytes() for path in files) if data}


async def test_repair_destroys_nothing_it_does_not_understand(copied: Path) -> None:
    done = damage(copied, "all", SEED, count=2)
    before = contents(copied)
    await fsck(copied, repair=True)
    after = contents(copied)
    kept = set(after.values())
    ends = [int(one["offset"]) for one in done if one["kind"] == "grow"]
    lost = [data for key, data in before.items() if key not in after]
    # What was appended to a sealed segment is set aside, so that the segment is whole again: both halves are there.
    for data in lost:
        assert any({data[:end], data[end:]} <= kept for end in ends), f"seed {SEED}: {len(data)} bytes are gone"
    report = await fsck(copied)
    for one in done:  # what cannot be repaired is still said
        if one["kind"] in ("cut", "flip", "remove", "swap"):
            assert named(report, one["path"]), one
        if one["kind"] in ("grow", "foreign", "copy"):
            assert not named(report, one["path"]), one
