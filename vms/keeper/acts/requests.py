"""Requests for footage: registered with a hold at once, decided on legal grounds only (P-34, P-70…P-75)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

from pydantic import Field

from vms.clock import UtcTime, paris_date
from vms.errors import BadInput, Conflict, Refused
from vms.keeper.acts.holds import check_range, write_placed
from vms.keeper.acts.spec import ActSpec, camera_in, one_of, refuse
from vms.keeper.applicants import answered
from vms.keeper.arguments import (
    INTEGER_LIMIT,
    TEXT_LIMIT_CHARS,
    Args,
    Cameras,
    Identifier,
    Moment,
    MotiveText,
    Text,
    is_plain,
)
from vms.keeper.communes import Change, new_id
from vms.keeper.files.hour_keys import is_due
from vms.keeper.outbox import notify_deciders, notify_person
from vms.law.access import FILED, appointment_lapse, outcome_lapse, right_of
from vms.law.dates import DAY_US
from vms.law.facts import Hold, Request
from vms.law.holds import before, confirmed_end, provisional_end
from vms.law.lapse import Lapse
from vms.law.requests import DECIDABLE, answer_due, fields_lapse, frame_lapse, ground_lapse, next_number, opener_lapse
from vms.law.rulebook import rulebook

RANGE_LIMIT_US: Final = 31 * DAY_US
FIELDS_LIMIT: Final = 32

FieldValue = str | int | bool | None


class RegisterRequest(Args):
    """A request under its legal frame; ``fields`` are those the frame asks for (P-72)."""

    frame: Identifier
    fields: dict[Identifier, FieldValue] = Field(max_length=FIELDS_LIMIT)
    cameras: Cameras
    from_us: Moment
    to_us: Moment
    motive: MotiveText = ""
    answer_by: Moment | None = None


class CompleteRequest(Args):
    """What was missing, given after the decider's query."""

    request: Identifier
    fields: dict[Identifier, FieldValue] = Field(min_length=1, max_length=FIELDS_LIMIT)


class Part(Args):
    """What is granted of a request: some of its cameras, within its range."""

    cameras: Cameras
    from_us: Moment
    to_us: Moment


class Decide(Args):
    """The decision; a refusal, and an execution in part only, need a ground of the rulebook."""

    request: Identifier
    decision: Literal["execute", "query", "refuse"]
    ground: str = ""
    comment: Text = ""
    part: Part | None = None
    outcome: str = Field(default="", max_length=20)
    appointment: Moment | None = None


def register_request(change: Change, args: RegisterRequest) -> dict[str, Any]:
    """Register, and hold the range at once: the footage may fall due before the answer (P-34)."""
    refuse(opener_lapse(args.frame, change.author.role), "frame")
    made, hold = drawn_up(change, args, frame_lapse(args.frame, args.fields, change.now_us))
    change.put("hold", hold.id, hold)
    change.put("request", made.id, made)
    seq = change.modified("register_request", **registered(made))
    write_placed(change, hold)
    notify_deciders(change, "decide", made.id)
    return {"request": made.id, "number": made.number, "hold": hold.id, "hold_until_us": hold.until_us, "journal": seq}


def drawn_up(change: Change, args: RegisterRequest, lacking: Lapse | None) -> tuple[Request, Hold]:
    """A new request and its hold, not written yet; Refused or BadInput for what no request may ask (P-30, P-72).

    ``lacking`` is what its legal frame still lacks.
    """
    _check_fields(args.fields)
    refuse(lacking, "fields")
    check_range(args.from_us, args.to_us, change.now_us)
    if args.to_us - args.from_us > RANGE_LIMIT_US:
        raise BadInput("Une demande couvre 31 jours au plus.", where="to_us", todo="Faites-en plusieurs.")
    if args.answer_by is not None and args.answer_by <= change.now_us:
        raise BadInput("La date de réponse est déjà passée.", where="answer_by", todo="Vérifiez-la.")
    cameras = tuple(sorted(camera_in(change, camera).id for camera in args.cameras))
    if all(is_due(change.facts, camera, args.to_us - 1, change.now_us) for camera in cameras):
        what = "Toute la plage est arrivée à son terme : les images sont détruites."
        raise Refused(what, where="to_us", todo="Répondez au requérant qu’elles n’existent plus.", rule="P-30")
    request_id = new_id("d")
    hold = _hold(change, args, request_id)
    made = Request(
        id=request_id,
        frame=args.frame,
        fields=args.fields,
        cameras=frozenset(cameras),
        from_us=args.from_us,
        to_us=args.to_us,
        motive=args.motive,
        state="registered",
        registered_by=change.author.person,
        registered_us=change.now_us,
        answer_by_us=answer_due(args.frame, change.now_us, args.answer_by),
        hold=hold.id,
        number=next_number(
            (one.number for one in change.facts.requests.values()), paris_date(UtcTime(change.now_us)).year
        ),
    )
    return made, hold


