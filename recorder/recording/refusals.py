"""Refusals that a person must hear of: two recorders where there may be one. An incident each, not one a second."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from vms import logs
from vms.clock import MICRO, Clock
from vms.db.engine import write
from vms.model import Incident

QUIET_S: Final = 3600.0

# Kinds, with what a person reads and what to do about it.
DUPLICATE_START: Final = "duplicate-start"
TWO_RECORDERS: Final = "two-recorders"
FENCE_REFUSED: Final = "fence-refused"
SAID: Final = {
    DUPLICATE_START: (
        "Un second démarrage du même enregistreur a été refusé ; le premier continue.",
        "Arrêtez l’un des deux, ou donnez à chaque machine un nom à elle (VMS_MACHINE).",
    ),
    TWO_RECORDERS: (
        "Deux enregistreurs ont voulu écrire le même flux ; le second a été refusé, le premier continue.",
        "Cherchez un processus resté en marche, et arrêtez-le.",
    ),
    FENCE_REFUSED: (
        "Un enregistreur a voulu écrire avec un bail passé à un autre : rien n’en a été gardé.",
        "L’autre enregistreur continue. Si cela revient, vérifiez la charge et l’horloge de la machine écartée.",
    ),
}

log = logs.get("recorder.refusals")


async def tell(engine: AsyncEngine, clock: Clock, kind: str, subjects: Iterable[tuple[str, str]]) -> None:
    """An incident of ``kind`` for each (commune, camera), the camera empty for all of a commune's; once an hour each.

    With the database away the log has it.
    """
    now_us = clock.utc().us
    what, todo = SAID[kind]
    try:
        async with write(engine) as session:
            for commune, camera in subjects:
                log.error(kind, commune=commune, camera=camera)
                recent = select(Incident.id).where(
                    col(Incident.commune_id) == commune,
                    col(Incident.camera_id) == camera,
                    col(Incident.kind) == kind,
                    col(Incident.opened_us) > now_us - round(QUIET_S * MICRO),
                )
                if (await session.execute(recent.limit(1))).first() is None:
                    # A moment, not a state: it is over when it is told.
                    session.add(
                        Incident(
                            commune_id=commune, camera_id=camera, kind=kind, severity="grave", what=what, todo=todo,
                            opened_us=now_us, closed_us=now_us,
                        )
                    )  # fmt: skip
    except SQLAlchemyError as error:
        log.error("refus non consigné, base absente", kind=kind, why=type(error).__name__)
