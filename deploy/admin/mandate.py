"""``vms mandate``: the host brings back the one elected person of a small commune, on a written mandate (P-58)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from vms.clock import UtcTime
from vms.keeper.clients.audiences import way_to_keeper
from vms.keeper.clients.host import KeeperForHost
from vms.keeper.protocol import HOST_SOCKET
from vms.settings import Settings


def mandate(
    commune: Annotated[str, typer.Argument(metavar="COMMUNE", help="Identifiant de la commune.")],
    login: Annotated[str, typer.Argument(metavar="IDENTIFIANT", help="Celui de l’élu qui ne peut plus entrer.")],
    reference: Annotated[str, typer.Option("--mandat", help="Référence du mandat écrit, gardé au dossier.")],
    home: Annotated[Path | None, typer.Option("--home", help="Dossier d’état (VMS_HOME).")] = None,
) -> None:
    """Rétablit l’accès du seul élu d’une commune, après un délai pendant lequel il peut l’arrêter ; tous sont prévenus.

    Refusé où les responsables de la commune peuvent le faire eux-mêmes. N’ouvre aucune image et aucune clé.
    """
    settings = Settings(home=home) if home else Settings()
    keeper = KeeperForHost(way_to_keeper(settings, HOST_SOCKET))
    made = asyncio.run(keeper.mandate_recovery(commune, login, reference))
    begin, end = (UtcTime(int(made[name])).iso() for name in ("from_us", "until_us"))
    print(f"Code à remettre en main propre : {made['code']}")
    print(f"Il sert une fois, du {begin} au {end}. La commune en est avertie.")
