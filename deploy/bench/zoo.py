"""``vms bench zoo``: odd RTSP servers, what the recorder makes of each, and ffmpeg restarted after a second beside it.

The servers are the tests' own; they run in a process of their own, with both recorders as their clients.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from vms.errors import BadInput, Unavailable

REPOSITORY: Final = Path(__file__).parent.parent.parent
AT_ONCE_LIMIT_COUNT: Final = 64


async def run(*, scenarios: Sequence[str] = (), at_once: int = 24, beside: bool = True) -> dict[str, Any]:
    """The bench's JSON object with a line for every scenario whose name begins with one of ``scenarios``, or for all.

    BadInput outside the repository, where there are no such servers; Unavailable without ffmpeg when it is wanted.
    """
    if not (REPOSITORY / "tests" / "fakes" / "zoo").is_dir():
        raise BadInput("Les serveurs étranges ne sont que dans le dépôt.", where="vms bench zoo")
    if not 1 <= at_once <= AT_ONCE_LIMIT_COUNT:
        raise BadInput(f"De 1 à {AT_ONCE_LIMIT_COUNT} visites à la fois.", where="vms bench zoo")
    if beside and shutil.which("ffmpeg") is None:
        raise Unavailable("ffmpeg est introuvable : il est la mesure de comparaison.", todo="Installez ffmpeg.")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fakes.zoo", *scenarios, "--at-once", str(at_once)),
        *(() if beside else ("--alone",)),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise Unavailable(f"La visite s’est arrêtée (code {process.returncode}).", where="vms bench zoo")
    found: dict[str, Any] = json.loads(said)
    return found
