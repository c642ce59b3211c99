"""What the provisioner may ask: is this order good, and a camera is enrolled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from vms.keeper.acts.provisioning import EnrolledFacts, check_order, enrol, order_author, read_order
from vms.keeper.arguments import parse
from vms.keeper.gate.gate import Denied, Person, may
from vms.keeper.house import House
from vms.keeper.protocol import ProvisioningOrderView
from vms.law.rulebook import rulebook

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]


class ProvisionerDesk:
    """The provisioner's desk."""

    def __init__(self, house: House) -> None:
        self._house = house

    def ops(self) -> dict[str, Op]:
        """The closed list of operations."""
        return {"check_order": self.check_order, "camera_enrolled": self.camera_enrolled}

    async def check_order(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The order behind a signed statement, while it may still be carried out."""
        return self._checked(args).model_dump(mode="json")

    async def camera_enrolled(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Record an enrolled camera, under the order's author."""
        order = self._checked(args)
        facts = parse(EnrolledFacts, args.get("facts") or {}, "camera_enrolled")
        commune, rule = self._house.communes.get(order.commune), rulebook().act["order_provisioning"]
        grant = may(commune.facts, Person(order.person), rule.roles, rule.rule, self._house.clock.utc().us)
        if isinstance(grant, Denied):
            raise grant.error()
        author = order_author(order, grant.role.value, grant.habilitation)
        camera = str(args.get("camera", ""))
        return await commune.change(lambda change: enrol(change, camera, facts), author)

    def _checked(self, args: dict[str, Any]) -> ProvisioningOrderView:
        statement = str(args.get("order", ""))
        order = read_order(statement, self._house.host.keys.permit_public)
        return check_order(self._house.communes.get(order.commune), statement, self._house.clock.utc().us)
