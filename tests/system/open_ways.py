"""The calls of the API that are open to everybody, each with what it shows."""

from __future__ import annotations

from typing import Final

from tests.system.routes import Way

# Open to everybody, since they show of a commune what is public or nothing: the pages, the contract, the door, the
# public page and its form, the accounts of a demonstration (a real service has none), and the machine's counters, to
# whoever is on the machine.
DOOR: Final = [
    "token",
    "passkey/options",
    "passkey",
    "recover",
    "invitation",
    "providers/return",
    "providers/{provider}/begin",
]
TOLD: Final = "/api/v1/public/communes/{commune}"
OPEN: Final = frozenset({
    Way("GET", TOLD), Way("GET", f"{TOLD}/panel"), Way("POST", f"{TOLD}/access"), Way("POST", f"{TOLD}/access/follow"),
    Way("GET", "/{path:path}"), Way("MOUNT", "/assets"), Way("GET", "/api/v1/openapi.json"),
    Way("HEAD", "/api/v1/openapi.json"), Way("GET", "/api/v1/demo"), Way("GET", "/metrics"),
    Way("GET", "/api/v1/session"), Way("POST", "/api/v1/session"), Way("GET", "/api/v1/session/providers"),
    *(Way("POST", f"/api/v1/session/{one}") for one in DOOR),
})  # fmt: skip
