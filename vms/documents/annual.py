"""The annual report on a commune's cameras: counts of a year, none of them by person or by role (D-12).

Views, extractions, requests, destructions, absences and incidents; what the journal no longer tells is said (P-43).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vms.clock import HOUR_US
from vms.documents.document import Cell, Column, Document, Missing, Section, Table, count
from vms.documents.incidents import incident_words
from vms.documents.measures import serving
from vms.documents.processing import orders_in_force
from vms.documents.sources import Sources
from vms.evidence.absences import CAUSES
from vms.law.dates import french_date
from vms.law.facts import Request
from vms.law.rulebook import rulebook

COUNTS: Final = (Column("what", "Quoi", 6), Column("count", "Nombre", 2))
FRAMES: Final = (
    Column("frame", "Cadre légal", 6), Column("received", "Reçues", 2), Column("executed", "Exécutées", 2),
    Column("refused", "Refusées", 2), Column("waiting", "En attente", 2),
)  # fmt: skip
DECISIONS: Final = {"execute": "executed", "refuse": "refused"}
VIEWS: Final = {"live": "Vues en direct", "replay": "Relectures", "framing": "Séances de cadrage"}


@dataclass(slots=True)
class Tally:
    """What a year's entries add up to."""

    acts: Counter[tuple[str, str]] = field(default_factory=Counter)
    purposes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    absences: Counter[str] = field(default_factory=Counter)
    absent_us: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    pruned: int = 0
    entries: int = 0

    def add(self, record: Mapping[str, Any] | None) -> None:
        """Count one entry; an author is never looked at."""
        self.entries += 1
        if record is None:
            self.pruned += 1
            return
        kind, act, detail = str(record["kind"]), str(record["act"]), record.get("detail", {})
        self.acts[kind, act] += 1
        if kind == "consultation" and act in VIEWS:
            self.purposes[str(record.get("purpose", ""))] += 1
        if kind == "refus":
            self.refusals[str(detail.get("rule", ""))] += 1
        if act == "gap":
            self._absent(record, str(detail.get("cause", "")), str(detail.get("stream", "main")))
        if act == "erase_bytes" and detail.get("mode") != "due":
            self.lost += 1

    def _absent(self, record: Mapping[str, Any], cause: str, stream: str) -> None:
        low, high = record.get("from_us"), record.get("to_us")
        if stream in ("main", "") and isinstance(low, int) and isinstance(high, int):
            self.absences[cause] += 1
            self.absent_us[cause] += max(0, high - low)


def annual(sources: Sources) -> Document:
    """The report of ``[from_us, to_us)``, a year in Paris; of one that is not over, until now."""
    tally = Tally()
    for one in sources.records(sources.from_us, sources.to_us):
        tally.add(one.record)
    gone = (Missing(f"{count(tally.pruned, 'fiche')} du journal de cette période, effacées à leur terme"),)
    until = min(sources.to_us, sources.now_us)
    return Document(
        kind="annual-report",
        title="Rapport annuel de la vidéoprotection",
        basis="CSI R253-5, loi 78-17 article 101",
        subject=f"du {french_date(sources.from_us)} au {french_date(until - 1)}",
        lead=("Des nombres du journal et des dossiers ; aucun n’est compté par agent ni par qualité, et personne n’est "
              "nommé.",),
        sections=(
            Section("system", "Le système au terme de la période", "P-28", facts=_system(sources)),
            Section("views", "Consultations", "P-40", text=gone if tally.pruned else (), table=_views(tally)),
            Section("requests", "Demandes d’images", "P-72", table=_requests(sources)),
            Section("extractions", "Extractions et remises", "T-12", table=_extractions(tally)),
            Section("destructions", "Destructions et gels", "P-30", table=_destructions(sources, tally)),
            Section("absences", "Absences d’enregistrement", "P-35", table=_absences(tally)),
            _incidents(sources),
        ),
    )  # fmt: skip


def _system(sources: Sources) -> tuple[tuple[str, Cell], ...]:
    orders, cnil = orders_in_force(sources), sources.facts.cnil_ref
    return (
        ("Caméras en service", len(serving(sources))),
        ("Arrêtés en vigueur", ", ".join(one.reference for one in orders) or Missing("aucun arrêté en vigueur")),
        ("Engagement adressé à la CNIL", cnil or Missing("la référence de l’engagement de conformité")),
    )


