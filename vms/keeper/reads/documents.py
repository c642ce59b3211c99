"""Which documents the reader may have, and what there is to choose for each (P-29); the file itself is the desk's."""

from __future__ import annotations

from typing import Any, Final

from vms.keeper.reads.spec import Nothing, Reader, ReadSpec
from vms.law.rulebook import rulebook


def documents(reader: Reader, _: Nothing) -> dict[str, Any]:
    """The kinds that the reader's role may have, in the rulebook's order, and the orders a request file can be for."""
    facts = reader.commune.facts
    orders = sorted(facts.orders.values(), key=lambda one: (-one.from_us, one.id))
    return {
        "documents": [
            {"kind": kind, **rule.model_dump(exclude={"roles"})}
            for kind, rule in rulebook().document.items()
            if reader.role in rule.roles
        ],
        "orders": [{"id": one.id, "reference": one.reference} for one in orders],
        "founded_us": reader.commune.record.created_us,
        "now_us": reader.now_us,
    }


READS: Final = {"documents": ReadSpec(Nothing, documents)}
