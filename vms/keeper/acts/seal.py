"""The commune's seal: made when first needed, it certifies an extraction's key and seals its manifest (E-30, O-65)."""

from __future__ import annotations

import base64
import hashlib
from typing import Annotated, Any, Final

from pydantic import Field

from vms.clock import UtcTime
from vms.errors import BadInput, NotFound
from vms.keeper.acts.spec import ActSpec, extractable
from vms.keeper.arguments import Args, Identifier
from vms.keeper.communes import Change
from vms.keeper.files.records import COMMUNE_ID, SealRecord
from vms.keys import seal
from vms.law.dates import DAY_US

# A seal is replaced half-way through its certificate's life: what it certified can be checked for years after.
RENEW_US: Final = seal.VALID_DAYS // 2 * DAY_US


class CertifyExport(Args):
    """The public key (SubjectPublicKeyInfo, base64) with which one extraction will sign its videos."""

    request: Identifier
    public: Annotated[str, Field(max_length=2 * seal.PUBLIC_LIMIT_BYTES)]


def certify_export(change: Change, args: CertifyExport) -> dict[str, Any]:
    """A certificate for an extraction's key, under a right to extract this request's footage (P-74)."""
    request = extractable(change, args.request)
    try:
        public = base64.b64decode(args.public, validate=True)
    except ValueError as error:
        raise BadInput("Cette clé publique n’est pas du base64.", where="public") from error
    own = seal_of(change)
    certificate = seal.issue(own, public, f"Extraction {request.id}", UtcTime(change.now_us))
    seq = change.modified("certify_export", request=request.id, certificate_sha256=_digest(certificate))
    return {
        "certificate": base64.b64encode(certificate).decode(),
        "seal": base64.b64encode(own.certificate).decode(),
        "journal": seq,
    }


def seal_of(change: Change) -> seal.Seal:
    """The commune's seal; a new one, journalled, when there is none yet or it is half-way through its life."""
    try:
        record = change.records.get(change.tx.db, "seal", COMMUNE_ID, SealRecord)
        if change.now_us < record.created_us + RENEW_US:
            return seal.Seal(base64.b64decode(record.private), base64.b64decode(record.certificate))
    except NotFound:
        pass
    made = seal.make_seal(change.facts.id, change.facts.name, UtcTime(change.now_us))
    private, certificate = (base64.b64encode(one).decode() for one in (made.private, made.certificate))
    change.put("seal", COMMUNE_ID, SealRecord(private, certificate, change.now_us))
    change.modified("make_seal", certificate_sha256=_digest(made.certificate))
    return made


def _digest(certificate: bytes) -> str:
    return hashlib.sha256(certificate).hexdigest()


ACTS: Final = {"certify_export": ActSpec(CertifyExport, certify_export)}
