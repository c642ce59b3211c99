"""A camera's own masks: which other answer says the same, and which says that something is no longer hidden (O-44)."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from vms.law.masks import MASKS_LIMIT_COUNT, TOLERANCE, Mask, digest, drift
from vms.onvif.masks import read_masks
from vms.onvif.soap import MEDIA2, SCHEMA

POINTS = ((-0.5, -0.5), (0.25, -0.5), (0.3, 0.4), (-0.5, 0.1))
DOOR = Mask("mask-1", "source-1", POINTS, "Color", enabled=True)
WINDOW = Mask("mask-2", "source-1", ((0.6, 0.6), (0.9, 0.6), (0.9, 0.9)), "Color", enabled=True)
BOTH = (DOOR, WINDOW)


def moved(mask: Mask, by: float) -> Mask:
    return replace(mask, points=tuple((x + by, y) for x, y in mask.points))


SAME = {
    "as it was": BOTH,
    "in another order": (WINDOW, DOOR),
    "under other names": (replace(DOOR, token="7"), replace(WINDOW, token="mask-1")),
    "from another corner": (replace(DOOR, points=POINTS[2:] + POINTS[:2]), WINDOW),
    "the other way round": (replace(DOOR, points=POINTS[::-1]), WINDOW),
    "both of it, closed on its first corner": (replace(DOOR, points=(*POINTS[::-1], POINTS[-1])), WINDOW),
    "rounded": (replace(DOOR, points=tuple((round(x, 2), round(y, 2)) for x, y in moved(DOOR, 0.0034).points)), WINDOW),
    "with more masks": (*(moved(WINDOW, -0.1 * n) for n in range(1, 5)), WINDOW, DOOR),
    "twice": (WINDOW, DOOR, WINDOW, DOOR),
}
LESS = {
    "nothing": ((), "removed"),
    "one gone": ((WINDOW,), "removed"),
    "one gone, its name taken by the other": ((replace(WINDOW, token="mask-1"),), "moved"),
    "moved": ((moved(DOOR, 3 * TOLERANCE), WINDOW), "moved"),
    "one corner pulled in": ((replace(DOOR, points=(*POINTS[:3], (-0.4, 0.1))), WINDOW), "moved"),
    "a corner less": ((replace(DOOR, points=POINTS[:3]), WINDOW), "moved"),
    "all on one line": ((replace(DOOR, points=tuple((x, 0.0) for x, _ in POINTS)), WINDOW), "moved"),
    "off": ((replace(DOOR, enabled=False), WINDOW), "disabled"),
    "blurred": ((replace(DOOR, kind="Blurred"), WINDOW), "weakened"),
    "of a kind nobody knows": ((replace(DOOR, kind=""), WINDOW), "weakened"),
    "on another picture only": ((replace(DOOR, configuration="source-2"), WINDOW), "moved"),
    "on and off": ((replace(DOOR, enabled=False), replace(DOOR, kind="Pixelated"), WINDOW), "disabled"),
}


@pytest.mark.parametrize("case", SAME)
def test_what_hides_the_same_is_no_drift(case: str) -> None:
    assert drift(BOTH, SAME[case]) is None


@pytest.mark.parametrize("case", LESS)
def test_what_uncovers_something_is_one(case: str) -> None:
    reported, cause = LESS[case]
    assert drift(BOTH, reported) == cause


def test_a_blurred_mask_may_become_opaque_but_not_pixelated() -> None:
    blurred = replace(DOOR, kind="Blurred")
    assert drift((blurred,), (DOOR,)) is None
    assert drift((blurred,), (blurred,)) is None
    assert drift((blurred,), (replace(DOOR, kind="Pixelated"),)) == "weakened"


def test_a_camera_without_masks_never_drifts() -> None:
    assert drift((), ()) is None
    assert drift((), BOTH) is None


def test_small_steps_do_not_add_up() -> None:
    """Each answer is held against what was validated, not against the last answer."""
    steps = [moved(DOOR, step * TOLERANCE * 0.9) for step in range(4)]
    assert drift((DOOR,), (steps[1],)) is None
    assert drift((DOOR,), (steps[2],)) == "moved"


def test_shuffled_and_turned_at_random_it_stays_the_same() -> None:
    chance = random.Random(12)
    for _ in range(50):
        points = tuple((chance.uniform(-1, 1), chance.uniform(-1, 1)) for _ in range(chance.randint(3, 12)))
        at = chance.randrange(len(points))
        turned = points[at:] + points[:at]
        turned = turned[::-1] if chance.random() < 0.5 else turned
        noisy = tuple((x + chance.uniform(-0.004, 0.004), y + chance.uniform(-0.004, 0.004)) for x, y in turned)
        assert drift((replace(DOOR, points=points),), (WINDOW, replace(DOOR, points=noisy))) is None


def answer(*masks: str) -> ET.Element:
    return ET.fromstring(
        f'<r:GetMasksResponse xmlns:r="{MEDIA2}" xmlns:tt="{SCHEMA}">{"".join(masks)}</r:GetMasksResponse>'
    )


def told(points: str, *, kind: str = "Color", enabled: str = "true", token: str = "mask-1") -> str:
    return (
        f'<r:Masks token="{token}"><r:ConfigurationToken>source-1</r:ConfigurationToken><r:Polygon>{points}</r:Polygon>'
        f"<r:Type>{kind}</r:Type><r:Enabled>{enabled}</r:Enabled></r:Masks>"
    )


def corners(*points: tuple[object, object]) -> str:
    return "".join(f'<tt:Point x="{x}" y="{y}"/>' for x, y in points)


def test_an_answer_is_read_as_masks() -> None:
    masks, complete = read_masks(answer(told(corners(*POINTS)), told(corners(*WINDOW.points), enabled="0")))
    assert complete
    assert masks == (DOOR, replace(WINDOW, token="mask-1", enabled=False))


@pytest.mark.parametrize(
    "broken",
    [
        told(corners((0, 0), (1, 1))),
        told(corners((0, 0), (1, 1), ("nan", 0))),
        told(corners((0, 0), (1, 1), ("inf", 0))),
        told(corners((0, 0), (1, 1), (1e9, 0))),
        told(corners((0, 0), (1, 1), ("", 0))),
        told('<tt:Point x="0"/>' * 3),
        told(corners(*[(0, n / 100) for n in range(100)])),
        '<r:Masks token="mask-1"/>',
    ],
)
def test_a_mask_that_cannot_be_read_counts_as_not_there(broken: str) -> None:
    """The camera did answer: what it no longer tells as a mask is not known to be hidden."""
    masks, complete = read_masks(answer(broken, told(corners(*WINDOW.points), token="mask-2")))
    assert (masks, complete) == ((WINDOW,), True)
    assert drift(BOTH, masks) == "removed"


def test_thousands_of_masks_are_bounded_and_hide_nothing_of_a_drift() -> None:
    many = [told(corners((0, 0), (0.001 * n, 0.5), (0.5, 0)), token=f"m{n}") for n in range(3000)]
    masks, complete = read_masks(answer(*many, told(corners(*POINTS))))
    assert (len(masks), complete) == (MASKS_LIMIT_COUNT, False)
    assert drift((DOOR,), masks) is not None
    assert digest(masks, complete=False) != digest(masks, complete=True)
