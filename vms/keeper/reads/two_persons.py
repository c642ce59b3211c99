"""Acts that wait for a second person or for their hour, as pages show them (decision 0032)."""

from __future__ import annotations

from typing import Any, Final

from vms.keeper.acts.two_persons import KIND
from vms.keeper.reads.spec import Nothing, Reader, ReadSpec
from vms.law.rulebook import rulebook
from vms.law.two_persons import PendingAct, confirm_lapse, stop_lapse


def pending_acts(reader: Reader, _: Nothing) -> dict[str, Any]:
    """What waits, oldest first, with what the reader may do about each."""
    commune = reader.commune
    waiting = commune.records.all(commune.store.reader, KIND, PendingAct).values()
    labels = reader.labels({one.asked_by for one in waiting} | {one.confirmed_by for one in waiting})
    ordered = sorted(waiting, key=lambda one: one.asked_us)
    return {"now_us": reader.now_us, "pending": [_told(reader, one, labels) for one in ordered]}


def _told(reader: Reader, one: PendingAct, labels: dict[str, str]) -> dict[str, Any]:
    acts, role = rulebook().act, reader.role
    lapse = confirm_lapse(reader.commune.facts, one, reader.person.id, role, reader.now_us)
    return {
        "id": one.id,
        "act": one.act,
        "args": one.args,
        "asked_by": labels.get(one.asked_by, one.asked_by),
        "asked_us": one.asked_us,
        "confirm_by_us": one.confirm_by_us(),
        "confirmed_by": labels.get(one.confirmed_by, one.confirmed_by),
        "confirmed_us": one.confirmed_us,
        "effective_us": one.effective_us,
        "may_confirm": role in acts["confirm_act"].roles and lapse is None,
        "may_stop": role in acts["stop_act"].roles and stop_lapse(one, role) is None,
    }


READS: Final = {"pending_acts": ReadSpec(Nothing, pending_acts)}
