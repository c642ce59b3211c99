"""Prefixes, discovery, enrolment: orders signed by the keeper and carried out by the provisioner.

The web process writes the order's row; it never speaks to a camera and never sees a camera's password again once the
order is sealed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from vms.db.engine import read, write
from vms.errors import BadInput, Conflict, NotFound
from vms.model import FoundDevice, Prefix, ProvisioningOrder
from vms.services.new_certificate import Place
from vms.vault.handover import seal_for_provisioner
from web.deps import Acting, Services, Srv, Statement, Token, arguments, require_acting
from web.signed_calls import ACCOUNT, ORDER

router = APIRouter(tags=["provisioning"])
PROGRESS_POLL_S = 0.5
PROGRESS_LIMIT_S = 15 * 60
FOUND_MAX = 1000
Slug = Field(min_length=1, max_length=64, pattern="^[a-z0-9-]+$")


class PrefixIn(BaseModel):
    """An address range in CIDR form and whether its network is mastered (A-01)."""

    cidr: str = Field(min_length=3, max_length=50)
    trusted: bool = False


class PrefixView(BaseModel):
    """A declared prefix."""

    id: int
    cidr: str
    trusted: bool
    addresses: int
    declared_us: int


class DiscoverIn(BaseModel):
    """Which declared prefixes to look in, all of them when empty; ``addresses`` in them are asked directly too.

    A camera that answers no Probe, or answers it in a form of its own, is found at its address (O-22).
    """

    prefixes: list[str] = Field(default=[], max_length=64)
    addresses: list[Annotated[str, Field(max_length=64)]] = Field(default=[], max_length=256)


class EnrolIn(BaseModel):
    """A found device, what people will call it, and its factory account when it is not the usual one.

    ``new_certificate`` enrols a camera again under the certificate it shows now: somebody has seen that it is the same.
    """

    found_id: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=80)
    place: str = Field(default="", max_length=160)
    number: int = Field(ge=1, le=999)
    username: str = Field(default="", max_length=64)
    password: str = Field(default="", max_length=128)
    narrow: bool = False
    fast_flows: bool = False
    new_certificate: bool = False


class DeclareRtspIn(BaseModel):
    """A source without ONVIF: plain RTSP, only on a trusted prefix, shown as *non durci*."""

    url: str = Field(min_length=8, max_length=400, pattern="^rtsp[sh]?://")
    sub_url: str = Field(default="", max_length=400)
    username: str = Field(default="", max_length=64)
    password: str = Field(default="", max_length=128)
    name: str = Field(min_length=1, max_length=80)
    place: str = Field(default="", max_length=160)
    number: int = Field(ge=1, le=999)
    narrow: bool = False
    fast_flows: bool = False


class RotateIn(BaseModel):
    """A camera whose three accounts get new passwords."""

    camera: str = Field(min_length=1, max_length=80)


class LookIn(BaseModel):
    """A camera whose certificates are to be seen; nothing changes (A-01)."""

    camera: str = Field(min_length=1, max_length=64)


class CertificateIn(LookIn):
    """The certificates that somebody has seen to be the camera’s own: SHA-256 in hex, by what shows them."""

    seen: dict[Place, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(min_length=1)


class OrderView(BaseModel):
    """An order and how far it is; ``progress`` holds steps in words with their rule."""

    id: str
    commune: str
    kind: str
    status: Literal["queued", "running", "done", "failed"]
    progress: dict[str, Any]
    error: dict[str, Any]
    camera: str
    created_us: int
    updated_us: int


class FoundView(BaseModel):
    """A device that answered within a declared prefix."""

    id: str
    order: str
    address: str
    endpoint_reference: str
    mac: str
    serial: str
    manufacturer: str
    model: str
    firmware: str
    state: str
    detail: dict[str, Any]
    found_us: int


def _order_view(row: ProvisioningOrder) -> OrderView:
    return OrderView(
        id=row.id, commune=row.commune_id, kind=row.kind, status=row.status, progress=row.progress,  # type: ignore[arg-type]
        error=row.error, camera=row.camera_id, created_us=row.created_us, updated_us=row.updated_us,
    )  # fmt: skip


def _found_view(row: FoundDevice) -> FoundView:
    return FoundView(
        id=row.id, order=row.order_id, address=row.address, endpoint_reference=row.endpoint_reference, mac=row.mac,
        serial=row.serial, manufacturer=row.manufacturer, model=row.model, firmware=row.firmware, state=row.state,
        detail=row.detail, found_us=row.found_us,
    )  # fmt: skip


def _network(cidr: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(cidr)
    except ValueError as error:
        raise BadInput(
            f"« {cidr[:50]} » n’est pas un préfixe.",
            where="préfixe",
            todo="Écrivez-le comme 10.42.7.0/24.",
            rule="O-22",
        ) from error


@router.get("/communes/{commune}/prefixes")
async def prefixes(commune: Acting, token: Token, services: Srv) -> list[PrefixView]:
    """The declared prefixes of a commune."""
    await services.keeper.read(token, "provisioning_orders")
    async with read(services.engine) as session:
        rows = await session.execute(select(Prefix).where(Prefix.commune_id == commune).order_by(col(Prefix.cidr)))
        return [_prefix_view(row) for row in rows.scalars()]


def _prefix_view(row: Prefix) -> PrefixView:
    return PrefixView(
        id=row.id or 0, cidr=row.cidr, trusted=row.trusted, declared_us=row.declared_us,
        addresses=_network(row.cidr).num_addresses,
    )  # fmt: skip


@router.post("/communes/{commune}/prefixes", status_code=201)
async def declare_prefix(
    commune: Acting, body: PrefixIn, token: Token, statement: Statement, services: Srv
) -> PrefixView:
    """Declare a prefix; cameras are looked for nowhere else (O-22)."""
    cidr = str(_network(body.cidr))
    await services.keeper.act(token, "declare_prefix", {"cidr": cidr, "trusted": body.trusted}, statement)
    row = Prefix(commune_id=commune, cidr=cidr, trusted=body.trusted, declared_us=services.clock.utc().us)
    try:
        async with write(services.engine) as session:
            session.add(row)
    except IntegrityError as error:
        raise Conflict(f"Le préfixe {cidr} est déjà déclaré.", where=commune) from error
    return _prefix_view(row)


async def _order(services: Services, token: str, statement: str, commune: str, kind: str, body: BaseModel) -> OrderView:
    """Have the keeper sign an order and queue it for the supervisor.

    The page signed for the kind and for what the body says, but for the typed account: that goes sealed to the
    provisioner, so that nobody in between can read it (A-05).
    """
    args = arguments(body)
    username, password = (str(args.pop(name, "")) for name in ACCOUNT)
    asked: dict[str, Any] = {"kind": kind, "args": args}
    if username:
        vault = services.settings.vault_dir
        asked["credential_sealed"] = seal_for_provisioner(vault, commune, username, password)
    signed = await services.keeper.act(token, ORDER, asked, statement)
    now = services.clock.utc().us
    row = ProvisioningOrder(
        id=str(signed.get("id") or secrets.token_hex(8)),
        commune_id=commune,
        kind=kind,
        token=str(signed["order"]),
        created_us=now,
        updated_us=now,
    )
    async with write(services.engine) as session:
        session.add(row)
    return _order_view(row)


@router.post("/communes/{commune}/discover", status_code=202)
async def discover(commune: Acting, body: DiscoverIn, token: Token, statement: Statement, services: Srv) -> OrderView:
    """Look for cameras in the declared prefixes."""
    async with read(services.engine) as session:
        rows = (await session.execute(select(Prefix).where(Prefix.commune_id == commune))).scalars().all()
    declared = {row.cidr for row in rows}
    unknown = [cidr for cidr in body.prefixes if cidr not in declared]
    if unknown or not declared:
        raise BadInput(
            f"Préfixe non déclaré : {unknown[0][:50]}." if unknown else "Aucun préfixe n’est déclaré.",
            where=commune,
            todo="Déclarez-le d’abord.",
            rule="O-22",
        )
    return await _order(services, token, statement, commune, "discover", body)


@router.get("/communes/{commune}/orders")
async def orders(commune: Acting, token: Token, services: Srv) -> list[OrderView]:
    """The latest orders, newest first."""
    await services.keeper.read(token, "provisioning_orders")
    async with read(services.engine) as session:
        rows = await session.execute(
            select(ProvisioningOrder)
            .where(ProvisioningOrder.commune_id == commune)
            .order_by(col(ProvisioningOrder.created_us).desc())
            .limit(50)
        )
        return [_order_view(row) for row in rows.scalars()]


async def _get_order(services: Services, token: str, order_id: str) -> OrderView:
    async with read(services.engine) as session:
        row = await session.get(ProvisioningOrder, order_id)
    if row is None:
        raise NotFound("Cet ordre n’existe pas.", where=order_id[:40])
    await require_acting(services, token, row.commune_id)
    await services.keeper.read(token, "provisioning_orders")
    return _order_view(row)


@router.get("/orders/{order_id}")
async def order(order_id: str, token: Token, services: Srv) -> OrderView:
    """One order and its progress."""
    return await _get_order(services, token, order_id)


@router.get("/orders/{order_id}/events")
async def order_events(order_id: str, token: Token, services: Srv) -> StreamingResponse:
    """The order's progress as server-sent events, until it ends."""
    first = await _get_order(services, token, order_id)

    async def events() -> AsyncIterator[str]:
        last, view = "", first
        for _ in range(int(PROGRESS_LIMIT_S / PROGRESS_POLL_S)):
            text = view.model_dump_json()
            if text != last:
                yield f"data: {text}\n\n"
                last = text
            if view.status in ("done", "failed"):
                return
            await asyncio.sleep(PROGRESS_POLL_S)
            view = await _get_order(services, token, order_id)

    return StreamingResponse(events(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.get("/communes/{commune}/found")
async def found(commune: Acting, token: Token, services: Srv, order: str = "") -> list[FoundView]:
    """What discovery found, oldest first so that a list grows at its end."""
    await services.keeper.read(token, "provisioning_orders")
    query = select(FoundDevice).where(FoundDevice.commune_id == commune)
    if order:
        query = query.where(FoundDevice.order_id == order)
    async with read(services.engine) as session:
        rows = await session.execute(query.order_by(col(FoundDevice.found_us)).limit(FOUND_MAX))
        return [_found_view(row) for row in rows.scalars()]


@router.post("/communes/{commune}/enrol", status_code=202)
async def enrol(commune: Acting, body: EnrolIn, token: Token, statement: Statement, services: Srv) -> OrderView:
    """Enrol a found device: identify, replace its accounts, set it, choose its profiles."""
    async with read(services.engine) as session:
        device = await session.get(FoundDevice, body.found_id)
    if device is None or device.commune_id != commune:
        raise NotFound("Cet appareil n’a pas été trouvé ici.", where=commune, todo="Relancez la découverte.")
    return await _order(services, token, statement, commune, "enrol", body)


@router.post("/communes/{commune}/declare-rtsp", status_code=202)
async def declare_rtsp(
    commune: Acting, body: DeclareRtspIn, token: Token, statement: Statement, services: Srv
) -> OrderView:
    """Declare a source without ONVIF on a trusted prefix (A-01)."""
    return await _order(services, token, statement, commune, "declare_rtsp", body)


@router.post("/communes/{commune}/rotate", status_code=202)
async def rotate(commune: Acting, body: RotateIn, token: Token, statement: Statement, services: Srv) -> OrderView:
    """Give a camera's three accounts new passwords (A-05)."""
    return await _order(services, token, statement, commune, "rotate", body)


@router.post("/communes/{commune}/certificates/look", status_code=202)
async def look_certificate(
    commune: Acting, body: LookIn, token: Token, statement: Statement, services: Srv
) -> OrderView:
    """See which certificates a camera shows now, beside those it is held to (A-01)."""
    return await _order(services, token, statement, commune, "look_certificate", body)


@router.post("/communes/{commune}/certificates", status_code=202)
async def renew_certificate(
    commune: Acting, body: CertificateIn, token: Token, statement: Statement, services: Srv
) -> OrderView:
    """Hold a camera to the certificates that a person confirmed, if it still shows them (A-01)."""
    return await _order(services, token, statement, commune, "renew_certificate", body)
