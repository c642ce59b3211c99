"""What an act is: its arguments' shape and the function that does it in one transaction with its journal entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from vms.errors import NotFound, Refused
from vms.keeper.arguments import Args
from vms.keeper.communes import Change
from vms.keeper.gate.gate import Denied, Motive, Person, admit
from vms.keeper.protocol import Act
from vms.law.facts import CameraFacts, Request
from vms.law.lapse import Lapse


@dataclass(frozen=True, slots=True)
class ActSpec:
    """One act: ``run(change, args)`` is pure but for the transaction, and returns what the caller is told.

    ``second``, of the acts of two persons, is whether this one wants the second (decision 0032): what destroys and
    shortens nothing is done at once.
    """

    model: type[Args]
    run: Callable[[Change, Any], dict[str, Any]]
    second: Callable[[Change, Any], bool] | None = None


def camera_in(change: Change, camera: str) -> CameraFacts:
    """A camera of the commune acted for; Refused by P-62 for any other, whether it exists or not."""
    found = change.facts.cameras.get(camera)
    if found is None:
        what = f"Cette caméra n’est pas de {change.facts.name}."
        raise Refused(what, where=camera[:80], todo="Agissez pour sa commune.", rule="P-62")
    return found


def refuse(lapse: Lapse | None, where: str = "") -> None:
    """Raise Refused for a rule that is not met; nothing for None."""
    if lapse is not None:
        raise Refused(lapse.what, where=where, todo=lapse.todo, rule=lapse.rule)


def one_of(kind: str, found: Any, where: str) -> Any:
    """``found``, or NotFound saying what was looked for."""
    if found is None:
        raise NotFound(f"Il n’y a pas de {kind} sous cet identifiant.", where=where[:80])
    return found


def extractable(change: Change, request_id: str) -> Request:
    """The request, if the author may extract it at this instant: the gate decides, as for its pictures (P-74)."""
    request: Request = one_of("demande", change.facts.requests.get(request_id), request_id)
    verdict = admit(
        change.facts,
        Person(change.author.person),
        Act.EXPORT,
        sorted(request.cameras),
        (request.from_us, request.to_us),
        Motive(change.purpose, change.motive, request.id),
        change.now_us,
    )
    if isinstance(verdict, Denied):
        raise verdict.error()
    return request


def move(change: Change, camera: CameraFacts, to: str, motive: str = "") -> CameraFacts:
    """The camera one step further in its life, written (P-24); ``motive`` says why it stops."""
    moved = replace(camera, states=(*camera.states, (change.now_us, to)), stop_motive=motive)
    change.put("camera", camera.id, moved)
    return moved
