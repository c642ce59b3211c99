"""What the contract says of each signed call beside its shape, for whoever makes a client from it (decision 0032)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from vms.law.rulebook import rulebook
from web.signed_calls import FILE_DIGESTS, ORDER_KINDS, SIGNED


def mark(routes: Iterable[BaseRoute]) -> None:
    """Write into the contract which act each signed call is, and what the page puts into its arguments."""
    for route in routes:
        if isinstance(route, APIRoute) and route.methods == {"POST"} and route.path in SIGNED:
            route.openapi_extra = (route.openapi_extra or {}) | _marks(route.path)


def _marks(address: str) -> dict[str, Any]:
    act = SIGNED[address]
    marks = {"x-act": act}
    if act in rulebook().act:
        marks["x-act-class"] = rulebook().act[act].act_class.value
    if address in ORDER_KINDS:
        marks["x-order-kind"] = ORDER_KINDS[address]
    if address in FILE_DIGESTS:
        marks["x-file-digest"] = FILE_DIGESTS[address]
    return marks
