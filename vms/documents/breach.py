"""The sheet of a personal data breach (RGPD 33, D-04), filled with what the journal and the incidents know of its days.

It judges nothing: what happened, whom it touches and what was decided is for the controller to write, within 72 hours
of knowing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vms.documents.document import Cell, Column, Document, Instant, Missing, Section, Table, ToWrite, count
from vms.documents.incidents import incident_words, severity_words
from vms.documents.measures import measures
from vms.documents.processing import controller_facts
from vms.documents.sources import Sources

CAMERAS: Final = (
    Column("camera", "Caméra", 4), Column("views", "Vues", 1), Column("extractions", "Extractions", 2),
    Column("opened", "Images ouvertes du", 3), Column("opened_to", "Au", 3), Column("lost", "Pertes", 1),
    Column("readable", "Encore lisible", 3),
)  # fmt: skip
EVENTS: Final = (Column("at", "Heure", 3), Column("what", "Ce qui est inscrit", 5), Column("entry", "Entrée", 3))
INCIDENTS: Final = (
    Column("opened", "Ouvert le", 3), Column("closed", "Clos le", 3), Column("kind", "Genre", 3),
    Column("camera", "Caméra", 3), Column("severity", "Gravité", 2),
)  # fmt: skip
# Entries of which a breach is made, or that end one; a person is told by no name here, the journal has it.
NOTABLE: Final = {
    "grant": "habilitation donnée",
    "withdraw": "habilitation retirée",
    "suspend": "habilitation suspendue",
    "end_sessions": "sessions fermées",
    "recover_account": "accès rétabli",
    "unlock": "clé de lecture ouverte",
    "suspend_camera": "caméra suspendue",
    "export": "extraction ouverte",
    "open_package": "clé d’un paquet remise",
    "snapshot": "image enregistrée",
    "export_journal": "journal emporté",
}
EVENTS_LIMIT: Final = 400
IMAGES: Final = frozenset({"live", "replay", "framing"})


@dataclass(slots=True)
class _Camera:
    """What happened to one camera's images."""

    views: int = 0
    extractions: int = 0
    lost: int = 0
    opened: list[int] = field(default_factory=list)

    def add(self, record: Mapping[str, Any]) -> None:
        """Count an entry that is about this camera."""
        kind, act = record["kind"], record["act"]
        self.views += kind == "consultation" and act in IMAGES
        self.extractions += kind == "communication" and act in ("export", "snapshot")
        self.lost += act == "erase_bytes" and record.get("detail", {}).get("mode") != "due"
        bounds = (record.get("from_us"), record.get("to_us"))
        if kind in ("consultation", "communication"):
            self.opened += [one for one in bounds if isinstance(one, int)]


def breach(sources: Sources) -> Document:
    """The sheet of the days ``[from_us, to_us)``."""
    cameras: dict[str, _Camera] = defaultdict(_Camera)
    events: list[tuple[Cell, ...]] = []
    pruned = 0
    for one in sources.records(sources.from_us, sources.to_us):
        if one.record is None:
            pruned += 1
            continue
        for camera in one.record.get("cameras", ()):
            cameras[camera].add(one.record)
        if one.record["act"] in NOTABLE:
            where = f"{one.record.get('log', '')} n° {one.record.get('n', '')}"
            events.append((Instant(one.at_us), NOTABLE[one.record["act"]], where))
    gone = (Missing(f"{count(pruned, 'fiche')} du journal, effacées à leur terme"),) if pruned else ()
    more = len(events) - EVENTS_LIMIT
    cut = (Missing(f"{count(more, 'événement')} de plus, à lire au journal"),) if more > 0 else ()
    return Document(
        kind="breach",
        title="Fiche de violation de données",
        basis="RGPD 33 et 34, loi 78-17 article 102",
        subject=sources.days(),
        lead=(
            "À notifier à la CNIL dans les 72 heures après en avoir pris connaissance, sauf si la violation n’est pas "
            "susceptible d’engendrer un risque. La fiche dit ce que le système sait de ces jours ; le reste s’écrit.",
        ),
        sections=(
            Section("controller", "Responsable", "P-03", facts=controller_facts(sources)),
            Section("what", "La violation", "D-04", facts=_WHAT),
            Section("cameras", "Caméras et images concernées", "D-04", gone, table=_cameras(sources, cameras)),
            Section("events", "Ce que le journal en sait", "P-40", cut, (),
                    Table(EVENTS, tuple(events[:EVENTS_LIMIT]), "Aucun événement notable.")),
            Section("incidents", "Incidents du système", "P-09", table=_incidents(sources)),
            Section("measures", "Mesures en place", "D-04", table=measures(sources)),
            Section("after", "Suites", "D-04", facts=_AFTER),
        ),
        wide=True,
        signed_by=("Le délégué à la protection des données", "Le maire"),
    )  # fmt: skip


_WHAT: Final[tuple[tuple[str, Cell], ...]] = (
    ("Prise de connaissance", ToWrite("date et heure")),
    ("Nature", ToWrite("confidentialité, intégrité ou disponibilité")),
    ("Origine", ToWrite("comment la violation s’est produite")),
    ("Personnes concernées", ToWrite("qui, et combien environ : le système n’identifie personne")),
    ("Conséquences probables", ToWrite("pour les personnes filmées et pour les agents")),
)
_AFTER: Final[tuple[tuple[str, Cell], ...]] = (
    ("Mesures prises", ToWrite("ce qui a été fait, et ce qui le sera")),
    ("Notification à la CNIL", ToWrite("date et référence, ou pourquoi elle n’a pas lieu d’être")),
    ("Communication aux personnes", ToWrite("date et moyen, ou pourquoi elle n’a pas lieu d’être")),
)


def _cameras(sources: Sources, cameras: dict[str, _Camera]) -> Table:
    kept: dict[str, int] = defaultdict(int)
    for hour in sources.hours(sources.from_us, sources.to_us):
        kept[hour.camera] += 1
    rows = []
    for camera in sorted({*cameras, *kept}):
        one, known = cameras.get(camera, _Camera()), sources.facts.cameras.get(camera)
        name = known.name if known else camera
        low: Cell = Instant(min(one.opened)) if one.opened else ""
        high: Cell = Instant(max(one.opened)) if one.opened else ""
        readable = f"{kept[camera]} h de ces jours" if kept[camera] else "rien de ces jours"
        rows.append((name, one.views, one.extractions, low, high, one.lost, readable))
    return Table(CAMERAS, tuple(rows), "Aucune caméra.")


def _incidents(sources: Sources) -> Table:
    """The incidents that stood on these days."""
    rows: list[tuple[Cell, ...]] = []
    for one in sorted(sources.measured.incidents, key=lambda incident: incident.opened_us):
        stood = one.closed_us is None or one.closed_us >= sources.from_us
        if one.opened_us < sources.to_us and stood:
            known = sources.facts.cameras.get(one.camera)
            camera = known.name if known else one.camera
            closed: Cell = "" if one.closed_us is None else Instant(one.closed_us)
            rows.append(
                (Instant(one.opened_us), closed, incident_words(one.kind), camera, severity_words(one.severity))
            )
    return Table(INCIDENTS, tuple(rows), "Aucun incident.")
