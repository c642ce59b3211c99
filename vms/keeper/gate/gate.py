"""The only door to pictures: who may do what, on which cameras, at which instant (design §6).

Pure: facts, a person, an act and an instant in, a Grant or a Denied out. Every element is looked at anew each time
(P-58: access is denied the instant any element lapses), and any instant can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vms.errors import Refused
from vms.keeper.protocol import Act, Role
from vms.law.authorisation import order_reasons, purposes_of
from vms.law.camera import replay_reasons, viewing_reasons
from vms.law.emergency import emergency_for
from vms.law.facts import CameraFacts, CommuneFacts, Emergency, Habilitation, Order, Request
from vms.law.habilitation import (
    conventions_lapse,
    habilitation_end,
    habilitation_lapse,
    habilitation_reasons,
    pooling_reasons,
)
from vms.law.lapse import Lapse
from vms.law.reason import Reason, first_lapse
from vms.law.rulebook import mid, rulebook
from vms.law.state_access import by_service, collection_lapse, recipient_reasons, reference_lapse

CAMERAS_LIMIT: Final = 64
# The order in which a person's several roles are shown and preferred.
PRECEDENCE: Final = (
    Role.MAYOR, Role.DEPUTY, Role.CHIEF, Role.OFFICER, Role.STATE_AGENT, Role.CSU_OPERATOR, Role.SECRETARY,
    Role.INSTALLER, Role.AUDITOR, Role.INSPECTOR,
)  # fmt: skip


Span = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks."""

    id: str
    host_admin: bool = False


@dataclass(frozen=True, slots=True)
class Motive:
    """Why: a purpose of L251-2, a short text without personal data, and for an export its request (P-02, P-40)."""

    purpose: str = ""
    text: str = ""
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """The act may go on, under this role and habilitation, ``until_us`` at the latest; within ``span`` (µs) when the
    right reaches no further than that.
    """

    role: Role
    habilitation: str
    until_us: int
    span: Span = None


@dataclass(frozen=True, slots=True)
class Denied:
    """The act may not go on: which rule, what is missing, what to do, on which camera."""

    rule: str
    what: str
    todo: str = ""
    where: str = ""

    def error(self) -> Refused:
        """The refusal as an error that travels."""
        return Refused(self.what, where=self.where, todo=self.todo, rule=self.rule)


def admit(
    facts: CommuneFacts, person: Person, act: Act, cameras: Sequence[str], span: Span, motive: Motive, now_us: int
) -> Grant | Denied:
    """Whether ``person``, acting for the commune of ``facts``, may do ``act`` on ``cameras`` at ``now_us``.

    ``span`` is the footage range in µs (None: all that is kept, or live). A camera of another commune is refused by
    P-62 whether it exists or not.
    """
    if person.host_admin:
        return Denied("P-57", "L’administrateur de l’hébergeur n’a aucun droit sur les images.", "")
    lapse = first_lapse(question_reasons(act, cameras, span, now_us))
    if lapse is not None:
        return _denied(lapse)
    known: list[CameraFacts] = []
    for camera in cameras:
        found = facts.cameras.get(camera)
        if found is None:
            return Denied("P-62", f"Cette caméra n’est pas de {facts.name}.", "Agissez pour sa commune.", camera)
        known.append(found)
    chosen = _choose(facts, person, act, known, span, now_us)
    if isinstance(chosen, Denied):
        return chosen
    for one in known:
        lapse = first_lapse(camera_reasons(facts, chosen, act, one, span, motive, now_us))
        if lapse is not None:
            return _denied(lapse, one.id)
    role, end_us = Role(chosen.role), habilitation_end(chosen)
    opening = _opening(facts, chosen, act, known, span, now_us)
    if opening is None or opening.until_us is None:
        return Grant(role, chosen.id, end_us)
    return Grant(role, chosen.id, min(end_us, opening.until_us), (opening.from_us, opening.to_us))


