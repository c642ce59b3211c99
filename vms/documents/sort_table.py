"""The archivist's sort table (tableau de tri, X-05): what the service keeps, how long, on which basis, and what then.

Where the law itself destroys, the table says so; where an archivist decides, it is left to write.
"""

from __future__ import annotations

from typing import Final

from vms.documents.document import Cell, Column, Day, Document, Section, Table, ToWrite, count
from vms.documents.processing import orders_in_force
from vms.documents.sources import Sources
from vms.law.dates import french_date
from vms.law.rulebook import rulebook

COLUMNS: Final = (
    Column("what", "Documents et données", 4),
    Column("held", "Tenus aujourd’hui", 2),
    Column("oldest", "Plus ancien", 2),
    Column("until", "Utilité administrative", 4),
    Column("basis", "Fondement", 2),
    Column("fate", "Sort final", 4),
    Column("by", "Qui l’applique", 2),
)
ITSELF: Final = "le logiciel"
GONE: Final = "destruction : le texte l’impose"


def sort_table(sources: Sources) -> Document:
    """The table at ``sources.at_us``."""
    return Document(
        kind="sort-table",
        title="Tableau de tri",
        basis="code du patrimoine, livre II ; CSI R253-4, R253-5",
        subject=f"au {french_date(sources.at_us)}",
        lead=("À valider par le service d’archives compétent. Aucune décision de dossier n’est détruite d’elle-même.",),
        sections=(
            Section("destroyed", "Ce que la loi fait détruire", "P-30", table=Table(COLUMNS, _destroyed(sources))),
            Section("decided", "Ce que l’archiviste décide", "P-74", table=Table(COLUMNS, _decided(sources))),
        ),
        wide=True,
        signed_by=("Le maire", "Le directeur des archives départementales"),
    )


def _destroyed(sources: Sources) -> tuple[tuple[Cell, ...], ...]:
    hours = list(sources.hours(0, sources.now_us + 1))
    longest = max((one.max_days for one in orders_in_force(sources)), default=rulebook().durations.retention_max_days)
    months = rulebook().durations.journal_months
    packages = [one.package for one in sources.facts.requests.values() if one.package.get("built_us")]
    live = [one for one in packages if not one.get("purged_us")]
    active = [one for one in sources.facts.holds if one.active(sources.at_us)]
    return (
        (
            "Images",
            f"{len(hours)} h de caméra",
            _oldest([one.hour_us for one in hours]),
            f"{longest} jours au plus, hors gel",
            "CSI L252-5",
            GONE,
            ITSELF,
        ),
        (
            "Images gelées pour une procédure",
            count(len(active), "gel"),
            _oldest([one.placed_us for one in active]),
            "jusqu’au terme du gel",
            "CSI R253-4",
            GONE,
            ITSELF,
        ),
        (
            "Copies des paquets remis",
            count(len(live), "paquet"),
            _oldest([int(one["built_us"]) for one in live]),
            f"terme des images, ou {rulebook().durations.package_after_receipt_days} jours après remise",
            "CSI R253-4",
            "destruction ; l’autorité garde la sienne",
            ITSELF,
        ),
        (
            "Journal des opérations",
            _entries(sources),
            "",
            f"{months} mois",
            "CSI R253-5",
            "destruction des fiches ; les empreintes restent",
            ITSELF,
        ),
    )


def _decided(sources: Sources) -> tuple[tuple[Cell, ...], ...]:
    facts = sources.facts
    decided = [one.decided_us for one in facts.requests.values() if one.decided_us is not None]
    judge = ToWrite("conserver, trier ou détruire")
    term = ToWrite("la durée d’utilité administrative")
    return (
        (
            "Décisions sur les demandes d’images",
            count(len(decided), "décision"),
            _oldest(decided),
            term,
            "code du patrimoine",
            judge,
            "archives",
        ),
        (
            "Habilitations et leurs décisions",
            count(len(facts.habilitations), "habilitation"),
            _oldest([one.from_us for one in facts.habilitations]),
            term,
            "CSI R253-3",
            judge,
            "archives",
        ),
        (
            "Arrêtés d’autorisation",
            count(len(facts.orders), "arrêté"),
            _oldest([one.from_us for one in facts.orders.values()]),
            term,
            "CSI L252-4",
            judge,
            "archives",
        ),
        (
            "Conventions et délibérations",
            count(len(facts.conventions) + len(facts.groupings), "acte"),
            _oldest([one.from_us for one in facts.conventions]),
            term,
            "CSI L132-14",
            judge,
            "archives",
        ),
        (
            "Zones privées : tracés et validations",
            count(len(facts.zones), "version"),
            _oldest([one.created_us for one in facts.zones]),
            term,
            "CSI L251-3",
            judge,
            "archives",
        ),
        (
            "Rapports annuels, analyses d’impact, attestations",
            ToWrite("nombre de pièces signées"),
            "",
            term,
            "RGPD 5",
            judge,
            "archives",
        ),
    )


def _oldest(instants: list[int]) -> Cell:
    return Day(min(instants)) if instants else ""


def _entries(sources: Sources) -> str:
    kept = sum(one.record is not None for one in sources.records(0, sources.now_us + 1))
    return count(kept, "fiche")
