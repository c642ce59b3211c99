"""What accountable persons do about other people's access: see and end sessions, approve a recovery, invite anew, name
a workstation.

Accounts and sessions are the host's; the right to touch them, and the entry that says so, are a commune's (P-58).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from pydantic import Field

from vms.errors import NotFound, Refused
from vms.keeper.accounts.invitations import NO_PASSWORD, invite, invited_until
from vms.keeper.accounts.standing import invited_by, town_of
from vms.keeper.arguments import Args, Identifier, MotiveText, Name, parse
from vms.keeper.communes import Commune
from vms.keeper.gate.gate import Denied, Person, may
from vms.keeper.handlers.recovery import RecoveryDesk
from vms.keeper.house import House
from vms.keeper.identity.provider_identities import identities_of
from vms.keeper.identity.sessions import Live, acting_of
from vms.keeper.identity.workstations import name_workstation
from vms.keeper.journal.entry import Author, Entry
from vms.law.ladder import rank_of
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


class InviteAgain(Args):
    """Whose invitation was lost or is over."""

    person: Identifier


class NameWorkstation(Args):
    """What a workstation is called in the journal; ``post`` is the secret that its browser keeps."""

    post: str = Field(min_length=16, max_length=100)
    label: Name = Field(max_length=WORKSTATION_LIMIT_CHARS)
    UNSEEN = frozenset({"post"})  # its cookie is out of reach of scripts, so that none can carry it away


class AccessDesk:
    """Part of the web process's desk: acts and a read that the gate gives to roles of the commune acted for."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.recovery = RecoveryDesk(house, self._end_all)

    async def act(self, live: Live, name: str, given: dict[str, Any], statement: str) -> dict[str, Any]:
        """One of the acts, under the gate, its step-up and the page's signature."""
        rule, commune = rulebook().act[name], self._house.communes.get(acting_of(live).commune)
        model, work = _ACTS[name]
        asked = parse(model, given, name)
        author = self._author(live, commune, rule.roles, rule.rule)
        if rule.step_up:
            self._house.require_confirmed(live)
        self._house.wishes.require_act(live, statement, name, asked)
        return await work(self, live, commune, author, asked)

    def read(self, live: Live, given: dict[str, Any]) -> dict[str, Any]:
        """A person's sessions and means, and how far a recovery is."""
        commune = self._house.communes.get(acting_of(live).commune)
        self._author(live, commune, rulebook().read["person_access"], "P-58")
        person = self._of_here(commune, parse(ReadAccess, given, "person_access").person)
        reader = self._house.host.store.reader
        opened = self._house.host.account(person).password != NO_PASSWORD
        return {
            "sessions": self._house.sessions.told(person),
            "passkeys": len(self._house.passkeys.told(person)),
            "identities": len(identities_of(reader, person)),
            "second_factor": self._house.second_factor.told(person)["since_us"] is not None,
            "opened": opened,
            "invited_until_us": None if opened else invited_until(reader, person),
            **self.recovery.access(person, live.account.id),
        }

    async def _end_sessions(self, live: Live, commune: Commune, author: Author, asked: EndSessions) -> dict[str, Any]:
        person, now_us = self._of_here(commune, asked.person), self._house.clock.utc().us
        if rank_of(town_of(commune), person, now_us) > rank_of(town_of(commune), live.account.id, now_us):
            what = "Les sessions d’une personne d’un rang plus élevé ne se ferment pas d’ici."
            raise Refused(what, where=person, todo="Prévenez-la : elle les ferme dans « Mon compte ».", rule="P-58")
        entry = Entry("modification", "end_sessions", author, motive=asked.motive, detail={"person": person})
        seq = await commune.log(entry)
        return {"ended": await self._end_all(person, "session_ended", author), "journal": seq}

    async def _approve(self, live: Live, commune: Commune, author: Author, asked: ApproveRecovery) -> dict[str, Any]:
        return await self.recovery.approve(live, commune, author, self._of_here(commune, asked.person), asked.motive)

    async def _invite(self, live: Live, commune: Commune, author: Author, asked: InviteAgain) -> dict[str, Any]:
        person, place = asked.person, place_of(live)
        # Whoever invited somebody who has no habilitation yet may do so again; for anybody else it is people of here.
        if not invited_by(self._house.host.store.reader, person, live.account.id):
            self._of_here(commune, person)
        made = await self._house.host.store.write(lambda tx: invite(tx, person, place, author))
        seq = await commune.log(Entry("modification", "invite", author, detail={"person": person}))
        return {"person": person, "invitation": made.code, "until_us": made.until_us, "journal": seq}

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

    def _of_here(self, commune: Commune, person: str) -> str:
        """The person, when they have, or had, an habilitation of this commune; NotFound for anybody else."""
        if not commune.facts.habilitations_of(person):
            raise NotFound("Cette personne n’est pas de votre commune.", where=person)
        return person


def place_of(live: Live) -> str:
    """The workstation of a session, as an invitation remembers where it was made."""
    return live.post.hex() if live.post else live.workstation


Work = Callable[[AccessDesk, Live, Commune, Author, Any], Awaitable[dict[str, Any]]]
_ACTS: Final[dict[str, tuple[type[Args], Work]]] = {
    "end_sessions": (EndSessions, AccessDesk._end_sessions),
    "approve_recovery": (ApproveRecovery, AccessDesk._approve),
    "invite_again": (InviteAgain, AccessDesk._invite),
    "name_workstation": (NameWorkstation, AccessDesk._name),
}
ACCESS_ACTS: Final = frozenset(_ACTS)