def may(facts: CommuneFacts, person: Person, roles: frozenset[str], rule: str, now_us: int) -> Grant | Denied:
    """Whether one of the person's habilitations that hold now gives one of ``roles`` (empty: any role at all)."""
    if person.host_admin:
        return Denied("P-57", "L’administrateur de l’hébergeur n’agit pas pour une commune.", "")
    best = Denied("P-58", f"Vous n’avez pas d’habilitation à {facts.name}.", "Adressez-vous au maire.")
    for one in by_precedence(facts.habilitations_of(person.id)):
        lapse = habilitation_lapse(one, now_us) or conventions_lapse(facts, one, now_us)
        if lapse is not None:
            best = best if best.rule != "P-58" else _denied(lapse)
        elif roles and one.role not in roles:
            words = " ; ".join(mid(rulebook().role[r].fr) for r in PRECEDENCE if r in roles)
            best = Denied(rule, "Votre qualité ne permet pas cet acte.", f"Il revient à : {words}.")
        else:
            return Grant(Role(one.role), one.id, habilitation_end(one))
    return best


def by_precedence(habilitations: Sequence[Habilitation]) -> list[Habilitation]:
    """Habilitations, the most far-reaching role first."""
    return sorted(habilitations, key=lambda h: PRECEDENCE.index(Role(h.role)))


def question_reasons(act: Act, cameras: Sequence[str], span: Span, now_us: int) -> Iterator[Reason]:
    """What any question must be, whoever asks: some cameras, one for a framing, a range in the past or none (P-41)."""
    lapse = None
    if not 1 <= len(cameras) <= CAMERAS_LIMIT:
        lapse = Lapse("P-41", f"Il faut de 1 à {CAMERAS_LIMIT} caméras.", "Choisissez des caméras.")
    yield Reason("P-41", "Nombre de caméras", lapse)
    lapse = None
    if act is Act.FRAMING:
        if len(cameras) != 1:
            lapse = Lapse("P-57", "Une séance de cadrage porte sur une seule caméra.", "Choisissez une caméra.")
        yield Reason("P-57", "Une seule caméra cadrée", lapse)
    yield Reason("P-41", "Plage demandée", _span_lapse(act, span, now_us), "", *(span or ()))


def _span_lapse(act: Act, span: Span, now_us: int) -> Lapse | None:
    if span is None:
        return None
    if act in (Act.LIVE, Act.FRAMING):
        return Lapse("P-41", "Le direct n’a pas de plage.", "Demandez la relecture.")
    if not span[0] < span[1]:
        return Lapse("P-41", "La plage finit avant d’avoir commencé.", "Vérifiez les deux instants.")
    if span[1] > now_us:
        return Lapse("P-41", "La plage est dans l’avenir.", "Choisissez une plage passée.")
    return None


def _choose(
    facts: CommuneFacts, person: Person, act: Act, cameras: Sequence[CameraFacts], span: Span, now_us: int
) -> Habilitation | Denied:
    """The habilitation that gives the right, or the refusal of the one that came closest."""
    best = (-1, Denied("P-58", f"Vous n’avez pas d’habilitation à {facts.name}.", "Adressez-vous au maire."))
    for one in by_precedence(facts.habilitations_of(person.id)):
        depth, lapse = _depth(right_reasons(facts, one, act, cameras, span, now_us))
        if lapse is None:
            return one
        if depth > best[0]:
            best = (depth, _denied(lapse))
    return best[1]


def _depth(reasons: Iterable[Reason]) -> tuple[int, Lapse | None]:
    """How many elements hold before the first that does not, and that one."""
    depth = 0
    for reason in reasons:
        if reason.lapse is not None:
            return depth, reason.lapse
        depth += 1
    return depth, None


