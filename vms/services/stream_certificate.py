"""The certificate of an encrypted stream, as seen at enrolment: the recorder will speak to no other one (A-01)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from vms.onvif.tls import fetch_fingerprint

RTSPS_PORT: Final = 322
CERTIFICATE: Final = "certificate"


async def pin(profile: dict[str, Any], url: str) -> None:
    """Write the SHA-256 (hex) of the certificate that ``url`` shows now into the stream's profile, if it is encrypted.

    Unavailable when an encrypted stream shows none: it could not be recorded either.
    """
    parts = urlsplit(url)
    if parts.scheme == "rtsps":
        profile[CERTIFICATE] = await fetch_fingerprint(parts.hostname or "", parts.port or RTSPS_PORT)
