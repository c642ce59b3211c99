"""Permits: only what the keeper signed opens, only while it lasts, only in one spelling."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.clock import MICRO, UtcTime
from vms.errors import Damaged, Refused
from vms.keeper.gate.permit import CONTEXT, LIFETIME_US, Permit, PermitPayload, sign_permit, verify_permit
from vms.keeper.gate.statement import ORDER, PLAN, open_statement, sign_statement
from vms.keeper.protocol import Act
from vms.keys.signing import generate_signing_key, sign

NOW = UtcTime.parse("2026-11-24T14:12:36Z")
PRIVATE, PUBLIC = generate_signing_key()


def payload(**changes: Any) -> PermitPayload:
    """A permit's content."""
    given: dict[str, Any] = {
        "id": "ab" * 16,
        "session": "cd" * 16,
        "person": "p-1",
        "act": Act.REPLAY,
        "commune": "valclair",
        "cameras": ("valclair-c01", "valclair-c02"),
        "from_us": 100,
        "to_us": 200,
        "purpose": "5",
        "motive": "gare",
        "issued_us": NOW.us,
        "expires_us": NOW.us + LIFETIME_US,
    }
    return PermitPayload(**(given | changes))


def raw(body: bytes, private: bytes = PRIVATE, context: bytes = CONTEXT) -> str:
    """A token over any bytes."""
    parts = (body, sign(private, context, body))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def test_a_signed_permit_says_what_was_put_in() -> None:
    permit = verify_permit(sign_permit(payload(), PRIVATE), PUBLIC, NOW)
    assert permit.payload == payload()
    assert permit.allows(Act.REPLAY, "valclair-c02")
    assert permit.allows("replay", "valclair-c01")
    assert not permit.allows("replay", "valclair-c03")
    assert not permit.allows("live", "valclair-c01")
    assert permit.covers(100, 200)
    assert not permit.covers(99, 200)
    assert not permit.covers(100, 201)
    assert not permit.covers(150, 150)
    permit.require("replay", "valclair-c01", NOW)
    with pytest.raises(Refused):
        permit.require("replay", "valclair-c03", NOW)
    with pytest.raises(Refused):
        permit.require("replay", "valclair-c01", permit.expires)


def test_an_open_span_has_no_bound() -> None:
    permit = verify_permit(sign_permit(payload(from_us=None, to_us=None), PRIVATE), PUBLIC, NOW)
    assert permit.covers(0, NOW.us)


def test_a_permit_cannot_be_made_by_hand() -> None:
    with pytest.raises(TypeError):
        Permit(payload(), "token", made_by=object())


@pytest.mark.parametrize(
    ("seconds", "holds"), [(-2, False), (-1, True), (0, True), (3.999999, True), (4, False), (60, False)]
)
def test_four_seconds(seconds: float, holds: bool) -> None:
    token = sign_permit(payload(), PRIVATE)
    if holds:
        assert verify_permit(token, PUBLIC, NOW.plus(seconds=seconds))
    else:
        with pytest.raises(Refused):
            verify_permit(token, PUBLIC, NOW.plus(seconds=seconds))


def test_a_longer_life_is_no_permit_even_when_signed() -> None:
    with pytest.raises(Refused):
        verify_permit(sign_permit(payload(expires_us=NOW.us + LIFETIME_US + 1), PRIVATE), PUBLIC, NOW)


def test_another_key_another_context_another_statement() -> None:
    body = payload().model_dump_json().encode()
    assert verify_permit(raw(body), PUBLIC, NOW)
    for forged in (
        raw(body, generate_signing_key()[0]),
        raw(body, context=ORDER),
        raw(body, context=b""),
        sign_statement(PLAN, body, PRIVATE),
    ):
        with pytest.raises(Refused):
            verify_permit(forged, PUBLIC, NOW)
    with pytest.raises(Damaged):
        open_statement(ORDER, sign_permit(payload(), PRIVATE), PUBLIC)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"[" * 10_000,
        b"\xff\xfe",
        json.dumps(payload().model_dump(mode="json") | {"admin": True}).encode(),
        json.dumps(payload().model_dump(mode="json") | {"act": "everything"}).encode(),
        json.dumps(payload().model_dump(mode="json") | {"cameras": []}).encode(),
        json.dumps(payload().model_dump(mode="json") | {"expires_us": "soon"}).encode(),
        json.dumps(payload().model_dump(mode="json") | {"from_us": "0"}).encode(),
        json.dumps(payload().model_dump(mode="json") | {"id": "../../x"}).encode(),
    ],
)
def test_signed_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        verify_permit(raw(body), PUBLIC, NOW)


@given(st.text(max_size=200))
def test_any_text_is_refused_and_nothing_else(text: str) -> None:
    with pytest.raises(Refused):
        verify_permit(text, PUBLIC, NOW)


@given(st.data())
def test_no_changed_character_passes(data: st.DataObject) -> None:
    token = sign_permit(payload(), PRIVATE)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda c: c != token[at]))
    for changed in (
        token[:at] + other + token[at + 1 :],
        token[:at] + token[at + 1 :],
        token[:at] + other + token[at:],
    ):
        with pytest.raises(Refused):
            verify_permit(changed, PUBLIC, NOW)


def test_an_endless_token_is_refused_unread() -> None:
    with pytest.raises(Refused):
        verify_permit("a" * (10 * MICRO), PUBLIC, NOW)
