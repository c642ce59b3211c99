"""Exceptional openings as pages show them: who may sign, what is asked, open and past (decision 0016)."""

from __future__ import annotations

from typing import Any, Final

from vms.keeper.reads.spec import Nothing, Reader, ReadSpec, told
from vms.law.emergency import ACT, MINUTE_US, close_lapse, confirm_lapse, may_sign, signer_lapse, stands
from vms.law.facts import Emergency
from vms.law.rulebook import rulebook

SHOWN_LIMIT: Final = 50


def emergencies(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Those named, what the reader may sign, and the openings, newest first.

    Officers who are not named beforehand are told of none but those they signed; whoever answers for them sees all.
    """
    facts, person = reader.commune.facts, reader.person.id
    named = facts.emergency_persons.persons if facts.emergency_persons else ()
    sees_all = reader.role != "officer" or person in dict(named)
    shown = [one for one in facts.emergencies if sees_all or person in (one.asked_by, one.confirmed_by)]
    named = named if sees_all else ()
    latest = sorted(shown, key=lambda one: -one.asked_us)[:SHOWN_LIMIT]
    durations, limits = rulebook().durations, rulebook().limits
    people = {person for person, _ in named} | {one.asked_by for one in latest} | {one.confirmed_by for one in latest}
    people |= {one.closed_by for one in latest}
    labels = reader.labels(people)
    return {
        "now_us": reader.now_us,
        "named_hours": durations.emergency_named_hours,
        "signing_minutes": durations.emergency_signing_minutes,
        "open_minutes": durations.emergency_open_minutes,
        "range_hours": limits.emergency_range_hours,
        "cameras_limit": limits.emergency_cameras,
        "named": person in dict(named),
        "may_sign": _signs(reader),
        "sign_lapse": told(signer_lapse(facts, person, reader.now_us)),
        "persons": [
            {
                "person": person,
                "label": labels.get(person, person),
                "since_us": since_us,
                "may_sign": may_sign(facts, person, reader.now_us),
            }
            for person, since_us in named
        ],
        "emergencies": [_told(reader, one, labels) for one in latest],
    }


def _signs(reader: Reader) -> bool:
    """Whether the reader, in the quality acted in, may be one of the two now."""
    facts, person = reader.commune.facts, reader.person.id
    lapse = signer_lapse(facts, person, reader.now_us)
    return reader.role in rulebook().act[ACT].roles and lapse is None and may_sign(facts, person, reader.now_us)


def _told(reader: Reader, one: Emergency, labels: dict[str, str]) -> dict[str, Any]:
    facts, person, now_us = reader.commune.facts, reader.person.id, reader.now_us
    sign_by_us = one.asked_us + rulebook().durations.emergency_signing_minutes * MINUTE_US
    if stands(facts, one, now_us):
        state = "open"
    elif one.opened_us is None and one.closed_us is None and now_us < sign_by_us:
        state = "asked"
    else:
        state = "over"
    return {
        "id": one.id,
        "state": state,
        "cameras": sorted(one.cameras),
        "from_us": one.from_us,
        "to_us": one.to_us,
        "minutes": one.minutes,
        "motive": one.motive,
        "asked_by": labels.get(one.asked_by, one.asked_by),
        "asked_us": one.asked_us,
        "sign_by_us": sign_by_us,
        "confirmed_by": labels.get(one.confirmed_by, one.confirmed_by),
        "opened_us": one.opened_us,
        "until_us": one.until_us,
        "closed_us": one.closed_us,
        "closed_by": labels.get(one.closed_by, one.closed_by),
        "yours": person in (one.asked_by, one.confirmed_by),
        "may_confirm": _signs(reader) and confirm_lapse(facts, one, person, now_us) is None,
        "may_close": state != "over"
        and reader.role in rulebook().act["close_emergency"].roles
        and close_lapse(one, person, reader.role) is None,
    }


READS: Final = {"emergencies": ReadSpec(Nothing, emergencies)}
