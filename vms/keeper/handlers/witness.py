"""What the process that speaks to witnesses may ask: checkpoints, proofs, and a place for cosignatures (E-04).

Checkpoints and proofs hold hashes and counts, no record. What a witness sent is verified here before it is kept: the
text is one that the keeper signed, the lines are by the keys they claim.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from pydantic import Field

from vms.clock import HOUR_US
from vms.errors import BadInput, LimitExceeded, NotFound
from vms.keeper.arguments import Args, parse
from vms.keeper.files.store import Store
from vms.keeper.house import House
from vms.keeper.identity.host import HOST_LOG
from vms.keeper.journal import cosigned
from vms.keeper.journal.checkpoint import parse_checkpoint
from vms.keeper.journal.log import nodes_of
from vms.keeper.journal.tree import consistency_proof, frontier_at
from vms.keys.cosignature import Head, cosignatures, parse_witness_vkey
from vms.keys.note import only_signed_by

PAGE_LIMIT_LOGS: Final = 100
STAMP_EVERY_US: Final = 24 * HOUR_US
STAMP_LIMIT_BYTES: Final = 64 * 1024
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


class Unstamped(Args):
    """The logs after which one (``commune/log``)."""

    after: str = Field(default="", max_length=100)


class Stamp(Args):
    """Which checkpoint was time-stamped."""

    commune: str = Field(pattern=COMMUNE_PATTERN)
    log: str = Field(pattern=LOG_PATTERN)
    note: str = Field(max_length=NOTE_LIMIT_CHARS)


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
            "unstamped": self.unstamped,
            "put_stamp": self.put_stamp,
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
        head = self._ours(asked.note, asked.commune, asked.log)
        found = cosignatures(asked.note, head, [parse_witness_vkey(one) for one in asked.vkeys])
        own = only_signed_by(asked.note, signer.verifier())
        await store.write(lambda tx: cosigned.keep(tx.db, asked.log, head.size, own, found))
        return {"kept": len(found)}

    async def unstamped(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """Checkpoints that are new since a time-stamp of a day ago or more, a page at a time."""
        asked, before_us = parse(Unstamped, args, "unstamped"), self._house.clock.utc().us - STAMP_EVERY_US
        entries = [
            {"commune": commune, "log": log, "size": size, "note": note}
            for commune, store in self._stores()
            for log, size, note in cosigned.unstamped(store.reader, before_us)
            if f"{commune}/{log}" > asked.after
        ]
        return {"entries": sorted(entries, key=lambda one: f"{one['commune']}/{one['log']}")[:PAGE_LIMIT_LOGS]}

    async def put_stamp(self, args: dict[str, Any], body: bytes) -> dict[str, Any]:
        """Keep an authority's answer over a checkpoint of ours; whoever asked for it has checked it."""
        asked = parse(Stamp, args, "put_stamp")
        head, store = self._ours(asked.note, asked.commune, asked.log), self._store(asked.commune)
        if not 0 < len(body) <= STAMP_LIMIT_BYTES:
            raise LimitExceeded("Cet horodatage n’a pas une longueur plausible.", where=asked.log)
        now_us = self._house.clock.utc().us
        await store.write(lambda tx: cosigned.keep_stamp(tx.db, asked.log, head.size, now_us, asked.note, body))
        return {}

    def _ours(self, note: str, commune: str, log: str) -> Head:
        """What a checkpoint says that the keeper signed for this log; Damaged or BadInput otherwise."""
        signer = self._house.host.keys.signer
        head = Head(*parse_checkpoint(note, signer.verifier()))
        if head.origin != f"{signer.name}/{commune}/{log}":
            raise BadInput("Ce point de contrôle est celui d’un autre journal.", where=head.origin[:80])
        return head

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
