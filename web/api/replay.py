"""Replay: what exists, sealed groups as they lie, and keys handed by the keeper to the page alone.

The server reads and serves sealed bytes; it cannot open them. The page makes a key pair for its permit, asks for
windows of at most five minutes, and gets exactly the group keys of that window, sealed to that key (design §4, Out).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field, ValidationError

from recorder.recording.playback import IndexedSegment, Recorded
from vms.clock import MICRO, UtcTime
from vms.errors import BadInput, GuetError, Refused, Unavailable
from vms.keeper.files.segment_name import parse_segment_name
from vms.keeper.gate.permit import Permit, verify_permit
from vms.keeper.protocol import KEY_WINDOW_LIMIT_US
from web.api.live import MESSAGE_LIMIT_CHARS, opening, said, say_and_close, signed_in
from web.deps import Services, Srv, Token
from web.fields import PageKey
from web.permits import Lease
from web.race import until_first_ends
from web.security import token_of

router = APIRouter(tags=["replay"])
RANGE_MAX_BYTES: Final = 32 * 1024 * 1024
TIMELINE_MAX_US: Final = 40 * 24 * 3600 * MICRO
Stream = Literal["main", "sub"]


class SpanView(BaseModel):
    """Footage that exists."""

    from_us: int
    to_us: int


class AbsenceView(BaseModel):
    """A hole and its cause; ``to_us`` is null while it lasts."""

    from_us: int
    to_us: int | None
    cause: str
    detail: str = ""


class HoldView(BaseModel):
    """A range that is kept past its due date, or will be (P-32)."""

    id: str
    from_us: int
    to_us: int
    label: str = ""
    until_us: int | None = None


class TimelineView(BaseModel):
    """What a stream has and has not over a range."""

    camera: str
    stream: str
    now_us: int
    recorded: list[SpanView]
    recovered: list[SpanView]  # what of ``recorded`` came from the camera's own card
    absences: list[AbsenceView]
    holds: list[HoldView]
    destroyed_before_us: int
    due_days: int


class WindowAsked(BaseModel):
    """A page's wish: the keys of a window, sealed to its X25519 public key; ``statement`` is what it signed for it."""

    type: Literal["window"]
    from_us: int = Field(ge=0)
    to_us: int = Field(ge=0)
    public: PageKey
    statement: str = Field(default="", max_length=MESSAGE_LIMIT_CHARS)


@router.get("/cameras/{camera_id}/timeline")
async def timeline(
    camera_id: str,
    token: Token,
    services: Srv,
    from_us: Annotated[int, Query(ge=0)],
    to_us: Annotated[int, Query(ge=0)],
    stream: Stream = "main",
) -> TimelineView:
    """Recorded ranges, absences with their cause, holds and the due date; no picture is opened by asking."""
    if to_us <= from_us or to_us - from_us > TIMELINE_MAX_US:
        raise BadInput("La période demandée est vide ou trop longue.", where=camera_id, todo="Corrigez ses bornes.")
    legal = await _retention(services, token, camera_id)
    known = await services.playback.timeline(camera_id, stream, UtcTime(from_us), UtcTime(to_us))
    shut = await _shut(services, token, camera_id)
    now = services.clock.utc()
    return TimelineView(
        camera=camera_id,
        stream=stream,
        now_us=now.us,
        recorded=_open_parts(known.recorded, shut),
        recovered=[SpanView(from_us=one.start.us, to_us=one.end.us) for one in known.recovered],
        absences=[
            AbsenceView(from_us=one.start.us, to_us=one.end.us if one.end else None, cause=one.cause, detail=one.detail)
            for one in known.absences
        ]
        + _shut_parts(known.recorded, shut),
        holds=[HoldView(**hold) for hold in legal["holds"] if hold["from_us"] < to_us and hold["to_us"] > from_us],
        destroyed_before_us=known.destroyed_before_us,
        due_days=int(legal["max_days"]),
    )


async def _shut(services: Services, token: str, camera_id: str) -> list[tuple[int, int]]:
    """What of the camera nobody may open: the keeper gives no key for it, so a page is not offered it either (O-44)."""
    listed = (await services.keeper.read(token, "cameras"))["cameras"]
    return [(one["from_us"], one["to_us"]) for camera in listed if camera["id"] == camera_id for one in camera["shut"]]


def offered(segments: Iterable[IndexedSegment], shut: Sequence[tuple[int, int]]) -> list[IndexedSegment]:
    """The segments that the keeper gives keys for: by their names, as it judges them (O-44)."""
    return [one for one in segments if not any(parse_segment_name(one.name).overlaps(*span) for span in shut)]


def _open_parts(recorded: Iterable[Recorded], shut: Sequence[tuple[int, int]]) -> list[SpanView]:
    """Recorded time without what was taken while the camera's own masks were missing (O-44)."""
    parts = [(one.start.us, one.end.us) for one in recorded]
    for low, high in shut:
        cut = (piece for a, b in parts for piece in ((a, min(b, low)), (max(a, high), b)))
        parts = [(a, b) for a, b in cut if a < b]
    return [SpanView(from_us=a, to_us=b) for a, b in parts]


