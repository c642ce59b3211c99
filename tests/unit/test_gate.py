"""The gate's whole table: role × act × own or other commune × each lapsed element (P-50…P-62, law.md §9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Final

import pytest

from tests.unit.gate_facts import (
    CAMERA,
    CATEGORY,
    IMAGE_ACTS,
    INQUIRY,
    MAY_HAVE,
    MOTIVE,
    NOW,
    OTHER_CAMERA,
    ROLES,
    SPAN,
    camera,
    collection,
    commune,
    conventions,
    framing,
    grouping,
    habilitation,
    order,
    person_of,
    request,
    zones,
)
from vms.keeper.gate.gate import Denied, Grant, Motive, Person, Span, admit, may
from vms.keeper.protocol import Act
from vms.law.dates import DAY_US
from vms.law.facts import CommuneFacts, Modification, Request, Suspension
from vms.law.masks import Mask, MaskDrift
from vms.law.rulebook import rulebook

Lapse = Callable[[str], CommuneFacts]
VIEWING: Final = frozenset({"live", "replay", "snapshot"})
MASK: Final = Mask("1", "source", ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5)), "Color", enabled=True)
LIVE: Final = frozenset({"live", "snapshot"})  # a still of the live picture
EVERY: Final = frozenset(IMAGE_ACTS)
POOLED: Final = frozenset({"officer", "chief", "csu_operator"})
AGENT: Final = "state_agent"
OTHERS: Final = frozenset(ROLES) - {AGENT}


def with_habilitation(role: str, **changes: object) -> CommuneFacts:
    """Valclair where only ``role``'s habilitation is changed."""
    if role == "host_admin":
        return commune()
    return commune(habilitations=tuple(habilitation(one, **(changes if one == role else {})) for one in CATEGORY))


def only(concerned: str, role: str, **changes: object) -> CommuneFacts:
    """Valclair where the habilitation is changed if the role is the one concerned."""
    return with_habilitation(role, **(changes if role == concerned else {}))


def moved_and_settled() -> Modification:
    """A camera that was moved yesterday and is under its new order, but whose zones are those of before (P-11)."""
    return Modification("m-1", CAMERA, "moved", NOW - DAY_US, "p-chief", "o-0", NOW - DAY_US, "o-1")


def asked(changed: Request) -> CommuneFacts:
    """Valclair where one request is another."""
    return commune(requests={"d-1": request(), "d-2": collection(), changed.id: changed})


def without(kind: str) -> CommuneFacts:
    """Valclair without one kind of convention."""
    return commune(conventions=tuple(one for one in conventions() if one.kind != kind))


