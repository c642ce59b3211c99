"""Habilitations that overlap, end, are withdrawn, rest or meet at one instant: who sees what, at which microsecond."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.unit.gate_facts import CAMERA, MOTIVE, NOW, commune, grouping, habilitation
from vms.keeper.gate.gate import Denied, Grant, Person, admit
from vms.keeper.protocol import Act
from vms.law.dates import DAY_US
from vms.law.facts import CommuneFacts, Grouping, Habilitation, Suspension
from vms.law.grouping import grouping_lapse
from vms.law.habilitation import habilitation_end

PERSON = Person("p-x")
AWAY = "valclair-c99"


def given(name: str, role: str = "officer", **changes: object) -> Habilitation:
    return habilitation(role, id=name, person="p-x", **changes)


def ask(*some: Habilitation, act: Act = Act.LIVE, at: int = NOW) -> Grant | Denied:
    return admit(commune(habilitations=some), PERSON, act, [CAMERA], None, MOTIVE, at)


def granted(verdict: Grant | Denied) -> str:
    assert isinstance(verdict, Grant), verdict
    return verdict.habilitation


def refused(verdict: Grant | Denied) -> str:
    assert isinstance(verdict, Denied), verdict
    return verdict.rule


def test_two_that_overlap_take_over_from_each_other_without_a_hole() -> None:
    first = given("h-1", until_us=NOW + DAY_US)
    second = given("h-2", from_us=NOW, until_us=NOW + 9 * DAY_US)
    for at in (NOW - 1, NOW, NOW + DAY_US - 1, NOW + DAY_US, NOW + 2 * DAY_US):
        assert isinstance(ask(first, second, at=at), Grant)
    assert granted(ask(first, second, at=NOW + DAY_US)) == "h-2"


def test_two_that_meet_leave_no_instant_and_two_that_do_not_leave_theirs() -> None:
    first, second = given("h-1", until_us=NOW), given("h-2", from_us=NOW)
    assert [granted(ask(first, second, at=at)) for at in (NOW - 1, NOW)] == ["h-1", "h-2"]
    late = given("h-2", from_us=NOW + 1)
    assert refused(ask(first, late, at=NOW)) == "P-58"


def test_withdrawing_one_of_two_leaves_the_other() -> None:
    """Withdrawal is of a decision, not of a person: both must be withdrawn."""
    gone, other = given("h-1", withdrawn_us=NOW), given("h-2")
    assert granted(ask(gone, other)) == "h-2"
    assert refused(ask(gone, given("h-2", withdrawn_us=NOW))) == "P-58"


def test_rights_of_two_habilitations_do_not_add_up() -> None:
    """Acts of one with the cameras of another give nothing that neither gives."""
    live_elsewhere = given("h-1", cameras=frozenset({AWAY}))
    nothing_here = given("h-2", acts=frozenset({"replay"}))
    for pair in permutations((live_elsewhere, nothing_here)):
        assert refused(ask(*pair)) == "P-58"
        assert granted(ask(*pair, act=Act.REPLAY)) == "h-2"


def test_a_deed_of_one_role_does_not_serve_another() -> None:
    """The officer's right is over; the approval of the same person as an operator does not revive it, nor export."""
    officer, operator = given("h-1", until_us=NOW), given("h-2", "csu_operator")
    assert granted(ask(officer, operator)) == "h-2"
    assert refused(ask(officer, operator, act=Act.FRAMING)) == "P-58"


def test_the_order_in_which_they_are_recorded_does_not_matter() -> None:
    some = (
        given("h-1", until_us=NOW),
        given("h-2", withdrawn_us=NOW - 5),
        given("h-3", "secretary"),
        given("h-4", "csu_operator", basis_until_us=NOW),
    )
    verdicts = {refused(ask(*order)) for order in permutations(some)}
    assert len(verdicts) == 1
    assert {granted(ask(*order, given("h-5"))) for order in permutations(some)} == {"h-5"}


def test_withdrawn_before_it_began_and_after_it_ended() -> None:
    early = given("h-1", from_us=NOW, withdrawn_us=NOW - 5)
    assert refused(ask(early, at=NOW + 1)) == "P-58"
    late = given("h-1", until_us=NOW, withdrawn_us=NOW + 5)
    assert isinstance(ask(late, at=NOW - 1), Grant)
    assert refused(ask(late, at=NOW + 1)) == "P-58"


