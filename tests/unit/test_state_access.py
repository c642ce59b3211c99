"""The State's own access, without a réquisition: what it rests on, and that nothing else opens it (P-50, P-73)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.gate_facts import (
    CAMERA,
    INQUIRY,
    NOW,
    SPAN,
    collection,
    commune,
    habilitation,
    order,
    person_of,
    request,
)
from vms.keeper.gate.explain import explain
from vms.keeper.gate.gate import Denied, Grant, Motive, admit
from vms.keeper.protocol import Act
from vms.law.dates import DAY_US
from vms.law.facts import CommuneFacts
from vms.law.habilitation import grant_lapse
from vms.law.state_access import frame_lapse

FIELDS = {
    "authority": "Brigade de Valclair",
    "officer_name": "Adjudant Roche",
    "officer_number": "224117",
    "unit": "BTA Valclair",
    "procedure_number": "4127/2026",
    "offence": "Vol",
}


def changed(**changes: Any) -> CommuneFacts:
    """Valclair where the agent's habilitation is another."""
    others = tuple(one for one in commune().habilitations if one.role != "state_agent")
    return commune(habilitations=(*others, habilitation("state_agent", **changes)))


def collecting(**changes: Any) -> CommuneFacts:
    """Valclair where the agent's collection is another."""
    return commune(requests={"d-2": collection(**changes)})


# element → (facts with that element lapsed, acts that fall with it, rule that is named); the rest is in test_gate.py.
BOTH = (Act.REPLAY, Act.EXPORT)
LAPSES: dict[str, tuple[CommuneFacts, tuple[Act, ...], str]] = {
    "service-not-in-order": (
        commune(orders={"o-1": order(recipients=frozenset({"police_nationale"}))}), BOTH, "P-50",
    ),
    "modalities-not-in-order": (commune(orders={"o-1": order(modalities=" ")}), BOTH, "P-50"),
    "decision-not-joined": (changed(document_sha256=""), BOTH, "P-50"),
    "decision-not-signed": (changed(signed_by=" "), BOTH, "P-50"),
    "decision-without-reference": (changed(decision_ref=""), BOTH, "P-50"),
    "decision-at-no-level": (changed(level=""), BOTH, "P-50"),
    "fire-brigade": (changed(service="sdis"), BOTH, "P-50"),
    "other-category": (changed(category="P-52"), BOTH, "P-50"),
    "collection-of-a-colleague": (collecting(registered_by="p-x"), (Act.EXPORT,), "P-73"),
    "collection-closed": (collecting(state="received"), (Act.EXPORT,), "P-73"),
    "collection-purged": (collecting(state="purged"), (Act.EXPORT,), "P-73"),
    "collection-of-other-camera": (collecting(cameras=frozenset({"valclair-c09"})), (Act.EXPORT,), "P-74"),
    "collection-narrower": (collecting(from_us=SPAN[0] + 1), (Act.EXPORT,), "P-74"),
}  # fmt: skip


def ask(facts: CommuneFacts, act: Act = Act.EXPORT, motive: Motive = INQUIRY, at_us: int = NOW) -> Grant | Denied:
    return admit(facts, person_of("state_agent"), act, [CAMERA], SPAN, motive, at_us)


@pytest.mark.parametrize("act", BOTH)
@pytest.mark.parametrize("element", LAPSES)
def test_each_lapse_takes_its_acts_away_and_names_its_rule(element: str, act: Act) -> None:
    facts, acts, rule = LAPSES[element]
    assert isinstance(ask(commune(), act), Grant)
    verdict = ask(facts, act)
    assert (verdict.rule if isinstance(verdict, Denied) else "") == (rule if act in acts else "")


@pytest.mark.parametrize("text", ["", "secteur gare", "recherche d’un témoin"])
def test_a_replay_without_a_procedure_in_its_motive_is_refused(text: str) -> None:
    verdict = ask(commune(), Act.REPLAY, replace(INQUIRY, text=text))
    assert isinstance(verdict, Denied)
    assert verdict.rule == "P-73"


def test_a_purpose_of_the_camera_is_asked_beside_it() -> None:
    verdict = ask(commune(), Act.REPLAY, replace(INQUIRY, purpose="3"))
    assert isinstance(verdict, Denied)
    assert verdict.rule == "P-02"


