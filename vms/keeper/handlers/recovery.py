"""Accounts that come back: approved by others, told to everybody concerned, stopped by their owner, spent once (P-58).

Accounts are the host's; the right to touch them, and the entries that say so, are a commune's. Time here is the guarded
one (decision 0010): a machine whose clock is set forward brings no delay to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from vms.clock import HOUR_US
from vms.errors import GuetError, Refused
from vms.keeper.accounts.recovery import (
    HOST,
    HOST_LABEL,
    Due,
    Part,
    approve,
    complete,
    due_of,
    parts_hold,
    parts_of,
    redeem,
    stop,
    wrong_code,
)
from vms.keeper.accounts.standing import bonds_of, town_of
from vms.keeper.communes import Change, Commune
from vms.keeper.house import House
from vms.keeper.identity.backoff import Place
from vms.keeper.identity.sessions import Live
from vms.keeper.journal.entry import Author, Entry
from vms.keeper.outbox import notify_person
from vms.law.habilitation import habilitation_lapse
from vms.law.ladder import MAYORAL, RULE, Approval, Rank, approval_lapse, concerns, enough, rank_of
from vms.law.rulebook import rulebook

TOLD_ROLES: Final = MAYORAL | {"auditor"}
KIND: Final = "recovery"
TOLD_AGAIN_US: Final = HOUR_US  # who tries over and over fills nobody's mailbox; the journal has each try


class RecoveryDesk:
    """Part of the web process's desk."""

    def __init__(self, house: House, end_sessions: Callable[[str, str, Author], Any]) -> None:
        self._house = house
        self._end_sessions = end_sessions

    async def approve(self, live: Live, commune: Commune, author: Author, person: str, motive: str) -> dict[str, Any]:
        """One approval; its author is shown their part of the code, once. Everybody concerned is told at once."""
        house, approval = self._house, Approval(live.account.id, commune.id)
        bonds, now_us = bonds_of(house.host.store.reader), house.guard.now_us()
        lapse = approval_lapse(town_of(commune), person, live.account.id, bonds, now_us)
        if lapse is not None:
            await self._tell(person, partial(_refused_entry, author=author, person=person, rule=lapse.rule))
            raise Refused(lapse.what, where=person, todo=lapse.todo, rule=lapse.rule)
        entry = Entry("modification", "approve_recovery", author, motive=motive, detail={"person": person})
        seq = await commune.log(entry)
        part = await house.host.store.write(lambda tx: approve(tx, person, approval))
        due = await self._complete(person, author)
        await self._tell(person)
        standing = self._standing(person)
        return {
            "part": part,
            "from_us": due.from_us if due else None,
            "until_us": due.until_us if due else None,
            "approvals": len(standing),
            "missing": sorted({one.id for one in self.communes_of(person)} - {a.commune for a in standing}),
            "journal": seq,
        }

    async def redeem(self, login: str, code: str, password: str, workstation: str, place: Place) -> None:
        """Spend a code that is whole and in force: its owner chooses a password, everything of before ends."""
        house = self._house
        with house.backoff.attempt(f"{login}/recover", place, house.clock.utc().us):
            account = house.host.account_by_login(login)
            parts = self._spendable(account.id) if account is not None else []
            if account is None or not parts_hold(parts, code):
                raise wrong_code()
        stored = await house.passwords.hash(password)
        author = Author(account.id, workstation=workstation)
        rests_us = rulebook().durations.recovery_delay_hours * HOUR_US
        await house.host.store.write(lambda tx: redeem(tx, account.id, parts, stored, rests_us, author))
        await self._end_sessions(account.id, "recovered", author)
        done = Entry("modification", "recover_account", author, detail={"person": account.id})
        await self._tell(account.id, lambda change: change.journal(done))

    async def stop(self, live: Live) -> None:
        """The owner, from a session of theirs: that recovery opens nothing, and everybody concerned is told."""
        person, author = live.account.id, live.author()
        if await self._house.host.store.write(lambda tx: stop(tx, person, author)):
            entry = Entry("modification", "stop_recovery", author, detail={"person": person})
            await self._tell(person, lambda change: change.journal(entry))

    async def mandate(self, person: str, commune: Commune, reference: str) -> dict[str, Any]:
        """The host brings back the one elected person of a commune where nobody else can, on a paper mandate.

        Refused where the commune's own people could: the host never stands in for two persons who are there. It waits
        for the mandate's delay, everybody concerned is told, and the code opens no key: that is the passphrase's.
        """
        house, now_us = self._house, self._house.guard.now_us()
        if rank_of(town_of(commune), person, now_us) is not Rank.MAYORAL:
            what = "L’hébergeur ne rétablit que l’accès d’un élu ou d’un détenteur de la clé."
            raise Refused(what, where=person, todo="Deux responsables de la commune l’approuvent.", rule=RULE)
        if self._could_approve(person):
            what = "Les responsables de cette commune peuvent rétablir cet accès eux-mêmes."
            raise Refused(what, where=person, todo="Adressez-vous à eux.", rule=RULE)
        author, approval = Author(), Approval(HOST, commune.id)
        entry = Entry("modification", "mandate_recovery", author, reference=reference, detail={"person": person})
        await commune.log(entry)
        part = await house.host.store.write(lambda tx: approve(tx, person, approval))
        delay_us = rulebook().durations.mandate_delay_days * 24 * HOUR_US
        due = await house.host.store.write(lambda tx: complete(tx, person, [approval], delay_us, author))
        await self._tell(person)
        return {"code": part, "from_us": due.from_us, "until_us": due.until_us}

    def pending(self, person: str) -> dict[str, Any] | None:
        """What the owner is shown of a recovery of their account: who approved it, and from when it serves."""
        parts = parts_of(self._house.host.store.reader, person, self._house.clock.utc().us)
        if not parts:
            return None
        due = self._due(person)
        labels = self._house.host.labels({one.approval.approver for one in parts})
        return {
            "by": [labels.get(one.approval.approver, HOST_LABEL) for one in parts],
            "since_us": parts[0].at_us,
            "from_us": due.from_us if due else None,
        }

    def access(self, person: str, asker: str) -> dict[str, Any]:
        """How far a recovery is, for those who answer for the person."""
        parts, due = self._standing(person), self._due(person)
        labels = self._house.host.labels({one.approver for one in parts})
        return {
            "approved_by": sorted(labels.get(one.approver, one.approver) for one in parts),
            "approved": any(one.approver == asker for one in parts),
            "code_from_us": due.from_us if due else None,
            "code_until_us": due.until_us if due else None,
        }

    def communes_of(self, person: str) -> list[Commune]:
        """The communes where a person has an habilitation that is not over, suspended ones too."""
        now_us = self._house.clock.utc().us
        return [
            commune
            for commune in self._house.communes
            if any(concerns(one, now_us) for one in commune.facts.habilitations_of(person))
        ]

    def _due(self, person: str) -> Due | None:
        return due_of(self._house.host.store.reader, person, self._house.clock.utc().us)

    def _counted(self, person: str, parts: Sequence[Part]) -> list[Part]:
        """The approvals that still count: an habilitation withdrawn since, or a commune that is shut, counts none."""
        house, bonds, now_us = self._house, bonds_of(self._house.host.store.reader), self._house.guard.now_us()
        counted = []
        for one in parts:
            try:
                town = town_of(house.communes.get(one.approval.commune))
            except GuetError:
                continue
            if approval_lapse(town, person, one.approval.approver, bonds, now_us) is None:
                counted.append(one)
        return counted

    def _standing(self, person: str) -> list[Approval]:
        parts = parts_of(self._house.host.store.reader, person, self._house.clock.utc().us)
        return [one.approval for one in self._counted(person, parts)]

    def _enough(self, person: str, approvals: Sequence[Approval]) -> bool:
        towns = {one.id: town_of(one) for one in self.communes_of(person)}
        bonds = bonds_of(self._house.host.store.reader)
        return enough(approvals, person, towns, bonds, self._house.guard.now_us())

    async def _complete(self, person: str, author: Author) -> Due | None:
        standing = self._standing(person)
        if not self._enough(person, standing):
            return None
        now_us = self._house.guard.now_us()
        above = any(rank_of(town_of(one), person, now_us) is Rank.MAYORAL for one in self.communes_of(person))
        delay_us = rulebook().durations.recovery_delay_hours * HOUR_US if above else 0
        return await self._house.host.store.write(lambda tx: complete(tx, person, standing, delay_us, author))

    def _spendable(self, person: str) -> list[Part]:
        """The parts that bring this person back now; none while one of their approvals no longer counts."""
        due, now_us = self._due(person), self._house.guard.now_us()
        if due is None or now_us < due.from_us:
            return []
        parts = parts_of(self._house.host.store.reader, person, self._house.clock.utc().us)
        if [one.approval.approver for one in parts] == [HOST]:
            return parts
        counted = self._counted(person, parts)
        whole = len(counted) == len(parts) and self._enough(person, [one.approval for one in counted])
        return parts if whole else []

    def _could_approve(self, person: str) -> bool:
        """Whether the people of this account's communes could bring it back themselves, were all of them to approve."""
        everyone = [
            Approval(other, commune.id)
            for commune in self.communes_of(person)
            for other in {one.person for one in commune.facts.habilitations} - {person}
        ]
        return self._enough(person, everyone)

    async def _tell(self, person: str, work: Callable[[Change], Any] | None = None) -> None:
        """Write to the owner, the elected persons and the auditors of each commune concerned, in one transaction with
        ``work``'s entry. What one commune cannot take now must not keep the others from being told.
        """
        for commune in self.communes_of(person):
            await commune.change(partial(_tell, person=person, work=work), Author())


def _tell(change: Change, person: str, work: Callable[[Change], Any] | None) -> None:
    if work is not None:
        work(change)
    told = {
        one.person
        for one in change.facts.habilitations
        if one.role in TOLD_ROLES and habilitation_lapse(one, change.now_us) is None
    }
    rows = change.tx.db.execute(
        "SELECT person FROM outbox WHERE kind = ? AND request = ? AND created_us > ?",
        (KIND, person, change.now_us - TOLD_AGAIN_US),
    )
    lately = {str(row[0]) for row in rows}
    for one in sorted((told | {person}) - lately):
        notify_person(change, KIND, person, one)


def _refused_entry(change: Change, author: Author, person: str, rule: str) -> None:
    """Who tried what they may not, in the commune's journal: the mayor is told of the attempt too."""
    change.journal(Entry("refus", "approve_recovery", author, detail={"person": person, "rule": rule}))
