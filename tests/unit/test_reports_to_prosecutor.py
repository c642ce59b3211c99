"""A report to the prosecutor: who makes it, what it says, and that nobody can refuse it (P-77)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.gate_facts import CAMERA, INQUIRY, NOW, SPAN, commune, person_of, request
from vms.keeper.escalation import overdue
from vms.keeper.gate.gate import Denied, Grant, admit
from vms.keeper.protocol import Act
from vms.law.dates import DAY_US
from vms.law.facts import Hold
from vms.law.holds import hold_lapse, provisional_end
from vms.law.requests import answer_due, fields_lapse, frame_lapse, ground_lapse, opener_lapse
from vms.law.rulebook import rulebook
from vms.law.state_access import frame_lapse as collected_frame_lapse

FRAME = "article_40"
FIELDS: dict[str, Any] = {
    "authority": "Parquet du tribunal judiciaire de Valclair",
    "offence": "Dégradation d’un bien public",
    "facts": "Une vitre de l’abribus brisée à coups de pierre",
}


@pytest.mark.parametrize("role", sorted(rulebook().role))
def test_only_who_may_have_seen_it_in_the_town_reports(role: str) -> None:
    lapse = opener_lapse(FRAME, role)
    if role in ("officer", "chief", "mayor", "deputy"):
        assert lapse is None
    else:
        assert lapse is not None
        assert lapse.rule == "P-77"
        assert opener_lapse("flagrance", role) is None, "other frames have no opener of their own"


@pytest.mark.parametrize("name", sorted(FIELDS))
@pytest.mark.parametrize("value", [None, "", " \u3164", "…"])
def test_addressee_offence_and_facts_are_each_asked_for(name: str, value: str | None) -> None:
    assert frame_lapse(FRAME, FIELDS, NOW) is None
    lapse = frame_lapse(FRAME, FIELDS | {name: value}, NOW)
    assert lapse is not None
    assert lapse.rule == "P-72"


@pytest.mark.parametrize("name", ["suspect", "plate", "person", "description"])
def test_it_has_no_place_for_a_filmed_person(name: str) -> None:
    assert fields_lapse(FIELDS) is None
    lapse = fields_lapse(FIELDS | {name: "x"})
    assert lapse is not None
    assert lapse.rule == "P-72"


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("ground", ["", "because", *sorted(rulebook().refusal_ground)])
def test_no_ground_refuses_it_nor_leaves_a_part_out(ground: str, partial: bool) -> None:
    lapse = ground_lapse(FRAME, ground, partial=partial)
    assert lapse is not None
    assert lapse.rule == "P-77"
    assert lapse.todo


@pytest.mark.parametrize(("asked", "due"), [(None, 2 * DAY_US), (DAY_US, DAY_US), (9 * DAY_US, 2 * DAY_US)])
def test_silence_is_late_after_two_days_whatever_was_asked(asked: int | None, due: int) -> None:
    late = answer_due(FRAME, NOW, None if asked is None else NOW + asked)
    assert late == NOW + due
    waits = replace(request(frame=FRAME), state="registered", decision="", answer_by_us=late)
    assert overdue([waits], late - 1) == []
    assert overdue([waits], late) == [waits]
    assert overdue([replace(waits, state="queried")], late), "a query does not stop the clock"
    assert answer_due("flagrance", NOW, None) is None


def test_an_agent_of_the_state_collects_nothing_under_it() -> None:
    lapse = collected_frame_lapse(FRAME, FIELDS)
    assert lapse is not None
    assert lapse.rule == "P-73"


def test_its_pictures_leave_by_the_controllers_act_alone() -> None:
    decided = request(frame=FRAME)
    waits = replace(decided, state="registered", decision="")
    for one, allowed in ((decided, True), (waits, False), (replace(waits, state="queried", decision="query"), False)):
        facts = commune(requests={one.id: one})
        verdict = admit(facts, person_of("officer"), Act.EXPORT, [CAMERA], SPAN, replace(INQUIRY, request=one.id), NOW)
        assert isinstance(verdict, Grant) == allowed
        assert allowed or (isinstance(verdict, Denied) and verdict.rule == "P-74")


def test_no_hold_rests_on_it_by_hand() -> None:
    made = Hold(
        "g-1", frozenset({CAMERA}), NOW - 9, NOW, FRAME, "Parquet", "1", "Agent", "p-x", NOW, provisional_end(NOW)
    )
    lapse = hold_lapse(made)
    assert lapse is not None
    assert lapse.rule == "P-77"
    assert hold_lapse(replace(made, request="d-1")) is None
