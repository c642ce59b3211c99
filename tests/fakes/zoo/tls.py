"""The zoo's certificate: made by itself, as cameras' are."""

from __future__ import annotations

import functools
import hashlib
import ssl
import tempfile
from pathlib import Path

from tests.fakes.tls_front import self_signed


@functools.cache
def server_context() -> ssl.SSLContext:
    """One certificate for all servers of a process."""
    with tempfile.TemporaryDirectory() as folder:
        context = self_signed(Path(folder))
        pem = next(Path(folder).glob("*.pem")).read_text(encoding="ascii")
    _SEEN.append(hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE") :])).hexdigest())
    return context


_SEEN: list[str] = []


def fingerprint() -> str:
    """The SHA-256 (hex) of that certificate."""
    server_context()
    return _SEEN[0]
