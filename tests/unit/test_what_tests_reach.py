"""What a test may reach: nothing of the caller's shell and home, no folder beside the checkout. Lines of the steps."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from tests import environment, step_line
from tests.fakes.clips import real_clips

CALLER: Final = {
    "VMS_FOOTAGE": "/elsewhere",
    "VMS_HOME": "/elsewhere",
    "VMS_PORT": "nonsense",
    "PGHOST": "/elsewhere",
    "PGPASSWORD": "x",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
    "ALL_PROXY": "socks5://127.0.0.1:1",
    "PYTEST_ADDOPTS": "-k nothing",
    "PYTHONPATH": "/elsewhere",
    "XDG_CONFIG_HOME": "/elsewhere",
    "TMPDIR": "/elsewhere",
    "HOME": "/elsewhere",
    "TZ": "Pacific/Kiritimati",
    "LANG": "tr_TR.UTF-8",
    "LC_ALL": "C",
    "LC_NUMERIC": "de_DE.UTF-8",
}
ASK: Final = (
    "import os, pathlib, sys, time; home = pathlib.Path.home(); (home / 'x').touch()\n"
    "print(home, os.environ, time.tzname, sys.getfilesystemencoding())\n"
    "raise SystemExit(7)"
)
NEIGHBOURS: Final = ("", "holiday")


def test_nothing_of_the_callers_passes_but_what_is_kept(tmp_path: Path) -> None:
    """Fails when a variable of the caller's is kept by another rule than KEPT."""
    (tmp_path / "home").mkdir()
    clean = environment.allowed({**CALLER, "PATH": "/usr/bin", "TERM": "dumb"}, tmp_path)
    assert {name for name in clean if clean[name] == CALLER.get(name)} == set()
    own = {"HOME", "XDG_CACHE_HOME", environment.RUN}
    assert set(clean) == {"PATH", "TERM", "LANG", "LC_ALL", "TZ", *own}
    assert clean["PATH"].endswith(":/usr/bin")


def test_this_process_is_in_that_environment() -> None:
    """Fails when ``tests/conftest.py`` does not enter it."""
    assert {name for name in os.environ if re.match(r"VMS_|PG|.*_proxy$", name, re.I)} == set()
    assert Path.home().name == "home"
    assert Path.home().parent == Path(os.environ[environment.RUN])
    assert list(time.tzname) == ["UTC", "UTC"]


def test_a_command_runs_there_and_its_status_and_home_end_with_it() -> None:
    """Fails when the program runs the command in the caller's environment, or leaves its folder."""
    command = ("env", "LC_ALL=C.UTF-8", sys.executable, "-I", environment.__file__, sys.executable, "-c", ASK)
    caller = CALLER | {"PATH": os.environ["PATH"]}
    ran = subprocess.run(command, env=caller, capture_output=True, text=True, check=False)
    assert ran.returncode == 7, ran.stderr
    assert "elsewhere" not in ran.stdout
    assert "('UTC', 'UTC') utf-8" in ran.stdout
    assert not Path(ran.stdout.split()[0]).exists()


