"""Requests as pages show them: the whole to those who decide or extract, no picture to anyone (P-72, P-74)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

from vms.keeper.acts.spec import one_of
from vms.keeper.applicants import applicant_of
from vms.keeper.arguments import Args, Identifier
from vms.keeper.files.records import COMMUNE_ID, SealRecord
from vms.keeper.gate.gate import Denied, Motive, admit
from vms.keeper.protocol import Act
from vms.keeper.reads.spec import Nothing, Reader, ReadSpec, own_alone, told
from vms.keys import seal
from vms.law.access import FILED, FRAME, identity_due, right_of
from vms.law.facts import Request
from vms.law.requests import DECIDABLE
from vms.law.rulebook import rulebook
from vms.law.state_access import BASIS, BASIS_FR


class OneRequest(Args):
    """Which request."""

    request: Identifier


def requests(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Every request, those that wait for someone first, newest first."""
    found = [one for one in reader.commune.facts.requests.values() if _shown(reader, one)]
    ordered = sorted(found, key=lambda one: (one.state not in DECIDABLE | {FILED}, -one.registered_us))
    return {"requests": [_summary(reader, one) for one in ordered]}


def request(reader: Reader, args: OneRequest) -> dict[str, Any]:
    """One request with its fields, hold and package, and whether the reader may extract it."""
    facts = reader.commune.facts
    one: Request = one_of("demande", facts.requests.get(args.request), args.request)
    if not _shown(reader, one):
        one_of("demande", None, args.request)
    hold = next((hold for hold in facts.holds if hold.id == one.hold), None)
    span = (one.from_us, one.to_us)
    verdict = admit(facts, reader.person, Act.EXPORT, sorted(one.cameras), span, Motive(request=one.id), reader.now_us)
    return _summary(reader, one) | {
        "fields": dict(one.fields),
        "comment": one.comment,
        "hold_detail": None
        if hold is None
        else {
            "id": hold.id,
            "provisional": hold.provisional,
            "until_us": hold.until_us,
            "active": hold.active(reader.now_us),
        },
        "extract": told(verdict if isinstance(verdict, Denied) else None),
        "may_extract": not isinstance(verdict, Denied),
        "outcomes": list(rulebook().access_right[right_of(one)].outcomes) if one.frame == FRAME else [],
        "grounds": [
            name
            for name, rule in rulebook().refusal_ground.items()
            if one.frame in rule.frames and not rule.partial_only
        ],
        "part_grounds": [name for name, rule in rulebook().refusal_ground.items() if one.frame in rule.frames],
    }


def applicant(reader: Reader, args: OneRequest) -> dict[str, Any]:
    """What a filmed person told of themselves, while it is kept; reading it leaves an entry (P-83, D-12)."""
    one: Request = one_of("demande", reader.commune.facts.requests.get(args.request), args.request)
    found = applicant_of(reader.commune.records, reader.commune.store.reader, one.id)
    if found is None or not found.name:
        return {"applicant": None}
    names = ("name", "answer", "contact", "place", "description", "erase_us")
    return {"applicant": {name: getattr(found, name) for name in names}}


def _shown(reader: Reader, one: Request) -> bool:
    return not own_alone(reader) or bool(one.habilitation and one.registered_by == reader.person.id)


def _access(reader: Reader, one: Request) -> dict[str, Any] | None:
    """The decision of the chief of service that a collection rests on; None for a request that is decided (P-73)."""
    given = next((h for h in reader.commune.facts.habilitations if h.id == one.habilitation), None)
    if given is None:
        return None
    names = ("decision_ref", "signed_by", "document_sha256", "service", "level")
    return {"service_fr": rulebook().recipient[given.service].fr} | {name: getattr(given, name) for name in names}


def _summary(reader: Reader, one: Request) -> dict[str, Any]:
    labels = reader.labels({one.registered_by, one.decided_by})
    return {
        "id": one.id,
        "number": one.number or one.id.upper(),
        "frame": one.frame,
        "frame_fr": rulebook().legal_frame[one.frame].fr,
        "authority": one.fields.get("authority", ""),
        "procedure_number": one.fields.get("procedure_number") or one.fields.get("instruction_number") or "",
        "cameras": sorted(one.cameras),
        "from_us": one.from_us,
        "to_us": one.to_us,
        "motive": one.motive,
        "state": one.state,
        "registered_by": labels.get(one.registered_by, ""),
        "registered_us": one.registered_us,
        "answer_by_us": one.answer_by_us,
        "hold": one.hold,
        "decision": one.decision,
        "ground": one.ground,
        "asked": dict(one.asked) or None,
        "outcome": one.outcome,
        "appointment_us": one.appointment_us,
        "right": right_of(one) if one.frame == FRAME else "",
        "identity_by_us": identity_due(one.registered_us) if one.state == FILED else None,
        "decided_by": labels.get(one.decided_by, ""),
        "decided_us": one.decided_us,
        "escalated_us": one.escalated_us,
        "package": dict(one.package),
        "basis": BASIS if one.habilitation else "",
        "basis_fr": BASIS_FR if one.habilitation else "",
        "access": _access(reader, one),
    }


def own_seal(reader: Reader, _: Nothing) -> dict[str, Any]:
    """The certificate of the commune's seal (PEM) and its SHA-256, to be published; NotFound before the first one."""
    record = reader.commune.records.get(reader.commune.store.reader, "seal", COMMUNE_ID, SealRecord)
    certificate = base64.b64decode(record.certificate)
    return {
        "certificate": seal.to_pem(certificate).decode(),
        "certificate_sha256": hashlib.sha256(certificate).hexdigest(),
    }


READS: Final = {
    "seal": ReadSpec(Nothing, own_seal),
    "requests": ReadSpec(Nothing, requests),
    "request": ReadSpec(OneRequest, request),
    "applicant": ReadSpec(OneRequest, applicant, journalled=True),
}
