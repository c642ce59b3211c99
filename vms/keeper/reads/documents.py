"""Which documents the reader may have, and what there is to choose for each (P-29); the file itself is the desk's."""

from __future__ import annotations

from typing import Any, Final

from vms.keeper.reads.spec import Nothing, Reader, ReadSpec
from vms.law.rulebook import rulebook

REQUEST_FILE: Final = "request-file"
FILE_PLAN: Final = "file_site_plan"


def documents(reader: Reader, _: Nothing) -> dict[str, Any]:
    """The kinds that the reader's role may have, in the rulebook's order, and the orders a request file can be for,
    with the site plans that were filed for them: for whoever may have that file, and whoever files plans.
    """
    facts, book = reader.commune.facts, rulebook()
    orders = sorted(facts.orders.values(), key=lambda one: (-one.from_us, one.id))
    files_plans = reader.role in book.act[FILE_PLAN].roles
    return {
        "documents": [
            {"kind": kind, **rule.model_dump(exclude={"roles"})}
            for kind, rule in book.document.items()
            if reader.role in rule.roles
        ],
        "orders": [{"id": one.id, "reference": one.reference} for one in orders],
        "files_plans": files_plans,
        "site_plans": _site_plans(reader) if files_plans or reader.role in book.document[REQUEST_FILE].roles else [],
        "founded_us": reader.commune.record.created_us,
        "now_us": reader.now_us,
    }


def _site_plans(reader: Reader) -> list[dict[str, Any]]:
    found = sorted(reader.commune.facts.site_plans.values(), key=lambda one: (-one.filed_us, one.order))
    return [
        {
            "order": one.order,
            "sha256": one.sha256,
            "media": one.media,
            "size_bytes": one.size_bytes,
            "drawn_us": one.drawn_us,
            "filed_us": one.filed_us,
        }
        for one in found
    ]


READS: Final = {"documents": ReadSpec(Nothing, documents)}
