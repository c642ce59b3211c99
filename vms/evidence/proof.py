"""The proof that a journal entry is in the journal, in C2SP's tlog-proof form (https://c2sp.org/tlog-proof).

    c2sp.org/tlog-proof@v1
    index 1234
    <base64 of each hash of the audit path>

    <signed checkpoint>

Beside it the entry itself: its record and its salt, without which the leaf could not be recomputed (E-05).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final

from vms.errors import Damaged
from vms.evidence.manifest import canonical
from vms.keeper.journal.checkpoint import read_checkpoint
from vms.keeper.journal.entry import SALT_BYTES, commitment
from vms.keeper.journal.tree import PROOF_LIMIT_HASHES, leaf_hash, verify_inclusion

HEADER: Final = "c2sp.org/tlog-proof@v1"
PROOF_LIMIT_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class JournalProof:
    """An entry (record and salt in hexadecimal), its index in its log, its audit path, and a signed checkpoint."""

    record: str
    salt: str
    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def entry_bytes(self) -> bytes:
        """The entry's file."""
        return canonical({"record": self.record, "salt": self.salt})

    def proof_bytes(self) -> bytes:
        """The tlog-proof file."""
        hashes = "".join(base64.b64encode(one).decode() + "\n" for one in self.path)
        return f"{HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint}".encode()

    @staticmethod
    def parse(entry: bytes, proof: bytes) -> JournalProof:
        """The proof in two files; Damaged when either is not what ``entry_bytes`` and ``proof_bytes`` write."""
        try:
            content = json.loads(entry)
            record, salt = content["record"], content["salt"]
            if not isinstance(record, str) or not isinstance(salt, str):
                raise TypeError("no text")
            head, separator, checkpoint = proof.decode().partition("\n\n")
            lines = head.split("\n")
            index = int(lines[1].removeprefix("index "))
            path = tuple(base64.b64decode(line, validate=True) for line in lines[2:])
            found = JournalProof(record, salt, index, path, checkpoint)
            whole = found.entry_bytes() == entry and found.proof_bytes() == proof
        except (ValueError, KeyError, IndexError, TypeError, RecursionError, binascii.Error) as error:
            raise Damaged("La preuve d’inclusion est illisible.") from error
        if not separator or not whole or len(path) > PROOF_LIMIT_HASHES:
            raise Damaged("La preuve d’inclusion n’est pas sous sa forme canonique.")
        return found

    def verify(self, checkpoint: str) -> str:
        """Check entry and path against the text of the log's checkpoint; its origin line. Damaged when one fails."""
        origin, size, root = read_checkpoint(checkpoint)
        try:
            salt = bytes.fromhex(self.salt)
        except ValueError as error:
            raise Damaged("Le sel de l’entrée est illisible.") from error
        if len(salt) != SALT_BYTES or salt.hex() != self.salt:
            raise Damaged("Le sel de l’entrée n’est pas sous sa forme canonique.")
        verify_inclusion(leaf_hash(commitment(salt, self.record)), self.index, size, self.path, root)
        return origin

    def said(self) -> dict[str, Any]:
        """The record's members; Damaged when it is no object."""
        try:
            record = json.loads(self.record)
        except (ValueError, RecursionError) as error:
            raise Damaged("L’entrée du journal est illisible.") from error
        if not isinstance(record, dict):
            raise Damaged("L’entrée du journal est illisible.")
        return record
