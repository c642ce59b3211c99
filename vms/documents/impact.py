"""A draft of the impact assessment (RGPD 35, D-02) from the live state: what the software holds is said, the rest is
marked for whoever must write it. Nothing is judged here: a residual risk is a person's to weigh.
"""

from __future__ import annotations

from typing import Final

from vms.documents.document import Cell, Column, Document, Missing, Section, Table, ToWrite, count
from vms.documents.measures import measures, serving
from vms.documents.objectives import objectives
from vms.documents.processing import controller_facts, orders_in_force, purposes_table
from vms.documents.sources import Sources
from vms.law.authorisation import purposes_of
from vms.law.camera import viewing_lapse
from vms.law.dates import french_date
from vms.law.rulebook import rulebook

PLACES: Final = (
    Column("camera", "Caméra", 3),
    Column("place", "Lieu", 3),
    Column("purposes", "Finalités", 2),
    Column("masking", "Habitations", 3),
    Column("need", "Nécessité", 5),
)
RISKS: Final = (
    Column("risk", "Risque", 3),
    Column("against", "Ce qui le réduit", 6),
    Column("severity", "Gravité", 2),
    Column("likelihood", "Vraisemblance", 2),
    Column("residual", "Risque restant", 2),
)
WEIGH: Final = ToWrite("à apprécier")
AGAINST: Final = (
    (
        "Accès illégitime aux images",
        "Habilitations nominatives, vues inscrites, clés de la commune seule, retrait en cinq secondes.",
    ),
    (
        "Détournement de finalité",
        "Finalité de l’arrêté à chaque vue, aucune recherche sur les personnes, revue du journal par le délégué.",
    ),
    ("Habitations visibles", "Zones effacées avant tout affichage, diffusion coupée au moindre doute."),
    ("Conservation excessive", "Destruction automatique ; gels datés et référencés seulement."),
    ("Altération d’images remises", "Chaîne d’enregistrement, paquets scellés, vérification hors ligne."),
    ("Disparition d’images dues", "Gel dès la demande, prévision de place, perte documentée."),
    ("Atteinte aux agents par le journal", "Lectures inscrites, aucun décompte par personne, effacement à terme."),
)


def impact(sources: Sources) -> Document:
    """The draft at ``sources.at_us``."""
    return Document(
        kind="impact-assessment",
        title="Analyse d’impact (projet)",
        basis="RGPD 35, loi 78-17 article 90",
        subject=f"au {french_date(sources.at_us)}",
        lead=(
            "Projet tiré de l’état du système : il n’est une analyse d’impact qu’une fois complété, avec l’avis du "
            "délégué à la protection des données.",
        ),
        sections=(
            Section("controller", "Responsable", "P-03", facts=controller_facts(sources)),
            Section(
                "purposes",
                "Finalités et base légale",
                "P-01",
                table=purposes_table(sources, orders_in_force(sources)),
                text=(ToWrite("les objectifs concrets de la commune et les faits qui les fondent"),),
            ),
            Section(
                "need",
                "Nécessité et proportionnalité, caméra par caméra",
                "D-02",
                table=_places(sources),
                text=(ToWrite("les solutions moins intrusives écartées, et pourquoi"),),
            ),
            objectives(sources, sorted(serving(sources), key=lambda camera: camera.id)),
            _retention(sources),
            _rights(sources),
            Section("measures", "Mesures que le logiciel tient", "D-04", table=measures(sources)),
            Section("risks", "Risques pour les personnes", "D-02", table=_risks(sources)),
            _shortfalls(sources),
            Section(
                "opinion",
                "Avis et validation",
                "D-02",
                facts=(
                    ("Avis du délégué", ToWrite("l’avis du délégué et sa date")),
                    ("Point de vue des personnes", ToWrite("la consultation menée, ou pourquoi elle ne l’a pas été")),
                    ("Validation", ToWrite("la décision du responsable et sa date")),
                ),
            ),
        ),
        signed_by=("Le délégué à la protection des données", "Le maire"),
    )


def _places(sources: Sources) -> Table:
    rows = []
    for one in sorted(serving(sources), key=lambda camera: camera.id):
        codes = sorted(purposes_of(one, sources.facts.order_of(one, sources.at_us)), key=int)
        zones = sources.facts.active_zones(one.id, sources.at_us)
        masking: Cell = Missing("aucune zone validée")
        if zones is not None:
            masking = "déclarées absentes du champ" if zones.no_dwelling else count(len(zones.polygons), "zone effacée")
        need = ToWrite("pourquoi cette caméra, à cet endroit")
        rows.append((one.name, one.place, ", ".join(f"{code}°" for code in codes), masking, need))
    return Table(PLACES, tuple(rows), "Aucune caméra en service.")


def _retention(sources: Sources) -> Section:
    orders = orders_in_force(sources)
    days: Cell = Missing("aucun arrêté en vigueur")
    if orders:
        days = ", ".join(f"{one.max_days} jours ({one.reference})" for one in orders)
    facts: tuple[tuple[str, Cell], ...] = (
        ("Images", days),
        ("Journal", f"{rulebook().durations.journal_months} mois"),
        ("Pourquoi ces durées", ToWrite("la justification des durées")),
    )
    return Section("retention", "Durées de conservation", "P-30", facts=facts)


def _rights(sources: Sources) -> Section:
    asked = [one for one in sources.facts.requests.values() if one.frame == "droit_acces"]
    months = rulebook().durations.access_answer_months
    facts: tuple[tuple[str, Cell], ...] = (
        ("Information", f"Panneaux et page publique : /information/{sources.facts.id}"),
        ("Droit d’accès", f"demande enregistrée, plage gelée aussitôt, réponse en {months} mois"),
        ("Demandes reçues", len(asked)),
        ("Droit d’opposition", "il ne s’applique pas (CSI R253-6)"),
        (
            "Images de tiers",
            ToWrite("comment les tiers sont rendus méconnaissables : le logiciel ne floute pas encore"),
        ),
    )
    return Section("rights", "Droits des personnes", "P-83", facts=facts)


def _risks(sources: Sources) -> Table:
    rows = tuple((risk, against, WEIGH, WEIGH, WEIGH) for risk, against in AGAINST)
    return Table(RISKS, rows)


def _shortfalls(sources: Sources) -> Section:
    """What does not hold now: a camera that may not stream, and why."""
    columns = (Column("camera", "Caméra", 3), Column("why", "Ce qui manque", 7), Column("rule", "Règle", 1))
    rows = []
    for one in sorted(sources.facts.cameras.values(), key=lambda camera: camera.id):
        lapse = viewing_lapse(sources.facts, one, sources.at_us)
        if lapse is not None and one.state_at(sources.at_us) != "retired":
            rows.append((one.name, lapse.what, lapse.rule))
    return Section(
        "shortfalls",
        "Ce qui ne tient pas aujourd’hui",
        "D-02",
        text=("Ces caméras ne diffusent pas.",),
        table=Table(columns, tuple(rows), "Toutes les caméras remplissent les conditions."),
    )