# element → (facts with that element lapsed, acts that must fall with it, roles concerned, rule that is named)
LAPSES: Final[dict[str, tuple[Lapse, frozenset[str], frozenset[str], str]]] = {
    "habilitation-withdrawn": (lambda r: with_habilitation(r, withdrawn_us=NOW), EVERY, frozenset(ROLES), "P-58"),
    "habilitation-ended": (lambda r: with_habilitation(r, until_us=NOW), EVERY, frozenset(ROLES), "P-58"),
    "habilitation-not-begun": (lambda r: with_habilitation(r, from_us=NOW + 1), EVERY, frozenset(ROLES), "P-58"),
    "right-not-given": (lambda r: with_habilitation(r, acts=frozenset()), EVERY, frozenset(ROLES), "P-58"),
    "camera-not-in-scope": (
        lambda r: with_habilitation(r, cameras=frozenset({"valclair-c99"})), EVERY, frozenset(ROLES), "P-58",
    ),
    "approval-ended": (
        lambda r: only("csu_operator", r, basis_until_us=NOW), EVERY, frozenset({"csu_operator"}), "P-53",
    ),
    "approval-missing": (lambda r: only("csu_operator", r, basis_ref=""), EVERY, frozenset({"csu_operator"}), "P-53"),
    "delegation-ended": (lambda r: only("deputy", r, basis_until_us=NOW), EVERY, frozenset({"deputy"}), "P-51"),
    "delegation-not-begun": (
        lambda r: only("deputy", r, basis_from_us=NOW + 1), EVERY, frozenset({"deputy"}), "P-51",
    ),
    "pooling-lapsed": (lambda _: without("police_pooling"), EVERY, frozenset({"officer", "chief"}), "P-61"),
    "staff-convention-lapsed": (lambda _: without("equipment_and_staff"), EVERY, frozenset({"csu_operator"}), "P-61"),
    "state-convention-lapsed": (lambda _: without("state"), EVERY, frozenset({"csu_operator"}), "P-61"),
    "grouping-missing": (lambda _: commune(groupings=()), EVERY, frozenset({"csu_operator"}), "P-60"),
    "grouping-with-a-region": (
        lambda _: commune(groupings=(grouping(members=frozenset({"commune", "region"})),)),
        EVERY, frozenset({"csu_operator"}), "P-60",
    ),
    "consent-missing": (
        lambda _: commune(groupings=(grouping(consent_us=None),)), EVERY, frozenset({"csu_operator"}), "P-60",
    ),
    "consent-to-come": (
        lambda _: commune(groupings=(grouping(consent_us=NOW + 1),)), EVERY, frozenset({"csu_operator"}), "P-60",
    ),
    "consent-withdrawn": (
        lambda _: commune(groupings=(grouping(consent_ended_us=NOW),)), EVERY, frozenset({"csu_operator"}), "P-60",
    ),
    "approval-suspended": (
        lambda r: only("csu_operator", r, suspensions=(Suspension(NOW, None, "enquête"),)),
        EVERY, frozenset({"csu_operator"}), "P-53",
    ),
    "habilitation-suspended": (
        lambda r: only("officer", r, suspensions=(Suspension(NOW - 9, NOW + 1, "enquête"),)),
        EVERY, frozenset({"officer"}), "P-58",
    ),
    "order-withdrawn": (
        lambda _: commune(orders={"o-1": order(withdrawn_us=NOW)}), EVERY - {"export"}, frozenset(ROLES), "P-27",
    ),
    "other-regime": (
        lambda _: commune(orders={"o-1": order(regime="lieu_ouvert")}), LIVE, frozenset(ROLES), "P-05",
    ),
    "change-not-settled": (
        lambda _: commune(modifications=(Modification("m-1", CAMERA, "purpose", NOW, "p-chief", "o-1"),)),
        LIVE, frozenset(ROLES), "P-27",
    ),
    "moved-since-its-zones": (
        lambda _: commune(modifications=(moved_and_settled(),)), LIVE, frozenset(ROLES), "P-11",
    ),
    "order-ended": (
        lambda _: commune(orders={"o-1": order(until_us=NOW)}), EVERY - {"export"}, frozenset(ROLES), "P-21",
    ),
    "order-not-begun": (
        lambda _: commune(orders={"o-1": order(from_us=NOW + 1)}), EVERY - {"export"}, frozenset(ROLES), "P-20",
    ),
    "order-missing": (lambda _: commune(orders={}), EVERY - {"export"}, frozenset(ROLES), "P-20"),
    "event-ended": (
        lambda _: commune(orders={"o-1": order(provisional=True, event_end_us=NOW)}),
        EVERY - {"export"}, frozenset(ROLES), "P-26",
    ),
    "four-months-over": (
        lambda _: commune(orders={"o-1": order(provisional=True, from_us=NOW - 124 * DAY_US)}),
        EVERY - {"export"}, frozenset(ROLES), "P-26",
    ),
    "role-not-in-order": (
        lambda _: commune(orders={"o-1": order(allowed_roles=frozenset({"auditor"}))}),
        VIEWING, OTHERS, "P-25",
    ),
    "purpose-not-in-order": (
        lambda _: commune(orders={"o-1": order(purposes=frozenset({"1"}))}), VIEWING, frozenset(ROLES), "P-02",
    ),
    "camera-not-in-order": (
        lambda _: commune(orders={"o-1": order(cameras=frozenset({"valclair-c09"}))}), LIVE, frozenset(ROLES), "P-20",
    ),
    "cnil-missing": (lambda _: commune(cnil_ref=""), LIVE, frozenset(ROLES), "P-23"),
    "prefect-not-informed": (
        lambda _: commune(cameras={CAMERA: camera(prefect_informed_us=None)}), LIVE, frozenset(ROLES), "P-24",
    ),
    "prefect-date-to-come": (
        lambda _: commune(cameras={CAMERA: camera(prefect_informed_us=NOW + 1)}), LIVE, frozenset(ROLES), "P-24",
    ),
    "panel-not-posted": (lambda _: commune(cameras={CAMERA: camera(panel_us=None)}), LIVE, frozenset(ROLES), "P-80"),
    "zones-not-validated": (lambda _: commune(zones=(zones(validated_us=None),)), LIVE, frozenset(ROLES), "P-11"),
    "zones-by-one-person": (lambda _: commune(zones=(zones(validator="p-installer"),)), LIVE, frozenset(ROLES), "P-11"),
    "masks-missing": (
        lambda _: commune(zones=(zones(masks=(MASK,)),), drifts=(MaskDrift("m", CAMERA, "z-1", "moved", NOW, NOW),)),
        LIVE, frozenset(ROLES), "P-11",
    ),
    "unmasked-when-recorded": (
        lambda _: commune(drifts=(MaskDrift("m", CAMERA, "z-0", "moved", SPAN[1] - 1, NOW, NOW),)),
        frozenset({"export"}), frozenset(ROLES), "P-11",
    ),
    "dossier-empty": (lambda _: commune(zones=(zones(polygons=()),)), LIVE, frozenset(ROLES), "P-10"),
    "camera-suspended": (
        lambda _: commune(cameras={CAMERA: camera(states=(*camera().states, (NOW, "suspended")))}),
        LIVE, frozenset(ROLES), "P-24",
    ),
    "camera-never-in-service": (
        lambda _: commune(cameras={CAMERA: camera(states=camera().states[:-1])}), VIEWING, frozenset(ROLES), "P-24",
    ),
    "framing-closed": (
        lambda _: commune(framings=(framing(closed_us=NOW),)), frozenset({"framing"}), frozenset(ROLES), "P-57",
    ),
    "framing-over": (
        lambda _: commune(framings=(framing(until_us=NOW),)), frozenset({"framing"}), frozenset(ROLES), "P-57",
    ),
    "request-not-decided": (
        lambda _: asked(request(state="registered", decision="")), frozenset({"export"}), OTHERS, "P-74",
    ),
    "request-refused": (
        lambda _: asked(request(state="refused", decision="refuse")), frozenset({"export"}), OTHERS, "P-74",
    ),
    "request-for-other-camera": (
        lambda _: asked(request(cameras=frozenset({"valclair-c09"}))), frozenset({"export"}), OTHERS, "P-74",
    ),
    "request-narrower": (lambda _: asked(request(to_us=SPAN[1] - 1)), frozenset({"export"}), OTHERS, "P-74"),
    "request-missing": (lambda _: commune(requests={}), frozenset({"export"}), frozenset(ROLES), "P-72"),
}  # fmt: skip

