"""Evidence packages: manifest signed, package recorded, handed over against a receipt, our copy purged (P-33, T-12)."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import Field

from vms.clock import UtcTime
from vms.errors import Conflict, Refused
from vms.evidence import cms
from vms.keeper.acts.seal import seal_of
from vms.keeper.acts.spec import ActSpec, extractable, one_of, refuse
from vms.keeper.arguments import Args, Identifier, Name, Text
from vms.keeper.communes import Change
from vms.keeper.files.hour_keys import retention_days
from vms.keeper.journal.entry import Entry
from vms.keeper.outbox import notify_person
from vms.keys.note import sign_note
from vms.law.access import FRAME
from vms.law.dates import DAY_US
from vms.law.facts import Request
from vms.law.retention import due
from vms.law.rulebook import rulebook
from vms.law.state_access import BASIS, receipt_lapse

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
PACKAGE_LIMIT_BYTES: Final = 1 << 42
MANIFEST_CONTEXT: Final = "guet/manifest/v1"


class SignManifest(Args):
    """The SHA-256 of a package's manifest, to be signed by the journal's key."""

    request: Identifier
    manifest_sha256: Digest


class RecordPackage(Args):
    """A finished package: its manifest's hash, which stands for every file in it, and its size."""

    request: Identifier
    manifest_sha256: Digest
    bytes: int = Field(gt=0, le=PACKAGE_LIMIT_BYTES)
    files: int = Field(default=0, ge=0, le=100_000)


class ReceivePackage(Args):
    """The receipt of a hand-over (P-41): who received it in which capacity, on which medium.

    ``others_hidden`` says of a filmed person's copy that nobody else can be known in it (P-86).
    """

    request: Identifier
    recipient: Name
    medium: Text = ""
    others_hidden: bool = False


class PurgePackage(Args):
    """Our copy is gone; ``early`` when it was destroyed before its date on request."""

    request: Identifier


def sign_manifest(change: Change, args: SignManifest) -> dict[str, Any]:
    """Sign and seal a manifest's hash; only under a right to extract this request's footage (P-74, E-30)."""
    request = extractable(change, args.request)
    text = f"{MANIFEST_CONTEXT}\n{change.facts.id}\n{request.id}\n{args.manifest_sha256}\n"
    signer = change.keys.signer
    note = sign_note(text, signer.name, signer.private)
    package = {**request.package, "manifest_sha256": args.manifest_sha256}
    change.put("request", request.id, replace(request, package=package))
    seq = _communicated(change, "sign_manifest", request, manifest_sha256=args.manifest_sha256)
    sealed = cms.sign(seal_of(change), bytes.fromhex(args.manifest_sha256), UtcTime(change.now_us))
    return {"note": note, "vkey": signer.vkey(), "cms": base64.b64encode(sealed).decode(), "journal": seq}


def record_package(change: Change, args: RecordPackage) -> dict[str, Any]:
    """Record what was built; its manifest must be the one that was signed (T-12)."""
    request = extractable(change, args.request)
    if request.package.get("manifest_sha256") != args.manifest_sha256:
        raise Conflict("Ce manifeste n’est pas celui qui a été signé.", where=request.id, todo="Faites-le signer.")
    package = {
        **request.package,
        "bytes": args.bytes,
        "built_us": change.now_us,
        "built_by": change.author.person,
        "purge_us": _purge_date(change, request, None),
    }
    change.put("request", request.id, replace(request, state="packaged", package=package))
    seq = _communicated(
        change,
        "record_package",
        request,
        manifest_sha256=args.manifest_sha256,
        bytes=args.bytes,
    )
    notify_person(change, "package-ready", request.id, request.registered_by)
    return {"request": request.id, "state": "packaged", "purge_us": package["purge_us"], "journal": seq}


def receive_package(change: Change, args: ReceivePackage) -> dict[str, Any]:
    """Note the receipt: the hold ends, the authority keeps the copy under its own rules, ours has its date (P-33)."""
    request = _in_state(change, args.request, "packaged")
    refuse(receipt_lapse(request, change.author.person, change.author.role), request.id)
    if request.frame == FRAME and not args.others_hidden:
        what = "La copie d’une personne filmée ne montre personne d’autre."
        raise Refused(what, where=request.id, todo="Recadrez-la, puis dites-le en la remettant.", rule="P-86")
    purge_us = _purge_date(change, request, change.now_us)
    package = {**request.package, "received_us": change.now_us, "purge_us": purge_us, "medium": args.medium}
    change.put("request", request.id, replace(request, state="received", package=package))
    for hold in change.facts.holds:
        if hold.id == request.hold and hold.active(change.now_us):
            change.put("hold", hold.id, replace(hold, released_us=change.now_us))
            change.modified("release_hold", cameras=tuple(sorted(hold.cameras)), hold=hold.id, request=request.id)
    seq = _communicated(change, "receive_package", request, recipient=args.recipient, medium=args.medium)
    return {"request": request.id, "state": "received", "purge_us": purge_us, "journal": seq}


def purge_package(change: Change, args: PurgePackage) -> dict[str, Any]:
    """Note that our copy was destroyed; its hash and manifest remain (P-33)."""
    request = one_of("demande", change.facts.requests.get(args.request), args.request)
    if request.state not in ("packaged", "received"):
        raise Conflict("Cette demande n’a pas de paquet à détruire.", where=request.id)
    package = {**request.package, "purged_us": change.now_us}
    state = "purged" if request.state == "received" else "approved"
    change.put("request", request.id, replace(request, state=state, package=package))
    entry = Entry(
        "effacement",
        "purge_package",
        change.author,
        cameras=tuple(sorted(request.cameras)),
        from_us=request.from_us,
        to_us=request.to_us,
        reference=request.id,
        detail={"manifest_sha256": request.package.get("manifest_sha256", ""), "mode": "package"},
    )
    return {"request": request.id, "state": state, "journal": change.journal(entry)}


def _in_state(change: Change, request_id: str, state: str) -> Request:
    request: Request = one_of("demande", change.facts.requests.get(request_id), request_id)
    if request.state != state:
        raise Conflict("La demande n’en est pas à cette étape.", where=request.id, todo="Relisez-la.")
    return request


def _purge_date(change: Change, request: Request, received_us: int | None) -> int:
    """When our copy goes: at the footage's own due date or days after the receipt, whichever is later (P-33)."""
    days = min(retention_days(change.facts, camera, change.now_us) for camera in request.cameras)
    original = due(request.from_us, days)
    after = rulebook().durations.package_after_receipt_days * DAY_US
    return max(original, (change.now_us if received_us is None else received_us) + after)


def _communicated(change: Change, act: str, request: Request, *, recipient: str = "", **detail: Any) -> int:
    entry = Entry(
        "communication",
        act,
        change.author,
        cameras=tuple(sorted(request.cameras)),
        from_us=request.from_us,
        to_us=request.to_us,
        purpose=change.purpose,
        motive=request.motive,
        reference=request.id,
        recipient=recipient,
        detail={"frame": request.frame, **({"basis": BASIS} if request.habilitation else {}), **detail},
    )
    return change.journal(entry)


ACTS: Final = {
    "sign_manifest": ActSpec(SignManifest, sign_manifest),
    "record_package": ActSpec(RecordPackage, record_package),
    "receive_package": ActSpec(ReceivePackage, receive_package),
    "purge_package": ActSpec(PurgePackage, purge_package),
}
