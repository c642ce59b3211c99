"""One-time codes by time (RFC 6238 over RFC 4226): HMAC-SHA-1, thirty-second steps, six digits; each step good once."""

from __future__ import annotations

import base64
import hmac
import secrets
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlencode

import segno

from vms.clock import MICRO

STEP_US: Final = 30 * MICRO
DIGITS: Final = 6
# A clock may be one step away on either side (RFC 6238 §5.2).
DRIFT_STEPS: Final = 1
SECRET_BYTES: Final = 20  # as long as SHA-1's output (RFC 4226 §4, R6)
CODES_COUNT: Final = 8
CODE_BYTES: Final = 10
ISSUER: Final = "Guet"


def step_of(now_us: int) -> int:
    """The number of the thirty-second step of an instant."""
    return now_us // STEP_US


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a step (RFC 4226 §5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, now_us: int, last_step: int) -> int | None:
    """The step that a code is of, near now and after the last one used; None otherwise, a replay included."""
    found, now = None, step_of(now_us)
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        same = hmac.compare_digest(code_at(secret, max(step, 0)).encode(), code.encode("utf-8", "replace"))
        if same and step > last_step:
            found = step
    return found


def new_secret() -> bytes:
    """A fresh shared secret."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """The secret as a person types it: base32 in groups of four."""
    plain = base64.b32encode(secret).decode()
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def enrolment_address(secret: bytes, login: str) -> str:
    """The ``otpauth:`` address that authenticator applications read."""
    plain = base64.b32encode(secret).decode()
    asked = urlencode({"secret": plain, "issuer": ISSUER, "digits": DIGITS, "period": STEP_US // MICRO})
    return f"otpauth://totp/{ISSUER}:{quote(login)}?{asked}"


def drawn(address: str) -> str:
    """An address as a QR code, an SVG drawn here and in a ``data:`` address: no other site ever sees it."""
    return str(segno.make(address, error="m", micro=False).svg_data_uri(scale=4, border=4, light="#fff"))


def new_codes() -> list[str]:
    """Fresh recovery codes, 80 bits each, as people write them down."""
    return [_grouped(base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()) for _ in range(CODES_COUNT)]


def code_hash(code: str) -> bytes:
    """What is kept of a recovery code, however it was typed; at 80 random bits a plain hash cannot be guessed."""
    return sha256("".join(char for char in code.lower() if char.isalnum()).encode()).digest()


def _grouped(text: str) -> str:
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))
