"""A peer's process: started, waited for, and stopped by its own number."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

START_LIMIT_S = 120.0
STOP_LIMIT_S = 10.0
POLL_S = 0.05


class PeerFailed(RuntimeError):
    """A peer ended, or did not come up in time; the message ends with what it wrote."""


@contextmanager
def running(command: list[str], log: Path, *, cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command with its output in ``log``; SIGTERM, then SIGKILL, at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=cwd)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(process: subprocess.Popen[bytes], log: Path, found: Callable[[], T | None]) -> T:
    """What ``found`` says once it says something; PeerFailed when the process ends or time runs out first."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        answer = found()
        if answer is not None:
            return answer
        if process.poll() is not None:
            raise PeerFailed(f"exit {process.returncode}: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(POLL_S)
    raise PeerFailed(f"not ready after {START_LIMIT_S:g} s: {log.read_text(errors='replace')[-2000:]}")
