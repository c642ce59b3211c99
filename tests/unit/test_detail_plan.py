"""The *plan de détail*: metres on the ground are millimetres on the page, and what has no place is not drawn (P-22)."""

from __future__ import annotations

import math
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.town import CAMERAS, COMMUNES
from tests.unit.gate_facts import CAMERA, NOW, camera, commune
from tests.unit.test_documents import data_of, page, sources, table
from vms.documents.document import canonical
from vms.documents.kinds import KINDS
from vms.documents.render import render
from vms.documents.siting import EDGE_MM, SHEET_MM, Placed, far_off, sheets
from vms.documents.sources import MeasuredCamera
from vms.law.dates import DAY_US
from vms.law.siting import Position, SitePlan

CHURCH = Position(CAMERA, 48_123_456, 2_345_678, 45, 70, 45)
METRES_A_DEGREE = 111_320
NAMES = {CAMERA: "Place", "c-2": "Gare", "c-3": "Pont", "c-4": "Place, arrière"}


def near(label: str, east_m: float = 0, north_m: float = 0, **changes: Any) -> Placed:
    """A camera at so many metres from the church."""
    narrow = METRES_A_DEGREE * math.cos(math.radians(CHURCH.latitude_udeg / 1e6))
    at = replace(
        CHURCH,
        camera=label,
        latitude_udeg=CHURCH.latitude_udeg + round(north_m / METRES_A_DEGREE * 1e6),
        longitude_udeg=CHURCH.longitude_udeg + round(east_m / narrow * 1e6),
    )
    return Placed(f"Caméra {label}", label, replace(at, **changes))


def drawn(*placed: Placed) -> list[dict[str, Any]]:
    return [sheet.to_data() for sheet in sheets(placed)]


def test_a_ruler_and_the_scale_give_the_metres_on_the_ground() -> None:
    [sheet] = drawn(near("01"), near("02", east_m=100), near("03", north_m=80))
    at = {one["label"]: (one["x_mm"], one["y_mm"]) for one in sheet["cameras"]}
    on_ground = sheet["scale"] / 1000
    assert (at["02"][0] - at["01"][0]) * on_ground == pytest.approx(100, abs=0.2)
    assert (at["01"][1] - at["03"][1]) * on_ground == pytest.approx(80, abs=0.2)
    assert sheet["cameras"][0]["reach_mm"] * on_ground == pytest.approx(45)


@pytest.mark.parametrize("commune", [one.id for one in COMMUNES])
def test_each_town_of_the_demonstration_is_one_sheet_on_which_its_fields_can_be_seen(commune: str) -> None:
    placed = [
        Placed(one.name, f"{one.number:02d}", Position(f"c-{one.number}", **one.position.model_dump()))
        for one in CAMERAS
        if one.commune == commune and one.position is not None
    ]
    assert len(placed) == sum(one.commune == commune for one in CAMERAS)
    assert far_off(placed) == {}
    [sheet] = drawn(*placed)
    assert min(one["reach_mm"] for one in sheet["cameras"]) > 15


@pytest.mark.parametrize("angle", [1, 70, 180, 360])
@pytest.mark.parametrize("direction", [0, 90, 213, 359])
@pytest.mark.parametrize("reach", [1, 45, 2000])
def test_no_covered_zone_is_cut_and_no_sheet_outgrows_the_page(angle: int, direction: int, reach: int) -> None:
    looks = {"angle_deg": angle, "direction_deg": direction, "reach_m": reach}
    [sheet] = drawn(near("01", **looks), near("02", east_m=200, north_m=-90, **looks))
    assert sheet["height_mm"] <= SHEET_MM[1] + 0.01
    for one in sheet["cameras"]:
        for step in range(angle + 1):
            bearing = math.radians(direction - angle / 2 + step)
            x = one["x_mm"] + one["reach_mm"] * math.sin(bearing)
            y = one["y_mm"] - one["reach_mm"] * math.cos(bearing)
            assert EDGE_MM - 1 <= x <= sheet["width_mm"] - EDGE_MM + 1
            assert EDGE_MM - 1 <= y <= sheet["height_mm"] - EDGE_MM + 1


def test_cameras_apart_have_a_sheet_each_and_neighbours_of_neighbours_share_one() -> None:
    chain = [near(f"{number:02d}", east_m=250 * number) for number in range(1, 6)]
    made = sheets([near("20", north_m=5_000), *chain])
    assert [[one.label for one in sheet.cameras] for sheet in made] == [["01", "02", "03", "04", "05"], ["20"]]


