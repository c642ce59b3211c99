"""What two persons agreed on takes effect when its delay is over; what nobody confirmed runs out (decision 0032)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vms import logs
from vms.errors import GuetError
from vms.keeper.acts import ACTS
from vms.keeper.acts.two_persons import KIND, found
from vms.keeper.arguments import parse
from vms.keeper.communes import Change, Commune
from vms.keeper.gate.gate import Denied, Grant, Person, may
from vms.keeper.journal.entry import Author
from vms.law.rulebook import rulebook
from vms.law.two_persons import PendingAct

log = logs.get("keeper.two_persons")


async def apply_due(commune: Commune, now_us: int) -> int:
    """Carry out what is due by ``now_us``, drop what ran out of time or cannot be done any more; how many took effect.

    Safe to kill anywhere and to repeat: an act and the end of its waiting are one transaction.
    """
    done = 0
    for one in commune.records.all(commune.store.reader, KIND, PendingAct).values():
        if one.is_due(now_us):
            done += await _carry_out(commune, one)
        elif one.is_over(now_us):
            await _drop(commune, one.id, "P-58")
    return done


async def _carry_out(commune: Commune, one: PendingAct) -> int:
    def work(change: Change) -> dict[str, Any]:
        agreed = found(change, one.id)
        grants = [_still_may(change, agreed, person) for person in (agreed.asked_by, agreed.confirmed_by)]
        change.records.remove(change.tx.db, KIND, agreed.id)
        both = {"pending": agreed.id, "asked_by": agreed.asked_by, "confirmed_by": agreed.confirmed_by}
        spec, acting = ACTS[agreed.act], change.under(grants[0].role.value, grants[0].habilitation)
        return spec.run(replace(acting, beside=both), parse(spec.model, agreed.args, agreed.act))

    try:
        await commune.change(work, Author(one.asked_by), one.purpose, one.motive)
    except GuetError as error:
        # The camera is gone, say, or one of the two lost the right: it does not happen, and the journal says so.
        log.warning("acte à deux abandonné", commune=commune.id, pending=one.id, error=str(error))
        await _drop(commune, one.id, error.rule)
        return 0
    return 1


def _still_may(change: Change, one: PendingAct, person: str) -> Grant:
    """The right of one of the two as it is now: who lost it in the meantime decides of nothing any more."""
    rule = rulebook().act[one.act]
    grant = may(change.facts, Person(person), rule.roles, rule.rule, change.now_us)
    if isinstance(grant, Denied):
        raise grant.error()
    return grant


async def _drop(commune: Commune, name: str, rule: str) -> None:
    def work(change: Change) -> int:
        one = found(change, name)
        change.records.remove(change.tx.db, KIND, one.id)
        return change.modified("drop_act", pending=one.id, proposed=one.act, asked_by=one.asked_by, rule=rule)

    await commune.change(work, Author())
