"""The certificates of a camera's streams and services, as seen at enrolment: the recorder speaks to no other (A-01).

They stand in the profiles of the camera's row; the vault, which recorders cannot read, has the services' too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from vms.onvif.tls import fetch_fingerprint

# Encrypted streams: RTSP over TLS, and through two HTTPS connections (O-30).
USUAL_PORTS: Final = {"rtsps": 322, "rtsphs": 443}
CERTIFICATE: Final = "certificate"
SERVICES_CERTIFICATE: Final = "services_certificate"  # in the main stream's profile, for ONVIF over HTTPS


def pinned(profile: Mapping[str, Any], what: str = CERTIFICATE) -> str:
    """The SHA-256 (hex) that a profile holds the camera to; empty when it speaks without TLS, or was never asked."""
    return str(profile.get(what, ""))


def encrypted_place(url: str) -> tuple[str, int] | None:
    """Host and port of an encrypted stream; None for one that is not."""
    parts = urlsplit(url)
    return (parts.hostname or "", parts.port or USUAL_PORTS[parts.scheme]) if parts.scheme in USUAL_PORTS else None


async def pin(profile: dict[str, Any], url: str) -> None:
    """Write the SHA-256 (hex) of the certificate that ``url`` shows now into the stream's profile, if it is encrypted.

    Unavailable when an encrypted stream shows none: it could not be recorded either.
    """
    place = encrypted_place(url)
    if place is not None:
        profile[CERTIFICATE] = await fetch_fingerprint(*place)
