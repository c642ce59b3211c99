"""A time-stamp beside a log: an authority saw this very checkpoint of it at an instant (RFC 3161, E-10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vms.errors import Damaged
from vms.evidence.timestamp import check, read_roots
from vms.keeper.journal.checkpoint import parse_checkpoint
from vms.keeper.proof.witnesses import check_earlier
from vms.keys.cosignature import Head
from vms.keys.note import Verifier


@dataclass(frozen=True, slots=True)
class Stamped:
    """A log's first ``size`` entries existed at this instant, says an authority."""

    size: int
    at: str

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        return {"size": self.size, "at": self.at}


def check_stamp(
    found: tuple[str, bytes] | None, origin: str, leaves: list[bytes], verifier: Verifier, roots: bytes
) -> Stamped:
    """What the stamp beside a log proves under these roots (PEM); Damaged, with the reason, when it proves nothing.

    No stamp at all is a fault: the authority was named.
    """
    if found is None:
        raise Damaged("Aucun horodatage n’accompagne ce journal.")
    note, answer = found
    head = Head(*parse_checkpoint(note, verifier))
    if head.origin != origin:
        raise Damaged(f"L’horodatage est celui d’un autre journal : « {head.origin} ».")
    at = check(answer, note.encode(), read_roots(roots))
    check_earlier(head, leaves, "horodaté")
    return Stamped(head.size, at.iso())
