"""A witness in a process of its own, and a log that a test can extend, cut back and fork."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vms.keeper.journal.checkpoint import Signer, checkpoint_text
from vms.keeper.journal.tree import consistency_proof, leaf_hash, nodes_over, root_of
from vms.keeper.proof.witness_request import Submission
from vms.keys.cosignature import Head
from vms.keys.note import sign_note


@dataclass(frozen=True)
class RunningWitness:
    """Where a witness answers, its keys, and the folder of its state."""

    url: str
    vkeys: list[str]
    home: Path
    logs: Path
    name: str

    @property
    def setting(self) -> str:
        """The line of ``VMS_WITNESSES``."""
        return " ".join((self.url, *self.vkeys))

    async def told(self) -> dict[str, Any]:
        """What ``vms witness --show`` prints."""
        shown = await asyncio.create_subprocess_exec(*_command(self, "--show"), stdout=asyncio.subprocess.PIPE)
        out, _ = await shown.communicate()
        assert shown.returncode == 0
        found: dict[str, Any] = json.loads(out)
        return found


def _command(one: RunningWitness, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "deploy.cli", "witness", "--name", one.name, "--logs", str(one.logs),
        "--home", str(one.home), *more,
    ]  # fmt: skip


@asynccontextmanager
async def witness(home: Path, *log_keys: str, name: str = "prefecture.example/temoin") -> AsyncIterator[RunningWitness]:
    """A real ``vms witness`` on a free port, ended with the block."""
    home.mkdir(parents=True, exist_ok=True)
    known = home / "logs.txt"
    known.write_text("# journaux connus\n" + "\n".join(log_keys) + "\n", encoding="utf-8")
    wanted = RunningWitness("", [], home / "state", known, name)
    process = await asyncio.create_subprocess_exec(
        *_command(wanted, "--port", "0"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        yield RunningWitness(ready["url"], ready["vkeys"], wanted.home, known, name)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


class TestLog:
    """A log in memory under one key; ``leaves`` may be changed as no honest log would."""

    __test__ = False

    def __init__(self, signer: Signer, leaves: int, *, prefix: str = "leaf", origin: str = "") -> None:
        self.signer = signer
        self.origin = origin or f"{signer.name}/valclair/2026-T4"
        self.leaves = [leaf_hash(f"{prefix} {number}".encode()) for number in range(leaves)]

    def head(self, size: int) -> Head:
        """What the checkpoint of a size says."""
        return Head(self.origin, size, root_of(self.leaves[:size]))

    def note(self, size: int) -> str:
        """The signed checkpoint of a size."""
        text = checkpoint_text(self.origin, size, self.head(size).root)
        return sign_note(text, self.signer.name, self.signer.private)

    def submission(self, old: int, size: int) -> bytes:
        """The body that shows ``size`` to whoever knows ``old``."""
        nodes = nodes_over(self.leaves[:size])
        proof = tuple(consistency_proof(nodes, old, size)) if 0 < old < size else ()
        return Submission(old, proof, self.note(size)).encode()
