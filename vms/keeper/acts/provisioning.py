"""Orders to the provisioner: signed, dated, carrying no credential; and what it reports back (design §3, §8)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, FiniteFloat

from vms.clock import MICRO
from vms.errors import BadInput, Conflict, Damaged, Refused
from vms.keeper.acts.changes import declare
from vms.keeper.acts.spec import ActSpec, refuse
from vms.keeper.arguments import SLUG, Args, Name, Text
from vms.keeper.communes import Change, Commune, new_id
from vms.keeper.files.records import ProvisioningOrder
from vms.keeper.gate.gate import Denied, Person, may
from vms.keeper.gate.statement import ORDER, open_statement, sign_statement
from vms.keeper.journal.entry import Author
from vms.keeper.protocol import ProvisioningOrderView
from vms.law.camera import step_lapse
from vms.law.facts import CameraFacts
from vms.law.rulebook import rulebook

ORDER_LIFETIME_US: Final = 24 * 3600 * MICRO
ARGS_LIMIT_BYTES: Final = 16_384
CAMERAS_LIMIT: Final = 1000
# Credentials go from the page to the provisioner, never through the keeper (design §3: it holds none).
SECRET_NAMES: Final = frozenset({"password", "passphrase", "secret", "token", "credential", "credentials", "username"})


class OrderProvisioning(Args):
    """What the provisioner is to do, and on what, as the person asked for it.

    ``credential_sealed`` is a typed account, sealed to the provisioner: nobody in between reads it.
    """

    kind: Literal["discover", "enrol", "declare_rtsp", "rotate", "look_certificate", "renew_certificate"]
    args: dict[str, Any] = Field(default_factory=dict)
    credential_sealed: str = Field(default="", max_length=8192)
    UNSEEN = frozenset({"credential_sealed"})  # sealed by the server, anew each time


class Profile(Args):
    """One stream's configured values."""

    stream: Literal["main", "sub"] = "main"
    codec: str = Field(default="", max_length=20)
    width: int = Field(ge=1, le=16_384)
    height: int = Field(ge=1, le=16_384)
    fps: FiniteFloat | None = Field(default=None, ge=0, le=1000)


