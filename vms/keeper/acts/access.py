"""The commune's part in a filmed person's request: identity checked, the answer's term put off (P-83, P-85)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

from vms.errors import BadInput, Conflict, Refused
from vms.keeper.acts.holds import write_placed
from vms.keeper.acts.spec import ActSpec, one_of, refuse
from vms.keeper.arguments import Args, Cameras, Identifier, Moment
from vms.keeper.communes import Change
from vms.keeper.files.hour_keys import is_due
from vms.keeper.filing import WHO, provisional
from vms.keeper.outbox import notify_deciders
from vms.law import access
from vms.law.facts import Request
from vms.law.requests import DECIDABLE


class CheckIdentity(Args):
    """A document was seen at the counter, neither copied nor noted; the cameras of the place that the person said."""

    request: Identifier
    document_seen: Literal[True]
    cameras: Cameras
    from_us: Moment
    to_us: Moment


class ExtendAnswer(Args):
    """Two more months, for a reason that the person is told."""

    request: Identifier
    reason: Identifier


def check_identity(change: Change, args: CheckIdentity) -> dict[str, Any]:
    """Take the request in hand: what is held becomes what was asked, until the answer; the decider is told (P-85)."""
    request = one_of("demande", change.facts.requests.get(args.request), args.request)
    if request.state != access.FILED:
        raise Conflict("Cette demande n’attend pas de vérification d’identité.", where=request.id, todo="Relisez-la.")
    if access.identity_due(request.registered_us) <= change.now_us:
        what = "Le délai pour vérifier l’identité est passé : la demande est tombée."
        raise Refused(what, where=request.id, todo="Enregistrez une nouvelle demande.", rule="P-83")
    cameras = frozenset(args.cameras)
    if not cameras <= request.cameras or not request.from_us <= args.from_us < args.to_us <= request.to_us:
        raise BadInput("Ce choix sort de la demande.", where="cameras", todo="Restez dans la plage demandée.")
    checked = replace(
        request,
        cameras=cameras,
        from_us=args.from_us,
        to_us=args.to_us,
        state="registered",
        registered_by=change.author.person,
        fields={**request.fields, "authority": WHO, "identity_checked": True},
    )
    checked = replace(checked, hold=_narrow_hold(change, checked))
    change.put("request", checked.id, checked)
    seq = change.modified(
        "check_identity",
        cameras=tuple(sorted(cameras)),
        request=checked.id,
        from_us=checked.from_us,
        to_us=checked.to_us,
        document_seen=True,
    )
    notify_deciders(change, "decide", checked.id)
    return {"request": checked.id, "state": checked.state, "hold": checked.hold, "journal": seq}


def extend_answer(change: Change, args: ExtendAnswer) -> dict[str, Any]:
    """Put the answer off once, to three months from the request at most; the range stays held until then (P-85)."""
    request = one_of("demande", change.facts.requests.get(args.request), args.request)
    if request.frame != access.FRAME or request.state not in DECIDABLE:
        raise Conflict("Cette demande n’attend pas de réponse à une personne filmée.", where=request.id)
    refuse(access.extension_lapse(request, args.reason, change.now_us), "reason")
    until_us = access.extended_due(request.registered_us)
    fields = {**request.fields, "extension": args.reason, "extended_us": change.now_us}
    change.put("request", request.id, replace(request, fields=fields, answer_by_us=until_us))
    for hold in change.facts.holds:
        if hold.id == request.hold and hold.active(change.now_us):
            change.put("hold", hold.id, replace(hold, until_us=until_us))
    seq = change.modified("extend_answer", request=request.id, reason=args.reason, answer_by_us=until_us)
    return {"request": request.id, "answer_by_us": until_us, "journal": seq}


def _narrow_hold(change: Change, request: Request) -> str | None:
    """The request's hold on its cameras and range until its answer; None when nothing of them is left to hold.

    It is the same hold, narrowed: what it has kept past its term stays readable under its own key (P-32).
    """
    until_us = request.answer_by_us or change.now_us
    for hold in change.facts.holds:
        if hold.id == request.hold and hold.active(change.now_us):
            narrowed = replace(
                hold, cameras=request.cameras, from_us=request.from_us, to_us=request.to_us, until_us=until_us
            )
            narrowed = replace(narrowed, placed_by=change.author.person)
            change.put("hold", hold.id, narrowed)
            write_placed(change, narrowed)
            return hold.id
    if all(is_due(change.facts, camera, request.to_us - 1, change.now_us) for camera in request.cameras):
        return None
    made = provisional(request, until_us, change.now_us)
    change.put("hold", made.id, made)
    write_placed(change, made)
    return made.id


ACTS: Final = {
    "check_identity": ActSpec(CheckIdentity, check_identity),
    "extend_answer": ActSpec(ExtendAnswer, extend_answer),
}
