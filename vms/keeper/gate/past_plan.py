"""What the law let a recorder keep of a camera at past instants: for footage that comes back from a camera's own card.

Footage may be brought back only of instants when the camera could be recorded (P-20…P-24), with the zones then in force
(P-10, P-11), and only while it is not due (P-30): what would have been destroyed by now is not made anew. The rules are
those of the live plan, asked at each instant at which one of the facts they read begins or ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from vms.clock import HOUR_US
from vms.keeper.files.hour_keys import holds_on, is_due
from vms.keeper.gate.plan import zone_view
from vms.keeper.protocol import PastSpan
from vms.law.authorisation import order_end
from vms.law.camera import viewing_lapse
from vms.law.facts import CameraFacts, CommuneFacts

RANGE_LIMIT_HOURS: Final = 32 * 24


def past_spans(facts: CommuneFacts, camera: CameraFacts, from_us: int, to_us: int, now_us: int) -> list[PastSpan]:
    """The parts of [from, to) that may be brought back now, in order; never anything ahead of ``now_us``.

    A range of more than 32 days is cut to its last 32: what lies before is due in any case (P-31).
    """
    to_us = min(to_us, now_us)
    from_us = max(from_us, to_us - RANGE_LIMIT_HOURS * HOUR_US)
    if from_us >= to_us:
        return []
    changes = {at for at in _changes(facts, camera) if from_us < at < to_us}
    hours = set(range(from_us - from_us % HOUR_US + HOUR_US, to_us, HOUR_US))
    spans: list[PastSpan] = []
    for low, high in pairwise(sorted({from_us, to_us} | changes | hours)):
        zones = facts.active_zones(camera.id, low)
        if zones is None or viewing_lapse(facts, camera, low) is not None or _gone(facts, camera.id, low, now_us):
            continue
        last = spans[-1] if spans else None
        if last is not None and last.to_us == low and last.zone_set.id == zones.id:
            spans[-1] = last.model_copy(update={"to_us": high})
        else:
            spans.append(PastSpan(from_us=low, to_us=high, zone_set=zone_view(zones)))
    return spans


def _gone(facts: CommuneFacts, camera: str, at_us: int, now_us: int) -> bool:
    """Whether the hour that holds the instant is due and no hold keeps it (S5, P-32)."""
    hour_us = at_us - at_us % HOUR_US
    if not is_due(facts, camera, hour_us, now_us):
        return False
    return not holds_on(facts, camera, hour_us, hour_us + HOUR_US, now_us)


def _changes(facts: CommuneFacts, camera: CameraFacts) -> Iterator[int]:
    """Every instant at which the answer may change."""
    yield from (since_us for since_us, _ in camera.states)
    yield from (one.validated_us for one in facts.zones if one.camera == camera.id and one.validated_us is not None)
    yield from (at for at in (camera.panel_us, camera.prefect_informed_us, facts.cnil_us) if at is not None)
    yield from (since_us for since_us, _ in camera.attached)
    for drift in facts.drifts:
        if drift.camera == camera.id:
            yield from (at for at in (drift.from_us, drift.until_us) if at is not None)
    for order in facts.orders.values():
        yield from (order.from_us, order_end(order))
    for change in facts.modifications:
        if change.camera == camera.id:
            yield from (at for at in (change.declared_us, change.settled_us) if at is not None)
