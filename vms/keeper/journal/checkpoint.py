"""Checkpoints of the journal's logs: C2SP tlog-checkpoint texts in signed notes (E-02, E-03)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vms.errors import BadInput, Damaged
from vms.keeper.journal.tree import HASH_BYTES
from vms.keys.note import Verifier, decode_base64, parse_vkey, verify_note, vkey
from vms.keys.signing import signing_public_key

# A size in ASCII decimal without leading zeroes, that any table and any cosignature can hold.
SIZE: Final = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Signer:
    """The keeper's journal key and its name."""

    name: str
    private: bytes

    def vkey(self) -> str:
        """The verifier key to publish and keep elsewhere."""
        return vkey(self.name, signing_public_key(self.private))

    def verifier(self) -> Verifier:
        """What checks our own notes."""
        return parse_vkey(self.vkey())


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """The three lines of a checkpoint."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def parse_checkpoint(note: str, verifier: Verifier | Iterable[Verifier]) -> tuple[str, int, bytes]:
    """(origin, size, root) of a signed checkpoint; Damaged when the signature or the text does not hold."""
    known = [verifier] if isinstance(verifier, Verifier) else list(verifier)
    text, _ = verify_note(note, known)
    return read_checkpoint(text)


def read_checkpoint(text: str) -> tuple[str, int, bytes]:
    """(origin, size, root) of a checkpoint's text, whoever signed it; Damaged when it is not one."""
    lines = text.split("\n")
    if len(lines) != 4 or not lines[0] or SIZE.fullmatch(lines[1]) is None:
        raise Damaged("Ce point de contrôle est illisible.")
    try:
        root = decode_base64(lines[2])
    except BadInput as error:
        raise Damaged("Ce point de contrôle est illisible.") from error
    if len(root) != HASH_BYTES:
        raise Damaged("Ce point de contrôle est illisible.")
    return lines[0], int(lines[1]), root
