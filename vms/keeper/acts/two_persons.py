"""The second of two persons, and whoever stops what they agreed on before it takes effect (decision 0032)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from pydantic import Field

from vms.errors import Conflict
from vms.keeper.acts.spec import ActSpec, one_of, refuse
from vms.keeper.arguments import Args, Identifier, MotiveText
from vms.keeper.communes import Change, new_id
from vms.law.two_persons import PendingAct, confirm_lapse, effective_us, stop_lapse

KIND: Final = "pending_act"
PENDING_LIMIT: Final = 200


class ConfirmAct(Args):
    """The second person's accord."""

    pending: Identifier


class StopAct(Args):
    """An act that is not to take effect, and why."""

    pending: Identifier
    motive: MotiveText = Field(min_length=1)


def propose(change: Change, act: str, args: Args) -> dict[str, Any]:
    """Keep an act for a second person; nothing of it happens yet. Conflict when the very same one waits already."""
    given = args.model_dump(mode="json", by_alias=True)
    waiting = pending_acts(change)
    if any((one.act, one.args) == (act, given) for one in waiting.values()):
        raise Conflict("Cet acte attend déjà.", where=act, todo="Relisez la page.")
    if len(waiting) >= PENDING_LIMIT:
        raise Conflict("Trop d’actes attendent.", where=act, todo="Confirmez ou arrêtez ceux qui attendent.")
    asked = PendingAct(
        id=new_id("y"),
        act=act,
        args=given,
        asked_by=change.author.person,
        asked_us=change.now_us,
        purpose=change.purpose,
        motive=change.motive,
    )
    change.put(KIND, asked.id, asked)
    seq = change.modified("propose_act", pending=asked.id, proposed=act, args=_told(given))
    return {"pending": asked.id, "confirm_by_us": asked.confirm_by_us(), "journal": seq}


def confirm(change: Change, args: ConfirmAct) -> dict[str, Any]:
    """The second accord: the act takes effect once its delay is over, unless somebody stops it."""
    asked = found(change, args.pending)
    author = change.author
    refuse(confirm_lapse(change.facts, asked, author.person, author.role, change.now_us), asked.id)
    at_us = effective_us(change.now_us)
    agreed = replace(asked, confirmed_by=author.person, confirmed_us=change.now_us, effective_us=at_us)
    change.put(KIND, agreed.id, agreed)
    seq = change.modified(
        "confirm_act", pending=agreed.id, proposed=agreed.act, asked_by=agreed.asked_by, effective_us=at_us
    )
    return {"pending": agreed.id, "effective_us": at_us, "journal": seq}


def stop(change: Change, args: StopAct) -> dict[str, Any]:
    """It will not take effect; asking again begins anew."""
    asked = found(change, args.pending)
    refuse(stop_lapse(asked, change.author.role), asked.id)
    change.records.remove(change.tx.db, KIND, asked.id)
    seq = change.modified("stop_act", motive=args.motive, pending=asked.id, proposed=asked.act, asked_by=asked.asked_by)
    return {"pending": asked.id, "journal": seq}


def found(change: Change, name: str) -> PendingAct:
    """The act that waits; NotFound once it took effect, was stopped or ran out of time."""
    waiting: PendingAct = one_of("acte en attente", pending_acts(change).get(name), name)
    return waiting


def pending_acts(change: Change) -> dict[str, PendingAct]:
    """What waits in this commune, by id."""
    return change.records.all(change.tx.db, KIND, PendingAct)


def _told(args: dict[str, Any]) -> dict[str, Any]:
    """What an act is on, for the journal: ids, dates and counts, never words of people (D-31)."""
    named = ("hold", "camera", "order", "replaces", "max_days")
    return {name: args[name] for name in named if args.get(name) is not None}


ACTS: Final = {"confirm_act": ActSpec(ConfirmAct, confirm), "stop_act": ActSpec(StopAct, stop)}
