"""``/metrics`` in Prometheus' text format: room, days left, cameras by state. No personal data, no session.

Read by this machine alone, or by whoever presents the token of the settings. A reverse proxy on this machine makes
every stranger look local: what it forwards counts as coming from elsewhere.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from vms.clock import MICRO
from vms.db.engine import read
from vms.model import CameraHealth, CameraStorage, Incident, RecordedMinute, RecordingStop, Volume
from web.client_address import peer_of
from web.deps import Services, Srv

router = APIRouter(include_in_schema=False)
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
LEVELS: Final = ("ok", "warn", "reserve", "stopping", "wrong", "in-use")
DAY_S: Final = 86_400
ELSEWHERE: Final = "Ces mesures ne se lisent que sur cette machine, ou avec le jeton VMS_METRICS_TOKEN.\n"
# What Prometheus shows for "never at these rates".
NEVER: Final = float("inf")


def may_read(request: Request, token: str) -> bool:
    """Whether the caller may read the metrics: the token, or this very machine without a proxy between."""
    given = request.headers.get("authorization", "")
    if given.lower().startswith("bearer "):
        return bool(token) and hmac.compare_digest(given[7:].encode(), token.encode())
    # Not who a declared proxy says is asking: this is for whoever stands on the machine, with nothing between.
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(peer_of(request)).is_loopback
    except ValueError:
        return False


@router.get("/metrics")
async def metrics(request: Request, services: Srv) -> Response:
    """The metrics; 403 from elsewhere without the token."""
    if not may_read(request, services.settings.metrics_token):
        return Response(ELSEWHERE, 403, media_type="text/plain; charset=utf-8")
    return Response(await _text(services), media_type=CONTENT_TYPE_LATEST)


async def _text(services: Services) -> bytes:
    registry, now_us = CollectorRegistry(), services.clock.utc().us
    async with read(services.engine) as session:
        await _volumes(registry, session, now_us)
        await _communes(registry, session)
        await _cameras(registry, session, now_us)
    return generate_latest(registry)


async def _volumes(registry: CollectorRegistry, session: AsyncSession, now_us: int) -> None:
    sizes = {
        name: Gauge(f"guet_volume_{name}", words, ["volume"], registry=registry)
        for name, words in (
            ("total_bytes", "Size of the volume of footage."),
            ("free_bytes", "Room left on it."),
            ("reserve_bytes", "Room below which footage is destroyed early."),
            ("stored_bytes", "Footage on it."),
            ("needed_bytes", "Footage once every camera has its whole term, at the measured rates."),
            ("bytes_per_s", "What comes in, as measured."),
        )
    }
    left = {
        "reserve_us": Gauge("guet_volume_reserve_days", "Days until the reserve.", ["volume"], registry=registry),
        "stop_us": Gauge("guet_volume_stop_days", "Days until recording stops.", ["volume"], registry=registry),
    }
    level = Gauge("guet_volume_level", "1 for the level that the volume is at.", ["volume", "level"], registry=registry)
    age = Gauge("guet_volume_measured_age_s", "Age of these figures.", ["volume"], registry=registry)
    for row in (await session.execute(select(Volume))).scalars():
        for name, gauge in sizes.items():
            gauge.labels(row.id).set(getattr(row, name))
        for name, gauge in left.items():
            at_us = getattr(row, name)
            gauge.labels(row.id).set(NEVER if at_us is None else max(0, at_us - now_us) / MICRO / DAY_S)
        for one in LEVELS:
            level.labels(row.id, one).set(one == row.level)
        age.labels(row.id).set((now_us - row.measured_us) / MICRO)


async def _communes(registry: CollectorRegistry, session: AsyncSession) -> None:
    stored = Gauge("guet_commune_stored_bytes", "Footage of a commune.", ["commune"], registry=registry)
    rate = Gauge("guet_commune_bytes_per_s", "What comes in for a commune.", ["commune"], registry=registry)
    stopped = Gauge("guet_commune_cameras_stopped", "Cameras without room.", ["commune"], registry=registry)
    incidents = Gauge("guet_incidents_open", "Open incidents.", ["commune", "kind", "severity"], registry=registry)
    query = select(
        col(CameraStorage.commune_id), func.sum(col(CameraStorage.stored_bytes)), func.sum(CameraStorage.bytes_per_s)
    ).group_by(col(CameraStorage.commune_id))
    for commune, size, per_s in await session.execute(query):
        stored.labels(commune).set(size)
        rate.labels(commune).set(per_s)
        stopped.labels(commune).set(0)
    stops = select(col(RecordingStop.commune_id), func.count()).group_by(col(RecordingStop.commune_id))
    for commune, count in await session.execute(stops):
        stopped.labels(commune).set(count)
    kinds = (col(Incident.commune_id), col(Incident.kind), col(Incident.severity))
    standing = select(*kinds, func.count()).where(col(Incident.closed_us).is_(None)).group_by(*kinds)
    for commune, kind, severity, count in await session.execute(standing):
        incidents.labels(commune, kind, severity).set(count)


async def _cameras(registry: CollectorRegistry, session: AsyncSession, now_us: int) -> None:
    streams = Gauge("guet_streams", "Streams by what they do.", ["stream", "state", "cause"], registry=registry)
    short = Gauge("guet_streams_short", "Streams whose last minute is below T-04 to T-06.", ["rule"], registry=registry)
    groups = (col(CameraHealth.stream), col(CameraHealth.state), col(CameraHealth.cause))
    for stream, state, cause, count in await session.execute(select(*groups, func.count()).group_by(*groups)):
        streams.labels(stream, state, cause).set(count)
    for rule in ("T-04", "T-05", "T-06"):
        short.labels(rule).set(0)
    recent = col(RecordedMinute.start_us) > now_us - DAY_S * MICRO
    query = select(col(RecordedMinute.rule), func.count()).where(col(RecordedMinute.rule) != "", recent)
    for rule, count in await session.execute(query.group_by(col(RecordedMinute.rule))):
        short.labels(rule).set(count)
