"""The export worker: a short-lived process that opens groups, builds the package, and writes it sealed (P-38, T-10).

It makes three keys: an X25519 pair, to which the keeper seals the group keys of the permit's span, as it does for a
page; the package key, wrapped to the commune's public key before anything is written; and an RSA key that signs the
videos, which the commune's seal certifies for this one extraction. None leaves it in clear, nothing clear reaches a
disk, and all are gone with the process. It reads one socket, sealed segments, and writes one file.

The permit is checked here again (P-58): signature, act, cameras, span; and its renewals, before each group.

Messages are ``vms.wire`` frames. In: ``job``, ``permit`` (again and again), ``keys`` (body: sealed), ``signature``
and ``stamped`` (body: an authority's answer). Out: ``ready``, ``need`` (keys for these groups, sealed to ``public``),
``progress``, ``stamp`` (have this dated), ``sign`` (this hash), ``done`` or ``error``.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import mmap
import os
import resource
import secrets
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography.utils import Buffer

from recorder.export.c2pa_sidecars import add_sidecars
from recorder.export.lane import Lane
from recorder.export.order import Piece, StreamPlan
from recorder.export.package_builder import PackageBuilder, PackageFacts, Seals, Signatures, StreamFacts
from recorder.segment.format import ABSENCE_TAG, HEADER_LIMIT_BYTES, Placed, SegmentHeader, walk
from recorder.store.direct import DirectDisk
from vms.clock import Clock, SystemClock
from vms.errors import BadInput, Damaged, GuetError, Refused
from vms.evidence import timestamp
from vms.evidence.manifest import STORED_DAMAGED, Absence
from vms.evidence.proof import JournalProof
from vms.evidence.sealed import KEY_BYTES, SealingSink, package_key_info
from vms.keeper.gate.permit import Permit, verify_permit
from vms.keeper.protocol import KEY_WINDOW_INFO, Act
from vms.keys import seal
from vms.keys.derive import group_context
from vms.keys.sealing import open_group
from vms.keys.wrapping import generate_peer_key, open_from, wrap
from vms.wire import ChannelClosed, read_frame, write_frame

# Keys are asked for so many segments at a time: an hour of footage, not a day, is open to this process at once.
SEGMENTS_PER_WINDOW: Final = 64
PERMIT_WAIT_S: Final = 6.0
PERMIT_POLL_S: Final = 0.1
PROGRESS_GROUPS: Final = 16
FLOW_BYTES: Final = 4 * 1024 * 1024


class ExportWorker:
    """One export, from the job to the sealed file."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Clock) -> None:
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._private, self._public = generate_peer_key()
        self._package_key = secrets.token_bytes(KEY_BYTES)
        self._job: dict[str, Any] = {}
        self._plans: list[StreamPlan] = []
        self._video_key, self._video_public = seal.generate_key()
        self._permit: Permit | None = None
        self._answers: asyncio.Queue[tuple[dict[str, Any], bytes]] = asyncio.Queue()
        self._done_groups = 0

    async def run(self) -> None:
        """Carry out the job; a GuetError is told to the parent, and the file it began is gone."""
        self._tell({"ready": {"video_key": base64.b64encode(self._video_public).decode()}})
        self._job, _ = await read_frame(self._reader)
        self._plans = [StreamPlan.from_dict(plan) for plan in self._job["plans"]]
        listening = asyncio.create_task(self._listen())
        try:
            self._take_permit(self._job["permit"])
            self._tell(await self._build(Path(self._job["output"])))
        except GuetError as error:
            self._tell({"error": error.to_dict()})
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await self._writer.drain()

    async def _listen(self) -> None:
        """Take permits as they come, and queue every other answer."""
        try:
            while True:
                message, body = await read_frame(self._reader)
                if "permit" in message:
                    # One that ran out on its way here, or is none, renews nothing; the one we have then runs out.
                    with contextlib.suppress(Refused):
                        self._take_permit(message["permit"])
                else:
                    await self._answers.put((message, body))
        except GuetError as error:
            # The parent has gone: whoever waits for an answer gets this one.
            self._permit = None
            await self._answers.put(({"error": error.to_dict()}, b""))

    def _take_permit(self, token: str) -> None:
        permit = verify_permit(token, base64.b64decode(self._job["keeper_public"]), self._clock.utc())
        if self._permit is not None and permit.id != self._permit.id:
            raise Refused("Ce permis est celui d’une autre extraction.", rule="P-58")
        for plan in self._plans:
            permit.require(Act.EXPORT, plan.camera, self._clock.utc())
            if not permit.covers(plan.from_us, plan.to_us):
                raise Refused("Ce permis ne couvre pas cette plage.", where=plan.camera, rule="P-58")
        self._permit = permit

    async def _admitted(self) -> None:
        """Return while the permit holds; wait a little for its renewal, then Refused."""
        for _ in range(round(PERMIT_WAIT_S / PERMIT_POLL_S)):
            if self._permit is not None and self._clock.utc() < self._permit.expires:
                return
            await self._clock.sleep(PERMIT_POLL_S)
        raise Refused("Le permis d’extraction n’a pas été renouvelé.", todo="Relancez l’extraction.", rule="P-58")

    async def _build(self, output: Path) -> dict[str, Any]:
        facts = PackageFacts(**{**self._job["facts"], "zone_sets": tuple(self._job["facts"]["zone_sets"])})
        info = package_key_info(facts.commune, facts.request, facts.package)
        wrapped = wrap(base64.b64decode(self._job["commune_public"]), self._package_key, info)
        partial = output.with_suffix(output.suffix + ".partial")
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            file = _Flowing(fd)
            try:
                result = await self._write(file, facts)
                file.flush()
                os.fsync(fd)
            finally:
                file.close()
            # A crash before this rename leaves a partial file that nobody has a key for; the next start removes it.
            partial.rename(output)
            _sync_folder(output.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return {"done": {**result, "wrapped_key": base64.b64encode(wrapped).decode()}}

    async def _write(self, file: _Flowing, facts: PackageFacts) -> dict[str, Any]:
        sink = SealingSink(file, facts.package, self._package_key)
        builder = PackageBuilder(sink, facts, self._seals())
        for plan in self._plans:
            await self._stream(builder, plan)
        for name, proof in self._job["proofs"].items():
            path = tuple(base64.b64decode(one) for one in proof["proof"])
            builder.journal(name, JournalProof(proof["record"], proof["salt"], proof["n"], path, proof["checkpoint"]))
        await add_sidecars(builder, self._seals().videos, self._stamped if facts.timestamp_roots else None)
        await self._admitted()
        manifest_sha256 = hashlib.sha256(builder.manifest()).hexdigest()
        self._tell({"sign": manifest_sha256})
        answer, _ = await self._answer("signature")
        size = builder.sign(_signatures(answer["signature"]))
        sink.finish()
        return {
            "bytes": size,
            "files": builder.files,
            "manifest_sha256": manifest_sha256,
        }

    async def _stamped(self, data: bytes) -> bytes:
        """An authority's token over ``data``, by way of the parent: this process opens no connection."""
        self._tell({"stamp": base64.b64encode(data).decode()})
        _, answer = await self._answer("stamped")
        return timestamp.token_of(answer)

    def _seals(self) -> Seals:
        """The commune's seal, and our own key as the seal certified it."""
        commune, certificate = (base64.b64decode(self._job["certified"][name]) for name in ("seal", "certificate"))
        return Seals(commune, seal.Seal(self._video_key, certificate))

    async def _stream(self, builder: PackageBuilder, plan: StreamPlan) -> None:
        builder.begin_stream(StreamFacts(plan.camera, plan.name, plan.place, plan.stream, plan.from_us, plan.to_us))
        records: list[tuple[int, bytes]] = [(sequence, bytes.fromhex(text)) for sequence, text in plan.absence_records]
        absences = [Absence(from_us=start, to_us=end, cause=cause) for start, end, cause in plan.absences]
        zone_sets: set[str] = set()
        for begin in range(0, len(plan.pieces), SEGMENTS_PER_WINDOW):
            pieces = plan.pieces[begin : begin + SEGMENTS_PER_WINDOW]
            keys = await self._keys(plan, pieces)
            for piece in pieces:
                header = await self._piece(builder, piece, keys[piece.name], records, absences)
                zone_sets.add(header.zone_set_id)
        builder.end_stream(_chain(records), zone_sets, absences)

    async def _piece(
        self,
        builder: PackageBuilder,
        piece: Piece,
        keys: dict[int, bytes],
        records: list[tuple[int, bytes]],
        absences: list[Absence],
    ) -> SegmentHeader:
        """Copy one segment's groups; its records join ``records``, what no longer opens joins ``absences``."""
        with Path(piece.path).open("rb") as file:  # noqa: ASYNC230  reading is all this process does
            read = _reader_of(file, piece.sound_bytes)
            header, length = SegmentHeader.parse(read(0, HEADER_LIMIT_BYTES))
            if str(header.name) != piece.name:
                raise Damaged("Ce fichier porte le nom d’un autre segment.", where=piece.name)
            base = EDGE_BASE if header.origin == "edge" else 0
            records.append((base + header.sequence, header.encode()))
            for placed in walk(read, header, length, verify=False):
                number = placed.header.number
                records.append((base + header.sequence + 1 + number, placed.header.encode()))
                if number not in keys:
                    continue
                await self._admitted()
                try:
                    plain = _open(placed, header, keys[number], read(placed.sealed_offset, placed.header.length))
                    builder.group(header, placed.header, plain)
                except Damaged:
                    absences.append(
                        Absence(from_us=placed.header.utc_us, to_us=placed.header.end_us, cause=STORED_DAMAGED)
                    )
                await self._progress()
        return header

    async def _keys(self, plan: StreamPlan, pieces: tuple[Piece, ...]) -> dict[str, dict[int, bytes]]:
        """The group keys of these pieces, by segment and number, opened with our own private key."""
        await self._admitted()
        asked = [
            {"name": one.name, "groups": list(range(one.first_group, one.first_group + one.groups))} for one in pieces
        ]
        public = base64.b64encode(self._public).decode()
        span = {"camera": plan.camera, "from_us": plan.from_us, "to_us": plan.to_us}
        self._tell({"need": {**span, "public": public, "segments": asked}})
        _, sealed = await self._answer("keys")
        permit_id = self._permit.id if self._permit else ""
        opened = json.loads(open_from(self._private, sealed, KEY_WINDOW_INFO, permit_id.encode()))
        found = {
            one["segment"]: {int(number): base64.b64decode(key) for number, key in one["groups"].items()}
            for one in opened["keys"]
        }
        if any(one.name not in found for one in pieces):
            raise BadInput("Le gardien n’a pas donné toutes les clés demandées.", where=plan.camera)
        return found

    async def _answer(self, kind: str) -> tuple[dict[str, Any], bytes]:
        message, body = await self._answers.get()
        if "error" in message:
            raise GuetError.from_dict(message["error"])
        if kind not in message:
            raise BadInput(f"Réponse inattendue : il fallait « {kind} ».", where="export")
        return message, body

    async def _progress(self) -> None:
        self._done_groups += 1
        total = sum(plan.group_count for plan in self._plans)
        if self._done_groups % PROGRESS_GROUPS == 0 or self._done_groups == total:
            self._tell({"progress": {"done": self._done_groups, "total": total}})
            await self._writer.drain()
        # Let renewals in: everything else here is computation.
        await asyncio.sleep(0)

    def _tell(self, message: dict[str, Any]) -> None:
        write_frame(self._writer, message)


# Links of the edge chain stand after all of the live one; each counts for itself.
EDGE_BASE: Final = 1 << 63


class _Flowing:
    """A file whose bytes go to the disk while more are made, past the page cache: else all of them would at the end.

    Nobody reads them again soon, so the machine's memory is left to the recording (T-11).
    """

    def __init__(self, fd: int) -> None:
        """``fd`` is open for appending."""
        self._fd, self._disk = fd, DirectDisk()
        # Two lots of pages: one is filled while the other is written.
        self._pages, self._other = (memoryview(mmap.mmap(-1, FLOW_BYTES)) for _ in range(2))
        self._filled = 0
        self._lane = Lane(1)

    def write(self, data: Buffer, /) -> None:
        """Take all of ``data``."""
        left = memoryview(data).cast("B")
        while left:
            taken = left[: FLOW_BYTES - self._filled]
            self._pages[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            left = left[len(taken) :]
            if self._filled == FLOW_BYTES:
                self._give()

    def flush(self) -> None:
        """Return once all is written."""
        self._give()
        self._lane.drain()

    def close(self) -> None:
        """Give the descriptor back, once nobody writes to it any more."""
        self._lane.close()
        os.close(self._fd)

    def _give(self) -> None:
        """Have what is held written, and wait for the lot before it."""
        self._lane.run(partial(self._disk.append, self._fd, self._pages[: self._filled]))
        self._pages, self._other, self._filled = self._other, self._pages, 0


def _signatures(told: dict[str, str]) -> Signatures:
    cms, timestamp = (base64.b64decode(told.get(name, "")) for name in ("cms", "timestamp"))
    return Signatures(told["note"], told["vkey"], cms, timestamp)


def _chain(records: list[tuple[int, bytes]]) -> bytes:
    """The records in order; an absence after a segment that is gone has nothing to follow, and is left out."""
    chain: list[bytes] = []
    before = -1
    for sequence, record in sorted(records):
        if record.startswith(ABSENCE_TAG) and sequence != before + 1:
            continue
        chain.append(record)
        before = sequence
    return b"".join(chain)


def _open(placed: Placed, header: SegmentHeader, key: bytes, sealed: bytes) -> bytes:
    placed.header.check(sealed, placed.offset)
    context = group_context(header.name.camera, str(header.name), placed.header.number)
    return open_group(key, context, sealed)


def _reader_of(file: BinaryIO, limit_bytes: int) -> Callable[[int, int], bytes]:
    """Reads at places within the part of a file that was planned, though more may be appended meanwhile."""

    def read(offset: int, length: int) -> bytes:
        return os.pread(file.fileno(), max(0, min(length, limit_bytes - offset)), offset)

    return read


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


async def serve(link: socket.socket, clock: Clock) -> None:
    """Carry out the one job that comes over ``link``."""
    reader, writer = await asyncio.open_connection(sock=link)
    try:
        await ExportWorker(reader, writer, clock).run()
    except (ChannelClosed, ConnectionError):
        return  # the parent went: nobody waits for this package any more
    finally:
        writer.close()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1])), SystemClock(int(sys.argv[2]))))
