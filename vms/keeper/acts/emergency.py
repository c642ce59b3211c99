"""The exceptional opening by two persons: named, asked, confirmed, closed; mayor and DPO are told (decision 0016).

It is for the day when whoever decides cannot be reached. It opens the replay of what it names to the two who signed,
and nothing else: no extraction, no live picture, nothing that the law keeps from their quality.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from pydantic import Field

from vms.clock import HOUR_US
from vms.errors import BadInput, Refused
from vms.keeper.acts.holds import check_range
from vms.keeper.acts.spec import ActSpec, camera_in, one_of, refuse
from vms.keeper.arguments import Args, Cameras, Identifier, Moment, MotiveText
from vms.keeper.communes import Change, new_id
from vms.keeper.files.records import COMMUNE_ID
from vms.keeper.journal.entry import Entry
from vms.keeper.outbox import notify_person
from vms.law.emergency import MINUTE_US, close_lapse, confirm_lapse, may_sign, signer_lapse
from vms.law.facts import Emergency, EmergencyPersons
from vms.law.habilitation import habilitation_lapse
from vms.law.rulebook import rulebook

PERSONS_LEAST, PERSONS_LIMIT = 2, 16
TOLD_ROLES: Final = frozenset({"mayor", "auditor"})


class NamePersons(Args):
    """Who may sign exceptional openings from a day after on, in place of whoever could before; nobody: no opening."""

    persons: tuple[Identifier, ...] = Field(max_length=PERSONS_LIMIT)
    motive: MotiveText = Field(min_length=1)


class AskEmergency(Args):
    """Exactly what is to be opened, for how long, and why nobody who decides can act."""

    cameras: Cameras
    from_us: Moment
    to_us: Moment
    minutes: int = Field(ge=1)
    motive: MotiveText = Field(min_length=1)


class ConfirmEmergency(Args):
    """The second signature."""

    emergency: Identifier


class CloseEmergency(Args):
    """An opening to end before its time, and why."""

    emergency: Identifier
    motive: MotiveText = Field(min_length=1)


def name_persons(change: Change, args: NamePersons) -> dict[str, Any]:
    """Name those who may sign; whoever was named before keeps their date."""
    persons = dict.fromkeys(args.persons)
    if 0 < len(persons) < PERSONS_LEAST:
        raise BadInput("Il faut au moins deux personnes différentes.", where="persons", todo="Désignez-en une autre.")
    for person in persons:
        if not may_sign(change.facts, person, change.now_us):
            what = "Cette personne n’a pas ici d’habilitation qui lui permette de signer."
            raise Refused(what, where=person, todo="Désignez un élu ou un agent de police municipale.", rule="P-58")
    before = change.facts.emergency_persons
    known = {person: before.since_us(person) for person in persons} if before else {}
    named = tuple((person, known.get(person) or change.now_us) for person in persons)
    change.put("emergency_persons", COMMUNE_ID, EmergencyPersons(named, change.author.person))
    seq = change.modified("name_emergency_persons", motive=args.motive, persons=list(persons))
    return {"persons": list(persons), "journal": seq}


def ask(change: Change, args: AskEmergency) -> dict[str, Any]:
    """The first signature; it opens nothing."""
    refuse(signer_lapse(change.facts, change.author.person, change.now_us))
    check_range(args.from_us, args.to_us, change.now_us)
    durations, limits = rulebook().durations, rulebook().limits
    if args.to_us - args.from_us > limits.emergency_range_hours * HOUR_US:
        what = f"Une ouverture exceptionnelle porte sur {limits.emergency_range_hours} heures au plus."
        raise BadInput(what, where="from_us", todo="Réduisez la plage.")
    if args.minutes > durations.emergency_open_minutes:
        what = f"Une ouverture exceptionnelle dure {durations.emergency_open_minutes} minutes au plus."
        raise BadInput(what, where="minutes", todo="Réduisez la durée.")
    cameras = frozenset(camera_in(change, camera).id for camera in args.cameras)
    if len(cameras) > limits.emergency_cameras:
        what = f"Une ouverture exceptionnelle porte sur {limits.emergency_cameras} caméras au plus."
        raise BadInput(what, where="cameras", todo="Choisissez-en moins.")
    asked = Emergency(
        id=new_id("x"),
        cameras=cameras,
        from_us=args.from_us,
        to_us=args.to_us,
        minutes=args.minutes,
        motive=args.motive,
        asked_by=change.author.person,
        asked_us=change.now_us,
    )
    change.put("emergency", asked.id, asked)
    seq = _journal(change, "ask_emergency", asked, asked.motive)
    sign_by_us = asked.asked_us + durations.emergency_signing_minutes * MINUTE_US
    return {"emergency": asked.id, "sign_by_us": sign_by_us, "journal": seq}


def confirm(change: Change, args: ConfirmEmergency) -> dict[str, Any]:
    """The second signature opens it at once, in the transaction that tells the mayor and the DPO."""
    asked: Emergency = _found(change, args.emergency)
    refuse(signer_lapse(change.facts, change.author.person, change.now_us))
    refuse(confirm_lapse(change.facts, asked, change.author.person, change.now_us))
    until_us = change.now_us + asked.minutes * MINUTE_US
    opened = replace(asked, confirmed_by=change.author.person, opened_us=change.now_us, until_us=until_us)
    change.put("emergency", opened.id, opened)
    seq = _journal(change, "open_emergency", opened, opened.motive)
    for person in sorted(_told(change)):
        notify_person(change, "emergency", opened.id, person)
    return {"emergency": opened.id, "until_us": until_us, "journal": seq}


def close(change: Change, args: CloseEmergency) -> dict[str, Any]:
    """End it now: its views are dark at their next renewal. Closing twice changes nothing."""
    found: Emergency = _found(change, args.emergency)
    refuse(close_lapse(found, change.author.person, change.author.role))
    if found.closed_us is not None or (found.until_us is not None and found.until_us <= change.now_us):
        return {"emergency": found.id, "closed": False}
    change.put("emergency", found.id, replace(found, closed_us=change.now_us, closed_by=change.author.person))
    seq = _journal(change, "close_emergency", found, args.motive)
    return {"emergency": found.id, "closed": True, "journal": seq}


def _found(change: Change, name: str) -> Any:
    return one_of("ouverture exceptionnelle", {one.id: one for one in change.facts.emergencies}.get(name), name)


def _told(change: Change) -> set[str]:
    """Who is told: the mayor and the data protection officer, as habilitated now."""
    return {
        one.person
        for one in change.facts.habilitations
        if one.role in TOLD_ROLES and habilitation_lapse(one, change.now_us) is None
    }


def _journal(change: Change, act: str, one: Emergency, motive: str) -> int:
    """The act's own entry (P-40): the cameras and the range in it, both signatures, until when."""
    detail = {
        "emergency": one.id, "asked_by": one.asked_by, "confirmed_by": one.confirmed_by, "until_us": one.until_us,
        "minutes": one.minutes,
    }  # fmt: skip
    entry = Entry(
        "modification",
        act,
        change.author,
        cameras=tuple(sorted(one.cameras)),
        from_us=one.from_us,
        to_us=one.to_us,
        purpose=change.purpose,
        motive=motive,
        reference=one.id,
        detail=detail,
    )
    return change.journal(entry)


ACTS: Final = {
    "name_emergency_persons": ActSpec(NamePersons, name_persons),
    "ask_emergency": ActSpec(AskEmergency, ask),
    "confirm_emergency": ActSpec(ConfirmEmergency, confirm),
    "close_emergency": ActSpec(CloseEmergency, close),
}