def test_a_slip_of_the_pen_is_named_and_does_not_shrink_the_plan() -> None:
    swapped = near("03", latitude_udeg=CHURCH.longitude_udeg, longitude_udeg=CHURCH.latitude_udeg)
    placed = [swapped, near("01"), near("02", east_m=20)]
    [far] = far_off(placed).items()
    assert far[0] == "03"
    assert far[1] > 4_000
    assert far_off(placed[1:]) == far_off([]) == {}
    assert set(far_off([swapped, near("01")])) == {"01", "03"}, "of two, nobody knows which one is wrong"


def test_the_other_side_of_the_date_line_is_next_door_and_a_pole_divides_by_nothing() -> None:
    west, east = near("01", longitude_udeg=-179_999_900), near("02", longitude_udeg=179_999_900)
    assert len(sheets([west, east])) == 1
    assert sheets([near("01", latitude_udeg=90_000_000), near("02", latitude_udeg=-90_000_000)])


def filed(**changes: Any) -> dict[str, Any]:
    """The request file of an order: a mast of two cameras, one of them measured, one not placed, one far off."""
    cameras = {one: camera(id=one, name=name) for one, name in NAMES.items()}
    at = {
        CAMERA: CHURCH,
        "c-3": replace(CHURCH, camera="c-3", latitude_udeg=-1_000_000),
        "c-4": replace(CHURCH, camera="c-4", direction_deg=225),
    }
    facts = commune(cameras=cameras, positions=at, **changes)
    given = sources(facts, order="o-1")
    seen = MeasuredCamera(id=CAMERA, number=7, tls=True, hardened=True, clock_offset_ms=0)
    measured = given.measured.model_copy(update={"cameras": (seen,)})
    return data_of(KINDS["request-file"](replace(given, measured=measured)))


def test_a_camera_without_a_place_is_listed_as_missing_and_never_drawn(tmp_path: Path) -> None:
    data = filed()
    section = next(one for one in data["sections"] if one["id"] == "3")
    assert [one["label"] for sheet in section["plan"] for one in sheet["cameras"]] == ["07", "c-4"]
    rows = {row["camera"]: row for row in table(data, "3")}
    assert rows["Place"]["number"] == "07"
    assert (rows["Place"]["latitude"], rows["Place"]["direction"]) == ("48.123456", "45°, nord-est")
    assert "missing" in rows["Gare"]["latitude"]
    assert "à vérifier" in rows["Pont"]["latitude"]["missing"]
    assert sum(one.startswith("3° Plan de détail") for one in data["missing"]) == 2
    text = page(data, tmp_path)
    assert "Feuille 1 sur 1, échelle 1/" in text
    assert "Placées au plan : 2 sur 4 caméras." in text
    assert "zone couverte" in text
    images = subprocess.run(
        ["pdfimages", "-list", str(tmp_path / "page.pdf")], check=True, capture_output=True, text=True
    )
    assert not re.search(r"^\s+\d", images.stdout, re.MULTILINE), "the plan is lines, not points"


def test_no_camera_placed_is_no_sheet_and_the_page_is_set(tmp_path: Path) -> None:
    data = data_of(KINDS["request-file"](sources(order="o-1")))
    assert next(one for one in data["sections"] if one["id"] == "3")["plan"] == []
    assert "Feuille" not in page(data, tmp_path)


def test_a_filed_site_plan_is_named_by_its_digest_and_only_for_its_order() -> None:
    plan = SitePlan("o-1", "ab" * 32, "application/pdf", 1234, NOW - DAY_US, NOW, "p-mayor")
    told = canonical(filed(site_plans={"o-1": plan})).decode()
    assert "ab" * 32 in told
    assert "2° Plan-masse des lieux : " not in told
    assert "p-mayor" not in told
    other = filed(site_plans={"first": replace(plan, order="")})
    assert any(one.startswith("2° Plan-masse") for one in other["missing"])


def test_names_on_the_plan_are_text_and_no_markup(tmp_path: Path) -> None:
    odd = camera(name='#read("/etc/passwd")')
    data = data_of(
        KINDS["request-file"](sources(commune(cameras={CAMERA: odd}, positions={CAMERA: CHURCH}), order="o-1"))
    )
    assert "root:" not in page(data, tmp_path)
    assert b"#read" in render(canonical(data), "csv")
