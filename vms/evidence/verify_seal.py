"""The part of the verification that public tools make too: list of files, commune's seal, time-stamp (E-10, E-30)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vms.clock import HOUR_US, UtcTime
from vms.errors import Damaged, GuetError
from vms.evidence import cms, timestamp
from vms.evidence.container import Container
from vms.evidence.manifest import CERTIFICATE_FILE, SEAL_FILE, SUMS_FILE, TIMESTAMP_FILE, Manifest, sums
from vms.evidence.report import Report
from vms.evidence.token_form import check_form
from vms.keys import seal

SUMS_LIMIT_BYTES: Final = 4 * 1024 * 1024
PEM_LIMIT_BYTES: Final = 32 * 1024
# How far the keeper's clock may be from the authority's before one of them is called a liar.
CLOCKS_APART_US: Final = HOUR_US


def sums_problem(container: Container, manifest: Manifest) -> str:
    """What is wrong with ``SHA256SUMS``: it must be the last file listed and name all before it; empty when it does."""
    if not manifest.files or manifest.files[-1].path != SUMS_FILE:
        return f"{SUMS_FILE} n’est pas le dernier fichier du manifeste"
    if container.read(SUMS_FILE, SUMS_LIMIT_BYTES) != sums(manifest.files[:-1]):
        return f"{SUMS_FILE} ne dit pas ce que dit le manifeste"
    return ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The seal's certificate, None when it is unreadable, and when it was put on, None when it does not hold."""

    certificate: x509.Certificate | None = None
    at: UtcTime | None = None


def verify_seal(container: Container, data: bytes, report: Report) -> Sealed:
    """Note whether the commune's seal holds over the manifest's bytes; what is known of it afterwards."""
    try:
        certificate = seal.read_certificate(seal.from_pem(container.read(CERTIFICATE_FILE, PEM_LIMIT_BYTES)))
    except GuetError as error:
        report.add("cachet", False, f"{error} ({CERTIFICATE_FILE})")
        return Sealed()
    try:
        signed = container.read(SEAL_FILE, cms.CMS_LIMIT_BYTES)
        at = cms.verify(signed, certificate, hashlib.sha256(data).digest())
    except GuetError as error:
        report.add("cachet", False, f"{error} ({SEAL_FILE})")
        return Sealed(certificate)
    digits = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest().upper()
    whose = certificate.subject.rfc4514_string()
    report.add("cachet", True, f"{whose}, apposé le {at.iso()}, empreinte du certificat {digits}")
    return Sealed(certificate, at)


def verify_timestamp(container: Container, manifest: Manifest, sealed: Sealed, report: Report) -> None:
    """Note since when the seal exists, by an authority's word; or that nobody but the commune says so."""
    if manifest.timestamp is None:
        report.add("horodatage", True, "aucun : la date n’est attestée que par la commune")
        return
    try:
        roots = timestamp.read_roots(container.read(manifest.timestamp.roots, timestamp.ROOTS_LIMIT_BYTES))
        if not roots:
            raise Damaged("Aucun certificat d’autorité d’horodatage n’est joint.")
        answer = container.read(TIMESTAMP_FILE, timestamp.ANSWER_LIMIT_BYTES)
        at = timestamp.check(answer, container.read(SEAL_FILE, cms.CMS_LIMIT_BYTES), roots)
        check_form(answer)
        _check_order(sealed, at)
    except GuetError as error:
        report.add("horodatage", False, f"{error} ({TIMESTAMP_FILE})")
    else:
        report.add("horodatage", True, f"le cachet existait le {at.iso()}, selon {roots[0].subject.rfc4514_string()}")


def _check_order(sealed: Sealed, stamped: UtcTime) -> None:
    """A seal cannot have been seen before it was put on: then a clock lies, and it is not the authority's."""
    if sealed.at is not None and stamped.us + CLOCKS_APART_US < sealed.at.us:
        raise Damaged("L’horodatage est plus ancien que le cachet.", where=stamped.iso())
