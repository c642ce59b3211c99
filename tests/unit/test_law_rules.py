"""The law's other rules, one by one: orders, habilitations, camera life, profiles, framing, requests, holds."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from tests.unit.gate_facts import CAMERA, NOW, camera, commune, habilitation, order, zones
from vms.keeper.gate.plan import camera_plan
from vms.law.authorisation import order_end, order_lapse, purposes_of, record_lapse
from vms.law.camera import NEXT, STATES, step_lapse, viewing_lapse
from vms.law.dates import DAY_US, add_months
from vms.law.facts import Hold
from vms.law.framing import framing_lapse
from vms.law.habilitation import grant_lapse, habilitation_end
from vms.law.holds import confirmed_end, hold_lapse, provisional_end, ranges
from vms.law.profiles import profile_lapses
from vms.law.requests import frame_lapse, ground_lapse, next_number
from vms.law.rulebook import rulebook


def test_the_rulebook_has_the_eleven_purposes_of_the_code() -> None:
    assert [one.id for one in rulebook().purposes] == [str(n) for n in range(1, 12)]
    assert rulebook().purpose("12") is None
    assert all(one.fr and one.en for one in rulebook().purposes)


def test_the_rulebook_is_consistent_with_itself() -> None:
    book = rulebook()
    for rule in book.act.values():
        assert rule.roles <= set(book.role) - {"host_admin"}
    for roles in book.read.values():
        assert roles <= set(book.role) - {"host_admin"}
    for ground in book.refusal_ground.values():
        assert ground.frames <= set(book.legal_frame)
    for frame in book.legal_frame.values():
        assert frame.hold_procedure in book.hold_procedure
    for role in book.role.values():
        assert role.image <= set(book.image_act)
    for role_name in ("secretary", "auditor", "inspector", "host_admin"):
        assert not book.role[role_name].image
    for frame_name, frame in book.legal_frame.items():
        assert any(frame_name in ground.frames for ground in book.refusal_ground.values()) == frame.refusable
        assert frame.roles <= book.act["register_request"].roles


@pytest.mark.parametrize(
    ("width", "height", "fps", "narrow", "fast", "rules"),
    [
        (704, 576, 6, True, False, []),
        (703, 576, 6, True, False, ["T-04"]),
        (704, 575, 6, True, False, ["T-04"]),
        (352, 288, 6, False, False, []),
        (352, 287, 6, False, False, ["T-05"]),
        (704, 576, 12, True, True, []),
        (704, 576, 11.99, True, True, ["T-06"]),
        (352, 288, 6, False, True, []),
        (352, 288, 5.9, False, True, ["T-06"]),
        (1920, 1080, None, False, False, ["T-06"]),
        (1, 1, 0, True, True, ["T-04", "T-06"]),
    ],
)
def test_profiles(width: int, height: int, fps: float | None, narrow: bool, fast: bool, rules: list[str]) -> None:
    assert [one.rule for one in profile_lapses(width, height, fps, narrow, fast)] == rules


@pytest.mark.parametrize(("state", "to"), list(product(STATES, STATES)))
def test_no_camera_skips_a_step(state: str, to: str) -> None:
    facts = commune(cameras={CAMERA: camera(states=((NOW - DAY_US, state),))})
    lapse = step_lapse(facts, facts.cameras[CAMERA], to, NOW)
    if to in NEXT[state]:
        assert lapse is None, lapse
    else:
        assert lapse is not None
        assert lapse.rule == "P-24"
        assert lapse.todo


def test_only_a_camera_in_service_is_recorded_and_until_its_order_ends() -> None:
    facts = commune()
    assert camera_plan(facts, facts.cameras[CAMERA], NOW).record_until_us == order().until_us
    for state in STATES:
        one = camera(states=((NOW - DAY_US, state),))
        assert (viewing_lapse(facts, one, NOW) is None) == (state == "in_service")
        assert (camera_plan(facts, one, NOW).record_until_us is None) == (state != "in_service")


def test_an_orders_end() -> None:
    assert order_end(order()) == order().until_us
    short = order(provisional=True, from_us=NOW, until_us=NOW + 999 * DAY_US)
    assert order_end(short) == add_months(NOW, 4)
    assert order_end(replace(short, event_end_us=NOW + 5)) == NOW + 5
    assert order_end(replace(short, until_us=NOW + 3, event_end_us=NOW + 5)) == NOW + 3
    assert order_lapse(None, NOW) is not None


def test_purposes_are_those_of_camera_and_order_together() -> None:
    assert purposes_of(camera(), order()) == {"1", "5"}
    assert purposes_of(camera(purposes=frozenset()), order()) == {"1", "3", "5"}
    assert purposes_of(camera(), None) == frozenset()


def test_five_years_to_the_day_and_no_more() -> None:
    five = order(from_us=NOW, until_us=add_months(NOW, 60))
    assert record_lapse(five) is None
    lapse = record_lapse(replace(five, until_us=five.until_us + 1))
    assert lapse is not None
    assert lapse.rule == "P-21"


@pytest.mark.parametrize(
    ("role", "changes", "rule"),
    [
        ("officer", {"category": "P-53"}, "P-58"),
        ("officer", {"decision_ref": "  "}, "P-58"),
        ("officer", {"signed_by": ""}, "P-58"),
        ("officer", {"until_us": 0}, "P-58"),
        ("csu_operator", {"basis_ref": ""}, "P-53"),
        ("deputy", {"basis_ref": ""}, "P-51"),
        ("csu_operator", {"acts": frozenset({"export"})}, "P-53"),
        ("secretary", {"acts": frozenset({"live"})}, "P-74"),
        ("installer", {"acts": frozenset({"live"})}, "P-57"),
        ("auditor", {"acts": frozenset({"replay"})}, "D-12"),
        ("inspector", {"acts": frozenset({"live"})}, "P-29"),
        ("inspector", {"basis_ref": ""}, "P-29"),
        ("inspector", {"until_us": NOW + 93 * DAY_US}, "P-29"),
    ],
)
def test_habilitations_that_cannot_be_given(role: str, changes: dict[str, Any], rule: str) -> None:
    assert grant_lapse(habilitation(role)) is None
    lapse = grant_lapse(habilitation(role, **changes))
    assert lapse is not None
    assert lapse.rule == rule


def test_a_shopkeeper_is_no_role() -> None:
    lapse = grant_lapse(replace(habilitation("officer"), role="shopkeeper"))
    assert lapse is not None


def test_an_habilitation_ends_with_its_first_element() -> None:
    assert habilitation_end(habilitation("deputy")) == NOW + 99 * DAY_US
    assert habilitation_end(habilitation("deputy", withdrawn_us=NOW)) == NOW
    assert habilitation_end(habilitation("officer")) == NOW + 200 * DAY_US


@pytest.mark.parametrize("minutes", [0, -1, 16])
def test_a_framing_session_is_short(minutes: int) -> None:
    lapse = framing_lapse(commune(framings=()), camera(), minutes, NOW)
    assert lapse is not None
    assert lapse.rule == "P-57"


def test_an_empty_dossier_needs_a_statement() -> None:
    stated = commune(zones=(zones(polygons=(), no_dwelling=True),))
    assert viewing_lapse(stated, camera(), NOW) is None


def test_the_latest_validated_zones_are_in_force() -> None:
    newer = zones(id="z-2", version=2, validated_us=NOW + 1)
    facts = commune(zones=(zones(), newer))
    assert facts.active_zones(CAMERA, NOW) == zones()
    assert facts.active_zones(CAMERA, NOW + 1) == newer


@pytest.mark.parametrize("frame", sorted(rulebook().legal_frame))
def test_each_frame_takes_its_fields_and_misses_each(frame: str) -> None:
    rule = rulebook().legal_frame[frame]
    fields: dict[str, Any] = dict.fromkeys(rule.fields, "x") | {names[0]: "y" for names in rule.any_of}
    assert frame_lapse(frame, fields, NOW) is None
    for name in fields:
        lapse = frame_lapse(frame, {k: v for k, v in fields.items() if k != name}, NOW)
        assert lapse is not None
        assert lapse.rule in ("P-71", "P-72")
    assert ground_lapse(frame, "because") is not None


@pytest.mark.parametrize(
    ("numbers", "year", "then"),
    [
        ([], 2026, "D-2026-0001"),
        (["", "D-2026-0001", "D-2026-0009"], 2026, "D-2026-0010"),
        (["D-2026-0147", "D-2025-0900"], 2027, "D-2027-0001"),
        (["D-2026-9999"], 2026, "D-2026-10000"),
    ],
)
def test_the_next_number_follows_the_greatest_of_its_year(numbers: list[str], year: int, then: str) -> None:
    assert next_number(numbers, year) == then


def test_an_unknown_frame_and_a_too_long_instruction() -> None:
    assert frame_lapse("assurance", {}, NOW) is not None
    fields: dict[str, Any] = dict.fromkeys(rulebook().legal_frame["preliminaire"].fields, "x")
    fields |= {"general_instruction": "IG", "general_instruction_until_us": add_months(NOW, 6)}
    assert frame_lapse("preliminaire", fields, NOW) is None
    for until in (add_months(NOW, 6) + 1, NOW, None, True, "2027"):
        lapse = frame_lapse("preliminaire", fields | {"general_instruction_until_us": until}, NOW)
        assert lapse is not None
        assert lapse.rule == "P-71"


def hold(**changes: Any) -> Hold:
    """A hold of ten minutes."""
    made = Hold(
        "g-1",
        frozenset({CAMERA}),
        NOW - 100,
        NOW - 50,
        "flagrance",
        "GN",
        "PV",
        "OPJ",
        "p-x",
        NOW,
        provisional_end(NOW),
    )
    return replace(made, **changes)


def test_holds_and_their_ends() -> None:
    assert hold_lapse(hold()) is None
    assert hold_lapse(hold(provisional=True)) is None
    late = hold_lapse(hold(provisional=True, until_us=provisional_end(NOW) + 1))
    assert late is not None
    assert late.rule == "P-34"
    too_long = hold_lapse(hold(until_us=confirmed_end(NOW) + 1))
    assert too_long is not None
    assert too_long.rule == "P-32"
    for name in ("authority", "reference", "requester"):
        assert hold_lapse(hold(**{name: " "})) is not None
    assert hold_lapse(hold(procedure="intérêt opérationnel")) is not None


def test_only_active_holds_keep_ranges() -> None:
    one = hold()
    assert ranges([one], CAMERA, NOW) == [(NOW - 100, NOW - 50)]
    assert ranges([one], "valclair-c02", NOW) == []
    assert ranges([one], CAMERA, one.until_us) == []
    assert ranges([replace(one, released_us=NOW + 5)], CAMERA, NOW + 4) != []
    assert ranges([replace(one, released_us=NOW + 5)], CAMERA, NOW + 5) == []
