"""What the command line signs for a call of the API, as a page does (decisions 0015 and 0032)."""

from __future__ import annotations

import re
from typing import Any, Final

from web.signed_calls import ACCOUNT, ORDER, ORDER_KINDS, SIGNED

_PATTERNS: Final = [(re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", address)), address) for address in SIGNED]


def wish_of(path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """What is signed for a POST there, beside session, moment, commune and motive; None where nothing is."""
    for pattern, address in _PATTERNS:
        found = pattern.fullmatch(path)
        if found is not None:
            return _wish(address, found.groupdict(), body)
    return None


def _wish(address: str, named: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
    act = SIGNED[address]
    if act == "export":
        return {"act": act, "request": named["request"], "public": body.get("public", "")}
    if act == ORDER:
        args = {name: value for name, value in body.items() if name not in ACCOUNT}
        return {"act": act, "args": {"kind": ORDER_KINDS[address], "args": args}}
    renamed = {"camera" if name == "camera_id" else name: value for name, value in named.items() if name != "commune"}
    return {"act": act, "args": renamed | body}
