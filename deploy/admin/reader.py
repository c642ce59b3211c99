"""``vms evidence reader``: the offline reader of packages, written where it is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vms.errors import BadInput
from web.reader import reader_page


def write_reader(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Où l’écrire, par exemple lecteur-guet.html.")],
) -> None:
    """Écrit le lecteur hors ligne d’un paquet : une page à ouvrir, à remettre sur un autre support (T-14)."""
    try:
        file.write_bytes(reader_page())
    except OSError as error:
        raise BadInput("Ce fichier ne peut pas être écrit ici.", where=str(file)) from error
    print(f"{file} : ouvrez-le dans un navigateur, puis choisissez le paquet.")
