"""What each camera is meant to show and how long it may lack, with what its picture and place give for it (T-15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vms.documents.conformity import FRESH_US, MAIN
from vms.documents.document import Cell, Column, Missing, Section, Table
from vms.documents.sources import Sources
from vms.law.facts import CameraFacts
from vms.law.objective import FLAT_FIELD_DEG, Objective, density
from vms.law.rulebook import rulebook
from vms.law.siting import Position

COLUMNS: Final = (
    Column("camera", "Caméra", 3), Column("objective", "Objectif", 4), Column("outage", "Indisponibilité admise", 3),
    Column("seen", "Portée et champ", 2), Column("width", "Largeur enregistrée", 2),
    Column("density", "Densité à la portée", 3), Column("holds", "Objectif tenu", 2),
)  # fmt: skip
NOT_NOTED: Final = Missing("objectif non noté, page de la caméra")
HOW: Final = (
    "Niveaux de la norme IEC 62676-4:2025. Densité : largeur de l’image enregistrée, divisée par celle de la scène à "
    "la portée, 2 × portée × tan(champ ÷ 2), au sol, sans la hauteur du mât."
)


def objectives(sources: Sources, cameras: Sequence[CameraFacts]) -> Section:
    """The cameras' objectives; one that has none is missing, and where a figure lacks there is no verdict."""
    rows = tuple(_row(sources, one) for one in cameras)
    noted = [sources.facts.objectives[one.id].outage_hours for one in cameras if one.id in sources.facts.objectives]
    system: Cell = f"{min(noted)} h, la plus courte de ses caméras" if noted else Missing("aucune caméra n’en a")
    return Section(
        "objectives",
        "Objectifs des caméras et du système",
        "T-15",
        text=(HOW,),
        facts=(("Indisponibilité admise du système", system),) if cameras else (),
        table=Table(COLUMNS, rows, "Aucune caméra."),
    )


def _row(sources: Sources, camera: CameraFacts) -> tuple[Cell, ...]:
    at, aim = sources.facts.positions.get(camera.id), sources.facts.objectives.get(camera.id)
    width_px = _width(sources, camera)
    found = density(at, width_px, aim)
    holds = {True: "oui", False: "non", None: ""}[found.holds if found else None]
    return (
        camera.name,
        _words(aim) if aim else NOT_NOTED,
        f"{aim.outage_hours} h" if aim else "",
        f"{at.reach_m} m, {at.angle_deg}°" if at else "",
        f"{width_px} px" if width_px else "",
        f"{found.px_m} px/m" if found else _lacking(at, width_px),
        holds,
    )


def _words(aim: Objective) -> str:
    level = rulebook().objective[aim.level]
    return f"{level.fr} ({level.px_m} px/m)"


def _width(sources: Sources, camera: CameraFacts) -> int:
    """The width of the last whole minute kept of the main stream, 0 when none was measured within a day."""
    known = next((one for one in sources.measured.cameras if one.id == camera.id), None)
    kept = [one for one in known.minutes if one.stream == MAIN] if known else []
    return next((one.width for one in kept if abs(sources.now_us - one.start_us) <= FRESH_US), 0)


def _lacking(at: Position | None, width_px: int) -> str:
    if at is None:
        return "non calculée : position non notée"
    if at.angle_deg > FLAT_FIELD_DEG:
        return f"non calculée : champ de plus de {FLAT_FIELD_DEG}°, à mesurer sur place"
    return "non calculée : image non mesurée depuis un jour" if not width_px else "non calculée"
