"""Orders of the préfet: what may be recorded, when one ends, which one a camera is under, when to renew (P-20…P-27)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.gate_facts import CAMERA, MOTIVE, NOW, camera, commune, order, person_of
from vms.keeper.gate.gate import Denied, Grant, admit
from vms.keeper.gate.plan import camera_plan
from vms.keeper.protocol import Act
from vms.law.authorisation import order_end, record_lapse, renewal
from vms.law.camera import viewing_lapse
from vms.law.dates import DAY_US, add_months
from vms.law.facts import CommuneFacts, Order


def watch(facts: CommuneFacts, at: int) -> Grant | Denied:
    return admit(facts, person_of("mayor"), Act.LIVE, [CAMERA], None, MOTIVE, at)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, None),
        ({"regime": "prive"}, "P-05"),
        ({"regime": "lieu_ouvert"}, None),
        ({"ground": "event"}, "P-26"),
        ({"event_end_us": NOW}, "P-26"),
        ({"provisional": True, "ground": "event"}, "P-26"),
        ({"provisional": True, "ground": "event", "event_end_us": NOW - 300 * DAY_US}, "P-26"),
        ({"provisional": True, "ground": "event", "event_end_us": NOW}, None),
        ({"provisional": True, "ground": "urgency", "event_end_us": NOW}, "P-26"),
        ({"provisional": True, "ground": "urgency"}, None),
        ({"provisional": True, "ground": "fête"}, "P-26"),
        ({"recipients": frozenset({"police_nationale"}), "modalities": ""}, "P-50"),
        ({"recipients": frozenset({"police_nationale"}), "modalities": "Renvoi vers le CIC."}, None),
        ({"recipients": frozenset({"assureur"}), "modalities": "x"}, "P-25"),
        ({"allowed_roles": frozenset({"vigile"})}, "P-25"),
        ({"purposes": frozenset({"5", "ambiance"})}, "P-01"),
        ({"max_days": 31}, "P-31"),
        ({"max_days": 0}, "P-31"),
        ({"min_days": 16}, "P-35"),
        ({"until_us": NOW - 300 * DAY_US}, "P-21"),
    ],
)
def test_what_an_order_may_say(changes: dict[str, Any], rule: str | None) -> None:
    lapse = record_lapse(order(**changes))
    assert (lapse.rule if lapse else None) == rule


def test_a_provisional_order_ends_with_its_event_or_after_four_months() -> None:
    short = order(provisional=True, from_us=NOW, until_us=NOW + 300 * DAY_US)
    assert order_end(short) == add_months(NOW, 4)
    assert order_end(replace(short, event_end_us=NOW + DAY_US)) == NOW + DAY_US
    assert order_end(replace(short, event_end_us=NOW + 290 * DAY_US)) == add_months(NOW, 4)


def test_recording_stops_at_the_end_and_not_an_instant_later() -> None:
    facts = commune()
    end = order().until_us
    assert camera_plan(facts, facts.cameras[CAMERA], end - 1).record_until_us == end
    assert camera_plan(facts, facts.cameras[CAMERA], end).record_until_us is None
    lapse = viewing_lapse(facts, facts.cameras[CAMERA], end)
    assert lapse is not None
    assert lapse.rule == "P-21"


def renewed(**changes: Any) -> tuple[Order, Order]:
    """An order and the one that takes over at its end."""
    first = order()
    second = order(id="o-2", reference="2031-1", replaces="o-1", from_us=first.until_us)
    return first, replace(second, until_us=first.until_us + 300 * DAY_US, **changes)


def commune_under(*orders: Order) -> CommuneFacts:
    return commune(orders={one.id: one for one in orders})


def test_a_renewal_recorded_in_time_leaves_no_dark_instant() -> None:
    first, second = renewed()
    facts = commune_under(first, second)
    seen = facts.cameras[CAMERA]
    held = [facts.order_of(seen, first.until_us + shift) for shift in (-1, 0)]
    assert [one.id for one in held if one] == ["o-1", "o-2"]
    for shift in (-1, 0, 1):
        assert viewing_lapse(facts, seen, first.until_us + shift) is None
    assert camera_plan(facts, seen, first.until_us).record_until_us == second.until_us


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"cameras": frozenset({"valclair-c09"})}, "P-20"),
        ({"purposes": frozenset({"1"})}, "P-02"),
        ({"regime": "lieu_ouvert"}, "P-05"),
    ],
)
def test_a_renewal_that_leaves_the_camera_out_darkens_it(changes: dict[str, Any], rule: str) -> None:
    first = order()
    second = order(id="o-2", reference="2026-9", replaces="o-1", from_us=NOW, **changes)
    assert isinstance(watch(commune_under(first, second), NOW - 1), Grant)
    verdict = watch(commune_under(first, second), NOW)
    assert isinstance(verdict, Denied)
    assert verdict.rule == rule


def test_orders_that_replace_each_other_in_a_ring_end_somewhere() -> None:
    first, second = order(replaces="o-2"), order(id="o-2", replaces="o-1")
    assert commune_under(first, second).order_of(camera(), NOW) is not None


def test_a_camera_has_been_under_each_of_its_orders_in_its_time() -> None:
    old, new = order(id="o-0", until_us=NOW - 10 * DAY_US), order()
    seen = camera(attached=((NOW - 90 * DAY_US, "o-0"), (NOW - 5 * DAY_US, "o-1")))
    facts = commune(orders={"o-0": old, "o-1": new}, cameras={CAMERA: seen})
    by_day = {day: facts.order_of(seen, NOW - day * DAY_US) for day in (200, 90, 6, 5, 0)}
    assert {day: one.id if one else None for day, one in by_day.items()} == {
        200: "o-0", 90: "o-0", 6: "o-0", 5: "o-1", 0: "o-1",
    }  # fmt: skip
    assert isinstance(watch(facts, NOW - 7 * DAY_US), Denied)
    assert isinstance(watch(facts, NOW - 20 * DAY_US), Grant)


def test_a_withdrawal_dated_ahead_counts_from_its_date() -> None:
    facts = commune_under(order(withdrawn_us=NOW + DAY_US))
    assert isinstance(watch(facts, NOW), Grant)
    assert camera_plan(facts, facts.cameras[CAMERA], NOW).record_until_us == NOW + DAY_US
    verdict = watch(facts, NOW + DAY_US)
    assert isinstance(verdict, Denied)
    assert verdict.rule == "P-27"


def test_eight_months_ahead_one_prepares_and_four_months_ahead_one_files() -> None:
    five = order(from_us=NOW, until_us=add_months(NOW, 60))
    assert renewal(five, NOW, replaced=False) == (add_months(five.until_us, -8), add_months(five.until_us, -4))
    assert renewal(five, NOW, replaced=True) is None
    assert renewal(five, five.until_us, replaced=False) is None
    assert renewal(replace(five, withdrawn_us=NOW + 1), NOW, replaced=False) is None
    assert renewal(order(provisional=True), NOW, replaced=False) is None
