"""The file by which a volume of footage is known again: it is there, it is ours, or nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

IDENTITY_FILE: Final = "guet-store.json"
IDENTITY_LIMIT_BYTES: Final = 4096
FORMAT: Final = 1


def read_identity(root: Path) -> str:
    """The identity of the store at ``root``; empty when it has none that we can read."""
    try:
        with (root / IDENTITY_FILE).open("rb") as file:
            data = json.loads(file.read(IDENTITY_LIMIT_BYTES))
        return str(data["id"]) if data["guet_store"] == FORMAT else ""
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return ""


def identity_bytes(identity: str) -> bytes:
    """The file's content."""
    return json.dumps({"guet_store": FORMAT, "id": identity}, indent=1).encode("ascii") + b"\n"