@pytest.fixture(scope="module")
def checkouts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two copies of what the tests of clips need: one alone, one beside a folder ``footage`` with a broken clip."""
    made = {}
    for neighbour in NEIGHBOURS:
        place = tmp_path_factory.mktemp("place") / "un café"
        for room in ("tests", "vms", "privacy", "recorder", "deploy"):
            copied = shutil.ignore_patterns("__pycache__", "lock", "golden", "ui")
            shutil.copytree(environment.REPOSITORY / room, place / room, ignore=copied)
        for name in ("pyproject.toml", "Makefile"):
            shutil.copy(environment.REPOSITORY / name, place / name)
        if neighbour:
            (place.parent / neighbour / "footage").mkdir(parents=True)
            (place.parent / neighbour / "footage" / "broken.mp4").write_text("no video")
        made[neighbour] = place
    return made


def collected(place: Path) -> list[str]:
    """The tests that use clips, by name, as a stranger's checkout collects them."""
    files = ("tests/integration/test_masker_stream.py", "tests/unit/test_clip_parsers.py")
    command = (sys.executable, "-P", "-m", "pytest", "--collect-only", "-q", *files)
    ran = subprocess.run(command, cwd=place, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return [line for line in ran.stdout.splitlines() if "::" in line]


def test_a_footage_folder_beside_the_checkout_changes_nothing(checkouts: dict[str, Path]) -> None:
    """Fails when conftest, the clips or the Makefile look at the siblings of the checkout again."""
    alone, beside = (collected(checkouts[one]) for one in NEIGHBOURS)
    assert len(alone) > 40
    assert alone == beside
    for neighbour in NEIGHBOURS:
        shown = subprocess.run(
            ("make", "-pn", "test", "demo"), cwd=checkouts[neighbour], capture_output=True, text=True, check=False
        ).stdout
        assert "vms demo" in shown
        assert "holiday" not in shown
        assert not re.search(r"^(export )?VMS_FOOTAGE\b", shown, re.M)
    script = (
        "from pathlib import Path; from tests import environment; environment.enter()\n"
        "from tests.fakes import clips; print(clips.__file__, clips.clip('small'))\n"
        "from deploy.demo import footage; footage.rendered_clips = lambda cache: []\n"
        "print(footage.find_clips(None, Path('cache')))\n"
    )
    for place in checkouts.values():
        env = {**os.environ, "PYTHONPATH": str(place)}
        ran = subprocess.run(
            (sys.executable, "-P", "-c", script), cwd=place, env=env, capture_output=True, text=True, check=True
        )
        assert ran.stdout.startswith(str(place))
        assert "broken" not in ran.stdout
        assert ran.stdout.endswith("[]\n")


def test_only_ci_looks_beside_the_checkout() -> None:
    """Fails when any tracked program but ``.ci/run`` names a folder ``footage`` in a sibling."""
    pattern = re.compile(r"\*/foot" + "age")
    command = ("git", "ls-files", "*.py", "*.sh", "*.toml", "Makefile", ".ci/*")
    listed = subprocess.run(command, cwd=environment.REPOSITORY, capture_output=True, text=True, check=True).stdout
    found = [one for one in listed.splitlines() if pattern.search((environment.REPOSITORY / one).read_text("utf-8"))]
    assert found == [".ci/run"]


@pytest.mark.parametrize(("place", "told"), [("absent", "no such folder"), ("empty", "no clip"), ("text", "no video")])
def test_a_folder_that_cannot_serve_is_told(tmp_path: Path, place: str, told: str) -> None:
    """Fails when bad clips are passed over: then test-clips is green having shown nothing."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "words.mp4").write_text("These are words.")
    with pytest.raises(ValueError, match=told) as caught:
        real_clips(tmp_path / place)
    assert str(tmp_path / place) in str(caught.value)


def test_test_clips_ends_red_on_clips_that_cannot_serve(tmp_path: Path) -> None:
    """Fails when conftest does not look at the clips before anything runs."""
    command = ("bash", "deploy/check.sh", "clips", str(tmp_path))
    ran = subprocess.run(command, cwd=environment.REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert f"ERROR: {tmp_path}: there is no clip (*.mp4) in this folder" in ran.stderr
    assert "clips: FAILED, no report; pytest ended with 4" in ran.stdout


def test_test_clips_without_a_folder_says_so() -> None:
    """Fails when no clips named is an error, or is taken for a run that passed."""
    command = ("bash", "deploy/check.sh", "clips", "")
    ran = subprocess.run(command, cwd=environment.REPOSITORY, capture_output=True, text=True, check=True)
    assert ran.stdout == "make test-clips: no clips named. VMS_FOOTAGE=FOLDER names a folder of MP4 files.\n"


REPORT: Final = """<testsuites><testsuite time="2.4"><testcase name="a"/><testcase name="b"/>
<testcase name="c"><skipped message="no clip of h265"/></testcase>{more}</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("more", "status", "expected", "good"),
    [
        ("", 0, "units: passed: 3 tests, 2 passed, 0 failed, 1 skipped (1 × no clip of h265), 2 s", True),
        ("<testcase><failure/></testcase>", 1, "units: FAILED: 4 tests, 2 passed, 1 failed", False),
        ("<testcase><error/></testcase>", 1, "units: FAILED: 4 tests, 2 passed, 1 failed", False),
        ("", 3, "2 s; pytest ended with 3", False),
        (None, 4, "units: FAILED, no report; pytest ended with 4", False),
    ],
)
def test_a_step_ends_with_its_line(tmp_path: Path, more: str | None, status: int, expected: str, good: bool) -> None:
    """Fails when pytest's own status is not looked at: a step that crashed before its tests would be called passed."""
    report = tmp_path / "units.xml"
    if more is not None:
        report.write_text(REPORT.format(more=more))
    text, passed = step_line.line("units", status, report)
    assert expected in text
    assert passed is good
