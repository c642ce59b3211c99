"""Retention and holds, for recorders and pages (P-30…P-35)."""

from __future__ import annotations

from typing import Any, Final

from vms.clock_guard import Doubt
from vms.keeper.files.hour_keys import retention_days
from vms.keeper.holders.drill import key_state
from vms.keeper.protocol import CameraRetention, HeldRange
from vms.keeper.reads.spec import Nothing, Reader, ReadSpec, own_alone
from vms.law.facts import CommuneFacts, Hold
from vms.law.retention import MAX_DAYS


def camera_retentions(facts: CommuneFacts, now_us: int) -> list[CameraRetention]:
    """Each camera's days and active holds."""
    out = []
    for camera in facts.cameras.values():
        order = facts.order_of(camera, now_us)
        holds = [hold for hold in facts.holds if camera.id in hold.cameras and hold.active(now_us)]
        out.append(
            CameraRetention(
                camera=camera.id,
                max_days=retention_days(facts, camera.id, now_us),
                min_days=order.min_days if order else None,
                holds=tuple(
                    HeldRange(id=hold.id, from_us=hold.from_us, to_us=hold.to_us, until_us=hold.until_us)
                    for hold in sorted(holds, key=lambda one: one.from_us)
                ),
            )
        )
    return out


def retention(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Days and holds per camera, the oldest hour key kept, and the keys frozen past their term (an alarm)."""
    facts, commune = reader.commune.facts, reader.commune
    count, oldest = commune.keys.reader.execute("SELECT count(*), min(hour_us) FROM hour_key").fetchone()
    held = commune.keys.reader.execute("SELECT count(*) FROM held_segment").fetchone()[0]
    return {
        "cameras": [_with_numbers(reader, one) for one in camera_retentions(facts, reader.now_us)],
        "legal_max_days": MAX_DAYS,
        "hour_keys": count,
        "oldest_hour_us": oldest,
        "held_segments": held,
        "destruction": {
            "at_us": commune.destruction.at_us,
            "frozen": commune.destruction.frozen,
            "fault": commune.destruction.fault,
            "doubt": _doubt(commune.destruction.doubt),
        },
        "unlocked": commune.unlocked,
        "holders": sorted(holder.label for holder in commune.holders.values()),
        "key": key_state(commune, reader.now_us),
    }


def _with_numbers(reader: Reader, retention: CameraRetention) -> dict[str, Any]:
    """A camera's retention, its holds called by their requests’ numbers, which no recorder needs; of others' inquiries
    an agent of the State learns nothing.
    """
    facts, shown = reader.commune.facts, retention.model_dump(mode="json")
    held = {one.id: one for one in facts.holds if not own_alone(reader) or one.placed_by == reader.person.id}
    shown["holds"] = [
        hold | {"label": number_of(held[hold["id"]], facts)} for hold in shown["holds"] if hold["id"] in held
    ]
    return shown


def number_of(hold: Hold, facts: CommuneFacts) -> str:
    """The number of the request that a hold came with; empty when it came with none."""
    return facts.requests[hold.request].number if hold.request and hold.request in facts.requests else ""


def _doubt(doubt: Doubt | None) -> dict[str, Any] | None:
    """What is doubted of the machine's time, and until when it is without an answer."""
    if doubt is None:
        return None
    return {
        "doubt_us": doubt.since_us, "kind": doubt.kind, "ahead_us": doubt.ahead_us, "grave": doubt.grave,
        "what": doubt.what, "todo": doubt.todo, "believed_in_us": max(0, doubt.limit_us - doubt.waited_us),
    }  # fmt: skip


def holds(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Holds, active ones first, newest first."""
    now_us = reader.now_us
    found = sorted(reader.commune.facts.holds, key=lambda hold: (not hold.active(now_us), -hold.placed_us))
    labels = reader.labels({hold.placed_by for hold in found})
    listed = [
        {
            "id": hold.id,
            "cameras": sorted(hold.cameras),
            "from_us": hold.from_us,
            "to_us": hold.to_us,
            "procedure": hold.procedure,
            "authority": hold.authority,
            "reference": hold.reference,
            "requester": hold.requester,
            "placed_by": hold.placed_by,
            "placed_by_label": labels.get(hold.placed_by, ""),
            "placed_us": hold.placed_us,
            "until_us": hold.until_us,
            "released_us": hold.released_us,
            "provisional": hold.provisional,
            "request": hold.request,
            "request_number": number_of(hold, reader.commune.facts),
            "active": hold.active(now_us),
        }
        for hold in found
    ]
    return {"holds": listed}


READS: Final = {
    "retention": ReadSpec(Nothing, retention),
    "holds": ReadSpec(Nothing, holds),
}
