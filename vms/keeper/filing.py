"""A filmed person's request from the public page: no account, no document, little frozen and not for long (P-82…P-85).

Anyone can send the form, so nothing in it is believed. It freezes an hour at most, of ten requests at most, for a week:
whoever does not come to the counter to be identified has frozen nothing for longer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from vms.clock import UtcTime, paris_date
from vms.errors import BadInput, Refused, TooManyRequests
from vms.keeper.acts.holds import check_range, write_placed
from vms.keeper.acts.spec import refuse
from vms.keeper.applicants import Code
from vms.keeper.arguments import Args, Identifier, Moment, Name
from vms.keeper.communes import Change, new_id
from vms.keeper.files.hour_keys import is_due
from vms.keeper.files.records import Applicant
from vms.law import access
from vms.law.facts import Hold, Request
from vms.law.requests import answer_due, next_number
from vms.law.rulebook import rulebook

PUBLIC: Final = "public"
RETRY_S: Final = 24 * 3600  # a backlog empties at the counter
WHO: Final = "Une personne filmée"
GONE: Final = "Les images de cette plage ont été détruites à leur terme, ou n’ont jamais été prises."


def _at_most(text: str, name: str) -> str:
    limit = getattr(rulebook().access_form, name)
    if len(text) > limit:
        raise ValueError(f"at most {limit} characters (D-31)")
    return text


class FileAccess(Args):
    """What the form asks: which right, where and when, how to know the person in the picture, how to answer."""

    right: Identifier
    place: Annotated[Name, AfterValidator(lambda text: _at_most(text, "place_chars"))]
    from_us: Moment
    to_us: Moment
    description: Annotated[Name, AfterValidator(lambda text: _at_most(text, "description_chars"))]
    name: Annotated[Name, AfterValidator(lambda text: _at_most(text, "place_chars"))]
    answer: Annotated[str, Field(pattern=r"^(post|email)$")]
    contact: Annotated[Name, AfterValidator(lambda text: _at_most(text, "contact_chars"))]


def file_access(change: Change, args: FileAccess, code: Code) -> dict[str, Any]:
    """Register the request, and hold its range until the identity is checked if there is room for another hold."""
    form, facts, now_us = rulebook().access_form, change.facts, change.now_us
    if args.right not in rulebook().access_right:
        todo = "Choisissez l’un des droits proposés ; il n’y a pas de droit d’opposition."
        raise BadInput("Ce droit n’existe pas ici.", where="right", todo=todo)
    check_range(args.from_us, args.to_us, now_us)
    refuse(access.range_lapse(args.from_us, args.to_us), "to_us")
    waiting = access.unchecked(facts.requests.values())
    if len(waiting) >= form.backlog:
        todo = "Présentez-vous à la mairie : la demande s’y fait aussi."
        raise TooManyRequests(
            "Trop de demandes attendent une vérification d’identité.", todo=todo, retry_after_s=RETRY_S
        )
    cameras = frozenset(
        camera
        for camera in access.filmed_by(facts, args.from_us, args.to_us)
        if not is_due(facts, camera, args.to_us - 1, now_us)
    )
    if not cameras:
        raise Refused(GONE, where="from_us", todo="Vérifiez le jour et l’heure.", rule="P-30")
    request_id, held = new_id("d"), len(_held(facts.holds, waiting, now_us)) < form.holds
    made = Request(
        id=request_id,
        frame=access.FRAME,
        fields={"right": args.right, "channel": PUBLIC},
        cameras=cameras,
        from_us=args.from_us,
        to_us=args.to_us,
        motive="",
        state=access.FILED,
        registered_by=PUBLIC,
        registered_us=now_us,
        answer_by_us=answer_due(access.FRAME, now_us, None),
        number=next_number((one.number for one in facts.requests.values()), paris_date(UtcTime(now_us)).year),
    )
    hold = provisional(made, access.identity_due(now_us), now_us) if held else None
    _write(change, made, hold)
    told = Applicant(
        request_id, code.digest, args.name, args.answer, args.contact, args.place, args.description, now_us
    )
    change.put("applicant", request_id, told)
    return {
        "number": made.number,
        "code": code.text,
        "held": held,
        "identity_by_us": access.identity_due(now_us),
        "answer_by_us": made.answer_by_us,
    }


def provisional(request: Request, until_us: int, now_us: int) -> Hold:
    """The hold of a filmed person's request; it names nobody."""
    return Hold(
        id=new_id("g"),
        cameras=request.cameras,
        from_us=request.from_us,
        to_us=request.to_us,
        procedure=access.FRAME,
        authority=WHO,
        reference=request.id,
        requester=WHO,
        placed_by=request.registered_by,
        placed_us=now_us,
        until_us=until_us,
        provisional=True,
        request=request.id,
    )


def _held(holds: tuple[Hold, ...], waiting: list[Request], now_us: int) -> list[Hold]:
    ids = {one.hold for one in waiting}
    return [hold for hold in holds if hold.id in ids and hold.active(now_us)]


def _write(change: Change, made: Request, hold: Hold | None) -> None:
    change.put("request", made.id, replace(made, hold=hold.id if hold else None))
    change.modified(
        "file_access",
        request=made.id,
        number=made.number,
        frame=made.frame,
        right=access.right_of(made),
        cameras_count=len(made.cameras),
        from_us=made.from_us,
        to_us=made.to_us,
    )
    if hold is not None:
        change.put("hold", hold.id, hold)
        write_placed(change, hold)
