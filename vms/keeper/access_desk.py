"""What accountable persons do about other people's access: see and end sessions, approve a recovery, name a post.

Accounts and sessions are the host's; the right to touch them, and the entry that says so, are a commune's (P-58).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from pydantic import Field

from vms.errors import GuetError, NotFound, Refused, StepUpNeeded
from vms.keeper.arguments import Args, Identifier, MotiveText, Name, parse
from vms.keeper.backoff import Place
from vms.keeper.communes import Commune
from vms.keeper.entry import Author, Entry
from vms.keeper.gate import Denied, Person, may
from vms.keeper.house import House
from vms.keeper.identities_kept import identities_of
from vms.keeper.recovery import approvals_of, code_holds, code_until, complete, issue, new_code, note_approval, redeem
from vms.keeper.recovery import wrong_code as wrong
from vms.keeper.sessions import Live, acting_of
from vms.keeper.wish_desk import SIGNED_ACTS
from vms.keeper.workstations import name_workstation
from vms.law.habilitation import habilitation_lapse
from vms.law.rulebook import rulebook

WORKSTATION_LIMIT_CHARS: Final = 60


class ReadAccess(Args):
    """Whose access."""

    person: Identifier


class EndSessions(Args):
    """Whose sessions end, and why."""

    person: Identifier
    motive: MotiveText = Field(min_length=1)


class ApproveRecovery(Args):
    """Whose account is to come back, and how its owner was recognised."""

    person: Identifier
    motive: MotiveText = Field(min_length=1)


class NameWorkstation(Args):
    """What a workstation is called in the journal; ``post`` is the secret that its browser keeps."""

    post: str = Field(min_length=16, max_length=100)
    label: Name = Field(max_length=WORKSTATION_LIMIT_CHARS)


class AccessDesk:
    """Part of the web process's desk: acts and a read that the gate gives to roles of the commune acted for."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def act(self, live: Live, name: str, given: dict[str, Any], statement: str) -> dict[str, Any]:
        """One of the acts, under the gate, its step-up and the page's signature."""
        rule, commune = rulebook().act[name], self._house.communes.get(acting_of(live).commune)
        model, work = _ACTS[name]
        asked = parse(model, given, name)
        author = self._author(live, commune, rule.roles, rule.rule)
        if rule.step_up and not self._house.sessions.stepped_up(live):
            raise StepUpNeeded
        if name in SIGNED_ACTS:
            self._house.wishes.require_act(live, statement, name, asked)
        return await work(self, live, commune, author, asked)

    def read(self, live: Live, given: dict[str, Any]) -> dict[str, Any]:
        """A person's sessions and means, and how far a recovery is."""
        commune, now_us = self._house.communes.get(acting_of(live).commune), self._house.clock.utc().us
        self._author(live, commune, rulebook().read["person_access"], "P-58")
        person = self._of_here(commune, parse(ReadAccess, given, "person_access").person)
        reader = self._house.host.store.reader
        approvers = {approver for approver, _ in approvals_of(reader, person, now_us)}
        labels = self._house.host.labels(approvers)
        return {
            "sessions": self._house.sessions.told(person),
            "passkeys": len(self._house.passkeys.told(person)),
            "identities": len(identities_of(reader, person)),
            "second_factor": self._house.second_factor.told(person)["since_us"] is not None,
            "approved_by": sorted(labels.get(one, one) for one in approvers),
            "approved": live.account.id in approvers,
            "code_until_us": code_until(reader, person, now_us),
        }

    async def recover(self, login: str, code: str, password: str, workstation: str, place: Place) -> None:
        """Spend a recovery code: the account's owner chooses a password, and everything of before ends."""
        house, now_us = self._house, self._house.clock.utc().us
        with house.backoff.attempt(f"{login}/recover", place, now_us):
            account = house.host.account_by_login(login)
            if account is None or not code_holds(house.host.store.reader, account.id, code, now_us):
                raise wrong()
        stored = await house.passwords.hash(password)
        author = Author(account.id, workstation=workstation)
        await house.host.store.write(lambda tx: redeem(tx, account.id, code, stored, author))
        await self._end_all(account.id, "recovered", author)
        for commune in self._communes_of(account.id):
            entry = Entry("modification", "recover_account", author, detail={"person": account.id})
            await commune.log(entry)

    async def _end_sessions(self, live: Live, commune: Commune, author: Author, asked: EndSessions) -> dict[str, Any]:
        person = self._of_here(commune, asked.person)
        entry = Entry("modification", "end_sessions", author, motive=asked.motive, detail={"person": person})
        seq = await commune.log(entry)
        return {"ended": await self._end_all(person, "session_ended", author), "journal": seq}

    async def _approve(self, live: Live, commune: Commune, author: Author, asked: ApproveRecovery) -> dict[str, Any]:
        house, person = self._house, self._of_here(commune, asked.person)
        if person == live.account.id:
            raise Refused("Nul ne rétablit son propre accès.", todo="Demandez à deux responsables.", rule="P-58")
        entry = Entry("modification", "approve_recovery", author, motive=asked.motive, detail={"person": person})
        seq = await commune.log(entry)
        await house.host.store.write(lambda tx: note_approval(tx, person, live.account.id, commune.id))
        approvals = [
            one for one in approvals_of(house.host.store.reader, person, house.clock.utc().us) if self._may(one)
        ]
        communes = {one.id for one in self._communes_of(person)}
        missing = sorted(communes - {one for _, one in approvals})
        if not complete(approvals, communes):
            return {"code": None, "until_us": None, "approvals": len(approvals), "missing": missing, "journal": seq}
        code = new_code()
        until_us = await house.host.store.write(lambda tx: issue(tx, person, code, author))
        return {"code": code, "until_us": until_us, "approvals": len(approvals), "missing": [], "journal": seq}

    async def _name(self, live: Live, commune: Commune, author: Author, asked: NameWorkstation) -> dict[str, Any]:
        seq = await commune.log(Entry("modification", "name_workstation", author, detail={"workstation": asked.label}))
        await self._house.host.store.write(lambda tx: name_workstation(tx, asked.post, asked.label, live.account.id))
        live.workstation = asked.label
        return {"label": asked.label, "journal": seq}

    async def _end_all(self, person: str, act: str, author: Author) -> int:
        sessions = self._house.sessions.of(person)
        for one in sessions:
            await self._house.sessions.end(one, act, author)
            await self._house.views.end_session(one.id)
        return len(sessions)

    def _author(self, live: Live, commune: Commune, roles: frozenset[str], rule: str) -> Author:
        person, now_us = Person(live.account.id, live.account.host_admin), self._house.clock.utc().us
        grant = may(commune.facts, person, roles, rule, now_us)
        if isinstance(grant, Denied):
            raise grant.error()
        return live.author(grant.role.value, grant.habilitation)

    def _may(self, approval: tuple[str, str]) -> bool:
        """Whether an earlier approver could still approve: an habilitation withdrawn since counts no more."""
        approver, commune = approval
        try:
            facts = self._house.communes.get(commune).facts
        except GuetError:
            return False
        rule, now_us = rulebook().act["approve_recovery"], self._house.clock.utc().us
        return not isinstance(may(facts, Person(approver), rule.roles, rule.rule, now_us), Denied)

    def _of_here(self, commune: Commune, person: str) -> str:
        """The person, when they have, or had, an habilitation of this commune; NotFound for anybody else."""
        if not commune.facts.habilitations_of(person):
            raise NotFound("Cette personne n’est pas de votre commune.", where=person)
        return person

    def _communes_of(self, person: str) -> list[Commune]:
        """The communes where a person has an habilitation in force."""
        now_us = self._house.clock.utc().us
        return [
            commune
            for commune in self._house.communes
            if any(habilitation_lapse(one, now_us) is None for one in commune.facts.habilitations_of(person))
        ]


Work = Callable[[AccessDesk, Live, Commune, Author, Any], Awaitable[dict[str, Any]]]
_ACTS: Final[dict[str, tuple[type[Args], Work]]] = {
    "end_sessions": (EndSessions, AccessDesk._end_sessions),
    "approve_recovery": (ApproveRecovery, AccessDesk._approve),
    "name_workstation": (NameWorkstation, AccessDesk._name),
}
ACCESS_ACTS: Final = frozenset(_ACTS)
