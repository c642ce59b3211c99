"""The page that anyone may read: which orders are in force, for what, for how long, and whom to ask (P-28, P-81).

It says how many cameras are in service, never where or which: a list of places is the préfet's to publish.
"""

from __future__ import annotations

from typing import Any

from vms.keeper.files.records import CommuneRecord
from vms.law.authorisation import order_end, order_lapse
from vms.law.facts import CommuneFacts, Order


def public_page(facts: CommuneFacts, commune: CommuneRecord, now_us: int) -> dict[str, Any]:
    """What the commune's page says at ``now_us``; instants in µs UTC."""
    orders = [one for one in facts.orders.values() if order_lapse(one, now_us) is None]
    serving = [one for one in facts.cameras.values() if one.state_at(now_us) == "in_service"]
    return {
        "commune": facts.id,
        "name": commune.name,
        "controller": commune.controller,
        "officer": commune.officer,
        "rights": commune.rights,
        "cnil_reference": commune.cnil_ref if commune.cnil_us is not None and commune.cnil_us <= now_us else "",
        "cameras": len(serving),
        "purposes": sorted({purpose for order in orders for purpose in order.purposes}, key=int),
        "orders": [_told(order) for order in sorted(orders, key=lambda one: one.from_us)],
    }


def _told(order: Order) -> dict[str, Any]:
    return {
        "reference": order.reference,
        "prefect": order.prefect,
        "from_us": order.from_us,
        "until_us": order_end(order),
        "max_days": order.max_days,
        "recipients": sorted(order.recipients),
    }
