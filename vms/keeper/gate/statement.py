"""Statements that the keeper signs for other processes: the recorders' plan, provisioning orders, chain
heads.

statement = b64url(JSON) "." b64url(Ed25519 over ``context ‖ JSON``); each kind has its own context, so that
one can never be taken for another or for a permit.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from pydantic import ValidationError

from vms.errors import Damaged
from vms.keeper.protocol import Plan
from vms.keys import b64url
from vms.keys.signing import sign, verify

PLAN: Final = b"guet/plan/v1\0"
ORDER: Final = b"guet/order/v1\0"
HEAD: Final = b"guet/head/v1\0"
STATEMENT_LIMIT_BYTES: Final = 8 * 1024 * 1024


def sign_statement(context: bytes, body: bytes, private: bytes) -> str:
    """The signed form of ``body`` under ``context``."""
    return f"{b64url.encode(body)}.{b64url.encode(sign(private, context, body))}"


def open_statement(context: bytes, statement: str, public: bytes) -> dict[str, Any]:
    """The JSON object in a statement signed by ``public`` (raw Ed25519) under ``context``; Damaged
    otherwise.
    """
    body, signature = _split(statement)
    verify(public, context, body, signature)
    return _object(body)


def open_plan(note: str, trusted_key: bytes | None) -> Plan:
    """The recorders' plan; with no trusted key yet, the key that the plan carries is trusted on first use."""
    body, _ = _split(note)
    try:
        plan = Plan.model_validate(_object(body))
        public = trusted_key if trusted_key is not None else base64.b64decode(plan.permit_key, validate=True)
    except (ValidationError, ValueError) as error:
        raise Damaged("Le plan du gardien est illisible.") from error
    open_statement(PLAN, note, public)
    return plan


def _split(statement: str) -> tuple[bytes, bytes]:
    head, dot, tail = statement.partition(".")
    if not dot or len(statement) > STATEMENT_LIMIT_BYTES:
        raise Damaged("Cette déclaration du gardien est illisible.")
    try:
        return b64url.decode(head), b64url.decode(tail)
    except ValueError as error:
        raise Damaged("Cette déclaration du gardien est illisible.") from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Damaged("Cette déclaration du gardien est illisible.") from error
    if not isinstance(data, dict):
        raise Damaged("Cette déclaration du gardien est illisible.")
    return data
