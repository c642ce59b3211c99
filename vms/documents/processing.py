"""The commune's entry in its register of processing activities (RGPD 30, D-03), for the images and for the journal."""

from __future__ import annotations

from typing import Final

from vms.documents.document import Cell, Column, Document, Missing, Section, Table, ToWrite
from vms.documents.measures import measures
from vms.documents.sources import Sources
from vms.law.authorisation import order_end, order_lapse
from vms.law.dates import french_date
from vms.law.facts import Order
from vms.law.rulebook import rulebook

REGIMES: Final = {"rgpd": "RGPD", "police-justice": "loi 78-17, titre III"}
ORDERS: Final = (
    Column("reference", "Arrêté", 3), Column("until", "Jusqu’au", 2), Column("days", "Conservation", 2),
    Column("recipients", "Destinataires désignés", 4),
)  # fmt: skip
PURPOSES: Final = (Column("number", "N°", 1), Column("purpose", "Finalité", 7), Column("regime", "Régime", 3))


def processing(sources: Sources) -> Document:
    """The register's entry at ``sources.at_us``."""
    return Document(
        kind="processing-record",
        title="Registre des activités de traitement : vidéoprotection",
        basis="RGPD 30, loi 78-17 article 100",
        subject=f"au {french_date(sources.at_us)}",
        sections=(_controller(sources), _purposes(sources), *_people_and_data(sources), _retention(sources),
                  Section("security", "Mesures de sécurité", "D-04", table=measures(sources)), _journal()),
    )  # fmt: skip


def orders_in_force(sources: Sources) -> list[Order]:
    """The orders that held at the document's instant, oldest first."""
    held = [one for one in sources.facts.orders.values() if order_lapse(one, sources.at_us) is None]
    return sorted(held, key=lambda one: (one.from_us, one.id))


def controller_facts(sources: Sources) -> tuple[tuple[str, Cell], ...]:
    """Who answers for the images, and how to reach them (P-03, P-81)."""
    told = sources.told
    where = "à enregistrer sur la page Autorisation"
    return (
        ("Responsable du traitement", f"Commune de {sources.facts.name}"),
        ("Coordonnées", told.controller or Missing(f"l’adresse du responsable, {where}")),
        ("Délégué à la protection des données", told.officer or Missing(f"le contact du délégué, {where}")),
        ("Exercice des droits", told.rights or Missing(f"où et quand s’exercent les droits, {where}")),
    )


def purposes_table(sources: Sources, orders: list[Order]) -> Table:
    """The purposes of these orders, each with the part of the law that applies to it (P-01, D-01)."""
    codes = sorted({code for one in orders for code in one.purposes}, key=int)
    found = [rule for code in codes if (rule := rulebook().purpose(code)) is not None]
    rows = tuple((f"{one.id}°", one.fr, REGIMES[one.regime]) for one in found)
    return Table(PURPOSES, rows, "Aucun arrêté en vigueur : aucune finalité.")


def recipients_of(order: Order) -> str:
    """The services of the State that an order names (P-50)."""
    return ", ".join(rulebook().recipient[one].fr for one in sorted(order.recipients)) or "aucun"


def _controller(sources: Sources) -> Section:
    bodies = [(rulebook().grouping[one.kind].fr, f"{one.name}, {one.reference}") for one in sources.facts.groupings]
    host = ToWrite("hébergeur : nom, contrat de l’article 28 du RGPD, sous-traitants ultérieurs, lieu d’hébergement")
    facts = (*controller_facts(sources), *bodies, ("Sous-traitant", host))
    return Section("controller", "Responsable et sous-traitants", "P-03", facts=facts)


def _purposes(sources: Sources) -> Section:
    return Section("purposes", "Finalités", "P-01", table=purposes_table(sources, orders_in_force(sources)))


def _people_and_data(sources: Sources) -> tuple[Section, ...]:
    book = rulebook()
    seen = {one.role for one in sources.facts.habilitations if one.from_us <= sources.at_us < one.until_us}
    viewers = ", ".join(rule.fr for name, rule in book.role.items() if name in seen and rule.image)
    return (
        Section(
            "people", "Personnes et données", "P-07",
            facts=(
                ("Personnes concernées", "Toute personne dans le champ d’une caméra ; pour le journal, les agents."),
                ("Données", "Images sans son, lieu, jour et heure ; rien d’autre n’est gardé avec elles."),
                ("Données sensibles", "Aucune recherche sur une catégorie de personnes, aucune reconnaissance."),
            ),
        ),
        Section(
            "recipients", "Qui accède aux images", "P-50",
            facts=(
                ("Habilités de la commune", viewers or Missing("aucune habilitation sur les images n’est en vigueur")),
                ("Destinataires d’une procédure", "Autorités et officiers de police judiciaire, sur demande décidée."),
                ("Transferts hors de l’Union", "Le logiciel n’en fait aucun."),
            ),
        ),
    )  # fmt: skip


def _retention(sources: Sources) -> Section:
    rows = tuple(
        (one.reference, french_date(order_end(one) - 1), f"{one.max_days} jours au plus", recipients_of(one))
        for one in orders_in_force(sources)
    )
    missing = () if rows else (Missing("aucun arrêté n’est en vigueur : rien ne peut être vu ni enregistré"),)
    return Section("retention", "Arrêtés et durées", "P-30", text=missing, table=Table(ORDERS, rows, "Aucun arrêté."))


def _journal() -> Section:
    months = rulebook().durations.journal_months
    return Section(
        "journal", "Second traitement : le journal des opérations", "P-40",
        facts=(
            ("Finalité", "Établir la licéité, l’autocontrôle, l’intégrité et la sécurité, et servir une procédure "
             "pénale ; rien d’autre."),
            ("Données", "Auteur, qualité, poste, heure, caméras, plage, finalité, motif, destinataire."),
            ("Durée", f"{months} mois, puis effacement de la fiche ; son empreinte reste, sans donnée personnelle."),
            ("Accès", "Maire, responsable de service, délégué et contrôleurs ; chaque lecture est inscrite."),
        ),
    )  # fmt: skip
