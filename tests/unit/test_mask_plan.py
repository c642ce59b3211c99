"""The plan: which method, and a sentence that a person can act on."""

from __future__ import annotations

import pytest

from privacy.plan import Capabilities, choose
from privacy.units import StreamSpec
from privacy.zones import Zone, ZoneSet

SQUARE = [(0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6)]
TINY = [(0.5, 0.5), (0.507, 0.5), (0.507, 0.504), (0.5, 0.504)]
MAIN = StreamSpec("h264", 1280, 720, 25.0)
SUB = StreamSpec("h264", 352, 288, 12.0)


def zones(*polygons: list[tuple[float, float]]) -> ZoneSet:
    drawn = tuple(Zone.model_validate({"points": points, "reason": "other"}) for points in polygons)
    return ZoneSet(id="z", version=1, camera="c", polygons=drawn, no_dwelling=not polygons, author="a", created_us=0)


def test_nothing_to_mask() -> None:
    plan = choose(zones(), Capabilities([MAIN]))
    assert plan.method == "none"
    assert "aucun logement" in plan.why


def test_software_says_what_it_costs() -> None:
    plan = choose(zones(SQUARE), Capabilities([MAIN, SUB]))
    assert plan.method == "software"
    assert plan.why.startswith("Masquage logiciel de 1 zone sur 2 flux : environ 24 % d’un cœur")
    assert 0.2 < plan.core_share < 0.3
    assert plan.delay_ms == pytest.approx(9.2, abs=0.1)


def test_hardware_and_h265_are_told() -> None:
    spec = StreamSpec("h265", 1280, 720, 25.0)
    plan = choose(zones(SQUARE, SQUARE), Capabilities([spec], encoder="h264_nvenc", onboard=True))
    assert "de 2 zones sur 1 flux, avec l’encodeur matériel h264_nvenc" in plan.why
    assert "enregistré en H.264" in plan.why
    assert "pas encore utilisés" in plan.why


@pytest.mark.parametrize(
    ("streams", "drawn", "says"),
    [
        ([], SQUARE, "pas encore connue"),
        ([StreamSpec("h264", 3840, 2160, 25.0)], SQUARE, "d’un cœur de calcul, au-delà de 80 %"),
        ([StreamSpec("h264", 7680, 4320, 25.0)], SQUARE, "sort de ce que le masquage accepte"),
        ([StreamSpec("h264", 16, 16, 25.0)], SQUARE, "sort de ce que le masquage accepte"),
        ([MAIN, SUB], TINY, "la zone 1 est trop petite sur le flux de 352 × 288"),
    ],
)
def test_what_cannot_be_held_is_dark(streams: list[StreamSpec], drawn: list[tuple[float, float]], says: str) -> None:
    plan = choose(zones(drawn), Capabilities(streams))
    assert plan.method == "dark"
    assert says in plan.why
