"""The two plans of the préfecture's file: the *plan-masse* that was filed, the *plan de détail* drawn here (P-22)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vms.documents.document import Cell, Column, Day, Missing, Section, Table, count
from vms.documents.siting import Placed, degrees, far_off, sheets
from vms.documents.sources import Sources
from vms.law.facts import CameraFacts
from vms.law.siting import Position, SitePlan

COLUMNS: Final = (
    Column("number", "N°", 2),
    Column("camera", "Caméra", 4),
    Column("latitude", "Latitude", 3),
    Column("longitude", "Longitude", 3),
    Column("direction", "Direction", 2),
    Column("angle", "Champ", 2),
    Column("reach", "Portée", 2),
)
MEDIA: Final = {"application/pdf": "PDF", "image/jpeg": "image JPEG", "image/png": "image PNG"}
POINTS: Final = ("nord", "nord-est", "est", "sud-est", "sud", "sud-ouest", "ouest", "nord-ouest")
KNOWN: Final = "Positions WGS 84. Guet ne connaît ni voies ni bâtiments : ils sont au plan-masse."


def site_plan(sources: Sources) -> Section:
    """Item 2°: the filed plan by its digest and date, or that it lacks: third parties' buildings are nobody's data."""
    filed = next((one for one in sources.facts.site_plans.values() if one.order == sources.order), None)
    title = "2° Plan-masse des lieux"
    if filed is None:
        lacks = Missing(
            "le plan-masse : les bâtiments de tiers dans le champ, leurs accès et leurs ouvertures, à verser"
        )
        return Section("2", title, "P-22", text=(lacks,))
    return Section("2", title, "P-22", text=("Joint à ce dossier.",), facts=_told(filed))


def detail_plan(sources: Sources, cameras: Sequence[CameraFacts]) -> Section:
    """Item 3°: each camera's number, position, direction and covered zone; one without a position is not drawn."""
    numbers = {one.id: one.number for one in sources.measured.cameras if one.number}
    placed = [
        Placed(one.name, _label(one.id, numbers), sources.facts.positions[one.id])
        for one in cameras
        if one.id in sources.facts.positions
    ]
    away = far_off(placed)
    drawn = sheets([one for one in placed if one.position.camera not in away])
    text = f"Placées au plan : {sum(len(one.cameras) for one in drawn)} sur {count(len(cameras), 'caméra')}."
    rows = tuple(_row(one, numbers, sources.facts.positions.get(one.id), away.get(one.id)) for one in cameras)
    table = Table(COLUMNS, rows, "Aucune caméra.")
    return Section("3", "3° Plan de détail", "P-22", text=(text, KNOWN), table=table, plan=drawn)


def _told(plan: SitePlan) -> tuple[tuple[str, Cell], ...]:
    return (
        ("Plan du", Day(plan.drawn_us)),
        ("Versé le", Day(plan.filed_us)),
        ("Fichier", f"{MEDIA[plan.media]}, {plan.size_bytes} octets"),
        ("Empreinte SHA-256", plan.sha256),
    )


def _label(camera: str, numbers: dict[str, int]) -> str:
    return f"{numbers[camera]:02d}" if camera in numbers else camera


def _row(camera: CameraFacts, numbers: dict[str, int], at: Position | None, away_km: int | None) -> tuple[Cell, ...]:
    number: Cell = _label(camera.id, numbers)
    if at is None:
        return (number, camera.name, Missing("position non notée, page de la caméra"), "", "", "", "")
    latitude: Cell = degrees(at.latitude_udeg)
    if away_km is not None:
        latitude = Missing(f"position à vérifier : {degrees(at.latitude_udeg)}, à {away_km} km des autres")
    direction = "tous côtés" if at.angle_deg == 360 else f"{at.direction_deg}°, {_point(at.direction_deg)}"
    return (
        number,
        camera.name,
        latitude,
        degrees(at.longitude_udeg),
        direction,
        f"{at.angle_deg}°",
        f"{at.reach_m} m",
    )


def _point(direction_deg: int) -> str:
    return POINTS[round(direction_deg / 45) % len(POINTS)]
