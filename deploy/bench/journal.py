"""``vms bench journal``: what the journal costs whoever waits for it, and whoever checks it (P-40, E-01…E-05).

The keeper's own store and journal, entries as consultations leave them, one log. Adding is measured at the end of that
log, one entry at a time, each with its checkpoint and its commit on the disk, as an opening view waits for it. Checking
is ``vms audit verify`` on the folder that an export writes, on one core.
"""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

from vms.clock import MICRO, ManualClock, UtcTime
from vms.errors import BadInput
from vms.keeper.files.store import Store, Tx
from vms.keeper.journal.checkpoint import Signer
from vms.keeper.journal.entry import Author, Entry
from vms.keeper.journal.log import SCHEMA, Journal
from vms.keeper.proof.audit import verify_log, write_log
from vms.keeper.proof.log_source import store_logs
from vms.keys.signing import generate_signing_key

ENTRIES_LIMIT_COUNT: Final = 10_000_000
BATCH_ENTRIES: Final = 5_000
APPENDS: Final = 200
BEGAN: Final = UtcTime.parse("2026-10-01T00:00:00.000000Z")
AUTHOR: Final = Author("p-0f3a5c7e9b1d2f40", "officer", "h-5b7d9f1a3c5e7081", "poste 2 (mesure)")


def run(*, entries: int = 1_000_000, runs: int = 3) -> dict[str, Any]:
    """The bench's JSON object, on a log of that many entries; BadInput for numbers out of range."""
    if not 1 <= entries <= ENTRIES_LIMIT_COUNT or not 1 <= runs <= 100:
        raise BadInput(f"De 1 à {ENTRIES_LIMIT_COUNT} entrées, de 1 à 100 passages.", where="vms bench journal")
    signer = Signer("mesure.example/guet", generate_signing_key()[0])
    with tempfile.TemporaryDirectory(prefix="guet-bench-") as home:
        path, folder = Path(home) / "mesure.sqlite", Path(home) / "export"
        began_s = time.perf_counter()
        appends_s = asyncio.run(_fill(path, signer, entries))
        filled_s = time.perf_counter() - began_s
        with store_logs(path) as [log]:
            write_log(log, folder / "mesure" / log.name.rpartition("/")[2], entries + APPENDS)
        verified_s = [_verify(folder, signer.vkey()) for _ in range(runs)]
        size_bytes = path.stat().st_size
    scale = 1_000_000 / (entries + APPENDS)
    figures = {
        "verify_million_s": median(verified_s) * scale,
        "append_p50_ms": median(appends_s) * 1000,
        "append_p95_ms": sorted(appends_s)[int(len(appends_s) * 0.95)] * 1000,
        "fill_entries_per_s": entries / filled_s,
        "entries": float(entries + APPENDS),
        "stored_bytes_per_entry": size_bytes / (entries + APPENDS),
    }
    machine = {"cores": os.cpu_count() or 1, "system": platform.platform(), "python": platform.python_version()}
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return {"bench": "journal", "machine": machine, "runs": runs, "figures": rounded}


async def _fill(path: Path, signer: Signer, entries: int) -> list[float]:
    """Write the log; seconds that each of the last entries, alone in its transaction, made its writer wait."""
    clock = ManualClock(BEGAN)
    store = Store(path, SCHEMA, clock, Journal("mesure", signer))
    waited_s = []
    try:
        for first in range(0, entries, BATCH_ENTRIES):
            count = min(BATCH_ENTRIES, entries - first)
            store.transact(partial(_append, clock=clock, first=first, count=count))
        for number in range(APPENDS):
            began_s = time.perf_counter()
            await store.write(partial(_append, clock=clock, first=entries + number, count=1))
            waited_s.append(time.perf_counter() - began_s)
    finally:
        await store.close()
    return waited_s


def _append(tx: Tx, clock: ManualClock, first: int, count: int) -> None:
    for number in range(first, first + count):
        from_us = clock.utc().us - (number % 1000) * MICRO
        camera = f"mesure-c{number % 40:02d}"
        entry = Entry(
            "consultation", "replay", AUTHOR, (camera,), from_us, from_us + 300 * MICRO, "5", f"main courante {number}"
        )
        tx.journal(entry)


def _verify(folder: Path, vkey: str) -> float:
    began_s = time.process_time()
    report = verify_log(folder, vkey)
    took_s = time.process_time() - began_s
    if not report.ok:
        raise BadInput("Le journal de la mesure ne se vérifie pas.", where="vms bench journal")
    return took_s
