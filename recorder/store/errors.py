"""What a store's failure means for a recording."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from recorder.store.disk import NO_ROOM
from vms.errors import Unavailable

# The absence that a volume means which is away, another, read-only or bad.
DISK_WRONG: Final = "disk-wrong"


class StoreError(Unavailable):
    """The store cannot take or give bytes; ``cause`` is the absence it means: disk-full or disk-wrong."""

    def __init__(self, what: str, *, cause: str, where: str = "", todo: str = "") -> None:
        super().__init__(what, where=where, todo=todo)
        self.cause = cause

    @classmethod
    def of(cls, error: OSError, path: Path) -> StoreError:
        """What an error of the operating system means for a recording."""
        if error.errno in NO_ROOM:
            return cls("Le disque est plein.", cause="disk-full", where=str(path), todo="Libérez ou ajoutez du volume.")
        return cls(
            f"Le disque a répondu : {error.strerror or error}.",
            cause="disk-wrong",
            where=str(path),
            todo="Vérifiez que le volume est monté, accessible en écriture et sain.",
        )


@contextlib.contextmanager
def answering(path: Path) -> Iterator[None]:
    """Errors of the operating system in here become StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError.of(error, path) from error
