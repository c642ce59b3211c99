"""A search for a way up: small coalitions play each act that leads to a right; a judge says what they must not have.

What is played is the product's own: the acts of ``vms.keeper.acts.people`` on facts in memory, and the ladder's rules
(``vms.law.ladder``), which the keeper asks in the same order (``recovery_desk``). What is imitated is the store, and a
host whose clock nobody moves. Left out: sessions, signatures, step-up and the owner's stop, which only make it harder.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Final, cast

from vms.errors import GuetError
from vms.keeper.acts import people
from vms.keeper.communes import Change
from vms.keeper.journal.entry import Author
from vms.law import ladder
from vms.law.dates import DAY_US
from vms.law.facts import CommuneFacts, Habilitation
from vms.law.habilitation import habilitation_lapse
from vms.law.ladder import Approval, Bond, Town
from vms.law.rulebook import rulebook

BEGIN_US: Final = 1_790_000_000_000_000
YEARS_US: Final = 2000 * DAY_US
STEPS: Final = 9
TOP: Final = frozenset({"mayor", "deputy"})
# Written here again, so that a change of the product's own list is seen.
FROM_ABOVE: Final = frozenset({"mayor", "deputy", "chief", "auditor", "inspector", "state_agent"})
# Every starting commune: who is there, by role, and who holds the key.
STARTS: Final[tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]] = (
    (("mayor", "deputy", "chief", "auditor", "officer", "csu_operator"), (0, 1)),
    (("mayor", "chief", "officer"), (0, 1)),
    (("mayor", "chief", "chief", "officer", "auditor"), (0, 1)),
    (("mayor", "deputy", "secretary"), (0, 1)),
    (("mayor", "secretary", "officer"), (0, 1)),
    (("mayor", "chief", "csu_operator", "installer", "auditor"), (0, 3)),
)


@dataclass(slots=True)
class Scene:
    """One commune, one coalition of real persons, and everything that they have come to control."""

    facts: CommuneFacts
    holders: frozenset[str]
    coalition: frozenset[str]
    roles: dict[str, str]
    now_us: int = BEGIN_US
    bonds: list[Bond] = field(default_factory=list)
    ours: set[str] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)
    approvals: dict[str, set[str]] = field(default_factory=dict)
    made: int = 0
    story: list[str] = field(default_factory=list)

    @property
    def town(self) -> Town:
        """The commune as the ladder sees it."""
        return Town(self.facts, self.holders)

    def holds(self, person: str) -> list[Habilitation]:
        """What a person may serve under now."""
        return [one for one in self.facts.habilitations_of(person) if habilitation_lapse(one, self.now_us) is None]

    def change(self, actor: str, role: str) -> Change:
        """What an act works with, on facts in memory."""

        def put(kind: str, fact_id: str, value: Habilitation) -> None:
            others = tuple(one for one in self.facts.habilitations if one.id != fact_id)
            self.facts = replace(self.facts, habilitations=(*others, value))

        return cast(
            Change,
            SimpleNamespace(
                facts=self.facts, author=Author(actor, role), now_us=self.now_us, put=put, modified=lambda *_, **__: 0
            ),
        )


def scene_of(chance: random.Random) -> Scene:
    """A starting commune and a coalition smaller than the law's: one person, or several of whom none is elected."""
    roles, holding = chance.choice(STARTS)
    people_here = {f"{role}{at}": role for at, role in enumerate(roles)}
    names = list(people_here)
    by_host = chance.random() < 0.5
    given = tuple(
        habilitation(f"h{at}", name, role, "" if by_host or at in holding else names[0], BEGIN_US - 400 * DAY_US)
        for at, (name, role) in enumerate(people_here.items())
    )
    size = chance.choice((1, 1, 2, 3))
    coalition = set(chance.sample(names, min(size, len(names))))
    if len(coalition) > 1:
        coalition = {
            name for name in coalition if people_here[name] not in TOP and name not in holders_of(names, holding)
        }
    scene = Scene(
        CommuneFacts(id="v", name="V", habilitations=given), holders_of(names, holding), frozenset(coalition),
        people_here,
    )  # fmt: skip
    if not by_host:
        old = BEGIN_US - 400 * DAY_US
        scene.bonds += [Bond(name, names[0], "invited", old) for at, name in enumerate(names) if at not in holding]
    scene.ours = set(coalition)
    return scene


def holders_of(names: list[str], holding: tuple[int, ...]) -> frozenset[str]:
    """Who holds the commune's key."""
    return frozenset(names[at] for at in holding if at < len(names))


def habilitation(name: str, person: str, role: str, by: str, at_us: int) -> Habilitation:
    """A right of long ago, in good order."""
    rule = rulebook().role[role]
    return Habilitation(
        id=name, person=person, role=role, category=rule.categories[0], decision_ref="d", signed_by="s",
        acts=frozenset(), from_us=at_us, until_us=BEGIN_US + YEARS_US, basis_ref="b" if rule.basis else "",
        granted_by=by, granted_us=at_us,
    )  # fmt: skip


