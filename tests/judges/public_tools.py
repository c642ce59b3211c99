"""The commands of docs/legal/verifier-une-extraction.md, run as they stand: what one can tell without our programs."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "legal" / "verifier-une-extraction.md"
ALONE: Final = "Une vidéo seule"
ENCRYPTED: Final = "Un paquet chiffré"
MARK: Final = "== "
EXAMPLE: Final = "video/EXEMPLE.mp4"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The title of the step that failed, empty when all held; and what its commands printed."""

    failed: str
    output: str


@cache
def commands() -> dict[str, str]:
    """Each step's commands, by its title without number."""
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        blocks = re.findall(r"```sh\n(.*?)```", body, re.DOTALL)
        if blocks:
            found[re.sub(r"^\d+\. ", "", title)] = "".join(blocks)
    return found


def verify(folder: Path) -> Verdict:
    """The numbered steps, in order, in an extracted package; published keys lie beside ``folder``."""
    steps = [f"echo '{MARK}{title}'\n{lines}" for title, lines in commands().items() if title not in (ALONE, ENCRYPTED)]
    done = run("".join(steps), folder)
    if done.returncode == 0:
        return Verdict("", "")
    title, _, printed = done.stdout.rpartition(MARK)[2].partition("\n")
    return Verdict(title, printed + done.stderr)


def verify_alone(folder: Path, video: str) -> Verdict:
    """The commands for one video taken out of its package."""
    done = run(commands()[ALONE].replace(EXAMPLE, video), folder)
    return Verdict("" if done.returncode == 0 else ALONE, done.stdout + done.stderr)


def decrypt(folder: Path) -> Verdict:
    """The command for ``paquet.zip.age`` and ``service.key`` in ``folder``; leaves ``paquet.zip``."""
    done = run(commands()[ENCRYPTED], folder)
    return Verdict("" if done.returncode == 0 else ENCRYPTED, done.stdout + done.stderr)


def run(lines: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block of commands with bash, up to the first that fails."""
    bash = shutil.which("bash") or "bash"
    done = subprocess.run((bash, "-ec", lines), cwd=folder, capture_output=True, check=False)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )
