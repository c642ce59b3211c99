"""Fields that a page sends as text and routes want as bytes: what cannot be read is bad input, by its type."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, WithJsonSchema

from vms.keeper.protocol import PAGE_KEY_BYTES

PAGE_KEY_CHARS: Final = 44


def _page_key(text: Any) -> bytes:
    """The 32 bytes of an X25519 public key, from base64 (RFC 4648 §4)."""
    if not isinstance(text, str):
        raise ValueError("un texte est attendu")
    try:
        # Its own error for what is no base64, and another for what is no ASCII: both are a ValueError.
        key = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError("ce n’est pas du base64") from error
    if len(key) != PAGE_KEY_BYTES:
        raise ValueError(f"la clé d’une page a {PAGE_KEY_BYTES} octets")
    return key


PageKey = Annotated[
    bytes,
    BeforeValidator(_page_key),
    WithJsonSchema({"type": "string", "minLength": PAGE_KEY_CHARS, "maxLength": PAGE_KEY_CHARS}),
]
