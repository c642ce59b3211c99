"""The kept corpora: one file a reader, one input a line in base64, the smallest ones that reach every branch found."""

from __future__ import annotations

import base64
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def kept(name: str) -> list[bytes]:
    """The inputs of one corpus."""
    return [base64.b64decode(line) for line in (FOLDER / f"{name}.b64").read_text(encoding="ascii").splitlines()]


def unpack(name: str, folder: Path) -> None:
    """Lay a corpus out as libFuzzer wants it, a file for each input."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(kept(name)):
        (folder / f"kept-{number}").write_bytes(data)


def pack(name: str, folder: Path) -> None:
    """Keep the files of a folder, that ``-merge=1`` has made small, as the corpus."""
    found = sorted({path.read_bytes() for path in folder.iterdir()}, key=lambda data: (len(data), data))
    lines = [base64.b64encode(data).decode("ascii") + "\n" for data in found]
    (FOLDER / f"{name}.b64").write_text("".join(lines), encoding="ascii")