def test_a_requisition_stays_the_communes_to_extract_and_a_collection_the_agents() -> None:
    both = commune(requests={"d-1": request(registered_by="p-state_agent"), "d-2": collection()})
    verdict = ask(both, motive=replace(INQUIRY, request="d-1"))
    assert isinstance(verdict, Denied)
    assert verdict.rule == "P-73"
    for role in ("officer", "chief", "mayor", "deputy"):
        verdict = admit(commune(), person_of(role), Act.EXPORT, [CAMERA], SPAN, INQUIRY, NOW)
        assert isinstance(verdict, Denied)
        assert verdict.rule == "P-73"


def test_a_later_order_that_replaces_the_first_may_name_the_service() -> None:
    first, at_us = order(recipients=frozenset(), modalities=""), NOW + DAY_US
    later = order(id="o-2", reference="2026-0901", replaces="o-1", from_us=at_us)
    facts = commune(orders={"o-1": first, "o-2": later})
    assert isinstance(ask(facts, at_us=at_us - 1), Denied)
    assert isinstance(ask(facts, at_us=at_us), Grant)
    silent = replace(later, recipients=frozenset(), modalities="")
    facts = commune(orders={"o-1": order(), "o-2": silent})
    assert isinstance(ask(facts, at_us=at_us - 1), Grant)
    assert isinstance(ask(facts, at_us=at_us), Denied), "an order that no longer names the service closes it"


def test_the_right_ends_at_the_instant_the_habilitation_is_withdrawn() -> None:
    given = tuple(
        replace(one, withdrawn_us=NOW) if one.role == "state_agent" else one for one in commune().habilitations
    )
    facts = commune(habilitations=given)
    assert isinstance(ask(facts, at_us=NOW - 1), Grant)
    verdict = ask(facts)
    assert isinstance(verdict, Denied)
    assert verdict.rule == "P-58"


def test_a_renewed_habilitation_goes_on_with_the_collection() -> None:
    renewed = (habilitation("state_agent", until_us=NOW), habilitation("state_agent", id="h-new"))
    verdict = ask(commune(habilitations=renewed))
    assert isinstance(verdict, Grant)
    assert verdict.habilitation == "h-new"


@pytest.mark.parametrize(
    ("role", "changes"),
    [
        ("state_agent", {"service": ""}),
        ("state_agent", {"service": "sdis"}),
        ("state_agent", {"service": "police_municipale"}),
        ("state_agent", {"level": ""}),
        ("state_agent", {"level": "commune"}),
        ("state_agent", {"document_sha256": ""}),
        ("state_agent", {"acts": frozenset({"live"})}),
        ("officer", {"service": "gendarmerie"}),
        ("mayor", {"level": "national"}),
    ],
)
def test_what_no_chief_of_service_decided_is_not_recorded(role: str, changes: dict[str, Any]) -> None:
    assert grant_lapse(habilitation(role)) is None
    lapse = grant_lapse(habilitation(role, **changes))
    assert lapse is not None
    assert lapse.rule == "P-50"
    assert lapse.todo


@pytest.mark.parametrize("frame", ["administrative", "disciplinaire", "droit_acces", "requisition", ""])
def test_only_an_inquiry_collects(frame: str) -> None:
    lapse = frame_lapse(frame, FIELDS)
    assert lapse is not None
    assert lapse.rule == "P-73"


def test_a_collection_has_its_frame_but_needs_no_authorisation_of_the_prosecutor() -> None:
    assert frame_lapse("flagrance", FIELDS) is None
    assert frame_lapse("preliminaire", FIELDS) is None
    for name in FIELDS:
        lapse = frame_lapse("preliminaire", FIELDS | {name: " "})
        assert lapse is not None
        assert lapse.rule == "P-72"


def test_the_explanation_names_what_an_order_does_not_say() -> None:
    told = explain(
        commune(orders={"o-1": order(modalities="")}),
        person_of("state_agent"),
        Act.EXPORT,
        [CAMERA],
        SPAN,
        INQUIRY,
        NOW,
    )
    assert isinstance(told.verdict, Denied)
    lapsed = [reason.element for part in told.parts for reason in part.reasons if reason.lapse is not None]
    assert lapsed == ["Modalités d’accès fixées par l’arrêté"]