def right_reasons(
    facts: CommuneFacts, one: Habilitation, act: Act, cameras: Sequence[CameraFacts], span: Span, now_us: int
) -> Iterator[Reason]:
    """Whether an habilitation gives ``act`` on these cameras at ``now_us``: role, dates, deed, scope, pooling.

    An exceptional opening stands in for the scope, and for nothing else (decision 0016).
    """
    role, lapse = rulebook().role[one.role], None
    if act not in role.image:
        what = "Votre qualité ne donne accès à aucune image." if not role.image else "Votre qualité exclut cet acte."
        lapse = Lapse(role.rule, what, "Demandez à un agent habilité.")
    yield Reason(role.rule, "Qualité qui permet cet acte", lapse, role.fr)
    yield from habilitation_reasons(one, now_us)
    opening = _opening(facts, one, act, cameras, span, now_us)
    if opening is not None:
        what = "Ouverture exceptionnelle signée par deux personnes"
        yield Reason("P-58", what, None, opening.id, opening.opened_us, opening.until_us)
        yield from pooling_reasons(facts, one, now_us)
        return
    lapse = None
    if act not in one.acts:
        word = mid(rulebook().image_act[act].fr)
        lapse = Lapse("P-58", f"Votre habilitation ne couvre pas : {word}.", "Demandez son extension au maire.")
    yield Reason("P-58", "Acte dans la portée de l’habilitation", lapse, one.decision_ref)
    lapse = None
    if one.cameras is not None and any(camera.id not in one.cameras for camera in cameras):
        lapse = Lapse("P-58", "Votre habilitation ne couvre pas cette caméra.", "Demandez son extension au maire.")
    yield Reason("P-58", "Caméra dans la portée de l’habilitation", lapse, one.decision_ref)
    yield from pooling_reasons(facts, one, now_us)


def _opening(
    facts: CommuneFacts, one: Habilitation, act: Act, cameras: Sequence[CameraFacts], span: Span, now_us: int
) -> Emergency | None:
    """The exceptional opening that this replay needs, and has; None when the habilitation's own scope gives it."""
    ids = [camera.id for camera in cameras]
    ordinary = act in one.acts and (one.cameras is None or one.cameras.issuperset(ids))
    return None if ordinary or act is not Act.REPLAY else emergency_for(facts, one, ids, span, now_us)


def camera_reasons(
    facts: CommuneFacts,
    under: Habilitation | None,
    act: Act,
    camera: CameraFacts,
    span: Span,
    motive: Motive,
    now_us: int,
) -> Iterator[Reason]:
    """What the camera's side needs for ``act`` under an habilitation at ``now_us``: its state, its papers, the motive.

    None stands for a person who has no habilitation at all.
    """
    if act is Act.FRAMING:
        yield from _framing_reasons(facts, camera, now_us)
        return
    if act is Act.EXPORT:
        yield from _export_reasons(facts, under, camera, span, motive, now_us)
        return
    live = act is Act.LIVE or (act is Act.SNAPSHOT and span is None)
    yield from viewing_reasons(facts, camera, now_us) if live else replay_reasons(facts, camera, now_us)
    order = facts.order_of(camera, now_us)
    if by_service(under):
        yield from recipient_reasons(under, order)
        yield Reason("P-73", "Référence de la procédure dans le motif", reference_lapse(motive.text))
    else:
        yield _admitted_reason(order, under.role if under else "")
    lapse = None
    if motive.purpose not in purposes_of(camera, order):
        what = "Il faut un motif parmi les finalités de cette caméra."
        lapse = Lapse("P-02", what, "Choisissez une de ses finalités.")
    yield Reason("P-02", "Motif parmi les finalités de la caméra", lapse, motive.purpose and f"{motive.purpose}°")


def _admitted_reason(order: Order | None, role: str) -> Reason:
    ref, lapse = order.reference if order else "", None
    if order is not None and order.allowed_roles and role not in order.allowed_roles:
        what = "L’arrêté ne cite pas votre qualité parmi celles qui voient les images."
        lapse = Lapse("P-25", what, "Voyez l’arrêté.")
    return Reason("P-25", "Qualité admise par l’arrêté", lapse, ref)


