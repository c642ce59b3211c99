"""Silence escalates: a request that is still undecided when its answer is due is brought up again, once (P-74)."""

from __future__ import annotations

from dataclasses import replace

from vms.keeper.communes import Change, Commune
from vms.keeper.journal.entry import Author
from vms.keeper.outbox import notify_deciders, notify_person
from vms.law.facts import Request
from vms.law.requests import DECIDABLE
from vms.law.rulebook import rulebook


def overdue(requests: list[Request], now_us: int) -> list[Request]:
    """The undecided requests whose answer is due and which were not escalated yet."""
    return [
        one
        for one in requests
        if one.state in DECIDABLE
        and one.answer_by_us is not None
        and one.answer_by_us <= now_us
        and one.escalated_us is None
    ]


async def escalate(commune: Commune, now_us: int) -> int:
    """E-mail every decider of each overdue request, and who made a report (P-77), and journal it; how many."""
    if not overdue(list(commune.facts.requests.values()), now_us):
        return 0

    def work(change: Change) -> int:
        late = overdue(list(change.facts.requests.values()), now_us)
        for request in late:
            change.put("request", request.id, replace(request, escalated_us=now_us))
            notify_deciders(change, "overdue", request.id)
            if not rulebook().legal_frame[request.frame].refusable:
                notify_person(change, "report-overdue", request.id, request.registered_by)
            change.modified("escalate", request=request.id)
        return len(late)

    return await commune.change(work, Author())
