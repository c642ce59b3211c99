"""A small volume, to fill or to take away for real: a tmpfs of a few MiB, bound to the store's place."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

VOLUME_MIB: Final = 12
BALLAST_LEFT_BYTES: Final = 128 * 1024


class Volume:
    """The store's place. ``small`` says whether it is a volume of its own, of a few MiB."""

    def __init__(self, home: Path) -> None:
        self.place, self._volume = home / "store", home / "volume"
        self.place.mkdir()
        self._volume.mkdir()
        self.small = _mount("-t", "tmpfs", "-o", f"size={VOLUME_MIB}m", "guet", str(self._volume))
        if self.small:
            self.come_back()

    def go_away(self) -> None:
        """Unmounted under whoever writes there; an empty mount point is left."""
        subprocess.run(["umount", "-l", str(self.place)], check=True)

    def come_back(self) -> None:
        """Mounted again."""
        subprocess.run(["mount", "--bind", str(self._volume), str(self.place)], check=True)

    def fill(self) -> None:
        """Leave next to no room."""
        room = os.statvfs(self.place)
        size = room.f_bavail * room.f_frsize - BALLAST_LEFT_BYTES
        (self._volume / "ballast").write_bytes(bytes(max(0, size)))

    def empty(self) -> None:
        """Give the room back."""
        (self._volume / "ballast").unlink()

    def grow(self) -> None:
        """Twice the size."""
        subprocess.run(["mount", "-o", f"remount,size={2 * VOLUME_MIB}m", str(self._volume)], check=True)

    def close(self) -> None:
        """Unmount everything."""
        if self.small:
            subprocess.run(["umount", "-l", str(self.place)], check=False)
            subprocess.run(["umount", "-l", str(self._volume)], check=False)


@contextmanager
def volume(home: Path) -> Iterator[Volume]:
    """The store's volume, unmounted at the end."""
    made = Volume(home)
    try:
        yield made
    finally:
        made.close()


def _mount(*arguments: str) -> bool:
    try:
        return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