OF_THE_ORDER: Final = frozenset(
    {"order-withdrawn", "order-ended", "order-not-begun", "order-missing", "event-ended", "four-months-over"}
)
TABLE: Final = list(product(ROLES, IMAGE_ACTS, ("own", "other"), ("none", *LAPSES)))


def span_of(act: str) -> Span:
    """The range that an act is asked with."""
    return SPAN if act in ("replay", "export") else None


def ask(facts: CommuneFacts, role: str, act: str, where: str = "own") -> Grant | Denied:
    """The gate's answer for one row of the table."""
    camera_id, motive = CAMERA if where == "own" else OTHER_CAMERA, INQUIRY if role == AGENT else MOTIVE
    return admit(facts, person_of(role), Act(act), [camera_id], span_of(act), motive, NOW)


def expected(role: str, act: str, where: str, element: str) -> str | None:
    """The rule that must be named, or None for a grant: written from the law, not from the gate's code."""
    if role == "host_admin":
        return "P-57"
    if where == "other":
        return "P-62"
    if act not in MAY_HAVE[role]:
        return rulebook().role[role].rule
    if element == "none":
        return None
    _, acts, roles, rule = LAPSES[element]
    # A collection rests on the order at every instant; a decided request outlives it (P-70, P-73).
    acts = acts | {"export"} if role == AGENT and element in OF_THE_ORDER else acts
    return rule if act in acts and role in roles else None


@pytest.mark.parametrize(("role", "act", "where", "element"), TABLE, ids=lambda value: str(value))
def test_the_whole_table(role: str, act: str, where: str, element: str) -> None:
    facts = commune() if element == "none" else LAPSES[element][0](role)
    verdict, rule = ask(facts, role, act, where), expected(role, act, where, element)
    if rule is None:
        assert isinstance(verdict, Grant), verdict
        assert verdict.role == role
        assert verdict.habilitation == f"h-{role}"
    else:
        assert isinstance(verdict, Denied), f"{role} got {act} although {element}"
        assert verdict.rule == rule, verdict
        assert verdict.what


@pytest.mark.parametrize("element", LAPSES)
def test_each_lapse_really_takes_something_away(element: str) -> None:
    lapsed, acts, roles, _ = LAPSES[element]
    rows = [(role, act) for role in roles for act in acts if role != "host_admin" and act in MAY_HAVE[role]]
    assert rows
    for role, act in rows:
        assert isinstance(ask(commune(), role, act), Grant)
        assert isinstance(ask(lapsed(role), role, act), Denied)


def test_conventions_bind_pooled_agents_only() -> None:
    for role in POOLED:
        facts = replace(commune(habilitations=(habilitation(role, pooled=False),)), conventions=())
        assert isinstance(ask(facts, role, "live"), Grant)


