"""What tests may reach of the machine and of the caller's shell: this file says all of it, and nothing else does.

As a program it runs a command in that environment: ``python -I tests/environment.py COMMAND…``. ``tests/conftest.py``
calls ``enter`` before anything of the product is imported, so a test that is run by hand sees the same.

Of the caller's variables only those in KEPT pass. Gone with the rest are VMS_*, PG*, proxies and PYTEST_ADDOPTS; the
home is a new folder, so no file of the caller's configures anything; language and time zone are fixed.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Final

REPOSITORY: Final = Path(__file__).absolute().parent.parent
RUN: Final = "GUET_TEST_RUN"
"""Names the folder of this run of the tests: home, rendered clips, reports; it is gone afterwards."""

KEPT: Final = ("PATH", "TERM", "USER", "LOGNAME", "SHELL")
OF_PYTEST: Final = ("PYTEST_XDIST_", "PYTEST_CURRENT_TEST", "PYTEST_VERSION")
"""What pytest tells its own processes."""

FIXED: Final = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def allowed(given: Mapping[str, str], run: Path) -> dict[str, str]:
    """The environment of tests, out of the caller's."""
    kept = {name: value for name, value in given.items() if name in KEPT or name.startswith(OF_PYTEST)}
    programs = os.pathsep.join([str(REPOSITORY / ".venv" / "bin"), kept.get("PATH", os.defpath)])
    own = {"HOME": str(run / "home"), "XDG_CACHE_HOME": str(REPOSITORY / ".cache"), RUN: str(run)}
    return {**kept, **FIXED, **own, "PATH": programs}


def new_run() -> Path:
    """A folder for one run of the tests. In /tmp, whatever TMPDIR says: the path of a socket has 107 bytes."""
    run = Path(tempfile.mkdtemp(prefix="guet-test-", dir="/tmp"))
    (run / "home").mkdir()
    return run


def enter() -> None:
    """Make this process's environment that of tests; a run that is under way goes on."""
    under_way = Path(os.environ.get(RUN, ""))
    if not (under_way.is_absolute() and (under_way / "home").is_dir()):
        under_way = new_run()
        atexit.register(_remove, under_way, os.getpid())
    clean = allowed(os.environ, under_way)
    os.environ.clear()
    os.environ.update(clean)
    tempfile.tempdir = None
    time.tzset()


def _remove(run: Path, owner: int) -> None:
    """A child that was forked does not take its parent's folder away."""
    if os.getpid() == owner:
        shutil.rmtree(run, ignore_errors=True)


def main(command: list[str]) -> int:
    """Run the command in the environment of tests; its exit status."""
    run = new_run()
    try:
        process = subprocess.Popen(command, env=allowed(os.environ, run))

        def pass_on(number: int, _frame: FrameType | None) -> None:
            process.send_signal(number)

        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, pass_on)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the command itself
        status = process.wait()
        return status if status >= 0 else 128 - status
    finally:
        shutil.rmtree(run, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
