"""The State's own access: who sees and collects recordings without a réquisition, and on what it rests (P-50, P-73).

The agent's chief of service habilitates, the préfet's order names the service and fixes how; the commune records both
and decides nothing, but is told of each collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from vms.law.facts import Habilitation, Order, Request
from vms.law.lapse import Lapse
from vms.law.reason import Reason
from vms.law.requests import required_lapse
from vms.law.rulebook import rulebook

BASIS = "acces_habilite"
BASIS_FR = "Accès habilité, sans réquisition (CSI R253-3 ; Cass. crim., 21 nov. 2023, n° 23-81.591)"


def by_service(one: Habilitation | None) -> TypeGuard[Habilitation]:
    """Whether an habilitation is that of an agent of the State, given by their own chief of service (P-50)."""
    return one is not None and rulebook().role[one.role].by_service


def deed_lapse(one: Habilitation) -> Lapse | None:
    """What the chief of service's decision lacks, or None; nobody else's habilitation bears a service (P-50)."""
    book = rulebook()
    if not by_service(one):
        stray = one.service or one.level
        return (
            Lapse("P-50", "Cette qualité ne relève d’aucun service de l’État.", "Ôtez le service.") if stray else None
        )
    if one.category not in book.role[one.role].categories:
        return Lapse("P-50", "Un agent de l’État relève de la catégorie P-50.", "Choisissez cette catégorie.")
    if one.service not in book.recipient or not book.recipient[one.service].collects:
        what = "Seuls police nationale, gendarmerie et douanes ont cet accès."
        return Lapse("P-50", what, "Choisissez le service de l’agent.")
    if one.level not in book.service_level:
        what = "Il manque le niveau du chef de service qui habilite."
        return Lapse("P-50", what, "Département, région, zone ou national : reprenez-le de la décision.")
    if not one.decision_ref.strip() or not one.signed_by.strip() or not one.document_sha256:
        what = "Il manque la décision signée du chef de service."
        return Lapse("P-50", what, "Joignez-en le document et citez qui l’a signée.")
    return None


def recipient_reasons(one: Habilitation, order: Order | None) -> Iterator[Reason]:
    """The order names the agent's service as a recipient and fixes how (P-50, L252-3); a later order that replaces it
    may do so instead. Whether the order holds is asked apart.
    """
    words = rulebook().recipient
    name = words[one.service].fr if one.service in words else one.service
    ref, lapse = order.reference if order else "", None
    if order is None or one.service not in order.recipients:
        what = f"L’arrêté ne cite pas ce service parmi les destinataires : {name}."
        lapse = Lapse("P-50", what, "Passez par une réquisition, ou faites compléter l’arrêté.")
    yield Reason("P-50", "Service destinataire selon l’arrêté", lapse, ref)
    lapse = None
    if order is None or not order.modalities.strip():
        what = "L’arrêté ne fixe pas les modalités d’accès des destinataires."
        lapse = Lapse("P-50", what, "Passez par une réquisition, ou faites compléter l’arrêté.")
    yield Reason("P-50", "Modalités d’accès fixées par l’arrêté", lapse, ref)


def reference_lapse(motive: str) -> Lapse | None:
    """Why a motive does not cite a procedure, or None: each such reference has a number (P-73)."""
    if any(char.isdigit() for char in motive):
        return None
    return Lapse("P-73", "Le motif ne cite pas votre procédure.", "Donnez-en le numéro dans le motif.")


def collection_lapse(request: Request, one: Habilitation | None) -> Lapse | None:
    """Why a request cannot be carried out under an habilitation without a decision, or None: only the agent who opened
    a collection extracts it, and an agent extracts nothing else (P-73).
    """
    if not by_service(one):
        what = "Un agent de l’État collecte ces images sous son propre accès."
        return Lapse("P-73", what, "Lui seul les extrait ; une réquisition s’enregistre à part.")
    if not request.habilitation or request.registered_by != one.person:
        return Lapse("P-73", "Cette demande n’est pas une collecte que vous avez ouverte.", "Ouvrez la vôtre.")
    if request.state not in ("approved", "packaged"):
        return Lapse("P-73", "Cette collecte est close.", "Ouvrez-en une autre.")
    return None


def receipt_lapse(request: Request, person: str, role: str) -> Lapse | None:
    """Why a person cannot note that a package was received: an agent of the State receives their own collection, and
    nobody else does (P-33, P-73).
    """
    if not request.habilitation and not rulebook().role[role].by_service:
        return None
    if request.habilitation and request.registered_by == person:
        return None
    return Lapse("P-73", "Qui collecte sous son propre accès en accuse seul réception.", "Demandez-le à cet agent.")


def frame_lapse(frame: str, fields: Mapping[str, Any]) -> Lapse | None:
    """What a collection lacks under its legal frame, or None: the inquiry's own frame, without the réquisition's own
    authorisations (P-72, P-73).
    """
    rule = rulebook().legal_frame.get(frame)
    if rule is None or not rule.judicial:
        what = "Une collecte sans réquisition se fait dans le cadre d’une enquête ou d’une information."
        return Lapse("P-73", what, "Choisissez ce cadre, ou demandez les images au maire.")
    return required_lapse(rule, fields)
