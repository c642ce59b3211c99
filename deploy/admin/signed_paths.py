"""Which calls of the API a page signs, and what it signs for them (decision 0015); ``signedCalls.ts`` says the same."""

from __future__ import annotations

import re
from typing import Any, Final

# Address → act. What the address names and what the body says are the act's arguments; the commune stands apart.
SIGNED: Final = {
    "/communes/{commune}/people": "add_person",
    "/communes/{commune}/habilitations": "grant",
    "/communes/{commune}/people/{person}/recovery": "approve_recovery",
    "/communes/{commune}/authorisations/{order}/withdraw": "withdraw_order",
    "/communes/{commune}/groupings/{grouping}/consent": "consent",
    "/communes/{commune}/retention/confirm-time": "confirm_time",
    "/communes/{commune}/emergencies": "ask_emergency",
    "/communes/{commune}/emergencies/persons": "name_emergency_persons",
    "/communes/{commune}/emergencies/confirm": "confirm_emergency",
    "/cameras/{camera}/framing/open": "open_framing",
    "/cameras/{camera}/zones/{zone_set}/validate": "validate_zones",
    "/communes/{commune}/collections": "collect",
    "/requests/{request}/decision": "decide",
    "/requests/{request}/extract": "export",
    "/requests/{request}/package/key": "export",
}
_PATTERNS: Final = [(re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", address)), act) for address, act in SIGNED.items()]


def wish_of(path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """What is signed for a POST there, beside session, moment, commune and motive; None where nothing is."""
    for pattern, act in _PATTERNS:
        found = pattern.fullmatch(path)
        if found is not None:
            named = {name: value for name, value in found.groupdict().items() if name != "commune"}
            if act == "export":
                return {"act": act, "request": named["request"], "public": body.get("public", "")}
            return {"act": act, "args": named | body}
    return None