def _framing_reasons(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Iterator[Reason]:
    opened, lapse = facts.open_framing(camera.id, now_us), None
    if opened is None:
        what = "Aucune séance de cadrage n’est ouverte sur cette caméra."
        lapse = Lapse("P-57", what, "Un agent habilité peut en ouvrir une, quinze minutes au plus.")
    dates = (opened.from_us, opened.until_us) if opened else ()
    yield Reason("P-57", "Séance de cadrage ouverte", lapse, opened.id if opened else "", *dates)
    yield from order_reasons(facts.order_of(camera, now_us), now_us)


def _export_reasons(
    facts: CommuneFacts,
    under: Habilitation | None,
    camera: CameraFacts,
    span: Span,
    motive: Motive,
    now_us: int,
) -> Iterator[Reason]:
    """An extraction answers a decided request, or an agent of the State's own collection, and nothing beyond it (P-73,
    P-74).

    For a decided request the order need not hold any more: what was lawfully recorded stays due to the authority that
    asked in time (P-70). A collection rests on the order itself, at every instant.
    """
    request, lapse = facts.requests.get(motive.request or ""), None
    if request is None:
        lapse = Lapse("P-72", "Une extraction répond à une demande enregistrée.", "Enregistrez la demande.")
        yield Reason("P-72", "Demande enregistrée", lapse)
        return
    number = request.number or request.id
    yield Reason("P-72", "Demande enregistrée", None, number, request.registered_us)
    if by_service(under):
        order = facts.order_of(camera, now_us)
        yield from order_reasons(order, now_us)
        yield from recipient_reasons(under, order)
    if by_service(under) or request.habilitation:
        whose = collection_lapse(request, under)
        yield Reason("P-73", "Collecte de l’agent lui-même", whose, number, request.registered_us)
    else:
        yield from _decision_reasons(request, number, now_us)
    if camera.id not in request.cameras:
        lapse = Lapse("P-74", "Cette caméra n’est pas dans la demande décidée.", "Enregistrez une autre demande.")
    yield Reason("P-74", "Caméra dans la demande décidée", lapse, number)
    lapse = None
    if span is not None and not (request.from_us <= span[0] and span[1] <= request.to_us):
        lapse = Lapse("P-74", "La plage dépasse celle de la demande décidée.", "Enregistrez une autre demande.")
    yield Reason("P-74", "Plage dans la demande décidée", lapse, number, request.from_us, request.to_us)
    shut = facts.unmasked(camera.id, *span) if span is not None else ()
    if shut:
        what = "Une partie de la plage a été prise sans les masques validés de la caméra : personne ne l’ouvre."
        lapse = Lapse("P-11", what, "Décidez la demande pour une plage qui n’en contient pas.")
        yield Reason(
            "P-11", "Plage prise sous les masques validés", lapse, shut[0].id, shut[0].from_us, shut[0].until_us
        )


def _decision_reasons(request: Request, number: str, now_us: int) -> Iterator[Reason]:
    lapse = None
    if request.state not in ("approved", "packaged") or request.decision != "execute":
        lapse = Lapse("P-74", "Le maire ou son délégué n’a pas autorisé cette extraction.", "Attendez sa décision.")
    yield Reason("P-74", "Extraction autorisée", lapse, number, request.decided_us)
    lapse = None
    if request.decided_us is None or request.decided_us > now_us:
        lapse = Lapse("P-74", "La décision n’était pas prise à cet instant.", "Attendez sa décision.")
    yield Reason("P-74", "Décision déjà prise", lapse, number, request.decided_us)


def _denied(lapse: Lapse, where: str = "") -> Denied:
    return Denied(lapse.rule, lapse.what, lapse.todo, where)
