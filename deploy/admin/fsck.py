"""``vms fsck``: the storage invariants S1–S5 of this machine, read-only unless ``--repair`` (design §4)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.admin.output import print_json
from vms.errors import NotFound
from vms.settings import Settings

if TYPE_CHECKING:
    from recorder.fsck.findings import Report


def fsck(
    home: Annotated[Path | None, typer.Option("--home", help="Dossier d’état (VMS_HOME).")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Finit ce qu’un arrêt brutal a laissé.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Pour les machines.")] = False,
) -> None:
    """Vérifie le stockage (S1 à S5) ; sortie 0 quand tout tient."""
    settings = Settings(home=home) if home else Settings()
    report = asyncio.run(check(settings, repair=repair))
    if as_json:
        print_json(report.to_dict())
    else:
        _tell(report)
    raise typer.Exit(0 if report.ok else 1)


async def check(settings: Settings, *, repair: bool = False) -> Report:
    """The report over this home's store and index; NotFound when there is none, StoreError for another volume."""
    from sqlalchemy.exc import DatabaseError

    from recorder.fsck.fsck import run
    from recorder.store.attached import reading
    from vms.clock import SystemClock
    from vms.db.engine import open_engine, unreadable

    if not settings.shared and not (settings.home / "guet.sqlite").is_file():
        raise NotFound(
            "Il n’y a pas d’enregistrement à vérifier ici.", where=str(settings.home), todo="Donnez VMS_HOME ou --home."
        )
    engine = open_engine(settings.database_url)
    store, policies = reading(settings), settings.recorder_dir / "retention.json"
    now = SystemClock(settings.test_clock_offset_s).utc()
    try:
        return await run(engine, store, policies, now, repair=repair)
    except DatabaseError as error:
        raise unreadable(engine, error) from error
    finally:
        await engine.dispose()


def _tell(report: Report) -> None:
    for line in report.repaired:
        print(f"réparé  {line}")
    for finding in report.findings:
        print(f"{'note  ' if finding.note else 'NON  '} {finding}")
    if report.truncated:
        print("Il y a d’autres constats, non montrés.")
    size_mib = report.size_bytes / (1024 * 1024)
    print(
        f"{report.streams} flux, {report.segments} segments, {report.groups} groupes, {size_mib:.1f} Mio, "
        f"{report.quarantined} en quarantaine."
    )
    print("Le stockage tient." if report.ok else "Le stockage NE TIENT PAS.")
