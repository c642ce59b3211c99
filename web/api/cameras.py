"""Cameras: what they are, how they do, what the law still asks of each, and the acts that move them on."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import col, select

from privacy.zones import validate_polygon
from vms.db.engine import read
from vms.errors import NotFound
from vms.keeper.acts.zones import Polygon, Size
from vms.law.objective import Objective, density
from vms.law.siting import Position
from vms.model import Camera, CameraHealth
from web.api.events import HealthView, health_view
from web.deps import Acting, Services, Srv, Statement, Token, require_acting

router = APIRouter(tags=["cameras"])
CAMERAS_MAX = 2000


class DensityView(BaseModel):
    """Pixels per metre across the view at the camera's reach; ``holds`` is null while no objective is noted (T-15)."""

    px_m: int
    asked_px_m: int | None
    holds: bool | None


class CameraView(BaseModel):
    """A camera: technical facts from the shared database, legal facts from the keeper."""

    id: str
    commune: str
    number: int
    name: str
    place: str
    kind: str
    manufacturer: str
    model: str
    firmware: str
    address: str
    hardened: bool
    tls: bool
    clock_offset_ms: int
    main_profile: dict[str, Any]
    sub_profile: dict[str, Any]
    streams: list[HealthView]
    density: DensityView | None
    # From the keeper: state and its history, what is missing for the next step and under which rule, order, purposes,
    # zone set in force, framing session, retention (``vms.keeper.reads.cameras``).
    legal: dict[str, Any]


class AuthoriseIn(BaseModel):
    """The prefectural order that covers this camera (P-20)."""

    order: str = Field(min_length=1, max_length=64)
    purposes: tuple[str, ...] = Field(default=(), max_length=11)
    regime: str | None = Field(default=None, max_length=40)


class FramingClassIn(BaseModel):
    """Whether the camera works mainly *en plan étroit*, and films fast flows (T-04, T-06)."""

    narrow: bool
    fast_flows: bool = False


class FramingOpenIn(BaseModel):
    """How long a framing session may last (P-57)."""

    minutes: int = Field(default=10, ge=1, le=15)


class ZonesIn(BaseModel):
    """A zone set; an empty one needs the statement that no dwelling is in view (P-10)."""

    polygons: tuple[Polygon, ...] = Field(default=(), max_length=24)
    no_dwelling: bool = False
    sizes: tuple[Size, ...] = Field(default=(), max_length=2)


class PanelIn(BaseModel):
    """Where and when the public notice was posted (P-80)."""

    date: date
    place: str = Field(min_length=1, max_length=200)


class DayIn(BaseModel):
    """A day."""

    date: date


class MotiveIn(BaseModel):
    """Why."""

    motive: str = Field(min_length=3, max_length=200)


async def _views(services: Services, commune: str, legal: dict[str, Any]) -> list[CameraView]:
    async with read(services.engine) as session:
        cameras = (
            (
                await session.execute(
                    select(Camera).where(Camera.commune_id == commune).order_by(col(Camera.number)).limit(CAMERAS_MAX)
                )
            )
            .scalars()
            .all()
        )
        health: dict[str, list[HealthView]] = {}
        for row in (
            await session.execute(
                select(CameraHealth).where(col(CameraHealth.camera_id).in_([camera.id for camera in cameras]))
            )
        ).scalars():
            health.setdefault(row.camera_id, []).append(health_view(row))
    return [_view(camera, health.get(camera.id, []), legal.get(camera.id, {})) for camera in cameras]


def _view(camera: Camera, streams: list[HealthView], legal: dict[str, Any]) -> CameraView:
    return CameraView(
        id=camera.id, commune=camera.commune_id, number=camera.number, name=camera.name, place=camera.place,
        kind=camera.kind, manufacturer=camera.manufacturer, model=camera.model, firmware=camera.firmware,
        address=camera.address, hardened=camera.hardened, tls=camera.tls, clock_offset_ms=camera.clock_offset_ms,
        main_profile=camera.main_profile, sub_profile=camera.sub_profile, streams=streams, legal=legal,
        density=_density(streams, legal),
    )  # fmt: skip


def _density(streams: list[HealthView], legal: dict[str, Any]) -> DensityView | None:
    """By the width that the main stream has, not the one that a profile promised; None where a figure is missing."""
    width_px = next((one.width for one in streams if one.stream == "main"), 0)
    position, objective = legal.get("position"), legal.get("objective")
    found = density(Position(**position) if position else None, width_px, Objective(**objective) if objective else None)
    return DensityView(px_m=found.px_m, asked_px_m=found.asked_px_m, holds=found.holds) if found else None


