"""``vms discover PREFIX…``: what answers in these prefixes, read-only, from the host's command line.

Nothing is written or changed, no account is tried. With a home that exists, only prefixes that its communes declared
are searched (O-22); without one, the person typing answers for the network asked.
"""

from __future__ import annotations

import asyncio
import logging
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

import typer

from vms import logs
from vms.errors import Refused

COLUMNS = {
    "address": "Adresse",
    "name": "Nom",
    "model": "Modèle",
    "mac": "MAC",
    "profiles": "Profils",
    "state": "État",
    "rule": "Règle",
    "what": "Pourquoi",
}


def discover(
    prefix: Annotated[list[str], typer.Argument(metavar="PRÉFIXE...", help="Par exemple 10.42.16.0/24.")],
    home: Annotated[Path | None, typer.Option("--home", help="Dossier d’état (VMS_HOME).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Pour les machines.")] = False,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port de WS-Discovery.")] = None,
) -> None:
    """Cherche des caméras dans des préfixes et montre ce qui répond ; ne change rien."""
    from deploy.admin.output import print_rows
    from vms.settings import Settings

    logs.configure("discover", logging.WARNING)
    settings = Settings(home=home) if home else Settings()
    rows = asyncio.run(search(prefix, settings, port or settings.discovery_port))
    print_rows(rows, COLUMNS, as_json=as_json)
    if not rows and not as_json:
        print("Aucun équipement n’a répondu.")


async def search(prefixes: list[str], settings: Any, port: int) -> list[dict[str, Any]]:
    """What answers in ``prefixes``, one mapping a device, by address; Refused (O-22) outside the declared ones."""
    from vms.clock import SystemClock
    from vms.onvif.territory import DeclaredPrefix, Territory
    from vms.services.discover import Search

    # Without a home nothing is declared, so nothing is marked as not *maîtrisé* either.
    territory = Territory([DeclaredPrefix.parse(cidr, trusted=True) for cidr in prefixes])
    known: list[Any] = []
    declared = await _declared(settings)
    if declared is not None:
        territory = Territory([_within(wanted, declared[0]) for wanted in territory.prefixes])
        known = declared[1]

    async def ignore(_: Any) -> None:
        return None

    run = Search(territory, SystemClock(), known=known, on_sighting=ignore, on_progress=ignore, port=port)
    await run.run()
    return [_row(sighting) for sighting in sorted(run.sightings, key=lambda s: ip_address(s.address))]


async def _declared(settings: Any) -> tuple[list[Any], list[Any]] | None:
    """The declared prefixes and known cameras of the home; None when there is no home here."""
    from sqlmodel import select

    from vms.clock import SystemClock
    from vms.db.engine import open_engine, read
    from vms.model import Prefix
    from vms.onvif.territory import DeclaredPrefix
    from vms.services.records import Records

    if not (settings.home / "guet.sqlite").exists():
        return None
    engine = open_engine(settings.database_url)
    try:
        async with read(engine) as session:
            rows = (await session.execute(select(Prefix))).scalars().all()
        known = await Records(engine, SystemClock(), "").known_cameras()
        return [DeclaredPrefix.parse(row.cidr, trusted=row.trusted) for row in rows], known
    finally:
        await engine.dispose()


def _within(wanted: Any, declared: list[Any]) -> Any:
    """The wanted prefix with the mark of the declared one that holds it."""
    from dataclasses import replace

    for prefix in declared:
        if prefix.network.version == wanted.network.version and wanted.network.subnet_of(prefix.network):
            return replace(wanted, trusted=prefix.trusted)
    raise Refused(
        f"Le préfixe {wanted} n’est pas déclaré par une commune de cette machine.",
        todo="Déclarez-le d’abord (vms camera declare-prefix), ou cherchez dans ceux qui le sont.",
        rule="O-22",
    )


def _row(sighting: Any) -> dict[str, Any]:
    identity, detail = sighting.identity, sighting.detail
    return {
        "address": sighting.address,
        "url": sighting.url,
        "prefix": sighting.prefix,
        "name": detail.get("name", ""),
        "model": identity.model,
        "mac": identity.mac,
        "serial": identity.serial,
        "endpoint_reference": identity.endpoint_reference,
        "profiles": detail.get("profiles", []),
        "state": sighting.state,
        "rule": sighting.rule,
        "what": sighting.what,
        "camera": sighting.camera.id if sighting.camera is not None else "",
    }
