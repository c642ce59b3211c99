"""``vms audit verify`` and ``vms evidence verify``: proofs checked from files alone, by anyone, offline."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from deploy.admin.output import print_json
from vms.errors import BadInput, NotFound, Refused
from vms.printable import printable

if TYPE_CHECKING:
    from vms.keeper.proof.audit import Report

EXPORT_LIMIT_S: Final = 600.0

audit = typer.Typer(help="Le journal : vérification depuis ses seuls fichiers.", no_args_is_help=True)
evidence = typer.Typer(help="Paquets de preuve : vérification hors ligne.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Pour les machines.")]
Signer = Annotated[str, typer.Option("--signer", help="Clé de vérification (forme vkey), ou fichier qui en porte une.")]


@audit.command("verify")
def audit_verify(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DOSSIER]", help="Journal exporté ; sans lui, celui du gardien de cette machine."),
    ] = None,
    signer: Signer = "",
    home: Annotated[Path | None, typer.Option("--home", help="Dossier d’état (VMS_HOME), sans DOSSIER.")] = None,
    checkpoint: Annotated[Path | None, typer.Option("--checkpoint", help="Point de contrôle gardé ailleurs.")] = None,
    witness: Annotated[
        list[str] | None, typer.Option("--witness", help="Clé d’un témoin qui doit avoir contresigné (répétable).")
    ] = None,
    tsa: Annotated[
        Path | None, typer.Option("--tsa", help="Racines (PEM) de l’autorité qui doit avoir horodaté.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Vérifie tout le journal : signatures, tuiles, racine, entrées (E-01 à E-05)."""
    from vms.evidence.verify import read_signer

    key = read_signer(signer) if signer else None
    kept = _kept(checkpoint) if checkpoint else None
    report = _verified(folder, home, key, kept, [_key_text(one) for one in witness or []], _roots(tsa))
    if as_json:
        print_json(report.to_dict())
    else:
        for log in report.logs:
            print(f"{printable(log.name)} : {log.size} entrées, {log.records} lues, {log.pruned} élaguées")
            if log.stamped is not None:
                print(f"  horodatage : {log.stamped.size} entrées, le {log.stamped.at}")
            for seen in log.witnessed:
                print(f"  témoin {printable(seen.witness)} ({seen.kind}) : {seen.size} entrées, le {seen.at}")
        for fault in report.faults:
            print(f"NON  {printable(fault.where)} : {printable(fault.what)}")
        if not report.signer_given:
            print("La clé vient du dossier lui-même : comparez-la à celle que la commune publie, ou donnez --signer.")
        print("Le journal est intact." if report.ok else "Le journal est ALTÉRÉ.")
    raise typer.Exit(0 if report.ok else 1)


@audit.command("export")
def audit_export(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Archive à écrire (.zip).")],
    log: Annotated[str, typer.Option("--log", help="Trimestre, par exemple 2026-T4 ; celui en cours sans elle.")] = "",
) -> None:
    """Remet un trimestre du journal, CSV et JSON signés, avec ses preuves (D-13) ; après vms login."""
    from deploy.admin import session_file

    saved = session_file.load()
    if not saved.commune:
        raise Refused("Vous n’agissez pour aucune commune.", todo="vms login … --commune COMMUNE", rule="P-62")

    async def fetch() -> bytes:
        async with saved.client() as client:
            query = {"log": log} if log else {}
            path = f"/communes/{saved.commune}/journal/export"
            return (await client.request("GET", path, params=query, timeout=EXPORT_LIMIT_S)).content

    data = asyncio.run(fetch())
    try:
        file.write_bytes(data)
    except OSError as error:
        raise BadInput("Cette archive ne peut pas être écrite.", where=str(file)) from error
    print(f"{file} : {len(data)} octets. Vérifiez-la avec vms audit verify.")


def _kept(checkpoint: Path) -> str:
    try:
        return checkpoint.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("Ce point de contrôle est illisible.", where=str(checkpoint)) from error


def _key_text(given: str) -> str:
    """A witness's verifier key, given as such or in a file."""
    from vms.keeper.proof.log_source import read_verifier_key

    path = Path(given)
    return read_verifier_key(path) if len(given) < 256 and path.is_file() else given


def _roots(tsa: Path | None) -> bytes | None:
    try:
        return None if tsa is None else tsa.read_bytes()
    except OSError as error:
        raise BadInput("Ces certificats sont illisibles.", where=str(tsa)) from error


def _verified(
    folder: Path | None, home: Path | None, key: str | None, kept: str | None, witnesses: list[str], roots: bytes | None
) -> Report:
    """The report on an exported folder, or on the keeper's own store, whose key must come from outside."""
    from vms.keeper.proof.audit import verify_log, verify_store
    from vms.settings import Settings

    if folder is not None:
        if home is not None:
            raise BadInput("--home ne va pas avec un dossier.", where="vms audit verify")
        return verify_log(folder, key, kept, witnesses, roots)
    settings = Settings(home=home) if home else Settings()
    if not settings.keeper_dir.is_dir():
        raise NotFound("Il n’y a pas de gardien ici.", where=str(settings.home), todo="Donnez un dossier, ou --home.")
    if key is None:
        raise BadInput("La clé du signataire manque.", where="--signer", todo="Donnez celle que la commune publie.")
    return verify_store(settings.keeper_dir, key, kept, witnesses, roots)


@evidence.command("verify")
def evidence_verify(
    file: Annotated[Path, typer.Argument(metavar="FICHIER", help="Paquet de preuve.")],
    signer: Signer = "",
    as_json: AsJson = False,
) -> None:
    """Vérifie un paquet ; « authentique » (sortie 0) pour un signataire connu seulement."""
    from vms.evidence.verify import read_signer, verify_package

    if not file.is_file():
        raise NotFound("Ce fichier n’existe pas.", where=str(file))
    try:
        report = verify_package(file, read_signer(signer) if signer else None)
    except OSError as error:
        raise BadInput("Ce fichier ne peut pas être lu.", where=str(file)) from error
    if as_json:
        print_json(report.to_dict())
    else:
        print(report.text(), end="")
    raise typer.Exit(report.exit_code)