def _shut_parts(recorded: Iterable[Recorded], shut: Sequence[tuple[int, int]]) -> list[AbsenceView]:
    """The rest of it, told as what nobody may see."""
    parts = ((max(one.start.us, low), min(one.end.us, high)) for one in recorded for low, high in shut)
    return [AbsenceView(from_us=a, to_us=b, cause="mask-drift") for a, b in parts if a < b]


async def _retention(services: Services, token: str, camera_id: str) -> dict[str, Any]:
    """The camera's days and holds; refused for a camera of a commune that is not the one acted for (P-62)."""
    answer = await services.keeper.read(token, "retention")
    for one in answer["cameras"]:
        if one["camera"] == camera_id:
            found: dict[str, Any] = one
            return found
    raise Refused(
        "Cette caméra n’est pas de la commune pour laquelle vous agissez.",
        where=camera_id[:80],
        todo="Agissez pour sa commune.",
        rule="P-62",
    )


@router.get("/replay/{permit_id}/segments/{name}")
async def sealed_bytes(
    permit_id: str,
    name: str,
    token: Token,
    services: Srv,
    offset: Annotated[int, Query(ge=0)],
    length: Annotated[int, Query(ge=1, le=RANGE_MAX_BYTES)],
) -> Response:
    """A range of a sealed segment, as it lies on disk; refused as soon as the permit ends."""
    permit = await _verified(services, services.permits.get(permit_id, token))
    data = await services.playback.sealed_bytes(permit, name, offset, length)
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})


async def _verified(services: Services, lease: Lease) -> Permit:
    return verify_permit(lease.token, await services.permit_key(), services.clock.utc())


@router.websocket("/replay/{camera_id}")
async def replay(socket: WebSocket, camera_id: str, stream: Stream = Query("main")) -> None:
    """A consultation: its permit, its key windows, and its end when a right lapses."""
    services: Services = socket.app.state.services
    await socket.accept()
    lease: Lease | None = None
    try:
        token = token_of(socket)
        lease = await services.permits.admit(token, "replay", [camera_id], statement=await opening(socket))
        await socket.send_json({"type": "permit", "id": lease.id, "journal": lease.journal})
        await until_first_ends(_windows(socket, services, token, lease, camera_id, stream), _watch(lease))
    except WebSocketDisconnect:
        return
    except GuetError as error:
        await say_and_close(socket, error, "refused" if lease is None else "withdrawn")
    finally:
        if lease is not None:
            await services.permits.close(lease)


async def _watch(lease: Lease) -> None:
    while True:
        await lease.change()
        lease.check()


async def _windows(socket: WebSocket, services: Services, token: str, lease: Lease, camera: str, stream: str) -> None:
    while True:
        text = await said(socket)
        statement = signed_in(text, "renew")
        if statement:
            await services.permits.prolong(lease, statement)
            continue
        try:
            await socket.send_json(await _window(services, token, lease, camera, stream, text))
        except Unavailable as error:
            # The commune's key is locked: the page says who can open it, and asks again.
            await socket.send_json({"type": "locked", **error.to_dict()})
        except BadInput as error:
            await socket.send_json({"type": "bad-window", **error.to_dict()})


async def _window(services: Services, token: str, lease: Lease, camera: str, stream: str, text: str) -> dict[str, Any]:
    """The keys of one window and the index of its groups, read from the segments' own headers."""
    asked = _asked(text)
    permit = await _verified(services, lease)
    start, end = UtcTime(asked.from_us), UtcTime(asked.to_us)
    shut = await _shut(services, token, camera)
    segments = offered(await services.playback.window(permit, camera, stream, start, end), shut)
    answer: dict[str, Any] = {
        "type": "keys",
        "from_us": asked.from_us,
        "to_us": asked.to_us,
        "sealed": "",
        "segments": [],
    }
    if segments:
        wanted = [{"name": one.name, "groups": [group.number for group in one.groups]} for one in segments]
        sealed = await services.keeper.key_window(
            lease.id, camera, asked.public, wanted, asked.from_us, asked.to_us, asked.statement
        )
        answer["sealed"] = base64.b64encode(sealed).decode()
        answer["segments"] = [one.view() for one in segments]
    return answer


def _asked(text: str) -> WindowAsked:
    try:
        asked = WindowAsked.model_validate_json(text[:MESSAGE_LIMIT_CHARS])
    except ValidationError as error:
        raise BadInput("Fenêtre de lecture illisible.", todo="Rechargez la page.") from error
    if not 0 < asked.to_us - asked.from_us <= KEY_WINDOW_LIMIT_US:
        raise BadInput("Une fenêtre de lecture dure au plus cinq minutes et sa fin suit son début.", rule="P-40")
    return asked
