"""Exceptional openings as pages show them: who may sign, what is asked, open and past (decision 0016)."""

from __future__ import annotations

from typing import Any, Final

from vms.keeper.reads.spec import Nothing, Reader, ReadSpec
from vms.law.emergency import MINUTE_US, may_sign, stands
from vms.law.facts import Emergency
from vms.law.rulebook import rulebook

SHOWN_LIMIT: Final = 50


def emergencies(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Those named, and the openings, newest first."""
    facts = reader.commune.facts
    named = facts.emergency_persons.persons if facts.emergency_persons else ()
    latest = sorted(facts.emergencies, key=lambda one: -one.asked_us)[:SHOWN_LIMIT]
    people = {person for person, _ in named} | {one.asked_by for one in latest} | {one.confirmed_by for one in latest}
    labels = reader.labels(people)
    return {
        "now_us": reader.now_us,
        "named_hours": rulebook().durations.emergency_named_hours,
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


def _told(reader: Reader, one: Emergency, labels: dict[str, str]) -> dict[str, Any]:
    sign_by_us = one.asked_us + rulebook().durations.emergency_signing_minutes * MINUTE_US
    if stands(reader.commune.facts, one, reader.now_us):
        state = "open"
    elif one.opened_us is None and one.closed_us is None and reader.now_us < sign_by_us:
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
    }


READS: Final = {"emergencies": ReadSpec(Nothing, emergencies)}
