"""The certificates of a camera's streams and services, as seen at enrolment: the recorder speaks to no other (A-01).

They stand in the profiles of the camera's row; the vault, which recorders cannot read, has the services' too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from vms.onvif.tls import fetch_fingerprint

RTSPS_PORT: Final = 322
CERTIFICATE: Final = "certificate"
SERVICES_CERTIFICATE: Final = "services_certificate"  # in the main stream's profile, for ONVIF over HTTPS


def pinned(profile: Mapping[str, Any], what: str = CERTIFICATE) -> str:
    """The SHA-256 (hex) that a profile holds the camera to; empty when it speaks without TLS, or was never asked."""
    return str(profile.get(what, ""))


async def pin(profile: dict[str, Any], url: str) -> None:
    """Write the SHA-256 (hex) of the certificate that ``url`` shows now into the stream's profile, if it is encrypted.

    Unavailable when an encrypted stream shows none: it could not be recorded either.
    """
    parts = urlsplit(url)
    if parts.scheme == "rtsps":
        profile[CERTIFICATE] = await fetch_fingerprint(parts.hostname or "", parts.port or RTSPS_PORT)