def registered(made: Request) -> dict[str, Any]:
    """What the journal says of a new request (P-40)."""
    return {
        "cameras": tuple(sorted(made.cameras)),
        "motive": made.motive,
        "request": made.id,
        "number": made.number,
        "frame": made.frame,
        "procedure": procedure_number(made),
        "from_us": made.from_us,
        "to_us": made.to_us,
    }


def complete_request(change: Change, args: CompleteRequest) -> dict[str, Any]:
    """Answer a query: the fields are added, the frame is checked anew, the decider is told."""
    request = one_of("demande", change.facts.requests.get(args.request), args.request)
    _check_fields(args.fields)
    if request.state not in DECIDABLE:
        raise Conflict("Cette demande est déjà décidée.", where=request.id)
    fields = {**request.fields, **args.fields}
    if len(fields) > FIELDS_LIMIT:
        raise BadInput("Trop de champs.", where="fields")
    refuse(frame_lapse(request.frame, fields, change.now_us), "fields")
    change.put("request", request.id, replace(request, fields=fields, state="registered", decision=""))
    seq = change.modified("complete_request", request=request.id, fields=sorted(args.fields))
    notify_deciders(change, "decide", request.id)
    return {"request": request.id, "journal": seq}


def decide(change: Change, args: Decide) -> dict[str, Any]:
    """Execute, query, or refuse on a legal ground; the mayor organises the answer, the law gives the grounds (P-74)."""
    request = one_of("demande", change.facts.requests.get(args.request), args.request)
    if request.state == FILED:
        what = "L’identité de la personne n’est pas encore vérifiée."
        raise Refused(what, where=request.id, todo="Elle se vérifie au guichet.", rule="P-83")
    if request.state not in DECIDABLE:
        raise Conflict("Cette demande est déjà décidée.", where=request.id, todo="Relisez-la.")
    if len(args.comment) > rulebook().limits.ground_chars:
        raise BadInput("Cette précision est trop longue.", where="comment")
    if args.part is not None and args.decision != "execute":
        raise BadInput("Seule une exécution peut être partielle.", where="part")
    if args.decision == "refuse" or args.part is not None:
        refuse(ground_lapse(request.frame, args.ground, partial=args.part is not None), "ground")
    elif args.ground:
        raise BadInput("Un motif de droit ne va qu’avec un refus ou une exécution partielle.", where="ground")
    if args.decision == "execute":
        refuse(outcome_lapse(request, args.outcome, args.comment), "outcome")
        refuse(frame_lapse(request.frame, request.fields, change.now_us), request.id)
        request = _narrowed(request, args.part) if args.part else request
        request = replace(request, hold=_hold_of_answer(change, request, args.outcome, args.appointment))
    elif args.outcome:
        raise BadInput("Une suite ne va qu’avec une demande satisfaite.", where="outcome")
    refuse(appointment_lapse(args.outcome, args.appointment, change.now_us), "appointment")
    state = {"execute": "approved", "query": "queried", "refuse": "refused"}[args.decision]
    if args.outcome and args.outcome != "copy":
        state = "answered"  # nothing leaves: no extraction follows
    decided = replace(
        request,
        state=state,
        decision=args.decision,
        ground=args.ground,
        comment=args.comment,
        decided_by=change.author.person,
        decided_us=change.now_us,
        outcome=args.outcome,
        appointment_us=args.appointment,
    )
    seq = change.modified(
        "decide",
        cameras=tuple(sorted(request.cameras)),
        request=request.id,
        decision=args.decision,
        ground=args.ground,
        frame=request.frame,
        procedure=procedure_number(request),
        **({"outcome": args.outcome} if args.outcome else {}),
        **_scope(request),
    )
    # Where the decision stands in the journal: the package carries the proof of that entry (E-31).
    change.put("request", request.id, replace(decided, package={**request.package, "decision_journal": seq}))
    if args.decision != "query":
        answered(change, decided)
    notify_person(change, f"decided-{args.decision}", request.id, request.registered_by)
    return {"request": request.id, "state": state, "journal": seq}


def procedure_number(request: Request) -> str:
    """The reference that the journal carries: the procedure's or the instruction's number."""
    return str(request.fields.get("procedure_number") or request.fields.get("instruction_number") or "")


def _check_fields(fields: dict[str, FieldValue]) -> None:
    refuse(fields_lapse(fields), "fields")
    for name, value in fields.items():
        if isinstance(value, str) and (len(value) > TEXT_LIMIT_CHARS or not is_plain(value)):
            raise BadInput("Ce champ est trop long ou illisible.", where=f"fields.{name}")
        if isinstance(value, int) and abs(value) > INTEGER_LIMIT:
            raise BadInput("Ce nombre est trop grand.", where=f"fields.{name}")


