"""Why the gate answers what it answers, element by element, at any instant (P-58, D-12).

The same rules as ``gate.admit``, told whole instead of stopped at the first refusal; ``verdict`` is the gate's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vms.keeper.gate.gate import (
    Denied,
    Grant,
    Motive,
    Person,
    Span,
    admit,
    by_precedence,
    camera_reasons,
    question_reasons,
    right_reasons,
)
from vms.keeper.protocol import Act
from vms.law.authorisation import purposes_of
from vms.law.facts import CommuneFacts, Habilitation
from vms.law.lapse import Lapse
from vms.law.reason import Reason


@dataclass(frozen=True, slots=True)
class Part:
    """Elements about one subject: the question, one habilitation, one camera; ``used`` if the answer rests on it."""

    about: str
    subject: str
    reasons: tuple[Reason, ...]
    used: bool = True

    @property
    def holds(self) -> bool:
        """Whether every element holds."""
        return all(reason.lapse is None for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The gate's verdict and everything it rests on."""

    verdict: Grant | Denied
    parts: tuple[Part, ...]


def explain(
    facts: CommuneFacts, person: Person, act: Act, cameras: Sequence[str], span: Span, motive: Motive, now_us: int
) -> Explanation:
    """The verdict at ``now_us`` with every element looked at, those that hold too."""
    verdict = admit(facts, person, act, cameras, span, motive, now_us)
    parts = [Part("question", "", tuple(question_reasons(act, cameras, span, now_us)))]
    if person.host_admin:
        lapse = Lapse("P-57", "L’administrateur de l’hébergeur n’a aucun droit sur les images.", "")
        return Explanation(verdict, (*parts, Part("person", person.id, (Reason("P-57", "Hébergeur", lapse),))))
    known = [facts.cameras[camera] for camera in cameras if camera in facts.cameras]
    rights = [
        (one, tuple(right_reasons(facts, one, act, known, span, now_us)))
        for one in by_precedence(facts.habilitations_of(person.id))
    ]
    chosen = _chosen(verdict, rights)
    if not rights:
        lapse = Lapse("P-58", f"Aucune habilitation à {facts.name}.", "Elle se demande au maire.")
        parts.append(Part("person", person.id, (Reason("P-58", "Habilitation individuelle", lapse),)))
    parts += [Part("habilitation", one.id, reasons, one is chosen) for one, reasons in rights]
    for camera in cameras:
        found = facts.cameras.get(camera)
        if found is None:
            lapse = Lapse("P-62", f"Cette caméra n’est pas de {facts.name}.", "Agissez pour sa commune.")
            parts.append(Part("camera", camera, (Reason("P-62", "Caméra de la commune d’autorité", lapse),)))
            continue
        reasons = tuple(camera_reasons(facts, chosen, act, found, span, motive, now_us))
        mine = Reason("P-62", "Caméra de la commune d’autorité", None, facts.name)
        parts.append(Part("camera", camera, (mine, *reasons)))
    return Explanation(verdict, tuple(parts))


def likely_motive(facts: CommuneFacts, act: Act, camera: str, motive: Motive, now_us: int) -> Motive:
    """The motive to ask with: the one given, else the camera's first purpose, and for an extraction the latest request
    decided for it by then (P-02, P-74).
    """
    found = facts.cameras.get(camera)
    if found is None:
        return motive
    purposes = sorted(purposes_of(found, facts.order_of(found, now_us)), key=int)
    purpose = motive.purpose or (purposes[0] if purposes else "")
    request = motive.request
    if request is None and act is Act.EXPORT:
        mine = [one for one in facts.requests.values() if camera in one.cameras and one.registered_us <= now_us]
        request = max(mine, key=lambda one: one.decided_us or 0).id if mine else None
    return Motive(purpose, motive.text, request)


def _chosen(verdict: Grant | Denied, rights: Sequence[tuple[Habilitation, tuple[Reason, ...]]]) -> Habilitation | None:
    """The habilitation that the answer rests on: the one that gives the right, else the one that came closest."""
    if isinstance(verdict, Grant):
        return next(one for one, _ in rights if one.id == verdict.habilitation)
    return max(rights, key=lambda right: _held(right[1]), default=(None, ()))[0]


def _held(reasons: Sequence[Reason]) -> int:
    """How many elements hold before the first that does not; all of them and one more when every one does."""
    first = next((at for at, reason in enumerate(reasons) if reason.lapse is not None), None)
    return len(reasons) + 1 if first is None else first
