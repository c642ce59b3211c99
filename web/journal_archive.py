"""The journal as one file for the CNIL: the log, its tables and their signature, and how to check them (D-13)."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path
from typing import Any, Final

from vms.keeper.clients.audiences import KeeperForWeb
from vms.keeper.proof.export import export_for_cnil

README_NAME: Final = "LISEZ-MOI.txt"
README: Final = """\
Journal des opérations de vidéoprotection (CSI R253-5), remis au titre de l’article 101 de la loi 78-17.

journal.csv   une ligne par opération ; s’ouvre dans un tableur (UTF-8, point-virgule). Une cellule qui commencerait par
              un signe de formule est précédée d’une apostrophe.
journal.json  les mêmes opérations, avec le sel de chacune.
export.note   l’empreinte SHA-256 des deux fichiers, signée par le gardien des clés.
checkpoint, tile, records, cosigned   l’arbre de Merkle dont chaque ligne est une feuille (C2SP tlog-tiles).

Vérifier, hors ligne, avec la clé que la commune publie :

    vms audit verify DOSSIER --signer CLÉ [--witness CLÉ] [--checkpoint FICHIER]

Sans ce programme : « sha256sum journal.csv journal.json » doit donner les empreintes de export.note, note signée C2SP
(https://c2sp.org/signed-note) que tout vérificateur Ed25519 sait lire. signer.vkey est la clé : comparez-la à celle que
la commune publie.

Une fiche effacée à trente-six mois garde sa place et son empreinte, sans son contenu.
"""


async def write_archive(keeper: KeeperForWeb, token: str, log: str | None, folder: Path) -> Path:
    """Write the archive below ``folder`` (empty, the caller removes it); its path. As the person of the session."""

    async def read(name: str, args: dict[str, Any]) -> dict[str, Any]:
        return await keeper.read(token, name, args)

    async def sign(name: str) -> tuple[int, str]:
        return await keeper.sign_export(token, name)

    out = folder / "journal"
    written = await export_for_cnil(read, sign, out, log)
    (out / README_NAME).write_text(README, encoding="utf-8")
    path = folder / f"journal-{written.parent.name}-{written.name}.zip"
    await asyncio.to_thread(_pack, out, path)
    return path


def _pack(out: Path, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(one for one in out.rglob("*") if one.is_file()):
            archive.write(file, f"{path.stem}/{file.relative_to(out).as_posix()}")
