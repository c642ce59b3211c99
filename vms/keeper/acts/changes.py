"""Changes of what an order was given for: the camera goes dark until it is under another order (P-27)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from vms.errors import BadInput, Refused
from vms.keeper.acts.spec import ActSpec, camera_in
from vms.keeper.arguments import Args, Identifier, MotiveText
from vms.keeper.communes import Change, new_id
from vms.law.facts import CameraFacts, Modification, Order
from vms.law.rulebook import rulebook


class DeclareChange(Args):
    """What has changed or is about to, on which camera."""

    camera: Identifier
    kind: Identifier
    motive: MotiveText = ""


def declare_change(change: Change, args: DeclareChange) -> dict[str, Any]:
    """Declare a change: the préfet's order no longer fits, so the camera waits for the next one (P-27, P-11)."""
    camera = camera_in(change, args.camera)
    if args.kind not in rulebook().modification:
        raise BadInput("Ce genre de modification n’existe pas.", where=args.kind, todo="Choisissez dans la liste.")
    if change.facts.order_of(camera, change.now_us) is None:
        what = "Cette caméra n’est sous aucun arrêté : il n’y a rien à modifier."
        raise Refused(what, where=camera.id, todo="Rattachez-la d’abord à l’arrêté.", rule="P-27")
    made = declare(change, camera, args.kind)
    seq = change.modified(
        "declare_change", cameras=(camera.id,), motive=args.motive, modification=made.id, change=made.kind
    )
    return {"modification": made.id, "journal": seq}


def declare(change: Change, camera: CameraFacts, kind: str) -> Modification:
    """Write an open modification of a camera."""
    order = change.facts.order_of(camera, change.now_us)
    made = Modification(new_id("m"), camera.id, kind, change.now_us, change.author.person, order.id if order else None)
    change.put("modification", made.id, made)
    return made


def settle(change: Change, camera: CameraFacts, order: Order) -> None:
    """Close a camera's open modifications by an order other than the one they departed from; else Refused (P-27)."""
    for one in change.facts.modifications:
        if one.camera != camera.id or one.settled_us is not None:
            continue
        if one.order == order.id:
            what = "Une modification est déclarée : le même arrêté ne la couvre pas."
            raise Refused(what, where=camera.id, todo="Enregistrez le nouvel arrêté du préfet.", rule="P-27")
        change.put("modification", one.id, replace(one, settled_us=change.now_us, settled_order=order.id))


ACTS: Final = {"declare_change": ActSpec(DeclareChange, declare_change)}
