"""What a verifier asks of witnesses: each known one has cosigned an earlier state of this very log (E-04).

A host that keeps two versions of a log must show one of them to each witness; whoever verifies with the keys of several
then finds that one log cannot bear all their cosignatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from vms.clock import LATEST_US, MICRO, UtcTime
from vms.errors import Damaged
from vms.keeper.journal.checkpoint import parse_checkpoint
from vms.keeper.journal.tree import root_of
from vms.keys.cosignature import ML_DSA_44, Head, WitnessKey, cosignatures
from vms.keys.note import Verifier

KINDS: Final = {ML_DSA_44: "ML-DSA-44"}


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A log's first ``size`` entries, cosigned by a witness at an instant."""

    witness: str
    kind: str
    size: int
    at: str

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return {"witness": self.witness, "kind": self.kind, "size": self.size, "at": self.at}


def cosigned_head(note: str, verifier: Verifier, key: WitnessKey) -> tuple[Head, int]:
    """(what the checkpoint says, the second of the witness's cosignature); Damaged when it lacks either signature."""
    head = Head(*parse_checkpoint(note, verifier))
    found = cosignatures(note, head, [key])
    if not found:
        raise Damaged(f"Le témoin « {key.name} » n’a pas contresigné ce point de contrôle.")
    return head, found[0].at_s


def check_witness(
    notes: Sequence[str], origin: str, leaves: list[bytes], verifier: Verifier, key: WitnessKey
) -> Witnessed:
    """The newest cosigned state among ``notes`` that this log continues; Damaged, with the reason, for anything else.

    ``leaves`` are the log's leaf hashes. No cosignature at all is a fault: the witness was asked for.
    """
    newest: Witnessed | None = None
    for note in notes:
        head = Head(*parse_checkpoint(note, verifier))
        found = cosignatures(note, head, [key])
        if not found:
            continue
        if head.origin != origin:
            raise Damaged(f"Le témoin « {key.name} » a contresigné un autre journal : « {head.origin} ».")
        check_earlier(head, leaves, f"du témoin « {key.name} »")
        if newest is None or head.size >= newest.size:
            at = UtcTime(min(found[0].at_s * MICRO, LATEST_US)).iso()
            newest = Witnessed(key.name, KINDS.get(key.kind, "Ed25519"), head.size, at)
    if newest is None:
        raise Damaged(f"Aucune contresignature du témoin « {key.name} » n’accompagne ce journal.")
    return newest


def check_earlier(head: Head, leaves: list[bytes], whose: str) -> None:
    """Return when a signed head is an earlier state of the log; Damaged, saying rolled back or forked, otherwise."""
    if head.size > len(leaves):
        sizes = f"Le journal a {len(leaves)} entrées, le point de contrôle {whose} en a {head.size}"
        raise Damaged(f"{sizes} : il a été raccourci.")
    if root_of(leaves[: head.size]) != head.root:
        raise Damaged(f"Le journal n’est pas la suite du point de contrôle {whose} : il a bifurqué.")
