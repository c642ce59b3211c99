"""base64url without padding (RFC 4648 §5), in its one spelling: a signed text is not to have two."""

from __future__ import annotations

import base64


def encode(data: bytes) -> str:
    """The text of some bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of a text; ValueError for one that ``encode`` never gives."""
    data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(data) != text:
        raise ValueError("not the canonical spelling")
    return data