def test_one_foreign_camera_among_ours_refuses_all() -> None:
    verdict = admit(commune(), person_of("officer"), Act.LIVE, [CAMERA, OTHER_CAMERA], None, MOTIVE, NOW)
    assert isinstance(verdict, Denied)
    assert (verdict.rule, verdict.where) == ("P-62", OTHER_CAMERA)


def test_the_same_question_at_another_time() -> None:
    facts = with_habilitation("officer", withdrawn_us=NOW + 1000)
    assert isinstance(admit(facts, person_of("officer"), Act.LIVE, [CAMERA], None, MOTIVE, NOW + 999), Grant)
    assert isinstance(admit(facts, person_of("officer"), Act.LIVE, [CAMERA], None, MOTIVE, NOW + 1000), Denied)
    before = admit(commune(), person_of("officer"), Act.LIVE, [CAMERA], None, MOTIVE, NOW - 89 * DAY_US)
    assert isinstance(before, Denied)
    assert before.rule == "P-24"


@pytest.mark.parametrize(
    ("act", "span"),
    [
        (Act.LIVE, SPAN),
        (Act.FRAMING, SPAN),
        (Act.REPLAY, (SPAN[1], SPAN[0])),
        (Act.REPLAY, (SPAN[0], SPAN[0])),
        (Act.REPLAY, (NOW - 5, NOW + 1)),
    ],
)
def test_impossible_ranges_are_refused(act: Act, span: Span) -> None:
    verdict = admit(commune(), person_of("officer"), act, [CAMERA], span, MOTIVE, NOW)
    assert isinstance(verdict, Denied)
    assert verdict.rule == "P-41"


def test_no_camera_too_many_cameras_and_two_in_a_framing_session() -> None:
    officer = person_of("officer")
    for cameras in ([], [CAMERA] * 65):
        assert isinstance(admit(commune(), officer, Act.LIVE, cameras, None, MOTIVE, NOW), Denied)
    two = admit(commune(), officer, Act.FRAMING, [CAMERA, CAMERA], None, MOTIVE, NOW)
    assert isinstance(two, Denied)
    assert two.rule == "P-57"


@pytest.mark.parametrize("purpose", ["", "3", "12", "5°", "sécurité"])
def test_only_a_purpose_of_the_camera_is_a_motive(purpose: str) -> None:
    verdict = admit(commune(), person_of("officer"), Act.LIVE, [CAMERA], None, Motive(purpose), NOW)
    assert isinstance(verdict, Denied)
    assert verdict.rule == "P-02"


def test_several_habilitations_the_best_one_counts_and_the_closest_refusal_is_told() -> None:
    both = (habilitation("secretary", person="p-x"), habilitation("officer", person="p-x", until_us=NOW))
    verdict = admit(commune(habilitations=both), Person("p-x"), Act.LIVE, [CAMERA], None, MOTIVE, NOW)
    assert isinstance(verdict, Denied)
    assert verdict.rule == "P-58"
    assert "pris fin" in verdict.what
    renewed = (*both, habilitation("officer", person="p-x", id="h-new"))
    verdict = admit(commune(habilitations=renewed), Person("p-x"), Act.LIVE, [CAMERA], None, MOTIVE, NOW)
    assert isinstance(verdict, Grant)
    assert verdict.habilitation == "h-new"


@pytest.mark.parametrize("name", sorted(rulebook().act))
@pytest.mark.parametrize("role", ROLES)
def test_who_may_change_which_fact(role: str, name: str) -> None:
    rule = rulebook().act[name]
    verdict = may(commune(), person_of(role), rule.roles, rule.rule, NOW)
    assert isinstance(verdict, Grant) == (role in rule.roles)
    if isinstance(verdict, Denied):
        assert verdict.rule == ("P-57" if role == "host_admin" else rule.rule)


@pytest.mark.parametrize("name", sorted(rulebook().read))
@pytest.mark.parametrize("role", ROLES)
def test_who_may_read_what(role: str, name: str) -> None:
    roles = rulebook().read[name]
    verdict = may(commune(), person_of(role), roles, "P-58", NOW)
    assert isinstance(verdict, Grant) == (role != "host_admin" and (not roles or role in roles))


def test_nobody_without_habilitation_does_anything() -> None:
    stranger = Person("p-stranger")
    assert isinstance(may(commune(), stranger, frozenset(), "P-58", NOW), Denied)
    for act in Act:
        verdict = admit(commune(), stranger, act, [CAMERA], span_of(act), MOTIVE, NOW)
        assert isinstance(verdict, Denied)
        assert verdict.rule == "P-58"
