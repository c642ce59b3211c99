"""The recorders' plan: what the law lets them do with each camera at this instant (P-11, P-20…P-24, P-57)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, Literal

from vms import logs
from vms.clock import MICRO
from vms.errors import GuetError
from vms.keeper.communes import Commune
from vms.keeper.protocol import CameraPlan, CommunePlan, LegalState, MaskPlan, Plan, ZoneView
from vms.law.authorisation import order_end
from vms.law.camera import viewing_lapse
from vms.law.facts import CameraFacts, CommuneFacts, Zones
from vms.law.lapse import Lapse
from vms.law.masks import MaskDrift, digest, drift_lapse

# An act makes another plan at once; what only time changes shows within this (recorders keep `record_until_us` anyway).
PLAN_FRESH_US: Final = MICRO

log = logs.get("keeper.plan")


class PlanDesk:
    """The plan in force, made once for all recorders that ask: each asks every second, for the whole house."""

    def __init__(self, permit_public: bytes) -> None:
        self._permit_public = permit_public
        self._facts: tuple[CommuneFacts | None, ...] = ()
        self._made_us = 0
        self._plan: Plan | None = None

    def plan(self, communes: Iterable[Commune], now_us: int) -> Plan:
        """The plan at ``now_us``: the one made last, unless a fact has changed since or it is a second old."""
        known = list(communes)
        facts = tuple(_facts(commune) for commune in known)
        same = len(facts) == len(self._facts) and all(
            one is other for one, other in zip(facts, self._facts, strict=True)
        )
        if self._plan is None or not same or not 0 <= now_us - self._made_us < PLAN_FRESH_US:
            self._plan = make_plan(known, self._permit_public, now_us)
            self._facts, self._made_us = facts, now_us
        return self._plan


def _facts(commune: Commune) -> CommuneFacts | None:
    """A commune's facts object, another one after each act; None while they are altered."""
    try:
        return commune.facts
    except GuetError:
        return None


def camera_plan(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> CameraPlan:
    """One camera's plan; ``record`` only while it could be watched live."""
    state = camera.state_at(now_us)
    lapse = viewing_lapse(facts, camera, now_us)
    zones = facts.active_zones(camera.id, now_us)
    order = facts.order_of(camera, now_us)
    framing = facts.open_framing(camera.id, now_us)
    missing = facts.drift_at(camera.id, zones.id, now_us) if zones else None
    return CameraPlan(
        camera=camera.id,
        commune=facts.id,
        legal_state=LegalState(state),
        record=lapse is None,
        refusal_cause="" if lapse is None else _refusal_cause(state, lapse, missing),
        record_until_us=order_end(order) if order and lapse is None else None,
        framing_until_us=framing.until_us if framing else None,
        zone_set=zone_view(zones) if zones else None,
        masks=_masks(facts, camera.id, zones, drift=missing is not None),
        retention_days=order.max_days if order else None,
        min_days=order.min_days if order else None,
        narrow=bool(camera.narrow),
        fast_flows=bool(camera.fast_flows),
    )


def _refusal_cause(
    state: str, lapse: Lapse, missing: MaskDrift | None
) -> Literal["not-authorised", "suspended", "mask-drift"]:
    if state == "suspended":
        return "suspended"
    return "mask-drift" if missing is not None and lapse == drift_lapse(missing) else "not-authorised"


def _masks(facts: CommuneFacts, camera: str, zones: Zones | None, *, drift: bool) -> MaskPlan:
    seen = facts.seen_masks.get(camera)
    return MaskPlan(
        validated=zones.masks if zones else None,
        seen=digest(seen.masks, complete=seen.complete) if seen else "",
        drift=drift,
    )


def zone_view(zones: Zones) -> ZoneView:
    """A zone set as the recorder and the pages get it."""
    return ZoneView(
        id=zones.id,
        version=zones.version,
        camera=zones.camera,
        polygons=tuple(dict(one) for one in zones.polygons),
        no_dwelling=zones.no_dwelling,
        author=zones.author,
        validator=zones.validator,
        created_us=zones.created_us,
        validated_us=zones.validated_us,
        sizes=tuple(dict(one) for one in zones.sizes),
    )


def make_plan(communes: Iterable[Commune], permit_public: bytes, now_us: int) -> Plan:
    """The whole plan; its version is a digest of its content, so that it only changes when what may be done does."""
    names: dict[str, CommunePlan] = {}
    cameras: list[CameraPlan] = []
    for commune in communes:
        try:
            facts = commune.facts
        except GuetError as error:  # altered facts: nothing of this commune is recorded, the others go on
            log.error("commune fermée", commune=commune.id, error=str(error))
            continue
        names[commune.id] = CommunePlan(name=facts.name, public_key=commune.record.public_key)
        cameras += [camera_plan(facts, camera, now_us) for camera in facts.cameras.values()]
    key = base64.b64encode(permit_public).decode()
    plan = Plan(version="", issued_us=0, permit_key=key, communes=names, cameras=tuple(cameras))
    content = json.dumps(plan.model_dump(mode="json"), sort_keys=True).encode()
    return plan.model_copy(update={"version": sha256(content).hexdigest()[:32], "issued_us": now_us})
