"""The gate under any history of facts: a trivially written model must always agree, at any instant asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.unit.gate_facts import CAMERA, MOTIVE, NOW, camera, commune, habilitation, order, person_of, zones
from vms.keeper.gate.gate import Grant, admit
from vms.keeper.protocol import Act
from vms.law.dates import DAY_US
from vms.law.facts import CommuneFacts

ROLES = ("officer", "csu_operator", "deputy")
Interval = tuple[int, int]


class GateMachine(RuleBasedStateMachine):
    """Facts change one dated act at a time; the model keeps only intervals of time and intersects them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.facts: CommuneFacts = commune(
            habilitations=tuple(habilitation(role) for role in ROLES), cameras={CAMERA: camera()}
        )
        # the model: when each element holds, as half-open intervals
        self.given: dict[str, Interval] = {}
        for role in ROLES:
            one = habilitation(role)
            ends = [one.until_us] + ([one.basis_until_us] if one.basis_until_us else [])
            starts = [one.from_us] + ([one.basis_from_us] if one.basis_from_us else [])
            self.given[role] = (max(starts), min(ends))
        self.order: Interval = (order().from_us, order().until_us)
        # what lets a camera be watched: in service since ten seconds' worth of states ago, zones, notice
        self.service: list[Interval] = [(camera().states[-1][0], 1 << 62)]
        self.zones_from = zones().validated_us or 0
        self.pooling: Interval = (NOW - 99 * DAY_US, NOW + 99 * DAY_US)

    @rule(hours=st.integers(1, 24 * 40))
    def time_passes(self, hours: int) -> None:
        self.now += hours * 3_600_000_000

    @rule(role=st.sampled_from(ROLES))
    def withdraw(self, role: str) -> None:
        changed = tuple(
            replace(one, withdrawn_us=self.now) if one.role == role and one.withdrawn_us is None else one
            for one in self.facts.habilitations
        )
        self.facts = replace(self.facts, habilitations=changed)
        start, end = self.given[role]
        self.given[role] = (start, min(end, self.now))

    @rule(role=st.sampled_from(ROLES), days=st.integers(1, 60))
    def grant_again(self, role: str, days: int) -> None:
        start, end = self.now, self.now + days * DAY_US
        basis: dict[str, Any] = {}
        if role != "officer":
            basis = {"basis_from_us": start, "basis_until_us": end}
        fresh = habilitation(role, id=f"h-{role}-{self.now}", from_us=start, until_us=end, **basis)
        others = tuple(one for one in self.facts.habilitations if one.role != role)
        self.facts = replace(self.facts, habilitations=(*others, fresh))
        self.given[role] = (start, end)

    @rule()
    def suspend_or_resume(self) -> None:
        one = self.facts.cameras[CAMERA]
        serving = one.state_at(self.now) == "in_service"
        states = (*one.states, (self.now, "suspended" if serving else "in_service"))
        self.facts = replace(self.facts, cameras={CAMERA: replace(one, states=states)})
        if serving:
            self.service[-1] = (self.service[-1][0], self.now)
        else:
            self.service.append((self.now, 1 << 62))

    @rule(days=st.integers(1, 90))
    def new_order(self, days: int) -> None:
        self.order = (self.now, self.now + days * DAY_US)
        made = order(from_us=self.order[0], until_us=self.order[1])
        self.facts = replace(self.facts, orders={"o-1": made})

    @rule(days=st.integers(0, 30))
    def convention_ends(self, days: int) -> None:
        end = self.now + days * DAY_US
        changed = tuple(
            replace(one, until_us=end) if one.kind == "police_pooling" else one for one in self.facts.conventions
        )
        self.facts = replace(self.facts, conventions=changed)
        self.pooling = (self.pooling[0], end)

    def expected(self, role: str, act: Act, at: int) -> bool:
        held = [self.given[role], self.order]
        if role == "officer":
            held.append(self.pooling)
        if role == "csu_operator":
            held.append((NOW - 99 * DAY_US, NOW + 99 * DAY_US))
        if not all(low <= at < high for low, high in held):
            return False
        if act is Act.REPLAY:
            return self.service[0][0] <= at
        return self.zones_from <= at and any(low <= at < high for low, high in self.service)

    @invariant()
    def the_model_agrees(self) -> None:
        for role in ROLES:
            for act in (Act.LIVE, Act.REPLAY):
                for at in (self.now, self.now - 1, self.now + DAY_US, self.now - 7 * DAY_US):
                    verdict = admit(self.facts, person_of(role), act, [CAMERA], None, MOTIVE, at)
                    assert isinstance(verdict, Grant) == self.expected(role, act, at), (role, act, at, verdict)


TestGateMachine = GateMachine.TestCase
TestGateMachine.settings = settings(max_examples=60, stateful_step_count=25)
