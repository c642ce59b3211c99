"""The attestation of conformity with the arrêté of 3 August 2007 (T-16, R252-3 11°): each point with what was measured.

What the software holds by its making is told as such; what was measured bears its date; the installer signs.
"""

from __future__ import annotations

from typing import Final

from vms.documents.document import Cell, Column, Document, Instant, Missing, Section, Table, ToWrite, count
from vms.documents.measures import serving
from vms.documents.panels import panels_text
from vms.documents.sources import Measure, MeasuredCamera, Sources
from vms.law.dates import DAY_US, french_date
from vms.law.facts import CameraFacts
from vms.law.profiles import FAST_FPS, FPS, HEIGHT_PX, NARROW_HEIGHT_PX, NARROW_WIDTH_PX, WIDTH_PX, profile_lapses

POINTS: Final = (
    Column("rule", "Point", 1), Column("asked", "Ce que l’arrêté demande", 5), Column("found", "Constat", 5),
    Column("how", "Établi par", 2),
)  # fmt: skip
MEASURES: Final = (
    Column("camera", "Caméra", 3), Column("stream", "Flux", 1), Column("measured", "Minute mesurée", 3),
    Column("size", "Taille", 2), Column("least_size", "Minimum", 2), Column("fps", "Images par s", 2),
    Column("least_fps", "Minimum", 2), Column("holds", "Conforme", 2),
)  # fmt: skip
MAIN: Final = "main"
CLOCK_DOUBT_MS: Final = 1000
# A minute measured longer ago says nothing of today.
FRESH_US: Final = DAY_US
NO_REFERENCE: Final = Missing("l’image de référence de jour et de nuit n’est pas gardée")
NOTHING: Final = "Aucune caméra en service."
MADE: Final = "construction"
MEASURED: Final = "mesure"


def conformity(sources: Sources) -> Document:
    """The attestation at ``sources.at_us``, of the cameras in service."""
    return Document(
        kind="conformity",
        title="Attestation de conformité technique",
        basis="CSI L252-4, R252-3 11° ; arrêté du 3 août 2007",
        subject=f"au {french_date(sources.at_us)}",
        lead=(
            "Chaque point dit ce qui a été mesuré sur l’enregistrement, ou ce que le logiciel fait par construction. "
            "Elle ne vaut qu’une fois signée par l’installateur.",
        ),
        sections=(
            Section("points", "Points de l’arrêté", "T-16", table=Table(POINTS, points(sources))),
            Section("measures", "Mesures par caméra", "T-06", table=Table(MEASURES, rows_of(sources), NOTHING)),
            Section("panels", "Information du public", "P-80", text=panels_text(serving(sources))),
        ),
        signed_by=("L’installateur", "Le maire"),
    )


def verdict(sources: Sources) -> Cell:
    """In one line: whether every camera in service is measured and within the floors (T-04…T-06)."""
    rows = [row[-1] for row in rows_of(sources)]
    unknown, short = sum(isinstance(one, Missing) for one in rows), sum(one == "non" for one in rows)
    if not rows or unknown:
        return Missing(f"{unknown} flux en service sans mesure" if rows else "aucune caméra en service")
    return f"flux mesurés : {len(rows)}, " + (f"dont {short} sous les minimums" if short else "tous conformes")


def points(sources: Sources) -> tuple[tuple[Cell, ...], ...]:
    """T-01…T-15 in order."""
    return (
        ("T-01", "Caméras réglées pour les finalités autorisées et l’éclairage du lieu.", NO_REFERENCE, ""),
        ("T-02", "Réseaux : débit suffisant, disponibilité, confidentialité, intégrité.", _network(sources), MEASURED),
        ("T-03", "Stockage numérique à partir de huit caméras.", "Tout le stockage est numérique.", MADE),
        ("T-04", f"Plan étroit : {NARROW_WIDTH_PX} × {NARROW_HEIGHT_PX} points au moins.",
         _floor(sources, "T-04", narrow=True), MEASURED),
        ("T-05", f"Autres flux : {WIDTH_PX} × {HEIGHT_PX} points au moins.",
         _floor(sources, "T-05", narrow=False), MEASURED),
        ("T-06", f"{FPS} images/s au moins, {FAST_FPS} pour des personnes rapides en plan étroit.",
         _floor(sources, "T-06", narrow=None), MEASURED),
        ("T-07", "Date, heure et lieu de la caméra à chaque instant.", _clock(sources), MEASURED),
        ("T-08", "Journal électronique automatique des actions.", "Tenu ; point de contrôle en pied de page.", MADE),
        ("T-09", "Intégrité des flux et de leurs données.", "Enregistrements chaînés, têtes signées.", MADE),
        ("T-10", "Export sans perte de qualité.", "Le flux enregistré est copié tel quel.", MADE),
        ("T-11", "L’enregistrement continue pendant un export.", "L’export est un autre processus.", MADE),
        ("T-12", "Journal des exports.", _exports(sources), "dossiers"),
        ("T-13", "Support numérique non réinscriptible à accès direct.",
         ToWrite("le support employé et sa procédure"), ""),
        ("T-14", "Lecteur fourni à part : arrière, image par image, recherche.",
         "Une page, sans installation ni réseau, fournie séparément.", MADE),
        ("T-15", "Objectif de chaque caméra et du système.", _aims(sources), "déclaration"),
    )  # fmt: skip


