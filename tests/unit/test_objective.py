"""A camera's objective: what its picture and place give for it, and what the documents say of it (T-15)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate_facts import CAMERA, NOW, camera, commune
from tests.unit.test_documents import MINUTE, data_of, fact, page, sources, table
from vms.documents.kinds import KINDS
from vms.documents.sources import MeasuredCamera, Sources
from vms.law.dates import DAY_US
from vms.law.objective import Objective, density
from vms.law.rulebook import rulebook
from vms.law.siting import Position

CHURCH = Position(CAMERA, 48_123_456, 2_345_678, 45, 90, 8)  # its scene is 16 m wide where it ends
KINDS_OF = ("request-file", "impact-assessment")


def aim(level: str, outage_hours: int = 24, of: str = CAMERA) -> Objective:
    return Objective(of, level, outage_hours)


@pytest.mark.parametrize(
    ("width_px", "angle_deg", "reach_m", "level", "px_m", "holds"),
    [
        (1280, 90, 8, "discern", 80, True),  # exactly the level, whose tangent is just below 1
        (1279, 90, 8, "discern", 79, False),  # 79.94 is not rounded up to it
        (1280, 90, 8, "outline", 80, True),
        (1280, 90, 9, "discern", 71, False),
        (3840, 60, 1, "scrutinise", 3325, True),
        (1920, 120, 2000, "overview", 0, False),
        (352, 1, 2000, "overview", 10, False),
    ],
)
def test_the_density_is_that_of_the_scene_at_the_reach(
    width_px: int, angle_deg: int, reach_m: int, level: str, px_m: int, holds: bool
) -> None:
    found = density(replace(CHURCH, angle_deg=angle_deg, reach_m=reach_m), width_px, aim(level))
    assert found is not None
    assert (found.px_m, found.holds) == (px_m, holds)


@pytest.mark.parametrize(
    ("at", "width_px"),
    [
        (None, 1280),
        (CHURCH, 0),
        (CHURCH, -1),
        (replace(CHURCH, angle_deg=121), 1280),
        (replace(CHURCH, angle_deg=180), 1280),
        (replace(CHURCH, angle_deg=360), 1280),
        (replace(CHURCH, angle_deg=0), 1280),
        (replace(CHURCH, reach_m=0), 1280),
    ],
)
def test_no_density_where_a_figure_is_missing_or_the_picture_is_not_flat(at: Position | None, width_px: int) -> None:
    assert density(at, width_px, aim("overview")) is None


def test_without_an_objective_there_is_a_density_and_no_verdict() -> None:
    found = density(CHURCH, 1280, None)
    assert found is not None
    assert (found.px_m, found.asked_px_m, found.holds) == (80, None, None)


def test_the_levels_are_those_of_the_norm_coarsest_first() -> None:
    levels = [(name, one.px_m) for name, one in rulebook().objective.items()]
    assert levels == [
        ("overview", 20), ("outline", 40), ("discern", 80), ("perceive", 125), ("characterise", 250),
        ("validate", 500), ("scrutinise", 1500),
    ]  # fmt: skip


def given() -> Sources:
    """In service: one camera meets its objective, one does not, one turns, one has no figure, one no objective."""
    names = {CAMERA: "Place", "c-2": "Gare", "c-3": "Dôme", "c-4": "Pont", "c-5": "École"}
    cameras = {one: camera(id=one, name=name) for one, name in names.items()}
    angles = {CAMERA: 90, "c-2": 90, "c-3": 360, "c-5": 90}
    at = {one: replace(CHURCH, camera=one, angle_deg=angle) for one, angle in angles.items()}
    levels = {CAMERA: ("discern", 24), "c-2": ("validate", 4), "c-3": ("overview", 72), "c-4": ("discern", 8)}
    aims = {one: aim(level, hours, one) for one, (level, hours) in levels.items()}
    old = MINUTE.model_copy(update={"start_us": NOW - 2 * DAY_US})
    sub = MINUTE.model_copy(update={"stream": "sub"})
    kept = {CAMERA: (sub, MINUTE), "c-2": (MINUTE,), "c-3": (MINUTE,), "c-5": (sub, old)}
    facts = commune(cameras=cameras, positions=at, objectives=aims)
    whole = sources(facts, order="o-1")
    seen = tuple(
        MeasuredCamera(id=one, tls=True, hardened=True, clock_offset_ms=0, minutes=minutes)
        for one, minutes in kept.items()
    )
    return replace(whole, measured=whole.measured.model_copy(update={"cameras": seen}))


def told(kind: str) -> dict[str, Any]:
    return data_of(KINDS[kind](given()))


@pytest.mark.parametrize("kind", KINDS_OF)
def test_both_files_say_the_objective_the_density_and_whether_it_holds(kind: str, tmp_path: Path) -> None:
    data = told(kind)
    rows = {row["camera"]: row for row in table(data, "objectives")}
    assert rows["Place"] == {
        "camera": "Place", "objective": "Discerner : lever un doute (80 px/m)", "outage": "24 h", "seen": "8 m, 90°",
        "width": "1280 px", "density": "80 px/m", "holds": "oui",
    }  # fmt: skip
    assert (rows["Gare"]["density"], rows["Gare"]["holds"]) == ("80 px/m", "non")
    assert {name: rows[name]["holds"] for name in ("Dôme", "Pont", "École")} == {"Dôme": "", "Pont": "", "École": ""}
    assert "plus de 120°" in rows["Dôme"]["density"]
    assert rows["Pont"]["density"] == "non calculée : position non notée"
    assert (rows["École"]["width"], rows["École"]["density"]) == ("", "non calculée : image non mesurée depuis un jour")
    assert fact(data, "objectives", "Indisponibilité admise du système") == "4 h, la plus courte de ses caméras"
    lacks = [one for one in data["missing"] if one.startswith("Objectifs")]
    assert lacks == ["Objectifs des caméras et du système, École, objectif : objectif non noté, page de la caméra"]
    text = page(data, tmp_path)
    assert "2 × portée × tan(champ ÷ 2)" in text
    assert "École, objectif : objectif non noté" in text


def test_the_attestation_names_the_cameras_without_an_objective() -> None:
    points = {row["rule"]: row["found"] for row in table(told("conformity"), "points")}
    assert points["T-15"] == {"missing": "objectif non noté : École"}
    whole = given()
    aims = {one: aim("overview", of=one) for one in whole.facts.cameras}
    noted = data_of(KINDS["conformity"](replace(whole, facts=replace(whole.facts, objectives=aims))))
    assert {row["rule"]: row["found"] for row in table(noted, "points")}["T-15"].startswith("Noté pour chaque caméra")
