"""The list of habilitated persons as of a date (P-59): who held which right under which decision, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vms.documents.document import Cell, Column, Day, Document, Missing, Section, Table
from vms.documents.sources import Sources
from vms.law.dates import french_date
from vms.law.facts import CommuneFacts, Habilitation
from vms.law.habilitation import conventions_lapse, habilitation_lapse
from vms.law.rulebook import rulebook

COLUMNS: Final = (
    Column("person", "Personne", 4),
    Column("role", "Qualité", 3),
    Column("category", "Catégorie", 2),
    Column("decision", "Décision", 3),
    Column("signed_by", "Signée par", 3),
    Column("from", "Du", 2),
    Column("until", "Jusqu’au", 2),
    Column("acts", "Droits sur les images", 3),
    Column("cameras", "Caméras", 2),
    Column("basis", "Acte joint", 3),
    Column("training", "Formation", 2),
)
LAPSED: Final = (*COLUMNS[:2], COLUMNS[3], *COLUMNS[5:7], Column("why", "Ce qui l’éteint", 5))


def habilitations(sources: Sources) -> Document:
    """Who was habilitated at ``sources.at_us``, by the facts as they were then recorded."""
    facts, at_us = sources.facts, sources.at_us
    known = [one for one in facts.habilitations if one.from_us <= at_us]
    valid = [one for one in known if not _lapse(facts, one, at_us)]
    lapsed = [one for one in known if one not in valid and one.until_us > at_us]
    return Document(
        kind="habilitations",
        title="Liste des personnes habilitées",
        basis="CSI R253-3, L132-14-1",
        subject=f"au {french_date(at_us)}",
        lead=(
            "Chaque personne est individuellement désignée et habilitée ; aucun compte n’est partagé. Les droits sont "
            "ceux qui valaient à cette date, d’après ce qui était alors enregistré.",
        ),
        sections=(
            Section(
                "in_force",
                "Habilitations en vigueur",
                "P-58",
                table=Table(
                    COLUMNS,
                    tuple(_row(sources, one) for one in _ordered(sources, valid)),
                    "Personne n’était habilité à cette date.",
                ),
            ),
            Section(
                "lapsed",
                "Habilitations sans effet à cette date",
                "P-58",
                text=("Suspendues, retirées, ou privées de l’acte qui les fonde : elles n’ouvraient rien.",),
                table=Table(
                    LAPSED,
                    tuple(_lapsed_row(sources, one) for one in _ordered(sources, lapsed)),
                    "Aucune.",
                ),
            ),
        ),
        wide=True,
    )


def _lapse(facts: CommuneFacts, one: Habilitation, at_us: int) -> str:
    lapse = habilitation_lapse(one, at_us) or conventions_lapse(facts, one, at_us)
    return lapse.what.replace("Votre habilitation", "L’habilitation") if lapse else ""


def _ordered(sources: Sources, some: Iterable[Habilitation]) -> list[Habilitation]:
    return sorted(some, key=lambda one: (sources.labels.get(one.person, one.person).casefold(), one.from_us, one.id))


def _name(sources: Sources, one: Habilitation) -> Cell:
    return sources.labels.get(one.person) or Missing(f"le nom du compte {one.person}")


def _row(sources: Sources, one: Habilitation) -> tuple[Cell, ...]:
    book = rulebook()
    role = book.role[one.role]
    acts = ", ".join(rule.fr.lower() for name, rule in book.image_act.items() if name in one.acts)
    basis: Cell = one.basis_ref
    if one.basis_ref and one.basis_until_us is not None:
        basis = f"{one.basis_ref}, jusqu’au {french_date(one.basis_until_us)}"
    elif role.basis and not one.basis_ref:
        basis = Missing("la référence de l’acte joint")
    names = [sources.facts.cameras[c].name for c in sorted(one.cameras or ()) if c in sources.facts.cameras]
    return (
        _name(sources, one),
        role.fr,
        one.category,
        one.decision_ref,
        one.signed_by,
        Day(one.from_us),
        Day(one.until_us - 1),
        acts or "aucun",
        "toutes" if one.cameras is None else ", ".join(names) or "aucune",
        basis,
        "non notée" if one.training_us is None else Day(one.training_us),
    )


def _lapsed_row(sources: Sources, one: Habilitation) -> tuple[Cell, ...]:
    role = rulebook().role[one.role].fr
    why = _lapse(sources.facts, one, sources.at_us)
    return _name(sources, one), role, one.decision_ref, Day(one.from_us), Day(one.until_us - 1), why
