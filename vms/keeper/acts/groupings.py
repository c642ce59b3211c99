"""Bodies that acquire and pool for the commune, and its consent to each (P-60)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from pydantic import Field

from vms.errors import BadInput
from vms.keeper.acts.spec import ActSpec, one_of, refuse
from vms.keeper.arguments import Args, Identifier, Moment, Name
from vms.keeper.communes import Change, new_id
from vms.law.facts import Grouping
from vms.law.grouping import grouping_lapse


class RecordGrouping(Args):
    """A body, as its statutes have it."""

    kind: Identifier
    name: Name
    reference: Name
    members: tuple[Identifier, ...] = Field(min_length=1, max_length=8)
    chair: Identifier = "other"


class Consent(Args):
    """The commune agrees that this body acquires and pools for it, or takes its consent back, from a date."""

    grouping: Identifier
    reference: Name
    date: Moment
    agree: bool = True


def record_grouping(change: Change, args: RecordGrouping) -> dict[str, Any]:
    """Record a body; one that has a member too many can only be a contractor (P-60)."""
    made = Grouping(new_id("g"), args.kind, args.name, args.reference, frozenset(args.members), args.chair)
    refuse(grouping_lapse(made), args.kind)
    change.put("grouping", made.id, made)
    seq = change.modified(
        "record_grouping", grouping=made.id, kind=made.kind, name=made.name, members=sorted(made.members)
    )
    return {"grouping": made.id, "journal": seq}


def consent(change: Change, args: Consent) -> dict[str, Any]:
    """Record the commune's consent or its end: from then on pooled operators see nothing of the commune (P-60)."""
    found = {one.id: one for one in change.facts.groupings}.get(args.grouping)
    one: Grouping = one_of("groupement", found, args.grouping)
    if args.agree:
        made = replace(one, consent_ref=args.reference, consent_us=args.date, consent_ended_us=None)
    elif one.consent_us is None or args.date <= one.consent_us:
        what = "La commune n’avait pas donné son accord à cette date."
        raise BadInput(what, where="date", todo="Vérifiez la délibération.")
    else:
        made = replace(one, consent_ended_us=args.date)
    change.put("grouping", one.id, made)
    seq = change.modified("consent", grouping=one.id, agree=args.agree, reference=args.reference, date_us=args.date)
    return {"grouping": one.id, "journal": seq}


ACTS: Final = {
    "record_grouping": ActSpec(RecordGrouping, record_grouping),
    "consent": ActSpec(Consent, consent),
}
