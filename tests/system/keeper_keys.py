"""A commune's keys as its keeper has them, read beside it and opened with a holder's passphrase, for tests alone."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.town import PASSPHRASE
from vms.keys.passphrase import unwrap_private
from vms.keys.wrapping import hour_key_info, unwrap


@dataclass(frozen=True, slots=True)
class Noted:
    """Key bytes of one commune at one moment, in the order of ``ids``."""

    private: bytes
    ids: list[str]
    wrapped: list[bytes]
    opened: list[bytes]


def rows_of(path: Path, query: str) -> list[tuple[object, ...]]:
    """What an SQLite file says, read beside whoever writes it."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return list(db.execute(query))
    finally:
        db.close()


def note_keys(home: Path, commune: str) -> Noted:
    """The private key, and every hour key: wrapped as the keeper has it, and opened."""
    keeper = home / "keeper"
    [(box,), *_] = rows_of(keeper / f"{commune}.sqlite", "SELECT body FROM fact WHERE kind = 'holder'")
    noted = Noted(unwrap_private(json.loads(str(box))["wrapped"], PASSPHRASE), [], [], [])
    rows = rows_of(keeper / f"{commune}.keys.sqlite", "SELECT key_id, camera, hour_us, wrapped FROM hour_key")
    for key_id, camera, hour_us, wrapped in rows:
        if not isinstance(wrapped, bytes) or not isinstance(hour_us, int):
            raise TypeError("hour_key has other columns")
        info = hour_key_info(commune, str(camera), str(key_id), hour_us)
        noted.ids.append(str(key_id))
        noted.wrapped.append(wrapped)
        noted.opened.append(unwrap(noted.private, wrapped, info))
    return noted
