"""The only door to pictures: who may do what, on which cameras, at which instant (design §6).

Pure: facts, a person, an act and an instant in, a Grant or a Denied out. Every element is looked at anew each time
(P-58: access is denied the instant any element lapses), and any instant can be asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vms.errors import Refused
from vms.keeper.protocol import Act, Role
from vms.law.authorisation import order_lapse, purposes_of
from vms.law.camera import replay_lapse, viewing_lapse
from vms.law.facts import CameraFacts, CommuneFacts, Habilitation
from vms.law.habilitation import conventions_lapse, habilitation_end, habilitation_lapse
from vms.law.lapse import Lapse
from vms.law.rulebook import rulebook

CAMERAS_LIMIT: Final = 64
# The order in which a person's several roles are shown and preferred.
PRECEDENCE: Final = (
    Role.MAYOR, Role.DEPUTY, Role.CHIEF, Role.OFFICER, Role.CSU_OPERATOR, Role.SECRETARY, Role.INSTALLER, Role.AUDITOR,
)  # fmt: skip


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
    """The act may go on, under this role and habilitation, ``until_us`` at the latest."""

    role: Role
    habilitation: str
    until_us: int


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


Span = tuple[int, int] | None


def admit(
    facts: CommuneFacts, person: Person, act: Act, cameras: Sequence[str], span: Span, motive: Motive, now_us: int
) -> Grant | Denied:
    """Whether ``person``, acting for the commune of ``facts``, may do ``act`` on ``cameras`` at ``now_us``.

    ``span`` is the footage range in µs (None: all that is kept, or live). A camera of another commune is refused by
    P-62 whether it exists or not.
    """
    if person.host_admin:
        return Denied("P-57", "L’administrateur de l’hébergeur n’a aucun droit sur les images.", "")
    lapse = _question_lapse(act, cameras, span, now_us)
    if lapse is not None:
        return _denied(lapse)
    known: list[CameraFacts] = []
    for camera in cameras:
        found = facts.cameras.get(camera)
        if found is None:
            return Denied("P-62", f"Cette caméra n’est pas de {facts.name}.", "Agissez pour sa commune.", camera)
        known.append(found)
    chosen = _choose(facts, person, act, known, now_us)
    if isinstance(chosen, Denied):
        return chosen
    for one in known:
        lapse = _camera_lapse(facts, person, chosen, act, one, span, motive, now_us)
        if lapse is not None:
            return _denied(lapse, one.id)
    return Grant(Role(chosen.role), chosen.id, habilitation_end(chosen))


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
            words = ", ".join(rulebook().role[r].fr.lower() for r in PRECEDENCE if r in roles)
            best = Denied(rule, "Votre qualité ne permet pas cet acte.", f"Il revient à : {words}.")
        else:
            return Grant(Role(one.role), one.id, habilitation_end(one))
    return best


def by_precedence(habilitations: Sequence[Habilitation]) -> list[Habilitation]:
    """Habilitations, the most far-reaching role first."""
    return sorted(habilitations, key=lambda h: PRECEDENCE.index(Role(h.role)))


def _question_lapse(act: Act, cameras: Sequence[str], span: Span, now_us: int) -> Lapse | None:
    if not 1 <= len(cameras) <= CAMERAS_LIMIT:
        return Lapse("P-41", f"Il faut de 1 à {CAMERAS_LIMIT} caméras.", "Choisissez des caméras.")
    if act is Act.FRAMING and len(cameras) != 1:
        return Lapse("P-57", "Une séance de cadrage porte sur une seule caméra.", "Choisissez une caméra.")
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
    facts: CommuneFacts, person: Person, act: Act, cameras: Sequence[CameraFacts], now_us: int
) -> Habilitation | Denied:
    """The habilitation that gives the right, or the refusal of the one that came closest."""
    best = (-1, Denied("P-58", f"Vous n’avez pas d’habilitation à {facts.name}.", "Adressez-vous au maire."))
    for one in by_precedence(facts.habilitations_of(person.id)):
        depth, lapse = _right_lapse(facts, one, act, cameras, now_us)
        if lapse is None:
            return one
        if depth > best[0]:
            best = (depth, _denied(lapse))
    return best[1]


def _right_lapse(
    facts: CommuneFacts, one: Habilitation, act: Act, cameras: Sequence[CameraFacts], now_us: int
) -> tuple[int, Lapse | None]:
    role = rulebook().role[one.role]
    if act not in role.image:
        what = "Votre qualité ne donne accès à aucune image." if not role.image else "Votre qualité exclut cet acte."
        return 0, Lapse(role.rule, what, "Demandez à un agent habilité.")
    lapse = habilitation_lapse(one, now_us)
    if lapse is not None:
        return 1, lapse
    if act not in one.acts:
        word = rulebook().image_act[act].fr.lower()
        return 2, Lapse("P-58", f"Votre habilitation ne couvre pas : {word}.", "Demandez son extension au maire.")
    if one.cameras is not None and any(camera.id not in one.cameras for camera in cameras):
        return 3, Lapse("P-58", "Votre habilitation ne couvre pas cette caméra.", "Demandez son extension au maire.")
    return 4, conventions_lapse(facts, one, now_us)


def _camera_lapse(
    facts: CommuneFacts,
    person: Person,
    chosen: Habilitation,
    act: Act,
    camera: CameraFacts,
    span: Span,
    motive: Motive,
    now_us: int,
) -> Lapse | None:
    order = facts.order_of(camera)
    if act is Act.FRAMING:
        return _framing_lapse(facts, camera, now_us)
    if act is Act.EXPORT:
        return _export_lapse(facts, camera, span, motive, now_us)
    live = act is Act.LIVE or (act is Act.SNAPSHOT and span is None)
    lapse = viewing_lapse(facts, camera, now_us) if live else replay_lapse(facts, camera, now_us)
    if lapse is not None:
        return lapse
    if order is not None and order.allowed_roles and chosen.role not in order.allowed_roles:
        return Lapse(
            "P-25", "L’arrêté ne cite pas votre qualité parmi celles qui voient les images.", "Voyez l’arrêté."
        )
    if motive.purpose not in purposes_of(camera, order):
        what = "Il faut un motif parmi les finalités de cette caméra."
        return Lapse("P-02", what, "Choisissez une de ses finalités.")
    return None


def _framing_lapse(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Lapse | None:
    if facts.open_framing(camera.id, now_us) is None:
        what = "Aucune séance de cadrage n’est ouverte sur cette caméra."
        return Lapse("P-57", what, "Un agent habilité peut en ouvrir une, quinze minutes au plus.")
    return order_lapse(facts.order_of(camera), now_us)


def _export_lapse(facts: CommuneFacts, camera: CameraFacts, span: Span, motive: Motive, now_us: int) -> Lapse | None:
    """An extraction answers a decided request, and nothing beyond it (P-74).

    The order need not hold any more: what was lawfully recorded stays due to the authority that asked in time (P-70).
    """
    request = facts.requests.get(motive.request or "")
    if request is None:
        return Lapse("P-72", "Une extraction répond à une demande enregistrée.", "Enregistrez la demande.")
    if request.state not in ("approved", "packaged") or request.decision != "execute":
        return Lapse("P-74", "Le maire ou son délégué n’a pas autorisé cette extraction.", "Attendez sa décision.")
    if request.decided_us is None or request.decided_us > now_us:
        return Lapse("P-74", "La décision n’était pas prise à cet instant.", "Attendez sa décision.")
    if camera.id not in request.cameras:
        return Lapse("P-74", "Cette caméra n’est pas dans la demande décidée.", "Enregistrez une autre demande.")
    if span is not None and not (request.from_us <= span[0] and span[1] <= request.to_us):
        return Lapse("P-74", "La plage dépasse celle de la demande décidée.", "Enregistrez une autre demande.")
    return None


def _denied(lapse: Lapse, where: str = "") -> Denied:
    return Denied(lapse.rule, lapse.what, lapse.todo, where)
