"""An agent of the State opens a collection for their inquiry: no réquisition, no decision, the mayor is told (P-73).

Everything else is a request's: its frame, its hold, its numbers, its package and its receipt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from vms.keeper.acts.holds import write_placed
from vms.keeper.acts.requests import RegisterRequest, drawn_up, registered
from vms.keeper.acts.spec import ActSpec
from vms.keeper.communes import Change
from vms.keeper.gate.gate import Denied, Motive, Person, admit
from vms.keeper.outbox import notify_deciders
from vms.keeper.protocol import Act
from vms.law.facts import Request
from vms.law.state_access import BASIS, frame_lapse


def collect(change: Change, args: RegisterRequest) -> dict[str, Any]:
    """Open a collection and hold its range at once (P-34); Refused, with its rule, unless the gate would let this agent
    extract it at this very instant.
    """
    made, hold = drawn_up(change, args, frame_lapse(args.frame, args.fields))
    made = replace(made, state="approved", habilitation=change.author.habilitation, answer_by_us=None)
    change = _admitted(change, made)
    made = replace(made, habilitation=change.author.habilitation)
    seq = change.modified("collect", **registered(made), basis=BASIS, habilitation=made.habilitation)
    # Where the collection stands in the journal: the package carries the proof of that entry, as of a decision (E-31).
    made = replace(made, package={"decision_journal": seq})
    change.put("hold", hold.id, hold)
    change.put("request", made.id, made)
    write_placed(change, hold)
    notify_deciders(change, "collected", made.id)
    return {"request": made.id, "number": made.number, "hold": hold.id, "hold_until_us": hold.until_us, "journal": seq}


def _admitted(change: Change, made: Request) -> Change:
    """The change under the habilitation that gives the right; Refused otherwise."""
    facts = replace(change.facts, requests={**change.facts.requests, made.id: made})
    asked = Motive(change.purpose, made.motive, made.id)
    person, span = Person(change.author.person), (made.from_us, made.to_us)
    verdict = admit(facts, person, Act.EXPORT, sorted(made.cameras), span, asked, change.now_us)
    if isinstance(verdict, Denied):
        raise verdict.error()
    return change.under(verdict.role.value, verdict.habilitation)


ACTS: Final = {"collect": ActSpec(RegisterRequest, collect)}
