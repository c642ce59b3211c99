"""A volume of a few mebibytes for a recorder's store: a real one where mounting is permitted, else a disk that says so.

Both run full for the same reason, what lies on them; the real one also answers ENOSPC.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from recorder.store.disk import OsDisk

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SmallVolume:
    """A folder on a small volume, with a file that takes its room."""

    root: Path
    size_bytes: int
    real: bool

    def leave_free(self, free_bytes: int) -> None:
        """Make a stranger's file of the size that leaves this much room."""
        ballast = self.root / "quarantine" / "ballast"
        ballast.parent.mkdir(exist_ok=True)
        had = ballast.stat().st_size if ballast.exists() else 0
        wanted = had + self.free_bytes() - free_bytes
        if wanted < had:
            os.truncate(ballast, max(0, wanted))
            return
        with ballast.open("ab") as file:
            for _ in range((wanted - had) // 4096):
                file.write(bytes(4096))

    def free_bytes(self) -> int:
        """Room left now."""
        return OsDisk().free_bytes(self.root)


@contextmanager
def small_volume(root: Path, size_mib: int, patch: pytest.MonkeyPatch) -> Iterator[SmallVolume]:
    """A volume of ``size_mib`` at ``root``."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _mounted(root, size_mib):
        try:
            yield SmallVolume(root, size_mib * MIB, True)
        finally:
            subprocess.run(["umount", "--lazy", str(root)], check=True)
        return
    patch.setattr(OsDisk, "free_bytes", lambda _, path: size_mib * MIB - _taken(root))
    yield SmallVolume(root, size_mib * MIB, False)
    shutil.rmtree(root, ignore_errors=True)


def _mounted(root: Path, size_mib: int) -> bool:
    if os.geteuid() != 0:
        return False
    options = f"size={size_mib}m,mode=0700"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "guet-test", str(root)], capture_output=True)
    return done.returncode == 0


def _taken(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
