"""``vms retention prove`` and ``verify``: what was destroyed of a day, proved, checked offline (P-29, P-42)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.admin.output import print_json
from vms.errors import BadInput

if TYPE_CHECKING:
    from vms.keeper.proof.certificate_check import Checked

app = typer.Typer(help="Conservation : preuves de destruction.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Pour les machines.")]


@app.command("prove")
def prove(
    commune: Annotated[str, typer.Argument(metavar="COMMUNE", help="Par exemple valclair.")],
    day: Annotated[str, typer.Argument(metavar="JOUR", help="AAAA-MM-JJ, de Paris.")],
    camera: Annotated[str, typer.Option("--camera", help="Une seule caméra.")] = "",
    output: Annotated[Path | None, typer.Option("--output", help="Écrit le certificat dans ce fichier.")] = None,
    home: Annotated[Path | None, typer.Option("--home", help="Dossier d’état (VMS_HOME).")] = None,
    as_json: AsJson = False,
) -> None:
    """Certificat de destruction d’un jour ; sortie 1 si une clé échue reste hors des gels (P-30)."""
    from vms.keeper.clients.audiences import way_to_keeper
    from vms.keeper.clients.host import KeeperForHost
    from vms.keeper.proof.certificate_check import check_certificate, read_certificate
    from vms.keeper.protocol import HOST_SOCKET
    from vms.settings import Settings

    settings = Settings(home=home) if home else Settings()
    keeper = KeeperForHost(way_to_keeper(settings, HOST_SOCKET))
    data = asyncio.run(keeper.prove_destruction(commune, day, camera))
    whole = read_certificate(data)
    if output is not None:
        output.write_bytes(data)
    _tell(check_certificate(whole), whole if as_json else None)


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Certificat de destruction.")],
    signer: Annotated[str, typer.Option("--signer", help="Clé de vérification, ou fichier qui en porte une.")] = "",
    witness: Annotated[
        list[str] | None, typer.Option("--witness", help="Clé d’un témoin qui doit avoir contresigné (répétable).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Vérifie un certificat de destruction, hors ligne."""
    from vms.evidence.verify import read_signer
    from vms.keeper.proof.certificate_check import check_certificate, read_certificate

    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadInput("Ce certificat est illisible.", where=str(file)) from error
    checked = check_certificate(read_certificate(data), read_signer(signer) if signer else None, witness or [])
    _tell(checked, checked.to_dict() if as_json else None)


def _tell(checked: Checked, as_json: dict[str, Any] | None) -> None:
    from vms.keeper.proof.certificate_check import told_in_french

    if as_json is not None:
        print_json(as_json)
    else:
        print(told_in_french(checked), end="")
    raise typer.Exit(0 if checked.ok else 1)
