"""What the process that speaks to witnesses may ask: checkpoints, proofs, and a place for cosignatures (E-04).

Checkpoints and proofs hold hashes and counts, no record. What a witness sent is verified here before it is kept: the
text is one that the keeper signed, the lines are by the keys they claim.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from pydantic import Field

from vms.errors import BadInput, NotFound
from vms.keeper import cosigned
from vms.keeper.arguments import Args, parse
from vms.keeper.checkpoint import parse_checkpoint
from vms.keeper.host import HOST_LOG
from vms.keeper.house import House
from vms.keeper.journal import nodes_of
from vms.keeper.store import Store
from vms.keeper.tree import consistency_proof, frontier_at
from vms.keys.cosignature import Head, cosignatures, parse_witness_vkey
from vms.keys.note import only_signed_by

PAGE_LIMIT_LOGS: Final = 100
NOTE_LIMIT_CHARS: Final = 100_000
LOG_PATTERN: Final = r"^\d{4}-T[1-4]$"
COMMUNE_PATTERN: Final = r"^[a-z0-9_-]{1,64}$"

Op = Callable[[dict[str, Any], bytes], Awaitable[Any]]


class Uncosigned(Args):
    """Whose cosignatures (key ids), and the logs after which one (``commune/log``)."""

    keys: tuple[str, ...] = Field(min_length=1, max_length=8)
    after: str = Field(default="", max_length=100)


class Consistency(Args):
    """From which size to which other of a log."""

    commune: str = Field(pattern=COMMUNE_PATTERN)
    log: str = Field(pattern=LOG_PATTERN)
    first: int = Field(ge=1)
    second: int = Field(ge=1)


class Cosignatures(Args):
    """A checkpoint with cosignature lines, and the keys they are to be by."""

    commune: str = Field(pattern=COMMUNE_PATTERN)
    log: str = Field(pattern=LOG_PATTERN)
    note: str = Field(max_length=NOTE_LIMIT_CHARS)
    vkeys: tuple[str, ...] = Field(min_length=1, max_length=8)


class WitnessDesk:
    """The desk of whoever carries checkpoints to witnesses and back."""

    def __init__(self, house: House) -> None:
        self._house = house

    def ops(self) -> dict[str, Op]:
        """The closed list of operations."""
        return {
            "uncosigned": self.uncosigned,
            "consistency": self.consistency,
            "put_cosignatures": self.put_cosignatures,
        }

    async def uncosigned(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Checkpoints that lack a cosignature of these keys, a page at a time, and the key that signed them."""
        asked = parse(Uncosigned, args, "uncosigned")
        entries: list[dict[str, Any]] = []
        for commune, store in self._stores():
            for log, size, note in cosigned.lacking(store.reader, list(asked.keys)):
                if f"{commune}/{log}" > asked.after:
                    entries.append({"commune": commune, "log": log, "size": size, "note": note})
        page = sorted(entries, key=lambda one: f"{one['commune']}/{one['log']}")[:PAGE_LIMIT_LOGS]
        return {"entries": page, "vkey": self._house.host.keys.signer.vkey()}

    async def consistency(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The proof from one size to another, and the root at the first."""
        asked = parse(Consistency, args, "consistency")
        db = self._store(asked.commune).reader
        row = db.execute("SELECT size FROM checkpoint WHERE log = ?", (asked.log,)).fetchone()
        if row is None or not asked.first <= asked.second <= row[0]:
            raise BadInput("Ce journal n’a pas ces deux tailles.", where=f"{asked.commune}/{asked.log}")
        nodes = nodes_of(db, asked.log)
        proof = [base64.b64encode(one).decode() for one in consistency_proof(nodes, asked.first, asked.second)]
        return {"proof": proof, "first_root": frontier_at(nodes, asked.first).root().hex()}

    async def put_cosignatures(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Keep the cosignatures of a checkpoint; Damaged when it is not ours or a line is not by its key."""
        asked = parse(Cosignatures, args, "put_cosignatures")
        store, signer = self._store(asked.commune), self._house.host.keys.signer
        head = Head(*parse_checkpoint(asked.note, signer.verifier()))
        if head.origin != f"{signer.name}/{asked.commune}/{asked.log}":
            raise BadInput("Ce point de contrôle est celui d’un autre journal.", where=head.origin[:80])
        found = cosignatures(asked.note, head, [parse_witness_vkey(one) for one in asked.vkeys])
        own = only_signed_by(asked.note, signer.verifier())
        await store.write(lambda tx: cosigned.keep(tx.db, asked.log, head.size, own, found))
        return {"kept": len(found)}

    def _stores(self) -> Iterator[tuple[str, Store]]:
        yield HOST_LOG, self._house.host.store
        for commune in self._house.communes:
            yield commune.id, commune.store

    def _store(self, commune: str) -> Store:
        if commune == HOST_LOG:
            return self._house.host.store
        try:
            return self._house.communes.get(commune).store
        except NotFound as error:
            raise BadInput("Ce journal n’est pas tenu ici.", where=commune) from error
