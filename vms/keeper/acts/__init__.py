"""The acts that change a fact, by name; a name that is not here does not exist."""

from __future__ import annotations

from typing import Final

from vms.keeper.acts import (
    access,
    cameras,
    changes,
    collections,
    emergency,
    groupings,
    holds,
    information,
    objective,
    orders,
    packages,
    people,
    provisioning,
    requests,
    seal,
    siting,
    time,
    two_persons,
    zones,
)
from vms.keeper.acts.spec import ActSpec

# ``add_person`` is not among them: an account is the host's, see ``vms.keeper.handlers.web``.
ACTS: Final[dict[str, ActSpec]] = {
    **people.ACTS,
    **orders.ACTS,
    **cameras.ACTS,
    **changes.ACTS,
    **emergency.ACTS,
    **groupings.ACTS,
    **zones.ACTS,
    **holds.ACTS,
    **information.ACTS,
    **requests.ACTS,
    **collections.ACTS,
    **access.ACTS,
    **packages.ACTS,
    **seal.ACTS,
    **siting.ACTS,
    **objective.ACTS,
    **provisioning.ACTS,
    **time.ACTS,
    **two_persons.ACTS,
}