class EnrolledFacts(Args):
    """What the provisioner says of an enrolled camera; the first profile is the one that is kept.

    Model, serial and addresses are facts of the network, not of the law: they are passed over here.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: Name
    place: Text = ""
    profiles: tuple[Profile, ...] = Field(min_length=1, max_length=4)
    source: Literal["onvif", "rtsp"] = "onvif"


def order_provisioning(change: Change, args: OrderProvisioning) -> dict[str, Any]:
    """Issue an order; Refused or BadInput leave no trace of what it carried."""
    sealed = {"credential_sealed": args.credential_sealed} if args.credential_sealed else {}
    _check_args(args.args | sealed)
    order = ProvisioningOrder(
        id=new_id("w"),
        kind=args.kind,
        args=args.args | sealed,
        person=change.author.person,
        habilitation=change.author.habilitation,
        issued_us=change.now_us,
        expires_us=change.now_us + ORDER_LIFETIME_US,
    )
    change.put("provisioning", order.id, order)
    camera = args.args.get("camera")
    cameras = (camera,) if isinstance(camera, str) and camera in change.facts.cameras else ()
    # Which certificate a person vouched for is part of the act.
    seen: dict[str, Any] = {"certificates": args.args.get("seen")} if args.kind == "renew_certificate" else {}
    seq = change.modified("order_provisioning", cameras=cameras, order=order.id, order_kind=order.kind, **seen)
    body = _view(change.facts.id, order).model_dump_json().encode()
    return {"order": sign_statement(ORDER, body, change.keys.permit_private), "id": order.id, "journal": seq}


def check_order(commune: Commune, statement: str, now_us: int) -> ProvisioningOrderView:
    """The order behind a signed statement: known, unexpired, its author still allowed to give it (P-57, P-58)."""
    order = read_order(statement, commune.keeper_keys.permit_public)
    known = commune.records.all(commune.store.reader, "provisioning", ProvisioningOrder).get(order.id)
    if known is None or _view(commune.id, known) != order:
        raise Refused("Cet ordre n’a pas été donné ici.", where=order.id, todo="Donnez-le de nouveau.", rule="P-57")
    if now_us >= order.expires_us:
        raise Refused("Cet ordre a expiré.", where=order.id, todo="Donnez-le de nouveau.", rule="P-57")
    rule = rulebook().act["order_provisioning"]
    verdict = may(commune.facts, Person(order.person), rule.roles, rule.rule, now_us)
    if isinstance(verdict, Denied):
        raise verdict.error()
    return order


def read_order(statement: str, public: bytes) -> ProvisioningOrderView:
    """The order in a signed statement; Refused when it is forged or unreadable."""
    try:
        return ProvisioningOrderView.model_validate(open_statement(ORDER, statement, public))
    except (Damaged, ValueError) as error:
        raise Refused("Cet ordre n’est pas signé par le gardien.", todo="Donnez-le de nouveau.", rule="P-57") from error


def enrol(change: Change, camera: str, facts: EnrolledFacts) -> dict[str, Any]:
    """Record an enrolled camera; again for the same camera, its name and profiles follow (P-24)."""
    known = change.facts.cameras.get(camera)
    if not re.fullmatch(SLUG, camera) or not camera.startswith(f"{change.facts.id}-"):
        raise Refused("Cette caméra n’est pas de cette commune.", where=camera[:80], rule="P-62")
    profiles = tuple(profile.model_dump(mode="json") for profile in facts.profiles)
    if known is None:
        if len(change.facts.cameras) >= CAMERAS_LIMIT:
            raise BadInput(f"Au plus {CAMERAS_LIMIT} caméras par commune.", where=camera)
        fresh = CameraFacts(camera, change.facts.id, facts.name, facts.place, ())
        refuse(step_lapse(change.facts, fresh, "enrolled", change.now_us), camera)
        known = replace(fresh, states=((change.now_us, "enrolled"),))
    elif known.state_at(change.now_us) == "retired":
        raise Conflict("Cette caméra est retirée.", where=camera, todo="Donnez-lui un autre numéro.")
    if known.place != facts.place and any(state == "in_service" for _, state in known.states):
        declare(change, known, "moved")  # what the préfet authorised stood elsewhere (P-27)
    made = replace(known, name=facts.name, place=facts.place, profiles=profiles, source=facts.source)
    change.put("camera", camera, made)
    seq = change.modified("camera_enrolled", cameras=(camera,), profiles=list(profiles), source=facts.source)
    return {"camera": camera, "state": made.state_at(change.now_us), "journal": seq}


def order_author(order: ProvisioningOrderView, role: str, habilitation: str) -> Author:
    """The person who gave an order, as author of what the provisioner did for it."""
    return Author(order.person, role, habilitation, "provisioner")


def _view(commune: str, order: ProvisioningOrder) -> ProvisioningOrderView:
    return ProvisioningOrderView(
        id=order.id,
        commune=commune,
        kind=order.kind,
        args=dict(order.args),
        person=order.person,
        issued_us=order.issued_us,
        expires_us=order.expires_us,
    )


def _check_args(args: dict[str, Any]) -> None:
    text = json.dumps(args, ensure_ascii=False)
    if len(text.encode()) > ARGS_LIMIT_BYTES:
        raise BadInput("Cet ordre est trop long.", where="args")
    for name, value in args.items():
        if name.lower() in SECRET_NAMES:
            raise BadInput("Un ordre ne porte pas d’identifiants de caméra.", where=f"args.{name}")
        if isinstance(value, str) and "://" in value and _has_userinfo(value):
            raise BadInput("L’adresse d’une caméra ne porte pas d’identifiants ici.", where=f"args.{name}")


def _has_userinfo(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    return parts.username is not None or parts.password is not None


ACTS: Final = {"order_provisioning": ActSpec(OrderProvisioning, order_provisioning)}
