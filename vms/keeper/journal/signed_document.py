"""A document of the keeper's with its signature beside it: a signed note over its digest (E-03, D-13).

    <signer name>/<commune>/<kind> ⏎ <subject> ⏎ <instant> ⏎ sha256 <hex> <file name> ⏎ …

Five lines at least, so that no such note can pass for a checkpoint, which has three.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from vms.clock import UtcTime
from vms.errors import Damaged
from vms.keeper.journal.checkpoint import Signer
from vms.keys.note import Verifier, sign_note, verify_note

DIGEST_LINE: Final = re.compile(r"sha256 ([0-9a-f]{64}) ([A-Za-z0-9._-]{1,100})")
FILES_LIMIT: Final = 20


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """What a note says: of which commune, which subject, signed when, and the files' digests (hex) by name."""

    origin: str
    subject: str
    at: str
    digests: Mapping[str, str]


def canonical(data: Any) -> bytes:
    """JSON in its one form: keys sorted, no spaces, UTF-8."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sign_document(
    signer: Signer, commune: str, kind: str, subject: str, at: UtcTime, digests: Mapping[str, str]
) -> str:
    """The note over files' SHA-256 digests (hex, by file name)."""
    lines = "".join(f"sha256 {digest} {name}\n" for name, digest in sorted(digests.items()))
    return sign_note(f"{signer.name}/{commune}/{kind}\n{subject}\n{at.iso()}\n{lines}", signer.name, signer.private)


def open_document(note: str, verifier: Verifier, kind: str) -> SignedDocument:
    """What a note of this kind says; Damaged when the key did not sign it or it is of another kind."""
    text, _ = verify_note(note, [verifier])
    origin, *rest = text[:-1].split("\n")
    digests = [DIGEST_LINE.fullmatch(line) for line in rest[2:]]
    right = origin.startswith(f"{verifier.name}/") and origin.endswith(f"/{kind}") and origin.count("/") >= 2
    if not right or not 0 < len(digests) <= FILES_LIMIT:
        raise Damaged("Cette note signée n’est pas celle d’un tel document.", where=kind)
    found = {one[2]: one[1] for one in digests if one is not None}
    if len(found) != len(digests):
        raise Damaged("Les empreintes de ce document sont illisibles.", where=kind)
    return SignedDocument(origin, rest[0], rest[1], found)


def check_digest(said: SignedDocument, name: str, data: bytes) -> None:
    """Return when the note speaks of these very bytes under this name; Damaged otherwise."""
    if said.digests.get(name) != sha256(data).hexdigest():
        raise Damaged("Ce fichier n’est pas celui qui a été signé.", where=name)