def _hold(change: Change, args: RegisterRequest, request_id: str) -> Hold:
    fields = args.fields
    # A filmed person's right would be void if the range fell due before the answer (P-85); else fifteen days (P-34).
    answer_us = answer_due(args.frame, change.now_us, None)
    return Hold(
        id=new_id("g"),
        cameras=frozenset(args.cameras),
        from_us=args.from_us,
        to_us=args.to_us,
        procedure=rulebook().legal_frame[args.frame].hold_procedure,
        authority=str(fields.get("authority", "")),
        reference=str(fields.get("procedure_number") or fields.get("instruction_number") or request_id),
        requester=str(fields.get("officer_name") or fields.get("authority") or ""),
        placed_by=change.author.person,
        placed_us=change.now_us,
        until_us=max(provisional_end(change.now_us), answer_us or 0),
        provisional=True,
        request=request_id,
        after=before(change.facts.holds, frozenset(args.cameras), args.from_us, args.to_us, change.now_us),
    )


def _narrowed(request: Request, part: Part) -> Request:
    """The request as it may be carried out; BadInput when the part is no true part of it."""
    cameras, asked = frozenset(part.cameras), (request.from_us, request.to_us)
    if not cameras <= request.cameras or not request.from_us <= part.from_us < part.to_us <= request.to_us:
        raise BadInput("La part accordée sort de la demande.", where="part", todo="Restez dans ce qui est demandé.")
    if cameras == request.cameras and (part.from_us, part.to_us) == asked:
        raise BadInput("La part accordée est la demande entière.", where="part", todo="Exécutez-la sans réduction.")
    whole = {"cameras": sorted(request.cameras), "from_us": request.from_us, "to_us": request.to_us}
    return replace(request, cameras=cameras, from_us=part.from_us, to_us=part.to_us, asked=whole)


def _scope(request: Request) -> dict[str, Any]:
    """What the journal says of a request granted in part: the part, and what was asked."""
    if not request.asked:
        return {}
    told = {f"asked_{name}": value for name, value in request.asked.items()}
    return {"from_us": request.from_us, "to_us": request.to_us, **told}


def _hold_of_answer(change: Change, request: Request, outcome: str, appointment_us: int | None) -> str | None:
    """What stays held once a request is granted: for a copy and a restriction as for a procedure, for a viewing until
    the day after it, for anything else no more (P-85).
    """
    if outcome in ("", "copy") or (outcome == "granted" and right_of(request) == "restriction"):
        return _confirm_hold(change, request)
    for hold in change.facts.holds:
        if hold.id != request.hold or not hold.active(change.now_us):
            continue
        if appointment_us is not None:
            change.put("hold", hold.id, replace(hold, until_us=appointment_us + DAY_US))
            return hold.id
        change.put("hold", hold.id, replace(hold, released_us=change.now_us))
        change.modified("release_hold", cameras=tuple(sorted(hold.cameras)), hold=hold.id, request=request.id)
    last_us = request.to_us - 1
    if appointment_us is not None and all(is_due(change.facts, one, last_us, change.now_us) for one in request.cameras):
        what = "Toute la plage est arrivée à son terme : les images sont détruites."
        raise Refused(what, where=request.id, todo="Répondez qu’aucune image ne reste.", rule="P-30")
    return request.hold


def _confirm_hold(change: Change, request: Request) -> str:
    """The provisional hold becomes the procedure's; one that has ended by itself cannot be brought back (P-34).

    Granted in part, only the part is confirmed: the rest stays held until the provisional hold's own end, so that what
    was left out can still be asked for. The hold that the request has from then on.
    """
    for hold in change.facts.holds:
        if hold.id == request.hold and hold.active(change.now_us):
            # A report is no procedure yet (L252-5): fifteen days more, to extract it and hand it over (P-77).
            lasts = confirmed_end if rulebook().legal_frame[request.frame].refusable else provisional_end
            confirmed = replace(hold, provisional=False, until_us=lasts(change.now_us))
            if request.asked:
                confirmed = replace(
                    confirmed,
                    id=new_id("g"),
                    placed_us=change.now_us,
                    cameras=request.cameras,
                    from_us=request.from_us,
                    to_us=request.to_us,
                    after=(hold.id, *hold.after),
                )
                write_placed(change, confirmed)
            change.put("hold", confirmed.id, confirmed)
            return confirmed.id
    raise Refused(
        "Le gel de cette demande a pris fin.", where=request.id, todo="Enregistrez-la de nouveau.", rule="P-34"
    )


ACTS: Final = {
    "register_request": ActSpec(RegisterRequest, register_request),
    "complete_request": ActSpec(CompleteRequest, complete_request),
    "decide": ActSpec(Decide, decide),
}
