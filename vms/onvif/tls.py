"""HTTPS to cameras: the certificate seen at enrolment is the one expected for ever after (A-01).

Cameras make their own certificates, often dated 1970 and named after nothing, so no authority vouches for them. What we
hold to is the certificate itself: its SHA-256 is kept in the vault, and another one is an intruder or a changed camera,
never an update.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from typing import Final

from vms.errors import Unavailable

HANDSHAKE_TIMEOUT_S: Final = 5.0


class CertificateChanged(ssl.SSLError):
    """The camera at this address shows another certificate than at its enrolment."""


def certificate_changed(error: BaseException) -> bool:
    """Whether an error of ours, or of a library between, comes from ``CertificateChanged``."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, CertificateChanged):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def pinned_context(fingerprint: str) -> ssl.SSLContext:
    """A TLS context that speaks only to the holder of the certificate with this SHA-256 (hex)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the fingerprint below decides, before a byte of ours is sent
    context.minimum_version = ssl.TLSVersion.TLSv1_2

    class Pinned(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            if certificate_fingerprint(self) != fingerprint:
                raise CertificateChanged("the camera's certificate is not the one of its enrolment")

    context.sslobject_class = Pinned
    return context


def certificate_fingerprint(connection: ssl.SSLObject) -> str:
    """The SHA-256 (hex) of the peer's certificate; empty when it showed none."""
    certificate = connection.getpeercert(binary_form=True)
    return hashlib.sha256(certificate).hexdigest() if certificate else ""


async def fetch_fingerprint(host: str, port: int) -> str:
    """The fingerprint of the certificate that a host shows now; Unavailable when it speaks no TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError) as error:
        raise Unavailable(
            "La caméra n’ouvre pas de liaison chiffrée.", where=f"{host}:{port}", todo="Vérifiez HTTPS dans la caméra."
        ) from error
    try:
        fingerprint = certificate_fingerprint(writer.get_extra_info("ssl_object"))
    finally:
        writer.close()
    if not fingerprint:
        raise Unavailable("La caméra ne montre pas de certificat.", where=f"{host}:{port}")
    return fingerprint
