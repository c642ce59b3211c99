"""Who and what the demonstration has: two plainly fictitious communes of one intercommunality, accounts by role.

Nobody here exists: people are named by role only, and their addresses end in ``.example``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vms.keeper.acts.siting import Placed

PASSWORD: Final = "Guet-demonstration-2026"  # noqa: S105  the same for all: it protects nothing but a demonstration
PASSPHRASE: Final = "la tour garde la brume et le marché"  # noqa: S105
INTERCOMMUNALITY: Final = "Communauté de communes du Pays de Brume"


@dataclass(frozen=True, slots=True)
class Account:
    """One account: its role in one or both communes, and what the demonstration says of it."""

    role: str
    login: str
    label: str
    communes: tuple[str, ...]
    does: str
    category: str = ""
    acts: tuple[str, ...] = ()
    holder: bool = False

    @property
    def email(self) -> str:
        """An address that reaches nobody: the domain is reserved for examples."""
        return f"{self.login}@guet.example"


@dataclass(frozen=True, slots=True)
class DemoCamera:
    """One camera to be: the scene it looks at, whether its scene has zones to draw, and where it stands on the plan."""

    commune: str
    number: int
    name: str
    place: str
    scenes: tuple[str, ...]  # clips that fit, best first
    masked: bool = False
    position: Placed | None = None


@dataclass(frozen=True, slots=True)
class DemoCommune:
    """A fictitious commune, and the network it declares."""

    id: str
    name: str
    network: int  # third octet of its prefix


COMMUNES: Final = (
    DemoCommune("valclair", "Valclair-sur-Brume", 1),
    DemoCommune("brumesnil", "Brumesnil", 2),
)
IMAGE_ACTS: Final = ("live", "replay", "framing", "export", "snapshot")
ACCOUNTS: Final = (
    Account("mayor", "maire.valclair", "Maire de Valclair-sur-Brume", ("valclair",),
            "décide des extractions, valide les zones privées, détient une clé", "P-51", IMAGE_ACTS, holder=True),
    Account("deputy", "adjointe.valclair", "Adjointe déléguée, Valclair-sur-Brume", ("valclair",),
            "décide à la place du maire, détient l’autre clé", "P-51", IMAGE_ACTS, holder=True),
    Account("chief", "cheffe.valclair", "Cheffe de service, police municipale", ("valclair",),
            "tient autorisations, habilitations, caméras", "P-52", IMAGE_ACTS),
    Account("officer", "agent07.valclair", "Agent PM 07", ("valclair",),
            "regarde le mur, relit, demande une extraction", "P-52", IMAGE_ACTS),
    Account("secretary", "mairie.valclair", "Secrétariat de mairie", ("valclair",),
            "enregistre une réquisition, sans voir d’image", "P-74"),
    Account("csu_operator", "csu03.paysdebrume", "Opérateur CSU 03", ("valclair", "brumesnil"),
            "regarde le mur des deux communes, l’une après l’autre", "P-53", ("live", "replay")),
    Account("installer", "installateur.reseau", "Installateur", ("valclair",),
            "découvre, enrôle, cadre une caméra", "P-57", ("framing",)),
    Account("auditor", "dpo.paysdebrume", "Déléguée à la protection des données", ("valclair", "brumesnil"),
            "lit et vérifie le journal, sans image", "P-58"),
    Account("inspector", "controle.prefecture", "Contrôle de la préfecture", ("valclair",),
            "lit configuration, preuves et journal, tire les documents, sans image", "P-29"),
    Account("mayor", "maire.brumesnil", "Maire de Brumesnil", ("brumesnil",),
            "maîtresse des seules images de Brumesnil", "P-51", IMAGE_ACTS, holder=True),
    Account("deputy", "adjoint.brumesnil", "Adjoint délégué, Brumesnil", ("brumesnil",),
            "détient l’autre clé de Brumesnil", "P-51", IMAGE_ACTS, holder=True),
    Account("host_admin", "hebergeur.reseau", "Administrateur de l’hébergeur", (),
            "fait tourner les machines : aucune image, jamais"),
)  # fmt: skip


def _at(latitude_udeg: int, longitude_udeg: int, direction_deg: int, angle_deg: int, reach_m: int) -> Placed:
    return Placed(
        latitude_udeg=latitude_udeg, longitude_udeg=longitude_udeg,
        direction_deg=direction_deg, angle_deg=angle_deg, reach_m=reach_m,
    )  # fmt: skip


# The two communes lie around 47° N, 6° W, in the open Atlantic: whoever looks the places up finds nobody's street.
CAMERAS: Final = (
    DemoCamera("valclair", 1, "Carrefour de la Halle", "Place de la Halle, mât 1", ("junction_day",), masked=True,
               position=_at(47_000_000, -6_000_000, 40, 80, 60)),
    DemoCamera("valclair", 2, "Parking des Tilleuls", "Rue des Tilleuls, mât 4",
               ("carpark_person_bicycle_car", "carpark"), position=_at(47_000_539, -5_998_288, 200, 95, 50)),
    DemoCamera("valclair", 3, "Rue de la Gare", "Rue de la Gare, façade 12", ("night_street_still", "night_street"),
               masked=True, position=_at(47_000_808, -6_001_844, 285, 55, 70)),
    DemoCamera("valclair", 4, "Voie verte", "Passage de la Brume", ("cycle",),
               position=_at(46_998_742, -5_999_473, 120, 60, 45)),
    DemoCamera("brumesnil", 1, "Avenue du Port", "Avenue du Port, mât 2", ("junction_day",), masked=True,
               position=_at(47_030_000, -6_050_000, 310, 80, 60)),
    DemoCamera("brumesnil", 2, "Parking du Stade", "Rue du Stade", ("carpark_cars", "carpark"),
               position=_at(47_029_281, -6_047_891, 75, 95, 50)),
)  # fmt: skip
# Dwellings in view of a real clip whose own notes give none for this cut of it (normalised, x to the right, y down).
KNOWN_ZONES: Final = {
    "night_street_still": (
        ((0.0, 0.0), (0.45, 0.0), (0.45, 0.40), (0.0, 0.42)),
        ((0.80, 0.0), (1.0, 0.0), (1.0, 0.50), (0.90, 0.46), (0.79, 0.36)),
    )
}


def accounts_of(role: str, commune: str) -> Account:
    """The account with that role in that commune."""
    return next(one for one in ACCOUNTS if one.role == role and commune in one.communes)