def _views(tally: Tally) -> Table:
    rows: list[tuple[Cell, ...]] = [(word, tally.acts["consultation", act]) for act, word in VIEWS.items()]
    for code, views in sorted(tally.purposes.items()):
        purpose = rulebook().purpose(code)
        rows.append((f"dont, finalité {code}° : {purpose.fr}" if purpose else "dont, sans finalité", views))
    rows += [(f"Refus de la porte, règle {rule or 'non dite'}", n) for rule, n in sorted(tally.refusals.items())]
    rows.append(("Lectures du journal", tally.acts["consultation", "read_journal"]))
    return Table(COUNTS, tuple(rows))


def _requests(sources: Sources) -> Table:
    rows = []
    for name, frame in rulebook().legal_frame.items():
        some = [one for one in sources.facts.requests.values() if _counts(sources, one, name)]
        if some:
            decided = Counter(_decided(sources, one) for one in some)
            counts = (decided["executed"], decided["refused"], decided["waiting"])
            rows.append((frame.fr, len(some), *counts))
    return Table(FRAMES, tuple(rows), "Aucune demande.")


def _counts(sources: Sources, one: Request, frame: str) -> bool:
    """A request of the year under a frame; what an agent of the State collects asks the commune nothing (P-73)."""
    return one.frame == frame and not one.habilitation and _of_year(sources, one)


def _of_year(sources: Sources, one: Request) -> bool:
    return sources.from_us <= one.registered_us < sources.to_us


def _decided(sources: Sources, one: Request) -> str:
    """What had become of a request by the end of the period; one that fell unidentified waits for nobody (P-83)."""
    if one.state == "lapsed":
        return "lapsed"
    if one.decided_us is None or one.decided_us >= sources.to_us:
        return "waiting"
    return DECISIONS.get(one.decision, "waiting")


def _extractions(tally: Tally) -> Table:
    told = {"export": "Extractions ouvertes", "record_package": "Paquets scellés", "receive_package": "Paquets remis",
            "snapshot": "Images enregistrées par une personne", "export_journal": "Journal emporté",
            "make_document": "Documents produits"}  # fmt: skip
    rows = [("Collectes sans réquisition, accès habilité", tally.acts["modification", "collect"])]
    return Table(COUNTS, (*rows, *((word, tally.acts["communication", act]) for act, word in told.items())))


def _destructions(sources: Sources, tally: Tally) -> Table:
    held = sum(one.active(min(sources.to_us, sources.now_us)) for one in sources.facts.holds)
    rows: tuple[tuple[Cell, ...], ...] = (
        ("Heures de caméra dont la clé est détruite", tally.acts["effacement", "destroy_hour_key"]),
        ("Destructions d’octets", tally.acts["effacement", "erase_bytes"]),
        ("dont pertes documentées, avant le terme", tally.lost),
        ("Copies de paquets détruites", tally.acts["effacement", "destroy_package_key"]),
        ("Gels posés", sum(sources.from_us <= one.placed_us < sources.to_us for one in sources.facts.holds)),
        ("Gels en cours au terme de la période", held),
    )
    return Table(COUNTS, rows)


def _absences(tally: Tally) -> Table:
    columns = (Column("cause", "Cause", 5), Column("count", "Nombre", 2), Column("hours", "Heures en tout", 2))
    rows = [
        (
            CAUSES.get(cause, cause) or "cause non dite",
            times,
            f"{tally.absent_us[cause] / HOUR_US:.1f}".replace(".", ","),
        )
        for cause, times in sorted(tally.absences.items())
    ]
    return Table(columns, tuple(rows), "Aucune absence.")


def _incidents(sources: Sources) -> Section:
    columns = (Column("kind", "Genre", 5), Column("count", "Ouverts", 2), Column("standing", "Encore ouverts", 2))
    of_year = [one for one in sources.measured.incidents if sources.from_us <= one.opened_us < sources.to_us]
    kinds = Counter(one.kind for one in of_year)
    standing = Counter(one.kind for one in of_year if one.closed_us is None)
    rows = tuple((incident_words(kind), opened, standing[kind]) for kind, opened in sorted(kinds.items()))
    more = () if sources.measured.whole else (Missing("les incidents les plus anciens ne sont pas comptés"),)
    return Section("incidents", "Incidents du système", "P-09", more, (), Table(columns, rows, "Aucun incident."))
