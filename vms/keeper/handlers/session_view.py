"""A session as a page shows it: who, which communes and why not, what is acted for, what is unlocked."""

from __future__ import annotations

from vms.errors import GuetError
from vms.keeper.communes import Commune, Communes
from vms.keeper.gate.gate import Denied, Person, by_precedence, may
from vms.keeper.identity.sessions import Live
from vms.keeper.protocol import CommuneChoice, PersonView, Session
from vms.law.authorisation import order_lapse


def session_view(communes: Communes, token: str, live: Live, now_us: int, *, has_passkey: bool, moment: str) -> Session:
    """The session of a signed-in person at ``now_us``."""
    account = live.account
    choices, unlocked, holder_of, by_passkey, by_token = [], {}, [], [], []
    for commune in communes:
        choice = _choice(commune, Person(account.id, account.host_admin), now_us)
        if choice is not None:
            choices.append(choice)
            unlocked[commune.id] = commune.unlocked
        if account.id in commune.holders:
            holder_of.append(commune.id)
            if commune.holders[account.id].passkeys:
                by_passkey.append(commune.id)
            if commune.holders[account.id].tokens:
                by_token.append(commune.id)
            unlocked[commune.id] = commune.unlocked
    return Session(
        token=token,
        id=live.id,
        moment=moment,
        person=PersonView(id=account.id, label=account.label, login=account.login, host_admin=account.host_admin),
        expires_us=live.ends_us(),
        idle_expires_us=live.idle_ends_us(),
        communes=tuple(sorted(choices, key=lambda one: (not one.available, one.name))),
        acting=live.acting,
        step_up_until_us=live.step_up_until_us,
        unlocked=unlocked,
        holder_of=tuple(holder_of),
        unlocks_by_passkey=tuple(by_passkey),
        unlocks_by_token=tuple(by_token),
        has_passkey=has_passkey,
    )


def _choice(commune: Commune, person: Person, now_us: int) -> CommuneChoice | None:
    """One commune that a person has to do with, or None for a stranger to it."""
    try:
        facts = commune.facts
    except GuetError:
        return None
    mine = by_precedence(facts.habilitations_of(person.id))
    if not mine or person.host_admin:
        return None
    verdict = may(facts, person, frozenset(), "P-58", now_us)
    if isinstance(verdict, Denied):
        return CommuneChoice(
            id=commune.id,
            name=facts.name,
            role=mine[0].role,
            available=False,
            reason=f"{verdict.what} {verdict.todo}".strip(),
            rule=verdict.rule,
        )
    purposes: set[str] = set()
    for order in facts.orders.values():
        if order_lapse(order, now_us) is None:
            purposes |= order.purposes
    return CommuneChoice(
        id=commune.id,
        name=facts.name,
        role=verdict.role.value,
        available=True,
        until_us=verdict.until_us,
        purposes=tuple(sorted(purposes, key=int)),
    )
