"""``vms fsck`` and its repair over what nobody puts into a store by accident: each is told, in bounded time and memory,
and hides nothing else.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.system.test_damage import copied, fsck, home
from vms.errors import Damaged

__all__ = ["copied", "home"]  # the stores that these tests damage

TEBIBYTE: Final = 1 << 40


def _segment(home: Path) -> Path:
    return min((home / "store").rglob("*.seg"))


def _pipe(home: Path) -> str:
    path = _segment(home)
    path.unlink()
    os.mkfifo(path)
    return path.stem


def _folder(home: Path) -> str:
    path = _segment(home)
    path.unlink()
    path.mkdir()
    return path.stem


def _link(home: Path) -> str:
    path = _segment(home)
    path.rename(home / "elsewhere.seg")
    path.symlink_to(home / "elsewhere.seg")
    return path.stem


def _endless(home: Path) -> str:
    path = _segment(home)
    with path.open("r+b") as file:
        file.truncate(TEBIBYTE)
    return path.stem


def _endless_stranger(home: Path) -> str:
    with (home / "store" / "big.seg").open("wb") as file:
        file.truncate(TEBIBYTE)
    return "big.seg"


def _name_that_is_no_text(home: Path) -> str:
    path = os.fsencode(_segment(home).parent) + b"/caf\xe9\n\x1b[2J.seg"
    Path(os.fsdecode(path)).write_bytes(b"x")
    return "caf\\udce9\\n\\x1b[2J.seg"


def _row_that_leads_out(home: Path) -> str:
    return _row(home, "name", "../../../etc/passwd")


def _row(home: Path, column: str, value: object) -> str:
    with sqlite3.connect(home / "guet.sqlite") as db:
        db.execute(f"UPDATE segment SET {column} = ? WHERE name = ?", (value, _segment(home).stem))
    return str(value)


ODD: Final[dict[str, tuple[Callable[[Path], str], str]]] = {
    "a pipe": (_pipe, "unreadable"),
    "a folder": (_folder, "unreadable"),
    "a link": (_link, "unreadable"),
    "a tebibyte of nothing at its end": (_endless, "longer"),
    "a stranger of a tebibyte": (_endless_stranger, "foreign"),
    "a name that is no text": (_name_that_is_no_text, "foreign"),
    "a row that leads out of the store": (_row_that_leads_out, "row-damaged"),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("what", list(ODD))
async def test_it_is_told_and_hides_nothing_else(copied: Path, what: str) -> None:
    put, kind = ODD[what]
    where = put(copied)
    cut = max((copied / "store").rglob("*valclair-c03*.seg"))
    with cut.open("r+b") as file:
        file.truncate(cut.stat().st_size - 5)
    report = await fsck(copied)
    told = {(one.kind, one.where.rpartition("/")[2]) for one in report.findings}
    assert (kind, where.rpartition("/")[2]) in told, report.findings
    assert ("cut", cut.stem) in told
    repaired = await fsck(copied, repair=True)
    assert ("cut", cut.stem) in {(one.kind, one.where) for one in repaired.findings}
    for text in (*map(str, repaired.findings), *repaired.repaired):
        assert text.encode("utf-8").decode().isprintable()
    json.dumps(repaired.to_dict()).encode("utf-8")


async def test_what_follows_a_segment_goes_to_quarantine_and_its_holes_stay_holes(copied: Path) -> None:
    path = _segment(copied)
    sound = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(len(sound))
        file.write(b"left over")
        file.truncate(TEBIBYTE)
        file.seek(TEBIBYTE)
        file.write(b"and more")
    report = await fsck(copied, repair=True)
    assert (report.ok, report.quarantined) == (True, 1)
    assert path.read_bytes() == sound
    (kept,) = (copied / "store" / "quarantine").glob(f"{path.name}.*")
    assert kept.stat().st_size == TEBIBYTE - len(sound) + len(b"and more")
    with kept.open("rb") as file:
        assert file.read(9) == b"left over"
        file.seek(-8, os.SEEK_END)
        assert file.read() == b"and more"
    assert kept.stat().st_blocks * 512 < 1 << 20


@pytest.mark.parametrize("content", [b"", os.urandom(8192)])
async def test_a_base_that_cannot_be_read_is_said_in_words(copied: Path, content: bytes) -> None:
    (copied / "guet.sqlite").write_bytes(content or (copied / "guet.sqlite").read_bytes()[:9000])
    with pytest.raises(Damaged, match="La base des enregistrements ne se lit pas") as told:
        await fsck(copied)
    assert "guet.sqlite" in told.value.where
    command = [str(Path(sys.executable).parent / "vms"), "fsck", "--home", str(copied)]
    run = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "La base des enregistrements ne se lit pas" in run.stderr
    assert "Traceback" not in run.stderr
