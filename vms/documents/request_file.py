"""The file that goes with a request for authorisation, item by item of R252-3 (P-22): what is known, what lacks.

With an order it is that of its renewal or modification; without one, of the cameras that no order covers yet.
"""

from __future__ import annotations

from typing import Final

from vms.documents.conformity import verdict
from vms.documents.document import Cell, Column, Day, Document, Missing, Section, Table, ToWrite
from vms.documents.measures import measures
from vms.documents.objectives import objectives
from vms.documents.panels import panel_words, panels_text
from vms.documents.plans import detail_plan, site_plan
from vms.documents.processing import controller_facts, purposes_table, recipients_of
from vms.documents.sources import Sources
from vms.law.authorisation import order_end, purposes_of
from vms.law.camera import WORDS
from vms.law.dates import french_date
from vms.law.facts import CameraFacts, Order
from vms.law.rulebook import rulebook

CAMERAS: Final = (
    Column("camera", "Caméra", 4),
    Column("place", "Lieu", 4),
    Column("purposes", "Finalités", 2),
    Column("zones", "Zones masquées", 2),
    Column("panel", "Panneau", 3),
    Column("state", "État", 2),
)


def request_file(sources: Sources) -> Document:
    """The file for ``sources.order``, or for cameras without an order when it is empty."""
    order = sources.facts.orders.get(sources.order)
    cameras = _cameras(sources, order)
    subject = f"arrêté {order.reference}" if order else "première demande"
    return Document(
        kind="request-file",
        title="Dossier de demande d’autorisation",
        basis="CSI R252-3",
        subject=f"{subject}, au {french_date(sources.at_us)}",
        lead=(
            "Les pièces de l’article R252-3 dans leur ordre. Une analyse d’impact jointe remplace les pièces 1°, 5°, "
            "6°, 7°, 8°, 9° et 10°.",
        ),
        sections=(
            Section("applicant", "Demandeur", "P-03", facts=(*controller_facts(sources), *_order_facts(order))),
            _presentation(sources, order),
            site_plan(sources),
            detail_plan(sources, cameras),
            Section(
                "4", "4° Commerçant filmant ses abords", "P-54", text=("Sans objet : voie publique d’une commune.",)
            ),
            Section("5", "5° Transmission, enregistrement et traitement", "P-22", text=PATH),
            Section("6", "6° Sécurité des images", "P-22", table=measures(sources)),
            _panels(sources, cameras),
            _retention(order),
            *_last(sources),
            objectives(sources, cameras),
            Section("cameras", "Caméras du dossier", "P-22", table=_table(sources, cameras)),
        ),
        signed_by=("Le maire",),
    )


PATH: Final = (
    "Les caméras envoient leur flux à l’enregistreur par un réseau chiffré ou déclaré maîtrisé. Les zones privées sont "
    "effacées, puis chaque groupe d’images est chiffré et écrit. La relecture s’ouvre chez la personne "
    "habilitée, avec des clés remises pour cette vue. Aucune analyse automatique ni reconnaissance n’existe.",
)


def _cameras(sources: Sources, order: Order | None) -> list[CameraFacts]:
    """The cameras of the order, or those that none covers; retired ones are out."""
    found = []
    for camera in sources.facts.cameras.values():
        held = sources.facts.order_of(camera, sources.at_us)
        named = order is not None and (camera.id in order.cameras or (held is not None and held.id == order.id))
        if camera.state_at(sources.at_us) != "retired" and (named if order else held is None):
            found.append(camera)
    return sorted(found, key=lambda one: one.id)


def _order_facts(order: Order | None) -> tuple[tuple[str, Cell], ...]:
    if order is None:
        return (("Autorisation en cours", "aucune"),)
    regime = rulebook().regime[order.regime].fr
    return (
        ("Autorisation en cours", f"{order.reference}, {order.prefect}"),
        ("Elle vaut", f"du {french_date(order.from_us)} au {french_date(order_end(order) - 1)}, {regime.lower()}"),
        ("Destinataires désignés", recipients_of(order)),
    )


def _presentation(sources: Sources, order: Order | None) -> Section:
    text: tuple[ToWrite, ...] = (ToWrite("les risques d’agression, de vol ou de trafic qui exposent ces lieux"),)
    if order is None:
        text = (ToWrite("les finalités demandées, parmi les onze de l’article L251-2"), *text)
    purposes = purposes_table(sources, [order]) if order else None
    return Section("1", "1° Rapport de présentation", "P-22", text=text, table=purposes)


def _panels(sources: Sources, cameras: list[CameraFacts]) -> Section:
    page = f"Page publique de la commune : /information/{sources.facts.id}."
    return Section("7", "7° Information du public", "P-80", text=(*panels_text(cameras), page))


def _retention(order: Order | None) -> Section:
    facts: tuple[tuple[str, Cell], ...] = (
        ("Durée", f"{order.max_days} jours au plus" if order else ToWrite("la durée demandée, 30 jours au plus")),
        ("Justification", ToWrite("pourquoi cette durée est nécessaire")),
    )
    if order and order.min_days:
        facts = (*facts, ("Minimum imposé", f"{order.min_days} jours"))
    return Section("8", "8° Durée de conservation", "P-30", facts=facts)


def _last(sources: Sources) -> tuple[Section, ...]:
    body = next((f"{one.name}, {one.reference}" for one in sources.facts.groupings), "")
    keeper: Cell = body or Missing("le prestataire de maintenance, s’il n’est pas la commune")
    rights: Cell = sources.told.rights or Missing("où s’exerce le droit d’accès, page Autorisation")
    cnil: Cell = sources.facts.cnil_ref or Missing("la référence de l’engagement adressé à la CNIL")
    sent: Cell = "" if sources.facts.cnil_us is None else Day(sources.facts.cnil_us)
    return (
        Section("9", "9° Maintenance", "P-22", facts=(("Prestataire", keeper),)),
        Section("10", "10° Droit d’accès", "P-83", facts=(("Où s’adresser", rights),)),
        Section(
            "11",
            "11° Conformité aux normes techniques",
            "T-16",
            facts=(("Mesures", verdict(sources)), ("Attestation", "à joindre : document « conformité », signé")),
        ),
        Section(
            "12", "12° Engagement de conformité à la CNIL", "P-23", facts=(("Référence", cnil), ("Adressé le", sent))
        ),
    )


def _table(sources: Sources, cameras: list[CameraFacts]) -> Table:
    rows = []
    for one in cameras:
        order = sources.facts.order_of(one, sources.at_us)
        codes = sorted(purposes_of(one, order) or one.purposes, key=int)
        zones = sources.facts.active_zones(one.id, sources.at_us)
        masked: Cell = Missing("zones non validées")
        if zones is not None:
            masked = "aucune habitation" if zones.no_dwelling else len(zones.polygons)
        place: Cell = one.place or Missing("lieu non dit")
        purposes: Cell = ", ".join(f"{code}°" for code in codes) or Missing("finalités non dites")
        rows.append((one.name, place, purposes, masked, panel_words(one), WORDS[one.state_at(sources.at_us)]))
    return Table(CAMERAS, tuple(rows), "Aucune caméra.")
