"""Holds placed and released by hand (P-32); those of a request are placed by the request itself (P-34)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from pydantic import Field

from vms.errors import BadInput
from vms.keeper.acts.spec import ActSpec, camera_in, one_of, refuse
from vms.keeper.arguments import Args, Cameras, Identifier, Moment, MotiveText, Name
from vms.keeper.communes import Change, new_id
from vms.law.facts import Hold
from vms.law.holds import before, confirmed_end, hold_lapse


class PlaceHold(Args):
    """A hold: exact cameras and range, for a procedure with an authority and a reference."""

    cameras: Cameras
    from_us: Moment
    to_us: Moment
    procedure: Identifier
    authority: Name
    reference: Name
    requester: Name
    until_us: Moment | None = None


class ReleaseHold(Args):
    """A hold to release: what it kept past its term is destroyed."""

    hold: Identifier
    motive: MotiveText = Field(min_length=1)


def check_range(from_us: int, to_us: int, now_us: int) -> None:
    """BadInput for a range that ends before it starts or lies in the future."""
    if not from_us < to_us:
        raise BadInput("La plage finit avant d’avoir commencé.", where="from_us", todo="Vérifiez les deux instants.")
    if to_us > now_us:
        raise BadInput("La plage est dans l’avenir.", where="to_us", todo="Choisissez une plage passée.")


def place_hold(change: Change, args: PlaceHold) -> dict[str, Any]:
    """Place a hold; the keys it touches stop falling due in this very transaction (P-32)."""
    check_range(args.from_us, args.to_us, change.now_us)
    cameras = frozenset(camera_in(change, camera).id for camera in args.cameras)
    made = Hold(
        id=new_id("g"),
        cameras=cameras,
        from_us=args.from_us,
        to_us=args.to_us,
        procedure=args.procedure,
        authority=args.authority,
        reference=args.reference,
        requester=args.requester,
        placed_by=change.author.person,
        placed_us=change.now_us,
        until_us=confirmed_end(change.now_us) if args.until_us is None else args.until_us,
        after=before(change.facts.holds, cameras, args.from_us, args.to_us, change.now_us),
    )
    refuse(hold_lapse(made), "procedure")
    if made.until_us <= change.now_us:
        raise BadInput("Ce gel finirait avant de commencer.", where="until_us")
    change.put("hold", made.id, made)
    seq = write_placed(change, made)
    return {"hold": made.id, "until_us": made.until_us, "journal": seq}


def write_placed(change: Change, hold: Hold) -> int:
    """The journal entry of a hold; the requester's name stays with the hold, not in the log."""
    return change.modified(
        "place_hold",
        cameras=tuple(sorted(hold.cameras)),
        hold=hold.id,
        from_us=hold.from_us,
        to_us=hold.to_us,
        procedure=hold.procedure,
        reference=hold.reference,
        provisional=hold.provisional,
        until_us=hold.until_us,
    )


def release_hold(change: Change, args: ReleaseHold) -> dict[str, Any]:
    """Release a hold now; releasing twice changes nothing."""
    found = {hold.id: hold for hold in change.facts.holds}.get(args.hold)
    hold = one_of("gel", found, args.hold)
    if not hold.active(change.now_us):
        return {"hold": hold.id, "released": False}
    change.put("hold", hold.id, replace(hold, released_us=change.now_us))
    cameras = tuple(sorted(hold.cameras))
    seq = change.modified("release_hold", cameras=cameras, motive=args.motive, hold=hold.id)
    return {"hold": hold.id, "released": True, "journal": seq}


def _frees(change: Change, args: ReleaseHold) -> bool:
    """Whether the release lets anything go: a hold that is over keeps nothing any more."""
    return any(hold.id == args.hold and hold.active(change.now_us) for hold in change.facts.holds)


ACTS: Final = {
    "place_hold": ActSpec(PlaceHold, place_hold),
    "release_hold": ActSpec(ReleaseHold, release_hold, second=_frees),
}
