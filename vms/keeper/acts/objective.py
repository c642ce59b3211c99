"""What a camera is meant to show, and how long it may lack (T-15)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from pydantic import Field

from vms.keeper.acts.spec import ActSpec, camera_in, one_of
from vms.keeper.arguments import Args, Identifier
from vms.keeper.communes import Change
from vms.law.objective import Objective
from vms.law.rulebook import rulebook

OUTAGE_LIMIT_HOURS: Final = 720  # a month: a camera that may lack for longer has no objective


class Aimed(Args):
    """A level of the rulebook's ``[objective]``, and hours of acceptable unavailability."""

    level: Identifier
    outage_hours: int = Field(ge=1, le=OUTAGE_LIMIT_HOURS)


class SetObjective(Aimed):
    """Of which camera."""

    camera: Identifier


def set_objective(change: Change, args: SetObjective) -> dict[str, Any]:
    """Record a camera's objective; the entry holds the one before. It opens and closes nothing.

    NotFound for a level that the rulebook does not have.
    """
    camera = camera_in(change, args.camera)
    one_of("objectif", rulebook().objective.get(args.level), args.level)
    before = change.facts.objectives.get(camera.id)
    change.put("objective", camera.id, Objective(**args.model_dump()))
    detail = args.model_dump(exclude={"camera"}) | {"before": asdict(before) if before else None}
    return {"camera": camera.id, "journal": change.modified("set_objective", cameras=(camera.id,), **detail)}


ACTS: Final = {"set_objective": ActSpec(SetObjective, set_objective)}
