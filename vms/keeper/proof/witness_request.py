"""The body of C2SP tlog-witness's ``add-checkpoint``: the size proved from, the proof, and the checkpoint (E-04)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vms.errors import BadInput, Damaged
from vms.keeper.journal.checkpoint import read_checkpoint
from vms.keeper.journal.tree import HASH_BYTES
from vms.keys.cosignature import Head
from vms.keys.note import decode_base64, note_text

PROOF_LIMIT_LINES: Final = 63
REQUEST_LIMIT_BYTES: Final = 65_536
SIZE_LIMIT_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint shown to a witness, with the proof that it extends the tree of ``old`` leaves."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def encode(self) -> bytes:
        """The request's body."""
        proof = "".join(base64.b64encode(one).decode() + "\n" for one in self.proof)
        return f"old {self.old}\n{proof}\n{self.note}".encode()


def parse_submission(body: bytes) -> Submission:
    """The submission in a request's body; BadInput, saying why, for anything but the one form."""
    if len(body) > REQUEST_LIMIT_BYTES:
        raise BadInput(f"Plus de {REQUEST_LIMIT_BYTES} octets.")
    try:
        head, separator, note = body.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError as error:
        raise BadInput("Ce n’est pas de l’UTF-8.") from error
    first, *lines = head.split("\n")
    word, _, digits = first.partition(" ")
    if not separator or word != "old":
        raise BadInput("La première ligne est « old », une espace, une taille.")
    if len(lines) > PROOF_LIMIT_LINES:
        raise BadInput(f"Une preuve de cohérence a {PROOF_LIMIT_LINES} lignes au plus.")
    proof = tuple(decode_base64(line) for line in lines)
    if any(len(one) != HASH_BYTES for one in proof):
        raise BadInput(f"Une ligne de preuve fait {HASH_BYTES} octets.")
    return Submission(parse_size(digits), proof, note)


def parse_size(digits: str) -> int:
    """A tree size in ASCII decimal without leading zeroes; BadInput otherwise."""
    plain = digits.isascii() and digits.isdigit() and len(digits) <= SIZE_LIMIT_DIGITS
    if not plain or (digits != "0" and digits.startswith("0")):
        raise BadInput("Une taille d’arbre s’écrit en décimal, sans zéro de tête.")
    return int(digits)


def head_of(note: str) -> Head:
    """What a checkpoint's note says, whoever signed it; BadInput when it is no checkpoint."""
    try:
        return Head(*read_checkpoint(note_text(note)))
    except Damaged as error:
        raise BadInput(error.what) from error


def size_body(size: int) -> bytes:
    """The body of a conflict: the size that the witness knows."""
    return f"{size}\n".encode()


def proof_bytes(lines: Sequence[str]) -> tuple[bytes, ...]:
    """A proof in base64, as the keeper hands it out."""
    return tuple(decode_base64(line) for line in lines)