@router.get("/communes/{commune}/cameras")
async def cameras(commune: Acting, token: Token, services: Srv) -> list[CameraView]:
    """The cameras of a commune that the caller may know of; no picture is opened by asking."""
    answer = await services.keeper.read(token, "cameras")
    return await _views(services, commune, {one["id"]: one for one in answer["cameras"]})


@router.get("/cameras/{camera_id}")
async def camera(camera_id: str, token: Token, services: Srv) -> CameraView:
    """One camera."""
    async with read(services.engine) as session:
        row = await session.get(Camera, camera_id)
    if row is None:
        # The keeper would refuse a foreign camera; one that nobody has is simply not there.
        await services.keeper.session(token)
        raise NotFound("Cette caméra n’existe pas.", where=camera_id[:80])
    await require_acting(services, token, row.commune_id)
    answer = await services.keeper.read(token, "cameras")
    legal = {one["id"]: one for one in answer["cameras"]}
    views = await _views(services, row.commune_id, legal)
    return next(view for view in views if view.id == camera_id)


async def _act(
    services: Services, token: str, name: str, camera_id: str, statement: str, /, **args: Any
) -> dict[str, Any]:
    return await services.keeper.act(token, name, {"camera": camera_id, **args}, statement)


@router.post("/cameras/{camera_id}/authorise")
async def authorise(
    camera_id: str, body: AuthoriseIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Put the camera under a prefectural order."""
    return await _act(services, token, "authorise_camera", camera_id, statement, **body.model_dump())


@router.post("/cameras/{camera_id}/framing-class")
async def framing_class(
    camera_id: str, body: FramingClassIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Declare how the camera is framed; its streams are judged by it."""
    return await _act(services, token, "declare_framing_class", camera_id, statement, **body.model_dump())


@router.post("/cameras/{camera_id}/framing/open")
async def open_framing(
    camera_id: str, body: FramingOpenIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Open a framing session: one camera, live, in memory only, time-boxed."""
    return await _act(services, token, "open_framing", camera_id, statement, minutes=body.minutes)


@router.post("/cameras/{camera_id}/framing/close")
async def close_framing(camera_id: str, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """Close the framing session before its time."""
    return await _act(services, token, "close_framing", camera_id, statement)


@router.get("/cameras/{camera_id}/zones")
async def zone_sets(camera_id: str, token: Token, services: Srv) -> dict[str, Any]:
    """Every version of the camera's zone set, newest first, with author, validator and dates."""
    return await services.keeper.read(token, "zone_sets", {"camera": camera_id})


@router.post("/cameras/{camera_id}/zones", status_code=201)
async def draw_zones(
    camera_id: str, body: ZonesIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Record a new version of the private zones; it applies once another person has validated it (P-11).

    A zone that no masker could paint (crossing edges, no area) is refused here, by its number.
    """
    for number, zone in enumerate(body.polygons, start=1):
        validate_polygon(zone.points, where=f"zone {number}")
    return await _act(services, token, "draw_zones", camera_id, statement, **body.model_dump(mode="json"))


@router.post("/cameras/{camera_id}/zones/{zone_set}/validate")
async def validate_zones(
    camera_id: str, zone_set: str, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Validate a zone set that another person drew."""
    return await _act(services, token, "validate_zones", camera_id, statement, zone_set=zone_set)


@router.post("/cameras/{camera_id}/panel")
async def post_panel(
    camera_id: str, body: PanelIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Record that the public notice is posted."""
    return await _act(services, token, "post_panel", camera_id, statement, date=body.date.isoformat(), place=body.place)


@router.post("/cameras/{camera_id}/prefect")
async def inform_prefect(
    camera_id: str, body: DayIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Record the date that the préfet was told of (P-24)."""
    return await _act(services, token, "inform_prefect", camera_id, statement, date=body.date.isoformat())


@router.post("/cameras/{camera_id}/commission")
async def commission(camera_id: str, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """Commission the camera: every condition is checked again."""
    return await _act(services, token, "commission_camera", camera_id, statement)


@router.post("/cameras/{camera_id}/service")
async def put_in_service(camera_id: str, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """Put the camera in service: it streams from now on."""
    return await _act(services, token, "put_in_service", camera_id, statement)


@router.post("/cameras/{camera_id}/suspend")
async def suspend(camera_id: str, body: MotiveIn, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """Suspend the camera: dark and not recording, with a gap that says so."""
    return await _act(services, token, "suspend_camera", camera_id, statement, motive=body.motive)


@router.post("/cameras/{camera_id}/retire")
async def retire(camera_id: str, body: MotiveIn, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """Retire the camera for good."""
    return await _act(services, token, "retire_camera", camera_id, statement, motive=body.motive)
