"""Which acts the page need not sign, and that every act has its class in the rulebook (decision 0032).

An act is signed unless it stands here with its reason. What an act wants besides, a step-up, is its class in
``vms/law/rulebook.toml``; a keeper with an act that has none, or with a class for no act, does not start.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vms.errors import BadInput
from vms.keeper.acts import ACTS
from vms.keeper.handlers.access import ACCESS_ACTS
from vms.law.rulebook import ActClass, Rulebook, rulebook

# An account is the host's, so its act is the office's own and not among ``ACTS``.
ADD_PERSON: Final = "add_person"
# Taken only while an extraction goes on that the page signed for (``Consultations.require_extraction``), and from the
# worker that builds it: its page may be closed by then, and could not know a manifest's digest beforehand.
UNSIGNED_ACTS: Final = {
    "sign_manifest": "signs what the extraction made; the page signed for the extraction",
    "certify_export": "signs what the extraction made; the page signed for the extraction",
    "record_package": "notes what the extraction made; the page signed for the extraction",
}


def is_signed(name: str) -> bool:
    """Whether an act wants its page's signature: all do, but those listed with their reason."""
    return name not in UNSIGNED_ACTS


def check_classes(acts: Iterable[str] | None = None, book: Rulebook | None = None) -> None:
    """BadInput, naming them, for acts without a class, classes without an act, and exceptions that are no act."""
    known = set(acts) if acts is not None else {*ACTS, *ACCESS_ACTS, ADD_PERSON}
    classed = set((book or rulebook()).act)
    two = {name for name, rule in (book or rulebook()).act.items() if rule.act_class is ActClass.TWO_PERSONS}
    seconded = {name for name, spec in ACTS.items() if spec.second is not None}
    for names, what in (
        (two ^ seconded, "Acte à deux personnes d’un côté seulement"),
        (known - classed, "Acte sans classe dans le règlement"),
        (classed - known, "Classe d’un acte qui n’existe pas"),
        (UNSIGNED_ACTS.keys() - known, "Exception à la signature pour un acte qui n’existe pas"),
    ):
        if names:
            raise BadInput(f"{what} : {', '.join(sorted(names))}.", where="rulebook.toml", rule="P-58")