def violations(scene: Scene) -> Iterator[str]:
    """What this coalition must never have, as the law gives it to others (P-51, P-58)."""
    elected = any(scene.roles[one] in TOP for one in scene.coalition)
    for person in scene.taken:
        if len(scene.coalition) < 2:
            yield f"one person alone is in {person}'s place"
        if not elected and (scene.roles.get(person) in TOP or person in scene.holders):
            yield f"{person} decides by others' hands"
    if not elected:
        for person in scene.ours - set(scene.taken):
            start = scene.roles.get(person)
            for one in scene.holds(person):
                if one.role in FROM_ABOVE and one.role != start:
                    yield f"the coalition made itself {one.role}"
    mayors = [one for one in scene.facts.habilitations if one.role == "mayor"]
    chosen = any(scene.roles[one] == "mayor" for one in scene.coalition)
    if not chosen and not any(habilitation_lapse(one, scene.now_us) is None for one in mayors):
        yield "the commune has no mayor"


def play(chance: random.Random) -> tuple[Scene, list[str]]:
    """One random sequence of acts of the coalition; what it must not have and has."""
    scene = scene_of(chance)
    for _ in range(STEPS):
        if not scene.ours:
            break
        _STEPS[chance.randrange(len(_STEPS))](scene, chance)
        found = list(violations(scene))
        if found:
            return scene, found
    return scene, []


def _actor(scene: Scene, chance: random.Random, act: str) -> tuple[str, str] | None:
    roles = rulebook().act[act].roles
    able = [(one, held.role) for one in sorted(scene.ours) for held in scene.holds(one) if held.role in roles]
    return chance.choice(able) if able else None


def _invite(scene: Scene, chance: random.Random) -> None:
    actor = _actor(scene, chance, "add_person")
    if actor is None or scene.made >= 3:
        return
    scene.made += 1
    puppet = f"puppet{scene.made}"
    scene.bonds += [Bond(puppet, actor[0], "invited", scene.now_us), Bond(puppet, "", "opened", scene.now_us)]
    scene.ours.add(puppet)
    scene.story.append(f"{actor[0]} invites {puppet}")


def _grant(scene: Scene, chance: random.Random) -> None:
    actor = _actor(scene, chance, "grant")
    if actor is None:
        return
    person = chance.choice(sorted(scene.ours))
    role = chance.choice(("auditor", "chief", "deputy", "mayor", "officer", "csu_operator"))
    rule = rulebook().role[role]
    given = {
        "person": person, "role": role, "decision_ref": "d", "signed_by": "s", "from": scene.now_us - DAY_US,
        "until": BEGIN_US + YEARS_US,
    }  # fmt: skip
    args = people.Grant.model_validate(given | ({"basis": {"reference": "b"}} if rule.basis else {}))
    with suppress(GuetError):
        people.grant(scene.change(*actor), args)
        scene.story.append(f"{actor[0]} makes {person} {role}")


def _put_out(scene: Scene, chance: random.Random) -> None:
    act = chance.choice(("withdraw", "suspend"))
    actor = _actor(scene, chance, act)
    if actor is None:
        return
    one = chance.choice(scene.facts.habilitations)
    run: Callable[..., Any] = people.withdraw if act == "withdraw" else people.suspend
    model: Callable[..., Any] = people.Withdraw if act == "withdraw" else people.Suspend
    with suppress(GuetError):
        run(scene.change(*actor), model(habilitation=one.id, motive="m"))
        scene.story.append(f"{actor[0]} {act}s {one.person}'s {one.role}")


def _approve(scene: Scene, chance: random.Random) -> None:
    actor = _actor(scene, chance, "approve_recovery")
    others = sorted(set(scene.roles) - scene.ours)
    if actor is None or not others:
        return
    subject = chance.choice(others)
    if ladder.approval_lapse(scene.town, subject, actor[0], scene.bonds, scene.now_us) is not None:
        return
    scene.approvals.setdefault(subject, set()).add(actor[0])
    scene.story.append(f"{actor[0]} approves {subject}")
    approvals = [Approval(one, "v") for one in sorted(scene.approvals[subject])]
    if ladder.enough(approvals, subject, {"v": scene.town}, scene.bonds, scene.now_us):
        scene.bonds += [Bond(subject, one.approver, "recovered", scene.now_us) for one in approvals]
        scene.taken.append(subject)
        scene.ours.add(subject)
        scene.story.append(f"{subject} is taken")


def _wait(scene: Scene, chance: random.Random) -> None:
    scene.now_us += chance.choice((1, 8)) * DAY_US


_STEPS: Final[tuple[Callable[[Scene, random.Random], None], ...]] = (
    _invite, _grant, _grant, _put_out, _approve, _approve, _approve, _wait,
)  # fmt: skip
