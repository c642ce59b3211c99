"""A stored segment's bytes at given places, wherever they lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from recorder.store.errors import StoreError


class Bytes(Protocol):
    """A stored segment, read at given places."""

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes at ``offset``; StoreError."""
        ...

    def size(self) -> int:
        """How many bytes the segment has."""
        ...


class Reader:
    """An open file, read at given places."""

    def __init__(self, fd: int, path: Path) -> None:
        self._fd = fd
        self._path = path

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes at ``offset``; fewer at the end only. StoreError when the disk fails."""
        try:
            data = os.pread(self._fd, length, offset)
            while len(data) < length:
                more = os.pread(self._fd, length - len(data), offset + len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            raise StoreError.of(error, self._path) from error
        return data

    def size(self) -> int:
        """The file's length now, in bytes."""
        return os.fstat(self._fd).st_size
