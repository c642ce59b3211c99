"""``vms witness``: cosigns the journals of others, and says when one of them was rewritten (E-04)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from deploy.admin.output import print_json

STATE_FILE = "witness.sqlite"


def witness(
    name: Annotated[str, typer.Option("--name", help="Nom du témoin, par exemple prefecture.example/temoin.")],
    known: Annotated[Path, typer.Option("--logs", help="Clés des journaux connus, une par ligne (signer.vkey).")],
    home: Annotated[Path, typer.Option("--home", help="Dossier d’état du témoin, et d’aucun autre.")],
    host: Annotated[str, typer.Option("--host", help="Adresse d’écoute.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 : un port libre.")] = 8466,
    show: Annotated[bool, typer.Option("--show", help="Montre ce qui a été vu et refusé, et s’arrête.")] = False,
) -> None:
    """Témoin : contresigne les points de contrôle des journaux connus, refuse retours en arrière et bifurcations."""
    from vms import logs
    from vms.clock import SystemClock
    from vms.keeper.proof.witness_book import WitnessBook, read_log_keys

    keys = read_log_keys(known)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    book = WitnessBook(home / STATE_FILE, name, keys, SystemClock())
    try:
        if show:
            print_json(book.told())
            return
        from deploy.witness_server import serve_witness

        logs.configure("witness")
        asyncio.run(serve_witness(book, host, port))
    finally:
        book.close()
