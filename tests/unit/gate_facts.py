"""A commune whose every element holds, built from the law's own records, for tests that let one lapse at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from vms.keeper.gate.gate import Motive, Person
from vms.law.dates import DAY_US
from vms.law.facts import CameraFacts, CommuneFacts, Convention, Framing, Grouping, Habilitation, Order, Request, Zones

NOW: Final = 1_795_000_000_000_000  # 18 November 2026, 10:13 UTC
CAMERA: Final = "valclair-c01"
OTHER_CAMERA: Final = "brumesnil-c01"
IMAGE_ACTS: Final = ("live", "replay", "framing", "export", "snapshot")
SPAN: Final = (NOW - 3_600_000_000, NOW - 3_000_000_000)
MOTIVE: Final = Motive("5", "secteur gare", "d-1")
# What an agent of the State asks with: the number of a procedure, and their own collection (P-73).
INQUIRY: Final = Motive("5", "PV 4127/2026", "d-2")
ROLES: Final = (
    "officer",
    "chief",
    "mayor",
    "deputy",
    "csu_operator",
    "state_agent",
    "secretary",
    "installer",
    "auditor",
    "inspector",
    "host_admin",
)
CATEGORY: Final = {
    "officer": "P-52", "chief": "P-52", "mayor": "P-51", "deputy": "P-51", "csu_operator": "P-53",
    "state_agent": "P-50", "secretary": "P-74", "installer": "P-57", "auditor": "P-58",
    "inspector": "P-29",
}  # fmt: skip
MAY_HAVE: Final = {
    "officer": IMAGE_ACTS, "chief": IMAGE_ACTS, "mayor": IMAGE_ACTS, "deputy": IMAGE_ACTS,
    "csu_operator": ("live", "replay"), "secretary": (), "installer": ("framing",), "auditor": (),
    "inspector": (), "state_agent": ("replay", "export"),
}  # fmt: skip


def person_of(role: str) -> Person:
    """The person who has this role and no other."""
    return Person(f"p-{role}", host_admin=role == "host_admin")


def habilitation(role: str, **changes: Any) -> Habilitation:
    """A habilitation with everything the role may have, pooled so that conventions count."""
    basis: dict[str, Any] = {}
    if role in ("csu_operator", "deputy", "inspector"):
        basis = {"basis_ref": "acte 12", "basis_from_us": NOW - 99 * DAY_US, "basis_until_us": NOW + 99 * DAY_US}
    if role == "state_agent":
        basis = {"service": "gendarmerie", "level": "departement", "document_sha256": "ab" * 32}
    half_us = (45 if role == "inspector" else 200) * DAY_US  # an outside control is short
    made = Habilitation(
        id=f"h-{role}",
        person=f"p-{role}",
        role=role,
        category=CATEGORY[role],
        decision_ref="arrêté 7",
        signed_by="Le maire",
        acts=frozenset(MAY_HAVE[role]),
        from_us=NOW - half_us,
        until_us=NOW + half_us,
        pooled=role in ("officer", "chief", "csu_operator"),
        **basis,
    )
    return replace(made, **changes)


def camera(**changes: Any) -> CameraFacts:
    """A camera in service."""
    states = ("enrolled", "authorised", "framed", "commissioned", "in_service")
    made = CameraFacts(
        id=CAMERA,
        commune="valclair",
        name="Place",
        place="mât 3",
        states=tuple((NOW - (90 - at) * DAY_US, state) for at, state in enumerate(states)),
        order="o-1",
        purposes=frozenset({"1", "5"}),
        profiles=({"stream": "main", "width": 1920, "height": 1080, "fps": 25.0},),
        narrow=False,
        fast_flows=False,
        panel_us=NOW - 80 * DAY_US,
        panel_place="angle",
        prefect_informed_us=NOW - 80 * DAY_US,
    )
    return replace(made, **changes)


def order(**changes: Any) -> Order:
    """An order that holds."""
    made = Order(
        id="o-1",
        reference="2026-0718",
        prefect="Nord",
        from_us=NOW - 300 * DAY_US,
        until_us=NOW + 300 * DAY_US,
        max_days=15,
        purposes=frozenset({"1", "3", "5"}),
        recipients=frozenset({"gendarmerie"}),
        modalities="Relecture depuis la brigade, sous habilitation.",
    )
    return replace(made, **changes)


def zones(**changes: Any) -> Zones:
    """A validated zone set."""
    made = Zones(
        id="z-1",
        camera=CAMERA,
        version=1,
        polygons=({"points": [[0, 0], [0.2, 0], [0, 0.2]], "reason": "entrance"},),
        no_dwelling=False,
        author="p-installer",
        created_us=NOW - 85 * DAY_US,
        validator="p-mayor",
        validated_us=NOW - 84 * DAY_US,
    )
    return replace(made, **changes)


def request(**changes: Any) -> Request:
    """A request that was decided: execute."""
    made = Request(
        id="d-1",
        frame="flagrance",
        fields={"procedure_number": "4127/2026"},
        cameras=frozenset({CAMERA}),
        from_us=SPAN[0],
        to_us=SPAN[1],
        motive="",
        state="approved",
        registered_by="p-secretary",
        registered_us=NOW - DAY_US,
        decision="execute",
        decided_by="p-mayor",
        decided_us=NOW - 3_600_000_000,
    )
    return replace(made, **changes)


def collection(**changes: Any) -> Request:
    """A collection that the agent of the State opened: no decision (P-73)."""
    made = request(id="d-2", registered_by="p-state_agent", decision="", decided_by="", decided_us=None)
    return replace(made, **({"habilitation": "h-state_agent"} | changes))


def conventions() -> tuple[Convention, ...]:
    """All conventions that a pooled right may need."""
    kinds = ("police_pooling", "equipment_and_staff", "state")
    made = [Convention(f"v-{kind}", kind, "C 1", "", NOW - 99 * DAY_US, NOW + 99 * DAY_US) for kind in kinds]
    return tuple(made)


def grouping(**changes: Any) -> Grouping:
    """An intercommunality that pools with the commune's consent."""
    members = frozenset({"commune"})
    made = Grouping("g-1", "epci", "Pays de Brume", "Statuts 2020", members, "epci_president")
    made = replace(made, consent_ref="Délibération 2024-12", consent_us=NOW - 99 * DAY_US)
    return replace(made, **changes)


def framing(**changes: Any) -> Framing:
    """A framing session that is open."""
    made = Framing("f-1", CAMERA, "p-officer", NOW - 60_000_000, NOW + 600_000_000)
    return replace(made, **changes)


def commune(**changes: Any) -> CommuneFacts:
    """Valclair, where everything holds and everyone has a habilitation."""
    made = CommuneFacts(
        id="valclair",
        name="Valclair-sur-Brume",
        cnil_ref="2 214 077",
        cnil_us=NOW - 100 * DAY_US,
        orders={"o-1": order()},
        habilitations=tuple(habilitation(role) for role in CATEGORY),
        conventions=conventions(),
        groupings=(grouping(),),
        cameras={CAMERA: camera()},
        zones=(zones(),),
        framings=(framing(),),
        requests={"d-1": request(), "d-2": collection()},
    )
    return replace(made, **changes)
