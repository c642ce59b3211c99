"""The letter that answers a filmed person: the decision, its ground, their remedies (P-83, P-85).

Its words are the law's, not typed by whoever prints it; what the person told comes from the keeper for the time of the
printing, and nothing of it stays here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

from vms.clock import MICRO, PARIS, UtcTime
from vms.law.dates import french_date
from vms.law.rulebook import rulebook
from vms.typeset import typeset

TEMPLATE: Final = files("web").joinpath("letter.typ").read_bytes()
FAILED: Final = "La lettre n’a pas pu être composée."
AT_ONCE: Final = asyncio.Semaphore(2)
# Grounds on which the law sends the person to the CNIL, which may look where they may not.
THROUGH_CNIL: Final = frozenset({"state_security", "proceedings"})
KEPT: Final = (
    "Ce que vous avez dit de vous dans votre demande est gardé jusqu’à l’expiration des délais de recours, puis effacé."
)
CNIL: Final = (
    "La Commission nationale de l’informatique et des libertés (CNIL), par une plainte : 3 place de Fontenoy, "
    "TSA 80715, 75334 Paris Cedex 07, ou www.cnil.fr."
)
COMMITTEE: Final = "La commission départementale de vidéoprotection, à la préfecture (CSI, article L253-5)."
COURT: Final = (
    "Le juge administratif : le tribunal administratif, dans les deux mois qui suivent la réception de cette lettre "
    "(code de justice administrative, article R421-1), en référé s’il y a urgence (CSI, article L253-5)."
)
INDIRECT: Final = (
    "Sur ce motif, vos droits s’exercent par la CNIL, qui vérifie pour vous "
    "(loi du 6 janvier 1978, articles 52 et 108)."
)


async def render(request: Mapping[str, Any], applicant: Mapping[str, Any] | None, page: Mapping[str, Any]) -> bytes:
    """The letter (PDF/A) as the request stands: a receipt, an extension, or the answer.

    ``request`` and ``applicant`` are the keeper's reads, ``page`` the commune's public page; Damaged if it fails.
    """
    data = content(request, applicant, page)
    async with AT_ONCE:
        return await asyncio.to_thread(typeset, TEMPLATE, data, _dated(request) // MICRO, FAILED)


def content(request: Mapping[str, Any], applicant: Mapping[str, Any] | None, page: Mapping[str, Any]) -> dict[str, Any]:
    """What the letter says, in words; pure."""
    told, decided = applicant or {}, _decided(request)
    right = rulebook().access_right[request["right"]].fr
    asked = request["asked"] or request
    by_mail = told.get("answer") == "email"
    facts = [
        ("Votre demande", f"{request['number']}, reçue le {french_date(request['registered_us'])}"),
        ("Ce que vous demandez", right),
        ("Plage", f"du {_moment(asked['from_us'])} au {_moment(asked['to_us'])}"),
        ("Lieu", told.get("place", "")),
    ]
    return {
        "title": _title(request),
        "number": request["number"],
        "commune": page["name"],
        "controller": page["controller"] or "Mairie",
        "officer": f"Délégué à la protection des données : {page['officer']}" if page["officer"] else "",
        "name": told.get("name") or "Madame, Monsieur",
        "contact": (f"Par courriel : {told['contact']}" if by_mail else told.get("contact", "")),
        "date": f"Le {french_date(_dated(request))}",
        "facts": [(name, value) for name, value in facts if value],
        "said": _answer(request, page) if decided else _waiting(request),
        "parts": [{"title": "Vos recours", "lines": _remedies(request)}] if decided else _later(request),
        "signed": f"Décidé par : {request['decided_by']}." if decided else "Pour le maire.",
    }


def _title(request: Mapping[str, Any]) -> str:
    if _decided(request):
        return "Réponse à votre demande sur la vidéoprotection"
    extended = bool(request["fields"].get("extension"))
    return "Prolongation du délai de réponse" if extended else "Accusé de réception de votre demande"


def _decided(request: Mapping[str, Any]) -> bool:
    return request["decision"] in ("execute", "refuse")


def _dated(request: Mapping[str, Any]) -> int:
    if _decided(request):
        return int(request["decided_us"])
    return int(request["fields"].get("extended_us") or request["registered_us"])


def _waiting(request: Mapping[str, Any]) -> list[str]:
    by = f"La réponse vous parvient au plus tard le {french_date(request['answer_by_us'])}."
    reason = rulebook().extension_reason.get(str(request["fields"].get("extension", "")))
    if reason is None:
        return ["Votre identité a été vérifiée au guichet. Aucune copie de votre document n’a été faite.", by]
    first = f"Le délai d’un mois est prolongé de deux mois. Motif : {reason.fr.lower()} (RGPD, article 12)."
    return [first, by]


def _later(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    held = "La plage que vous demandez est gelée jusqu’à la réponse ; personne ne la reçoit d’ici là."
    hold = request["hold_detail"]
    parts = [{"title": "D’ici là", "lines": [held]}] if hold and hold["active"] else []
    return [*parts, {"title": "Sans réponse à cette date", "lines": [CNIL, COMMITTEE]}]


def _answer(request: Mapping[str, Any], page: Mapping[str, Any]) -> list[str]:
    comment = [request["comment"]] if request["comment"] else []
    if request["decision"] == "refuse":
        return [f"Votre demande est refusée. Motif : {_ground(request['ground'])}.", *comment, KEPT]
    where = page["rights"] or "À l’accueil de la mairie"
    said = {
        "viewing": [
            f"Vous êtes attendu pour voir ces images le {_moment(request['appointment_us'] or 0)}. {where}. "
            "Munissez-vous d’une pièce d’identité.",
            "Les personnes autres que vous y sont masquées ou hors du cadre (CSI, article R253-6).",
        ],
        "copy": [
            f"Une copie vous est remise en main propre, contre reçu. {where}. Munissez-vous d’une pièce d’identité.",
            "Elle est recadrée : personne d’autre que vous n’y est reconnaissable (CSI, article R253-6). "
            "L’enregistrement lui-même n’est pas modifié.",
        ],
        "granted": ["Votre demande est satisfaite."],
        "none": ["Aucune image conservée ne vous montre sur cette plage : il n’y a rien à vous remettre."],
    }[request["outcome"]]
    part = []
    if request["asked"]:
        span = f"du {_moment(request['from_us'])} au {_moment(request['to_us'])}"
        part = [f"La réponse porte sur une partie de la plage, {span}. Motif : {_ground(request['ground'])}."]
    return [*said, *part, *comment, KEPT]


def _ground(name: str) -> str:
    rule = rulebook().refusal_ground[name]
    return f"{rule.fr[0].lower()}{rule.fr[1:]} ({rulebook().article[rule.rule]})"


def _remedies(request: Mapping[str, Any]) -> list[str]:
    indirect = [INDIRECT] if request["ground"] in THROUGH_CNIL else []
    return [*indirect, CNIL, COMMITTEE, COURT]


def _moment(at_us: int) -> str:
    local: datetime = UtcTime(at_us).datetime().astimezone(PARIS)
    return local.strftime("%d/%m/%Y à %H h %M")
