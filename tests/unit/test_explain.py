"""An explanation tells every element and never says anything else than the gate."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.unit.gate_facts import CAMERA, IMAGE_ACTS, MOTIVE, NOW, OTHER_CAMERA, ROLES, commune, habilitation, person_of
from tests.unit.test_gate import LAPSES, span_of
from vms.keeper.gate.explain import explain, likely_motive
from vms.keeper.gate.gate import Denied, Grant, Motive, Person, admit
from vms.keeper.protocol import Act
from vms.law.dates import DAY_US
from vms.law.rulebook import rulebook


@pytest.mark.parametrize(("element", "act"), list(product(("none", *LAPSES), IMAGE_ACTS)), ids=str)
def test_it_is_the_gates_answer_with_its_reasons(element: str, act: str) -> None:
    for role, camera in product(ROLES, (CAMERA, OTHER_CAMERA)):
        facts = commune() if element == "none" else LAPSES[element][0](role)
        asked = (facts, person_of(role), Act(act), [camera], span_of(act), MOTIVE, NOW)
        told, verdict = explain(*asked), admit(*asked)
        assert told.verdict == verdict
        used = [part for part in told.parts if part.used]
        assert isinstance(verdict, Grant) == all(part.holds for part in used)
        if isinstance(verdict, Denied):
            lapses = [(r.lapse.rule, r.lapse.what) for part in used for r in part.reasons if r.lapse is not None]
            assert (verdict.rule, verdict.what) in lapses or verdict.rule in {rule for rule, _ in lapses}
        for part in told.parts:
            assert all(reason.rule in rulebook().article for reason in part.reasons)


def test_a_grant_names_each_element_once_with_its_dates() -> None:
    told = explain(commune(), person_of("csu_operator"), Act.LIVE, [CAMERA], None, MOTIVE, NOW)
    elements = [reason.element for part in told.parts for reason in part.reasons]
    assert len(set(elements)) == len(elements)
    by_name = {reason.element: reason for part in told.parts for reason in part.reasons}
    approval = by_name["Agrément du préfet"]
    assert (approval.ref, approval.from_us, approval.until_us) == ("acte 12", NOW - 99 * DAY_US, NOW + 99 * DAY_US)
    assert by_name["Accord de la commune"].ref == "Délibération 2024-12"
    assert {"Autorisation du préfet non échue ni retirée", "Zones privées validées"} <= set(by_name)


def test_the_page_has_words_for_every_element() -> None:
    words = (Path(__file__).parents[2] / "web/ui/src/pages/why/words.ts").read_text()
    elements = {
        reason.element
        for (element, act), role in product(product(("none", *LAPSES), IMAGE_ACTS), ROLES)
        for facts in (commune() if element == "none" else LAPSES[element][0](role),)
        for part in explain(facts, person_of(role), Act(act), [CAMERA], span_of(act), MOTIVE, NOW).parts
        for reason in part.reasons
    }
    assert len(elements) > 35
    assert not [one for one in elements if one.replace("\u00a0", " ") not in words]


def test_what_fails_behind_the_first_refusal_is_told_too() -> None:
    facts = LAPSES["cnil-missing"][0]("officer")
    facts = type(facts)(**{f: getattr(facts, f) for f in facts.__dataclass_fields__} | {"zones": ()})
    told = explain(facts, person_of("officer"), Act.LIVE, [CAMERA], None, MOTIVE, NOW)
    failing = {reason.rule for part in told.parts for reason in part.reasons if reason.lapse is not None}
    assert failing == {"P-23", "P-11"}


def test_lapsed_rights_stand_beside_the_one_that_counts() -> None:
    old = habilitation("officer", person="p-x", id="h-old", until_us=NOW)
    new = habilitation("officer", person="p-x", id="h-new")
    told = explain(commune(habilitations=(old, new)), Person("p-x"), Act.LIVE, [CAMERA], None, MOTIVE, NOW)
    assert isinstance(told.verdict, Grant)
    parts = {part.subject: part for part in told.parts if part.about == "habilitation"}
    assert (parts["h-old"].used, parts["h-old"].holds) == (False, False)
    assert (parts["h-new"].used, parts["h-new"].holds) == (True, True)


def test_the_motive_that_a_question_about_the_past_lacks() -> None:
    facts = commune()
    assert likely_motive(facts, Act.LIVE, CAMERA, Motive(), NOW) == Motive("1")
    assert likely_motive(facts, Act.LIVE, CAMERA, Motive("5"), NOW) == Motive("5")
    assert likely_motive(facts, Act.EXPORT, CAMERA, Motive(), NOW).request == "d-1"
    assert likely_motive(facts, Act.EXPORT, CAMERA, Motive(), NOW - 2 * DAY_US).request is None
    assert likely_motive(facts, Act.LIVE, OTHER_CAMERA, Motive(), NOW) == Motive()
