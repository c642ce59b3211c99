"""The gate against an oracle that shares none of its code: every state of its elements, then any history of acts.

The first part is exhaustive: role × act × each element holding or not. The second lets acts come in any order, through
the keeper's own records, and asks again about every instant that was answered: the past must answer as it did.
Both say how many states and checks they made (``pytest -s``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any, ClassVar, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.unit.gate_facts import (
    CAMERA,
    CATEGORY,
    INQUIRY,
    MAY_HAVE,
    NOW,
    ROLES,
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
from vms.keeper.files import records
from vms.keeper.files.records import COMMUNE_ID, CommuneRecord, Records
from vms.keeper.gate.gate import Grant, Motive, admit
from vms.keeper.protocol import Act
from vms.law.dates import DAY_US
from vms.law.facts import CameraFacts, CommuneFacts, Habilitation, Modification, Suspension

BASED: Final = frozenset({"deputy", "csu_operator"})
POOLED: Final = frozenset({"officer", "chief", "csu_operator"})
STATES: Final = camera().states
RIGHT: Final = ("right", "deed", "conventions", "consent")
# What each act rests on beside the person's right.
NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "live": ("order", "service", "cnil", "prefect", "settled", "zones", "panel", "purpose"),
    "snapshot": ("order", "service", "cnil", "prefect", "settled", "zones", "panel", "purpose"),
    "replay": ("order", "served", "purpose"),
    "framing": ("order", "session"),
    "export": ("order", "decided"),
}


def oracle(role: str, act: str, holds: dict[str, bool]) -> bool:
    """The law in one breath, from truth values alone."""
    if role == "host_admin" or act not in MAY_HAVE[role]:
        return False
    needed = ["right", *NEEDS[act]]
    if act == "export" and role != "state_agent":
        needed.remove("order")  # a decided request outlives the order, a collection rests on it (P-70, P-73)
    needed += ["deed"] if role in BASED else []
    needed += ["conventions"] if role in POOLED else []
    needed += ["consent"] if role == "csu_operator" else []
    return all(holds[name] for name in needed)


def facts_of(role: str, holds: dict[str, bool]) -> CommuneFacts:
    """Facts in which exactly those elements hold; their parts are made once, since there are tens of thousands."""
    open_change = (Modification("m", CAMERA, "purpose", NOW, "p"),)
    return CommuneFacts(
        id="valclair",
        name="Valclair",
        cnil_ref="2 214 077",
        cnil_us=NOW if holds.get("cnil", True) else NOW + 1,
        habilitations=() if role == "host_admin" else (_right(role, holds["right"], holds["deed"]),),
        conventions=_CONVENTIONS if holds["conventions"] else (),
        groupings=(_AGREED if holds["consent"] else _ENDED,),
        orders=_ORDER if holds.get("order", True) else _OVER,
        cameras={CAMERA: _seen(*(holds.get(name, True) for name in ("served", "service", "prefect", "panel")))},
        modifications=() if holds.get("settled", True) else open_change,
        zones=_VALID if holds.get("zones", True) else _DRAWN,
        framings=_OPEN if holds.get("session", True) else _CLOSED,
        requests=_DECIDED if holds.get("decided", True) else _LATER,
    )


@cache
def _right(role: str, held: bool, deed: bool) -> Habilitation:
    changes: dict[str, Any] = {} if held else {"until_us": NOW}
    return habilitation(role, **changes | ({"basis_until_us": NOW} if role in BASED and not deed else {}))


@cache
def _seen(served: bool, service: bool, prefect: bool, panel: bool) -> CameraFacts:
    states = (STATES if served else STATES[:-1]) + (() if service else ((NOW, "suspended"),))
    return camera(states=states, prefect_informed_us=NOW if prefect else NOW + 1, panel_us=NOW if panel else None)


_CONVENTIONS, _AGREED, _ENDED = conventions(), grouping(), grouping(consent_ended_us=NOW)
_ORDER, _OVER = {"o-1": order()}, {"o-1": order(until_us=NOW)}
_VALID, _DRAWN = (zones(validated_us=NOW),), (zones(validated_us=None),)
_OPEN, _CLOSED = (framing(),), (framing(closed_us=NOW),)
_DECIDED = {"d-1": request(decided_us=NOW), "d-2": collection()}
_LATER = {"d-1": request(decided_us=NOW + 1), "d-2": collection(state="received")}


def motive_of(role: str) -> Motive:
    """What a role asks with: an agent of the State cites their procedure, and their own collection (P-73)."""
    return INQUIRY if role == "state_agent" else Motive("5", "", "d-1")


def every_state(act: str) -> Iterator[dict[str, bool]]:
    """Every way in which the elements of an act may hold or not."""
    names = (*RIGHT, *NEEDS[act])
    for values in product((True, False), repeat=len(names)):
        yield dict(zip(names, values, strict=True))


def test_every_state_of_every_role_and_act() -> None:
    checks, states, granted = 0, set(), 0
    for act, role in product(NEEDS, ROLES):
        for holds in every_state(act):
            motive = replace(motive_of(role), purpose="5" if holds.get("purpose", True) else "3")
            verdict = admit(facts_of(role, holds), person_of(role), Act(act), [CAMERA], None, motive, NOW)
            assert isinstance(verdict, Grant) == oracle(role, act, holds), (role, act, holds, verdict)
            checks += 1
            granted += isinstance(verdict, Grant)
            states.add((act, *holds.values()))
    print(f"\ngate, exhaustive: {len(states)} states, {checks} checks, {granted} grants")
    assert checks == len(ROLES) * sum(2 ** (len(RIGHT) + len(needs)) for needs in NEEDS.values())
    assert len(states) * len(ROLES) == checks
    assert 0 < granted < checks / 10


Track = list[tuple[int, bool]]


class DatedGate(RuleBasedStateMachine):
    """Acts in any order, kept by the keeper's records; the oracle keeps one list of instants per element."""

    states: ClassVar[set[tuple[bool, ...]]] = set()
    checks: ClassVar[int] = 0
    roles: ClassVar = tuple(role for role in CATEGORY if MAY_HAVE[role])

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.db = sqlite3.connect(":memory:")
        self.db.executescript(records.SCHEMA)
        self.keeper = Records("valclair", b"k" * 32)
        self.tracks: dict[str, Track] = {}
        self.answered: list[tuple[int, str, str, bool]] = []
        start = commune()
        record = CommuneRecord("Valclair", "", 0, start.cnil_ref, start.cnil_us)
        self.put("commune", COMMUNE_ID, record)
        for kind, some in (
            ("order", start.orders.values()),
            ("habilitation", start.habilitations),
            ("convention", start.conventions),
            ("grouping", start.groupings),
            ("camera", start.cameras.values()),
            ("zones", start.zones),
            ("request", start.requests.values()),
        ):
            for one in some:
                self.put(kind, one.id, one)
        names = ("order", "service", "settled", "consent", "conventions", "panel", "session", "decided")
        for name in (*names, *(f"right {role}" for role in self.roles)):
            self.tracks[name] = [(0, name != "session")]

    def teardown(self) -> None:
        self.db.close()

    def put(self, kind: str, fact_id: str, value: Any) -> None:
        self.keeper.put(self.db, kind, fact_id, value, self.now)

    def mark(self, name: str, holds: bool, at: int | None = None) -> None:
        """From an instant on (now), an element holds or does not; what was foreseen after it is void."""
        at = self.now if at is None else at
        self.tracks[name] = [one for one in self.tracks[name] if one[0] < at] + [(at, holds)]

    def holds(self, name: str, at: int) -> bool:
        return [value for since, value in self.tracks[name] if since <= at][-1]

    def change(self, kind: str, fact_id: str, edit: Callable[[Any], Any]) -> None:
        found = records.KINDS[kind]
        row = self.db.execute("SELECT body FROM fact WHERE kind = ? AND id = ?", (kind, fact_id)).fetchone()
        self.put(kind, fact_id, edit(found.validate_json(row[0])))

    @rule(hours=st.integers(1, 24 * 20))
    def time_passes(self, hours: int) -> None:
        self.now += hours * 3_600_000_000

    @rule(role=st.sampled_from(("officer", "csu_operator", "installer")), days=st.integers(0, 9))
    def suspend(self, role: str, days: int) -> None:
        """For some days, or (0) until it is resumed; a right that is over stays over."""
        until = self.now + days * DAY_US if days else None
        rest = Suspension(self.now, until, "x")
        if not self.holds(f"right {role}", self.now):
            return
        self.change("habilitation", f"h-{role}", lambda one: replace(one, suspensions=(*one.suspensions, rest)))
        later = [(since, value) for since, value in self.tracks[f"right {role}"] if since > self.now]
        self.mark(f"right {role}", False)
        if until is not None:
            self.mark(f"right {role}", True, until)
        assert not later

    @rule(role=st.sampled_from(("officer", "deputy", "mayor")))
    def withdraw(self, role: str) -> None:
        self.change("habilitation", f"h-{role}", lambda one: replace(one, withdrawn_us=one.withdrawn_us or self.now))
        self.mark(f"right {role}", False)

    @rule(days=st.integers(0, 9), replaced=st.booleans())
    def order_withdrawn_from(self, days: int, replaced: bool) -> None:
        if len(self.tracks["order"]) > 1:
            return
        at = self.now + days * DAY_US
        self.change("order", "o-1", lambda one: replace(one, withdrawn_us=at))
        self.mark("order", False, at)
        if at == self.now:  # what this instant said before the act it says no more
            self.answered = [one for one in self.answered if one[0] < self.now]
        if replaced:
            self.now = max(self.now, at) + 1
            self.order_replaced()

    @rule()
    def order_replaced(self) -> None:
        rows = self.db.execute("SELECT id FROM fact WHERE kind = 'order'").fetchall()
        last = max((row[0] for row in rows), key=lambda name: int(name[2:]))
        if self.now <= records.KINDS["order"].validate_json(self._body("order", last)).from_us:
            return
        made = order(id=f"o-{int(last[2:]) + 1}", reference=last, from_us=self.now, replaces=last)
        self.put("order", made.id, replace(made, until_us=NOW + 5000 * DAY_US))
        self.mark("order", True)

    def _body(self, kind: str, fact_id: str) -> str:
        query = "SELECT body FROM fact WHERE kind = ? AND id = ?"
        return str(self.db.execute(query, (kind, fact_id)).fetchone()[0])

    @rule()
    def suspend_or_resume_the_camera(self) -> None:
        serving = self.holds("service", self.now)
        state = (self.now, "suspended" if serving else "in_service")
        self.change("camera", CAMERA, lambda one: replace(one, states=(*one.states, state)))
        self.mark("service", not serving)

    @rule(settle=st.booleans())
    def change_and_settle(self, settle: bool) -> None:
        if settle == self.holds("settled", self.now):
            return
        if settle:
            self.change("modification", "m-1", lambda one: replace(one, settled_us=self.now))
        else:
            self.put("modification", "m-1", Modification("m-1", CAMERA, "retention", self.now, "p"))
        self.mark("settled", settle)

    @rule(agree=st.booleans())
    def consent(self, agree: bool) -> None:
        if agree == self.holds("consent", self.now):
            return
        ended = None if agree else self.now
        began = {"consent_us": self.now} if agree else {}
        self.change("grouping", "g-1", lambda one: replace(one, consent_ended_us=ended, **began))
        self.mark("consent", agree)

    @rule()
    def panel_posted_again(self) -> None:
        self.change("camera", CAMERA, lambda one: replace(one, panel_us=self.now))

    @rule(minutes=st.integers(1, 15))
    def frame(self, minutes: int) -> None:
        until = self.now + minutes * 60_000_000
        self.put("framing", "f-1", framing(from_us=self.now, until_us=until))
        self.mark("session", True)
        self.mark("session", False, until)

    @rule(state=st.sampled_from(("approved", "packaged", "received", "refused")))
    def request_moves(self, state: str) -> None:
        for request_id in ("d-1", "d-2"):
            self.change("request", request_id, lambda one: replace(one, state=state))
        self.mark("decided", state in ("approved", "packaged"))

    def expected(self, role: str, act: str, at: int) -> bool:
        """From the tracks alone, at the instant itself; what the machine never touches ends by its own date."""
        bounded = at < NOW + 200 * DAY_US
        deed = at < NOW + 99 * DAY_US
        known = {name: self.holds(name, at) for name in self.tracks}
        order_holds = known["order"] and (len(self.tracks["order"]) > 1 or at < NOW + 300 * DAY_US)
        truth = known | {"right": known[f"right {role}"] and bounded, "deed": deed, "served": True, "zones": True}
        truth |= {"conventions": deed, "cnil": True, "prefect": True, "purpose": True, "order": order_holds}
        DatedGate.states.add(tuple(truth[name] for name in sorted(truth)))
        return oracle(role, act, truth)

    def ask(self, facts: CommuneFacts, role: str, act: str, at: int) -> bool:
        DatedGate.checks += 1
        return isinstance(admit(facts, person_of(role), Act(act), [CAMERA], None, motive_of(role), at), Grant)

    @invariant()
    def now_is_as_the_oracle_says_and_the_past_as_it_was(self) -> None:
        facts = self.keeper.load(self.db)
        for role, act in product(self.roles, NEEDS):
            allowed = self.ask(facts, role, act, self.now)
            assert allowed == self.expected(role, act, self.now), (role, act, self.now)
            self.answered.append((self.now, role, act, allowed))
        # Within one instant the last act counts: what was answered before it is no more what that instant says.
        self.answered = [one for one in self.answered if one[0] < self.now] + self.answered[-len(self.roles) * 5 :]
        for at, role, act, allowed in self.answered[:: max(1, len(self.answered) // 12)]:
            if at < self.now:
                assert self.ask(self.keeper.load_at(self.db, at), role, act, at) == allowed, (at, role, act)


TestDatedGate = DatedGate.TestCase
TestDatedGate.settings = settings(max_examples=25, stateful_step_count=20)


def test_the_machine_went_through_many_states() -> None:
    """Runs after the machine in this file; says how far it went."""
    print(f"\ngate, dated: {len(DatedGate.states)} states, {DatedGate.checks} checks")
    assert DatedGate.checks == 0 or len(DatedGate.states) > 10
