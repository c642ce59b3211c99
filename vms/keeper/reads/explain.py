"""Would this have been allowed on that day, and why: the gate asked about the past, with no picture (P-58, D-12)."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from vms.errors import BadInput, NotFound
from vms.keeper.arguments import Args, Identifier, Moment, Name
from vms.keeper.gate.explain import Explanation, Part, explain, likely_motive
from vms.keeper.gate.gate import Denied, Motive, Person
from vms.keeper.protocol import Act
from vms.keeper.reads.spec import Reader, ReadSpec, told
from vms.law.facts import CommuneFacts
from vms.law.reason import Reason
from vms.law.rulebook import rulebook


class Explain(Args):
    """Who (an identifier or the label of the list of people), what, on which camera, at which instant (now)."""

    person: Name
    act: Literal["live", "replay", "framing", "export", "snapshot"]
    camera: Identifier
    at: Moment | None = None
    purpose: str = Field(default="", max_length=3)
    request: Identifier | None = None


class ExplainMine(Args):
    """The same about oneself; no extraction, whose request not every role may read."""

    act: Literal["live", "replay", "framing", "snapshot"]
    camera: Identifier
    at: Moment | None = None
    purpose: str = Field(default="", max_length=3)


def explanation(reader: Reader, args: Explain) -> dict[str, Any]:
    """The gate's answer at an instant by the facts as they were then recorded, with each element, and whether what has
    been recorded since would change it.
    """
    return _explained(reader, *_person(reader, args.person), args)


def own_explanation(reader: Reader, args: ExplainMine) -> dict[str, Any]:
    """Why the gate answers the reader as it does: nobody is refused without a reason (P-58)."""
    me = reader.person.id
    return _explained(reader, me, reader.labels({me}).get(me, ""), Explain(person=me, **args.model_dump()))


def _explained(reader: Reader, person: str, label: str, args: Explain) -> dict[str, Any]:
    at_us = reader.now_us if args.at is None else args.at
    if at_us > reader.now_us:
        raise BadInput("Cet instant est dans l’avenir.", where="at", todo="Demandez un instant passé.")
    then, now = reader.commune.facts_at(at_us), reader.commune.facts
    by_then, by_now = (_asked(facts, person, args, at_us) for facts in (then, now))
    changed = _verdict(by_then) != _verdict(by_now)
    return {
        "person": person,
        "label": label,
        "act": args.act,
        "act_fr": rulebook().image_act[args.act].fr,
        "camera": args.camera,
        "at_us": at_us,
        "commune": reader.commune.id,
        "name": now.name,
        **_verdict(by_then),
        "parts": [_part(then, part) for part in by_then.parts],
        "known_since": _verdict(by_now) if changed else None,
    }


def _person(reader: Reader, asked: str) -> tuple[str, str]:
    """The person of that identifier or label among those who have or had an habilitation here."""
    known = {one.person for one in reader.commune.facts.habilitations}
    labels = reader.labels(known)
    if asked in known:
        return asked, labels.get(asked, "")
    found = [person for person in known if labels.get(person, "").casefold() == asked.casefold()]
    if len(found) != 1:
        raise NotFound("Personne de ce nom n’est habilité ici.", where=asked[:80], todo="Voyez la liste des personnes.")
    return found[0], labels[found[0]]


def _asked(facts: CommuneFacts, person: str, args: Explain, at_us: int) -> Explanation:
    act = Act(args.act)
    given = Motive(args.purpose.removesuffix("°"), request=args.request)
    motive = likely_motive(facts, act, args.camera, given, at_us)
    return explain(facts, Person(person), act, [args.camera], None, motive, at_us)


def _verdict(explained: Explanation) -> dict[str, Any]:
    verdict = explained.verdict
    refusal = verdict if isinstance(verdict, Denied) else None
    article = rulebook().article.get(refusal.rule, "") if refusal else ""
    return {"allowed": refusal is None, "refusal": (told(refusal) or {}) | {"article": article} if refusal else None}


def _part(facts: CommuneFacts, part: Part) -> dict[str, Any]:
    words = ""
    if part.about == "habilitation":
        one = next(h for h in facts.habilitations if h.id == part.subject)
        words = rulebook().role[one.role].fr
    elif part.about == "camera" and part.subject in facts.cameras:
        words = facts.cameras[part.subject].name
    return {
        "about": part.about,
        "subject": part.subject,
        "words": words,
        "used": part.used,
        "holds": part.holds,
        "reasons": [_reason(one) for one in part.reasons],
    }


def _reason(one: Reason) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "article": rulebook().article.get(one.rule, ""),
        "element": one.element,
        "holds": one.lapse is None,
        "ref": one.ref,
        "from_us": one.from_us,
        "until_us": one.until_us,
        "lapse": told(one.lapse),
    }


READS: Final = {
    "explain": ReadSpec(Explain, explanation, journalled=True),
    "explain_mine": ReadSpec(ExplainMine, own_explanation, journalled=True),
}
