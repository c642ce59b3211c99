"""The offline reader that goes with a package (T-14): one HTML file, built with the pages, and where it is found."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from vms.errors import NotFound

READER_NAME: Final = "lecteur-guet.html"
READER: Final = Path(__file__).parent / "ui" / "dist" / READER_NAME


def reader_page() -> bytes:
    """The reader's file; NotFound when the pages have not been built."""
    try:
        return READER.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(
            "Le lecteur n’est pas construit.", where=READER_NAME, rule="T-14", todo="Lancez `make ready`."
        ) from error
