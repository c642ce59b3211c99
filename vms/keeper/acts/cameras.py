"""A camera's life after its enrolment: authorised, framed, commissioned, in service, suspended, retired (P-24)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from pydantic import Field

from vms.errors import Refused
from vms.keeper.acts.changes import declare, settle
from vms.keeper.acts.spec import ActSpec, camera_in, move, one_of, refuse
from vms.keeper.arguments import Args, Identifier, Moment, MotiveText, Name
from vms.keeper.communes import Change, new_id
from vms.law.authorisation import covers_camera, order_lapse
from vms.law.camera import step_lapse
from vms.law.facts import Framing
from vms.law.framing import MINUTE_US, framing_lapse

AUTHORISABLE_AGAIN: Final = frozenset({"authorised", "framed", "commissioned", "in_service", "suspended"})


class OneCamera(Args):
    """An act that needs nothing but its camera."""

    camera: Identifier


class AuthoriseCamera(OneCamera):
    """The order a camera comes under, and the purposes it serves (all of the order's when none is given)."""

    order: Identifier
    purposes: tuple[str | int, ...] = ()
    regime: Identifier | None = None


class FramingClass(OneCamera):
    """Whether the camera mainly shows a narrow field, and fast-moving people (T-04, T-06)."""

    narrow: bool
    fast_flows: bool = False


class OpenFraming(OneCamera):
    """A framing session to open."""

    minutes: int = Field(default=10, ge=1, le=60)


class PostPanel(OneCamera):
    """The public notice: when and where it was posted (P-80)."""

    date: Moment
    place: Name


class PostPanelPhoto(PostPanel):
    """A photograph of the posted notice: its day, what it shows, and the SHA-256 of the file that is kept (P-80).

    ``sent_sha256`` is that of the file as it was sent, before it was remade.
    """

    sent_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    UNSEEN = frozenset({"sha256"})  # of what the server makes of the photograph, once it has it


class InformPrefect(OneCamera):
    """When the préfet was told of the date of entry into service (P-24)."""

    date: Moment


class SuspendCamera(OneCamera):
    """Why the camera is taken out of service."""

    motive: MotiveText = Field(min_length=1)


class RetireCamera(OneCamera):
    """The end of a camera's life."""

    motive: MotiveText = ""


def authorise_camera(change: Change, args: AuthoriseCamera) -> dict[str, Any]:
    """Put a camera under an order; again under a new one when the first has lapsed (P-20, P-21, P-02)."""
    camera = camera_in(change, args.camera)
    order = one_of("arrêté", change.facts.orders.get(args.order), args.order)
    purposes = frozenset(str(code).removesuffix("°") for code in args.purposes) or order.purposes
    former = camera.attached or (((0, camera.order),) if camera.order else ())
    authorised = replace(
        camera,
        order=order.id,
        purposes=purposes,
        regime=args.regime or camera.regime,
        attached=(*former, (change.now_us, order.id)),
    )
    refuse(order_lapse(order, change.now_us) or covers_camera(order, authorised), camera.id)
    settle(change, camera, order)
    if camera.state_at(change.now_us) in AUTHORISABLE_AGAIN:
        change.put("camera", camera.id, authorised)
    else:
        refuse(step_lapse(change.facts, authorised, "authorised", change.now_us), camera.id)
        authorised = move(change, authorised, "authorised")
    return _done(change, "authorise_camera", authorised.id, order=order.id, purposes=sorted(purposes, key=int))


def _shortens(change: Change, args: AuthoriseCamera) -> bool:
    """Whether the camera would keep for less long than under its order in force (P-30)."""
    former = change.facts.order_of(camera_in(change, args.camera), change.now_us)
    order = change.facts.orders.get(args.order)
    return former is not None and order is not None and order.max_days < former.max_days


def declare_framing_class(change: Change, args: FramingClass) -> dict[str, Any]:
    """Declare the field of view; what the stored picture must reach follows from it (T-04…T-06)."""
    camera = camera_in(change, args.camera)
    if camera.state_at(change.now_us) == "in_service":
        what = "Le plan d’une caméra en service ne change pas sans nouvel arrêté."
        raise Refused(what, where=camera.id, todo="Suspendez-la d’abord.", rule="P-27")
    served = any(state == "in_service" for _, state in camera.states)
    if served and camera.narrow is not None and camera.narrow != args.narrow:
        declare(change, camera, "field")  # what the préfet authorised was the other field
    change.put("camera", camera.id, replace(camera, narrow=args.narrow, fast_flows=args.fast_flows))
    return _done(change, "declare_framing_class", camera.id, narrow=args.narrow, fast_flows=args.fast_flows)


def open_framing(change: Change, args: OpenFraming) -> dict[str, Any]:
    """Open a framing session: one camera, live, nothing kept, fifteen minutes at most (P-57)."""
    camera = camera_in(change, args.camera)
    refuse(framing_lapse(change.facts, camera, args.minutes, change.now_us), camera.id)
    until_us = change.now_us + args.minutes * MINUTE_US
    made = Framing(new_id("f"), camera.id, change.author.person, change.now_us, until_us)
    change.put("framing", made.id, made)
    return _done(change, "open_framing", camera.id, framing=made.id, until_us=until_us) | {
        "framing": made.id,
        "until_us": until_us,
    }


def close_framing(change: Change, args: OneCamera) -> dict[str, Any]:
    """Close the framing session that is open on a camera; closing twice changes nothing."""
    camera = camera_in(change, args.camera)
    opened = change.facts.open_framing(camera.id, change.now_us)
    if opened is None:
        return {"camera": camera.id, "closed": False}
    change.put("framing", opened.id, replace(opened, closed_us=change.now_us))
    return _done(change, "close_framing", camera.id, framing=opened.id) | {"closed": True}


def post_panel(change: Change, args: PostPanel) -> dict[str, Any]:
    """Note where and when the notice was posted (P-80)."""
    camera = camera_in(change, args.camera)
    if args.date > change.now_us:
        raise Refused(
            "Cette date est dans l’avenir.", where="date", todo="Notez-la une fois le panneau posé.", rule="P-80"
        )
    # A photograph shows the notice that was there before.
    unseen = replace(camera, panel_photo="", panel_photo_us=None, panel_photo_place="")
    change.put("camera", camera.id, replace(unseen, panel_us=args.date, panel_place=args.place))
    return _done(change, "post_panel", camera.id, date_us=args.date)


def post_panel_photo(change: Change, args: PostPanelPhoto) -> dict[str, Any]:
    """Note that the posted notice was photographed; the picture itself stays with the pages (P-80)."""
    camera = camera_in(change, args.camera)
    if camera.panel_us is None:
        what = "La pose du panneau n’est pas notée."
        raise Refused(what, where=camera.id, todo="Notez sa date et son lieu d’abord.", rule="P-80")
    if not camera.panel_us <= args.date <= change.now_us:
        what = "La photographie doit être d’un jour entre la pose du panneau et aujourd’hui."
        raise Refused(what, where="date", todo="Corrigez sa date, ou reprenez-la.", rule="P-80")
    seen = replace(camera, panel_photo=args.sha256, panel_photo_us=args.date, panel_photo_place=args.place)
    change.put("camera", camera.id, seen)
    digests = {"sha256": args.sha256, "sent_sha256": args.sent_sha256}
    return _done(change, "post_panel_photo", camera.id, date_us=args.date, **digests)


def inform_prefect(change: Change, args: InformPrefect) -> dict[str, Any]:
    """Note the date told to the préfet; the camera may not enter service before it (P-24)."""
    camera = camera_in(change, args.camera)
    change.put("camera", camera.id, replace(camera, prefect_informed_us=args.date))
    return _done(change, "inform_prefect", camera.id, date_us=args.date)


def commission_camera(change: Change, args: OneCamera) -> dict[str, Any]:
    """Accept a camera: zones validated by a second person, panel posted, measures met (P-10, P-11, P-80, T-04…T-06)."""
    return _step(change, args.camera, "commissioned", "commission_camera")


def put_in_service(change: Change, args: OneCamera) -> dict[str, Any]:
    """Put a camera in service, or back in service: every element is checked anew (P-20…P-24)."""
    return _step(change, args.camera, "in_service", "put_in_service")


def suspend_camera(change: Change, args: SuspendCamera) -> dict[str, Any]:
    """Stop a camera: live and recording end at once, what exists follows its term."""
    return _step(change, args.camera, "suspended", "suspend_camera", args.motive)


def retire_camera(change: Change, args: RetireCamera) -> dict[str, Any]:
    """End a camera's life; it does not come back."""
    return _step(change, args.camera, "retired", "retire_camera", args.motive)


def _step(change: Change, camera_id: str, to: str, act: str, motive: str = "") -> dict[str, Any]:
    camera = camera_in(change, camera_id)
    refuse(step_lapse(change.facts, camera, to, change.now_us), camera.id)
    move(change, camera, to, motive)
    return _done(change, act, camera.id, motive=motive, state=to) | {"state": to}


def _done(change: Change, act: str, camera: str, *, motive: str = "", **detail: Any) -> dict[str, Any]:
    return {"camera": camera, "journal": change.modified(act, cameras=(camera,), motive=motive, **detail)}


ACTS: Final = {
    "authorise_camera": ActSpec(AuthoriseCamera, authorise_camera, second=_shortens),
    "declare_framing_class": ActSpec(FramingClass, declare_framing_class),
    "open_framing": ActSpec(OpenFraming, open_framing),
    "close_framing": ActSpec(OneCamera, close_framing),
    "post_panel": ActSpec(PostPanel, post_panel),
    "post_panel_photo": ActSpec(PostPanelPhoto, post_panel_photo),
    "inform_prefect": ActSpec(InformPrefect, inform_prefect),
    "commission_camera": ActSpec(OneCamera, commission_camera),
    "put_in_service": ActSpec(OneCamera, put_in_service),
    "suspend_camera": ActSpec(SuspendCamera, suspend_camera),
    "retire_camera": ActSpec(RetireCamera, retire_camera),
}