def rows_of(sources: Sources) -> tuple[tuple[Cell, ...], ...]:
    """A row for each measured stream of each camera in service, and one for a camera that is not measured."""
    known = {one.id: one for one in sources.measured.cameras}
    rows: list[tuple[Cell, ...]] = []
    for camera in sorted(serving(sources), key=lambda one: one.id):
        found = known[camera.id].minutes if camera.id in known else ()
        rows += [_row(sources, camera, minute) for minute in sorted(found, key=lambda one: one.stream)]
        if not found:
            size, fps = _least(camera, MAIN)
            nothing = Missing("aucune minute n’a été mesurée")
            rows.append((camera.name, MAIN, nothing, "", size, "", str(fps), nothing))
    return tuple(rows)


def _row(sources: Sources, camera: CameraFacts, minute: Measure) -> tuple[Cell, ...]:
    size, fps = _least(camera, minute.stream)
    if not _fresh(sources, minute):
        holds: Cell = Missing("la mesure date de plus d’un jour")
    elif camera.narrow is None or camera.fast_flows is None:
        holds = Missing("le plan de la caméra n’est pas déclaré")
    else:
        narrow = camera.narrow and minute.stream == MAIN
        short = profile_lapses(minute.width, minute.height, minute.fps, narrow, camera.fast_flows)
        holds = "non" if short else "oui"
    measured = f"{minute.width} × {minute.height}", size, f"{minute.fps:.1f}".replace(".", ","), str(fps)
    return (camera.name, minute.stream, Instant(minute.start_us), *measured, holds)


def _least(camera: CameraFacts, stream: str) -> tuple[str, int]:
    """The floors of a stream; a sub-stream is beside the main one and has the lesser."""
    narrow = bool(camera.narrow) and stream == MAIN
    width, height = (NARROW_WIDTH_PX, NARROW_HEIGHT_PX) if narrow else (WIDTH_PX, HEIGHT_PX)
    return f"{width} × {height}", FAST_FPS if narrow and camera.fast_flows else FPS


def _floor(sources: Sources, rule: str, *, narrow: bool | None) -> Cell:
    """How many measured main streams fall short of a rule; ``narrow`` keeps those it is about."""
    known = {one.id: one for one in sources.measured.cameras}
    of = [one for one in serving(sources) if narrow is None or bool(one.narrow) is narrow]
    mains = [(camera, minute) for camera in of for minute in _mains(sources, known.get(camera.id))]
    undeclared = sum(one.narrow is None or one.fast_flows is None for one in of)
    if not of:
        return "Aucune caméra concernée."
    if undeclared:
        return Missing(f"plan non déclaré pour {count(undeclared, 'caméra')}")
    if len(mains) < len(of):
        return Missing(f"{count(len(of) - len(mains), 'caméra')} sur {len(of)} sans mesure")
    short = [
        camera.name
        for camera, minute in mains
        if any(
            lapse.rule == rule
            for lapse in profile_lapses(
                minute.width, minute.height, minute.fps, bool(camera.narrow), bool(camera.fast_flows)
            )
        )
    ]
    return f"Non tenu : {', '.join(short)}." if short else f"Tenu, {count(len(mains), 'caméra mesurée')}."


def _mains(sources: Sources, camera: MeasuredCamera | None) -> list[Measure]:
    return [one for one in camera.minutes if one.stream == MAIN and _fresh(sources, one)] if camera else []


def _fresh(sources: Sources, minute: Measure) -> bool:
    return abs(sources.now_us - minute.start_us) <= FRESH_US


def _network(sources: Sources) -> Cell:
    cameras = sources.measured.cameras
    if not cameras:
        return Missing("aucune caméra n’est connue des enregistreurs")
    tls, hardened = sum(one.tls for one in cameras), sum(one.hardened for one in cameras)
    return (
        f"Sur {count(len(cameras), 'caméra')} : {tls} en TLS, {hardened} à accès durci. Réseaux déclarés maîtrisés : "
        f"{sources.trusted_prefixes} sur {sources.prefixes}."
    )


def _clock(sources: Sources) -> Cell:
    late = [one.id for one in sources.measured.cameras if abs(one.clock_offset_ms) > CLOCK_DOUBT_MS]
    if not sources.measured.cameras:
        return Missing("aucune horloge de caméra n’est connue")
    return f"Horloges en écart de plus d’une seconde : {', '.join(late)}." if late else "Tenu ; horloges à la seconde."


def _aims(sources: Sources) -> Cell:
    without = [one.name for one in serving(sources) if one.id not in sources.facts.objectives]
    if without:
        return Missing(f"objectif non noté : {', '.join(without)}")
    return "Noté pour chaque caméra ; voir le dossier de demande." if serving(sources) else NOTHING


def _exports(sources: Sources) -> str:
    built = sum(bool(one.package.get("built_us")) for one in sources.facts.requests.values())
    return f"{count(built, 'paquet')} à leur dossier, avec auteur, heure, caméras et plage."
