"""What protects the images and the journal, in words for a file: what the software holds, with the facts that show it.

Only measures that the code keeps and a test proves stand here; what depends on the commune or its host is to be
written by them.
"""

from __future__ import annotations

from typing import Final

from vms.documents.document import Cell, Column, Missing, Table, ToWrite, count
from vms.documents.sources import Sources
from vms.law.facts import CameraFacts

COLUMNS: Final = (
    Column("measure", "Mesure", 3), Column("holds", "Ce que le logiciel fait", 6), Column("seen", "Constaté", 3),
    Column("rule", "Règle", 1),
)  # fmt: skip
BUILT_IN: Final = "par construction"


def serving(sources: Sources) -> list[CameraFacts]:
    """The cameras that were in service at the document's instant."""
    return [one for one in sources.facts.cameras.values() if one.state_at(sources.at_us) == "in_service"]


def measures(sources: Sources) -> Table:
    """The measures and what the live state says of each."""
    return Table(COLUMNS, (*_access(sources), *_images(sources), *_proof(sources)))


def _access(sources: Sources) -> tuple[tuple[Cell, ...], ...]:
    people = len({one.person for one in sources.facts.habilitations if one.from_us <= sources.at_us < one.until_us})
    return (
        (
            "Accès nominatif", "Toute vue demande une habilitation en vigueur, une caméra autorisée et une finalité de "
            "l’arrêté ; le retrait éteint les vues en cinq secondes.", count(people, "personne nommée"), "P-58",
        ),
        (
            "Hébergeur sans images", "L’administrateur de l’hébergeur et l’installateur n’ont aucun droit sur les "
            "images ; les clés sont celles de la commune.", BUILT_IN, "P-57",
        ),
        (
            "Journal", "Collecte, modification, consultation, communication et effacement sont inscrits avant que "
            "l’image s’ouvre, avec auteur, heure et motif.", "voir le point de contrôle", "P-40",
        ),
    )  # fmt: skip


def _images(sources: Sources) -> tuple[tuple[Cell, ...], ...]:
    cameras = serving(sources)
    zoned = sum(sources.facts.active_zones(one.id, sources.at_us) is not None for one in cameras)
    return (
        (
            "Masquage des habitations", "Les zones privées sont effacées avant tout affichage et tout enregistrement ; "
            "sans zones validées, ou déclaration qu’il n’y a pas d’habitation, la caméra ne diffuse pas.",
            f"{zoned} sur {count(len(cameras), 'caméra')} en service", "P-11",
        ),
        ("Absence de son", "Le son n’est jamais demandé aux caméras : il n’est ni reçu ni gardé.", BUILT_IN, "P-06"),
        (
            "Chiffrement au repos", "Chaque groupe d’images est chiffré en mémoire avant d’être écrit ; ses clés sont "
            "enveloppées pour la commune seule.", BUILT_IN, "P-09",
        ),
        (
            "Destruction", "À leur terme, clés, octets et index sont détruits d’eux-mêmes ; seul un gel daté et "
            "référencé garde une plage.", BUILT_IN, "P-30",
        ),
        ("Liaison des caméras", "Les flux passent en TLS, ou sur un réseau déclaré maîtrisé.", _links(sources), "A-01"),
    )  # fmt: skip


def _proof(sources: Sources) -> tuple[tuple[Cell, ...], ...]:
    sealed: Cell = "cachet en place" if sources.seal_sha256 else Missing("le cachet naît à la première extraction")
    return (
        (
            "Intégrité", "Les enregistrements sont chaînés et leurs têtes signées ; en retirer ou en changer un se "
            "voit.", BUILT_IN, "T-09",
        ),
        ("Extractions scellées", "Chaque paquet porte la signature de la commune et ses preuves.", sealed, "E-30"),
        (
            "Sécurité des locaux et des postes", ToWrite("accès aux locaux, postes, réseau de la mairie"),
            "", "P-09",
        ),
    )  # fmt: skip


def _links(sources: Sources) -> Cell:
    cameras = sources.measured.cameras
    if not cameras:
        return Missing("aucune caméra enrôlée n’est connue des enregistreurs")
    tls = sum(one.tls for one in cameras)
    return f"{tls} sur {count(len(cameras), 'caméra')} en TLS ; réseaux maîtrisés : {sources.trusted_prefixes}"
