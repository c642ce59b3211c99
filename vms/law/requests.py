"""Requests for footage: what each legal frame demands, and on which grounds one may be refused (P-72, P-74, P-83).

A report to the prosecutor is one of them (P-77). Article 40 of the CPP obliges the official who learns of a crime or a
délit, in person and without delay; no authority may forbid it, and the written notice waits for no picture. But the
pictures are the controller's: they leave by an act of the mayor or the delegate. That act is no permission. So such a
request is carried out whole or queried; there is no ground to refuse it or to leave a part out, and silence is brought
up again after two days, to the deciders and to the official, who may hold the range anew by another report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vms.law.dates import DAY_US, add_months
from vms.law.lapse import Lapse
from vms.law.rulebook import LegalFrame, rulebook

STATES = (
    "filed", "lapsed", "registered", "queried", "approved", "refused", "answered", "packaged", "received", "purged",
)  # fmt: skip
DECIDABLE = frozenset({"registered", "queried"})
# What a request may say beside the fields that some frame asks for; what the keeper notes itself is no part of it.
OTHER_FIELDS = frozenset({"general_instruction_until_us", "delivery"})
# Fields that are no text: a box that is ticked, an instant.
UNWRITTEN: Mapping[str, type] = {"identity_checked": bool, "general_instruction_until_us": int}
# Letters that show nothing: Hangul fillers.
EMPTY_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")


def next_number(numbers: Iterable[str], year: int) -> str:
    """The number that people say, ``D-2026-0147``: one more than the commune's greatest of that year."""
    prefix = f"D-{year}-"
    taken = [int(one.removeprefix(prefix)) for one in numbers if one.startswith(prefix)]
    return f"{prefix}{max(taken, default=0) + 1:04d}"


def answer_due(frame: str, registered_us: int, asked_us: int | None) -> int | None:
    """When an answer is due, in µs: the date asked for, but for a filmed person one month at most (P-85), and for a
    report to the prosecutor two days (P-77).
    """
    days = rulebook().legal_frame[frame].answer_days
    if frame == "droit_acces":
        latest_us = add_months(registered_us, rulebook().durations.access_answer_months)
    elif days is not None:
        latest_us = registered_us + days * DAY_US
    else:
        return asked_us
    return latest_us if asked_us is None else min(asked_us, latest_us)


def fields_lapse(given: Mapping[str, Any]) -> Lapse | None:
    """Why these fields may not be written into a request, or None: it says nothing but what its frame asks (P-72).

    So there is no room for a plate or a look (P-08), nor for what only the keeper notes.
    """
    for name, value in given.items():
        if name not in known_fields():
            return Lapse("P-72", f"Une demande ne porte pas de champ « {name} ».", "Retirez-le.")
        if value is not None and type(value) is not UNWRITTEN.get(name, str):
            return Lapse("P-72", f"Le champ « {name} » n’est pas de la bonne sorte.", "Corrigez-le.")
    return None


def opener_lapse(frame: str, role: str) -> Lapse | None:
    """Why a person in this role may not register under a frame, or None: who reports is who saw (P-77)."""
    rule = rulebook().legal_frame.get(frame)
    if rule is None or not rule.roles or role in rule.roles:
        return None
    what = "Un signalement est l’acte de l’agent, du maire ou de l’adjoint qui a constaté les faits."
    return Lapse("P-77", what, "Cette personne l’enregistre elle-même.")


def known_fields() -> frozenset[str]:
    """Every field that a request may have, under whichever frame."""
    rules = rulebook().legal_frame.values()
    either = {name for rule in rules for names in rule.any_of for name in names}
    return OTHER_FIELDS.union(either, *(rule.fields for rule in rules))


def frame_lapse(frame: str, fields: Mapping[str, Any], now_us: int) -> Lapse | None:
    """What a request lacks under its legal frame, or None (P-70…P-72)."""
    rule = rulebook().legal_frame.get(frame)
    if rule is None:
        return Lapse("P-72", "Ce cadre légal n’existe pas.", "Choisissez l’un des cadres proposés.")
    lapse = required_lapse(rule, fields)
    if lapse is not None:
        return lapse
    for names in rule.any_of:
        if not any(_filled(fields.get(name)) for name in names):
            return Lapse("P-71", f"Ce cadre exige l’un de : {', '.join(names)}.", "Complétez la demande.")
    return _instruction_lapse(fields, now_us)


def required_lapse(rule: LegalFrame, fields: Mapping[str, Any]) -> Lapse | None:
    """The first field that a frame always demands and that is not filled, or None (P-72)."""
    for name in rule.fields:
        if not _filled(fields.get(name)):
            return Lapse("P-72", f"Ce cadre exige le champ « {name} ».", "Complétez la demande.")
    return None


def _instruction_lapse(fields: Mapping[str, Any], now_us: int) -> Lapse | None:
    if not _filled(fields.get("general_instruction")) or _filled(fields.get("prosecutor_authorisation")):
        return None
    until = fields.get("general_instruction_until_us")
    if not isinstance(until, int) or isinstance(until, bool):
        return Lapse("P-71", "L’instruction générale doit porter sa date de fin.", "Complétez la demande.")
    if until <= now_us:
        return Lapse("P-71", "L’instruction générale citée a expiré.", "Demandez l’autorisation du procureur.")
    if until > add_months(now_us, rulebook().durations.general_instruction_months):
        return Lapse("P-71", "Une instruction générale vaut six mois au plus.", "Vérifiez sa date de fin.")
    return None


def ground_lapse(frame: str, ground: str, *, partial: bool = False) -> Lapse | None:
    """Why this ground may not refuse a request, or leave out a part of it, or None (P-74, P-77, P-83)."""
    if not rulebook().legal_frame[frame].refusable:
        what = "Un signalement ne se refuse pas, ni en tout ni en partie : l’article 40 oblige l’agent en personne."
        return Lapse("P-77", what, "Exécutez-le, ou demandez des précisions.")
    rule = rulebook().refusal_ground.get(ground)
    refusal_rule = "P-83" if frame == "droit_acces" else "P-74"
    if rule is None:
        return Lapse(refusal_rule, "Un refus suppose un motif de droit de la liste.", "Choisissez un motif.")
    if frame not in rule.frames:
        return Lapse(refusal_rule, "Ce motif ne vaut pas pour ce cadre légal.", "Choisissez un autre motif.")
    if rule.partial_only and not partial:
        return Lapse(refusal_rule, "Ce motif réduit une demande, il ne la refuse pas.", "Exécutez-la en partie.")
    return None


def is_written(text: str) -> bool:
    """Whether a text says something: a letter or a digit that can be seen."""
    return any(char.isalnum() and char not in EMPTY_LETTERS for char in text)


def _filled(value: Any) -> bool:
    """A ticked box, an instant, or a text that says something."""
    return is_written(value) if isinstance(value, str) else bool(value)
