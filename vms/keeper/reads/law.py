"""Orders, conventions, and the closed lists of the rulebook (P-01, P-20…P-25, P-61, P-72)."""

from __future__ import annotations

from typing import Any, Final

from vms.keeper.reads.spec import Nothing, Reader, ReadSpec, told
from vms.keeper.records import NetPrefix
from vms.law.authorisation import order_end, order_lapse
from vms.law.dates import add_months
from vms.law.rulebook import rulebook


def orders(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Authorisations with their end, the CNIL engagement, and what is to be renewed soon (P-21)."""
    facts, now_us = reader.commune.facts, reader.now_us
    warn_us = add_months(now_us, rulebook().durations.renewal_warning_months)
    listed = [
        {
            "id": order.id,
            "reference": order.reference,
            "prefect": order.prefect,
            "from_us": order.from_us,
            "until_us": order.until_us,
            "ends_us": order_end(order),
            "max_days": order.max_days,
            "min_days": order.min_days,
            "purposes": sorted(order.purposes, key=int),
            "allowed_roles": sorted(order.allowed_roles),
            "cameras": sorted(order.cameras),
            "provisional": order.provisional,
            "covered": sorted(camera.id for camera in facts.cameras.values() if camera.order == order.id),
            "lapse": told(order_lapse(order, now_us)),
            "renew": order_end(order) <= warn_us,
        }
        for order in facts.orders.values()
    ]
    cnil = {"reference": facts.cnil_ref, "date_us": facts.cnil_us} if facts.cnil_ref else None
    prefixes = reader.commune.records.all(reader.commune.store.reader, "prefix", NetPrefix).values()
    return {
        "orders": listed,
        "cnil": cnil,
        "prefixes": [{"cidr": p.cidr, "trusted": p.trusted, "declared_us": p.declared_us} for p in prefixes],
    }


def conventions(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Conventions with their dates (P-61)."""
    book = rulebook().convention
    listed = [
        {
            "id": one.id,
            "kind": one.kind,
            "kind_fr": book[one.kind].fr,
            "reference": one.reference,
            "parties": one.parties,
            "from_us": one.from_us,
            "until_us": one.until_us,
            "valid": one.from_us <= reader.now_us < one.until_us,
        }
        for one in reader.commune.facts.conventions
    ]
    return {"conventions": listed, "kinds": {kind: rule.fr for kind, rule in book.items()}}


def purposes(reader: Reader, _: Nothing) -> dict[str, Any]:
    """The eleven purposes, and which of them this commune's orders allow now (P-01, P-02)."""
    facts = reader.commune.facts
    allowed: set[str] = set()
    for order in facts.orders.values():
        if order_lapse(order, reader.now_us) is None:
            allowed |= order.purposes
    return {"purposes": [one.model_dump() | {"authorised": one.id in allowed} for one in rulebook().purposes]}


def legal_frames(_: Reader, __: Nothing) -> dict[str, Any]:
    """Legal frames with their fields, and the legal grounds of a refusal (P-72, P-74, P-83)."""
    book = rulebook()
    return {
        "frames": {name: frame.model_dump(mode="json") for name, frame in book.legal_frame.items()},
        "grounds": {
            name: {"fr": ground.fr, "en": ground.en, "frames": sorted(ground.frames), "rule": ground.rule}
            for name, ground in book.refusal_ground.items()
        },
        "hold_procedures": dict(book.hold_procedure),
    }


READS: Final = {
    "orders": ReadSpec(Nothing, orders),
    "conventions": ReadSpec(Nothing, conventions),
    "purposes": ReadSpec(Nothing, purposes),
    "legal_frames": ReadSpec(Nothing, legal_frames),
}
