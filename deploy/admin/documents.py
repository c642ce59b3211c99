"""``vms documents``: a document drawn from the live state, through the API, as the person of ``vms login`` (P-29)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Final

import typer

from vms.errors import BadInput

FORMS: Final = ("pdf", "json", "csv")
MAKE_S: Final = 180.0  # a year of the journal is read, and long pages are set


def documents(
    commune: Annotated[str, typer.Argument(metavar="COMMUNE", help="Par exemple valclair.")],
    kind: Annotated[
        str, typer.Argument(metavar="DOCUMENT", help="Par exemple habilitations ; sans --out, la liste.")
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Fichier .pdf, .json ou .csv ; .zip pour tout.")] = None,
    day: Annotated[str, typer.Option("--day", help="AAAA-MM-JJ, pour les personnes habilitées.")] = "",
    first: Annotated[str, typer.Option("--from", help="Premier jour, pour le registre.")] = "",
    last: Annotated[str, typer.Option("--to", help="Dernier jour, pour le registre.")] = "",
    year: Annotated[str, typer.Option("--year", help="Pour le rapport annuel.")] = "",
    order: Annotated[str, typer.Option("--order", help="Arrêté, pour le dossier de demande.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Pour les machines.")] = False,
) -> None:
    """Les documents de la commune : leur liste, ou l’un d’eux dans un fichier.

    Ils se font au nom de la personne connectée (vms login), selon sa qualité, et chacun est inscrit au journal.
    """
    from deploy.admin import session_file
    from deploy.admin.output import print_rows

    saved = session_file.load()
    path = f"/communes/{commune}/documents"
    whole = out is not None and out.suffix.lower() == ".zip"
    if (not kind and not whole) or out is None:

        async def listed() -> list[dict[str, str]]:
            async with saved.client() as client:
                answer = await client.get(path)
                found: list[dict[str, str]] = answer["documents"]
                return found

        if kind:
            raise BadInput(
                "Dites où écrire ce document.", where="--out", todo=f"vms documents {commune} {kind} --out …"
            )
        rows = asyncio.run(listed())
        print_rows(rows, {"kind": "document", "fr": "titre", "use_fr": "à quoi il sert"}, as_json=as_json)
        return
    form = out.suffix.removeprefix(".").lower()
    if whole and kind:
        raise BadInput("Un .zip contient tous les documents.", where=kind, todo=f"vms documents {commune} --out {out}")
    if not whole and form not in FORMS:
        raise BadInput("Ce format n’existe pas.", where=str(out), todo="Donnez un fichier .pdf, .json ou .csv.")
    asked = {"form": form, "day": day, "first": first, "last": last, "year": year, "order": order}
    query = {} if whole else {name: value for name, value in asked.items() if value}

    async def made() -> bytes:
        async with saved.client() as client:
            wanted = "archive" if whole else kind
            return (await client.request("GET", f"{path}/{wanted}", params=query, timeout=MAKE_S)).content

    data = asyncio.run(made())
    try:
        out.write_bytes(data)
    except OSError as error:
        raise BadInput("Ce fichier ne peut pas être écrit.", where=str(out)) from error
    print(f"{out} : {len(data)} octets. Sa production est inscrite au journal.")
