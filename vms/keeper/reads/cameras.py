"""Cameras' legal side: state, what is missing for the next step, zones, open framing sessions (P-24)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from vms.errors import Refused
from vms.keeper.arguments import Args, Identifier
from vms.keeper.files.records import ProvisioningOrder
from vms.keeper.gate.plan import zone_view
from vms.keeper.reads.spec import Nothing, Reader, ReadSpec, told
from vms.law.authorisation import purposes_of
from vms.law.camera import step_lapse, viewing_lapse
from vms.law.facts import CameraFacts, CommuneFacts, Zones
from vms.law.masks import in_force
from vms.law.profiles import profile_lapses

FORWARD: Final = {
    "enrolled": "authorised",
    "authorised": "framed",
    "framed": "commissioned",
    "commissioned": "in_service",
    "suspended": "in_service",
}


class ZoneSets(Args):
    """Of which camera (all when none is given)."""

    camera: Identifier | None = None


def cameras(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Every camera of the commune with what stands between it and its next state; no picture here."""
    return {"cameras": [_told(reader, camera) for camera in reader.commune.facts.cameras.values()]}


def _told(reader: Reader, camera: CameraFacts) -> dict[str, Any]:
    facts, now_us = reader.commune.facts, reader.now_us
    state = camera.state_at(now_us)
    order = facts.order_of(camera, now_us)
    zones = facts.active_zones(camera.id, now_us)
    framing = facts.open_framing(camera.id, now_us)
    to = FORWARD.get(state)
    return {
        "id": camera.id,
        "name": camera.name,
        "place": camera.place,
        "state": state,
        "states": [{"since_us": since_us, "state": one} for since_us, one in camera.states],
        "stop_motive": camera.stop_motive,
        "source": camera.source,
        "profiles": [dict(profile) for profile in camera.profiles],
        "profile_lapses": _profile_lapses(camera),
        "narrow": camera.narrow,
        "fast_flows": camera.fast_flows,
        "order": order.id if order else None,
        "order_reference": order.reference if order else None,
        "purposes": sorted(purposes_of(camera, order), key=int),
        "retention_days": order.max_days if order else None,
        "panel": _panel(camera),
        "position": asdict(facts.positions[camera.id]) if camera.id in facts.positions else None,
        "objective": asdict(facts.objectives[camera.id]) if camera.id in facts.objectives else None,
        "prefect_informed_us": camera.prefect_informed_us,
        "zone_set": zone_view(zones).model_dump(mode="json") if zones else None,
        "masks": _masks(facts, camera.id, zones, now_us),
        "shut": [
            {"from_us": one.from_us, "to_us": now_us if one.until_us is None else one.until_us}
            for one in facts.unmasked(camera.id, 0, now_us)
        ],
        "zones_waiting": any(z.camera == camera.id and z.validated_us is None for z in facts.zones),
        "framing": None if framing is None else {"id": framing.id, "until_us": framing.until_us},
        "next": to,
        "missing": told(step_lapse(facts, camera, to, now_us)) if to else None,
        "viewing": told(viewing_lapse(facts, camera, now_us)),
        "held": any(camera.id in hold.cameras and hold.active(now_us) for hold in facts.holds),
    }


def _masks(facts: CommuneFacts, camera: str, zones: Zones | None, now_us: int) -> dict[str, Any]:
    """The camera's own masks (O-44): how many were validated with its zones, how many it reports, since when some miss.

    None where nothing is known of them.
    """
    seen = facts.seen_masks.get(camera)
    missing = facts.drift_at(camera, zones.id, now_us) if zones else None
    return {
        "validated": len(zones.masks) if zones and zones.masks is not None else None,
        "reported": len(in_force(seen.masks)) if seen else None,
        "missing_since_us": missing.from_us if missing else None,
    }


def _panel(camera: CameraFacts) -> dict[str, Any] | None:
    """The posted notice and its photograph (P-80)."""
    if camera.panel_us is None:
        return None
    photo = {"date_us": camera.panel_photo_us, "place": camera.panel_photo_place, "sha256": camera.panel_photo}
    return {"date_us": camera.panel_us, "place": camera.panel_place, "photo": photo if camera.panel_photo else None}


def _profile_lapses(camera: CameraFacts) -> list[dict[str, str] | None]:
    if not camera.profiles or camera.narrow is None or camera.fast_flows is None:
        return []
    first = camera.profiles[0]
    found = profile_lapses(
        int(first["width"]), int(first["height"]), first.get("fps"), camera.narrow, camera.fast_flows
    )
    return [told(one) for one in found]


def zone_sets(reader: Reader, args: ZoneSets) -> dict[str, Any]:
    """Zone sets, newest first, with who drew and who validated; Refused for a camera of another commune (P-62)."""
    facts = reader.commune.facts
    if args.camera is not None and args.camera not in facts.cameras:
        what = "Cette caméra n’est pas de la commune pour laquelle vous agissez."
        raise Refused(what, where=args.camera[:80], todo="Agissez pour sa commune.", rule="P-62")
    found = [zones for zones in facts.zones if args.camera in (None, zones.camera)]
    people = {zones.author for zones in found} | {zones.validator for zones in found if zones.validator}
    labels = reader.labels(people)
    listed = [
        zone_view(zones).model_dump(mode="json")
        | {
            "author_label": labels.get(zones.author, ""),
            "validator_label": labels.get(zones.validator or "", ""),
            "in_force": zones == facts.active_zones(zones.camera, reader.now_us),
        }
        for zones in sorted(found, key=lambda one: (one.camera, -one.version))
    ]
    return {"zone_sets": listed}


def provisioning_orders(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Orders given to the provisioner, newest first."""
    found = reader.commune.records.all(reader.commune.store.reader, "provisioning", ProvisioningOrder)
    labels = reader.labels({order.person for order in found.values()})
    listed = [
        {
            "id": order.id,
            "kind": order.kind,
            "person": order.person,
            "label": labels.get(order.person, ""),
            "issued_us": order.issued_us,
            "expires_us": order.expires_us,
        }
        for order in sorted(found.values(), key=lambda one: -one.issued_us)
    ]
    return {"orders": listed}


READS: Final = {
    "cameras": ReadSpec(Nothing, cameras),
    "zone_sets": ReadSpec(ZoneSets, zone_sets),
    "provisioning_orders": ReadSpec(Nothing, provisioning_orders),
}
