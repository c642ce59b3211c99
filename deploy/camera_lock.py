"""One order at a time for one camera: a lock that the kernel gives back when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vms.errors import Conflict


@contextmanager
def camera_lock(vault_dir: Path, subject: str) -> Iterator[None]:
    """Hold the lock of a camera (or of a commune's search); Conflict when another order has it."""
    folder = vault_dir / "locks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / subject.replace("/", "_"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                "Un autre ordre est en cours pour cette caméra.",
                where=subject,
                todo="Attendez sa fin, puis recommencez.",
            ) from error
        yield
    finally:
        os.close(descriptor)