def test_an_empty_scope_covers_no_camera() -> None:
    assert refused(ask(given("h-1", cameras=frozenset()))) == "P-58"


@pytest.mark.parametrize(
    ("rest", "at", "holds"),
    [
        ((NOW, NOW + 10), NOW - 1, True),
        ((NOW, NOW + 10), NOW, False),
        ((NOW, NOW + 10), NOW + 9, False),
        ((NOW, NOW + 10), NOW + 10, True),
        ((NOW, None), NOW + 100 * DAY_US, False),
        ((NOW, NOW), NOW, True),
    ],
)
def test_a_suspension_is_half_open(rest: tuple[int, int | None], at: int, holds: bool) -> None:
    one = given("h-1", suspensions=(Suspension(*rest, "enquête"),))
    assert isinstance(ask(one, at=at), Grant) == holds


def test_suspensions_may_overlap_and_the_last_one_to_end_counts() -> None:
    rests = (Suspension(NOW, NOW + 10, "a"), Suspension(NOW + 5, NOW + 20, "b"))
    for at, holds in ((NOW + 9, False), (NOW + 10, False), (NOW + 19, False), (NOW + 20, True)):
        assert isinstance(ask(given("h-1", suspensions=rests), at=at), Grant) == holds


def test_a_suspended_approval_names_the_approvals_rule() -> None:
    rest = (Suspension(NOW, None, "urgence"),)
    assert refused(ask(given("h-1", "csu_operator", suspensions=rest))) == "P-53"


def test_it_ends_with_the_first_of_its_dates_whatever_their_order() -> None:
    one = given("h-1", "deputy", basis_until_us=NOW + 3, until_us=NOW + 5, withdrawn_us=NOW + 4)
    assert habilitation_end(one) == NOW + 3
    assert refused(ask(one, at=NOW + 3)) == "P-51"


def test_a_delegation_without_an_end_lasts_as_long_as_the_habilitation() -> None:
    one = given("h-1", "deputy", basis_until_us=None, until_us=NOW + 5)
    assert isinstance(ask(one, at=NOW + 4), Grant)
    assert refused(ask(one, at=NOW + 5)) == "P-58"


def body(kind: str, members: set[str], chair: str = "mayor") -> Grouping:
    return grouping(kind=kind, members=frozenset(members), chair=chair)


@pytest.mark.parametrize(
    ("made", "lawful"),
    [
        (body("epci", {"commune"}, "epci_president"), True),
        (body("epci", {"commune", "departement"}), False),
        (body("closed_syndicate", {"commune", "epci_dlpd"}, "other"), True),
        (body("closed_syndicate", {"commune", "epci_other"}), False),
        (body("closed_syndicate", {"commune", "departement"}), False),
        (body("open_syndicate", {"commune", "epci_dlpd", "departement"}), True),
        (body("open_syndicate", {"commune", "departement"}, "other"), False),
        (body("open_syndicate", {"commune", "departement", "region"}), False),
        (body("contractor", {"commune", "region", "other"}, "other"), True),
        (body("epci", set()), False),
        (body("epci", {"commune", "préfecture"}), False),
        (body("association", {"commune"}), False),
    ],
)
def test_who_may_be_a_member_of_a_body_that_pools(made: Grouping, lawful: bool) -> None:
    lapse = grouping_lapse(made)
    assert (lapse is None) == lawful
    assert lapse is None or lapse.rule == "P-60"


def with_bodies(*some: Grouping) -> CommuneFacts:
    return commune(habilitations=(given("h-1", "csu_operator"),), groupings=some)


def test_a_contractor_never_watches_even_with_consent_and_one_consent_among_bodies_is_enough() -> None:
    contractor = body("contractor", {"commune", "region"})
    verdict = admit(with_bodies(contractor), PERSON, Act.LIVE, [CAMERA], None, MOTIVE, NOW)
    assert refused(verdict) == "P-60"
    silent = grouping(id="g-2", consent_us=None)
    verdict = admit(with_bodies(contractor, silent, grouping()), PERSON, Act.LIVE, [CAMERA], None, MOTIVE, NOW)
    assert granted(verdict) == "h-1"
