"""What the command line signs for a call of the API, as a page does (decisions 0015 and 0032)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from web.signed_calls import ACCOUNT, FILE_DIGESTS, ORDER, ORDER_KINDS, SIGNED

_PATTERNS: Final = [(re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", address)), address) for address in SIGNED]


def wish_of(path: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is signed for a POST there, beside session, moment, commune and motive; None where nothing is."""
    address, named = _called(path)
    act = SIGNED.get(address)
    if act is None:
        return None
    if act == "export":
        return {"act": act, "request": named["request"], "public": body.get("public", "")}
    if act == ORDER:
        args = {name: value for name, value in body.items() if name not in ACCOUNT}
        return {"act": act, "args": {"kind": ORDER_KINDS[address], "args": args}}
    return {"act": act, "args": named | dict(body)}


def file_wish_of(path: str, query: Mapping[str, Any], data: bytes) -> dict[str, Any] | None:
    """The same for a file: what the query says of it, and its digest."""
    address, named = _called(path)
    if address not in FILE_DIGESTS:
        return None
    digest = {FILE_DIGESTS[address]: hashlib.sha256(data).hexdigest()}
    return {"act": SIGNED[address], "args": named | dict(query) | digest}


def _called(path: str) -> tuple[str, dict[str, str]]:
    """The address in the table, and what it names as an act's arguments: the commune stands apart."""
    for pattern, address in _PATTERNS:
        found = pattern.fullmatch(path)
        if found is not None:
            named = found.groupdict()
            return address, {("camera" if k == "camera_id" else k): v for k, v in named.items() if k != "commune"}
    return "", {}
