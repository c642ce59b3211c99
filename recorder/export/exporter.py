"""Extraction: starts an export worker, brings it permits, keys and the keeper's signature, hands back a sealed file.

The recording goes on meanwhile (T-11): the worker only reads. What passes through here of keys is sealed to the worker;
nothing here can open a picture or the package.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import recorder
from recorder.export.order import StreamPlan
from recorder.export.package_builder import PackageFacts
from vms.errors import GuetError, LimitExceeded, Unavailable
from vms.keeper.gate.permit import Permit
from vms.wire import MAX_FRAME_BYTES, ChannelClosed, read_frame, write_frame

RENEW_INTERVAL_S: Final = 1.3
CLOSE_TIMEOUT_S: Final = 2.0
STREAMS_LIMIT: Final = 64
# glibc gives large buffers back to the system at once and asks for fresh, zeroed pages for the next: for buffers of a
# megabyte that costs more than hashing them. Kept, they are reused. Other C libraries ignore the names.
ALLOCATION: Final = {"MALLOC_MMAP_THRESHOLD_": "67108864", "MALLOC_TRIM_THRESHOLD_": "536870912"}

Progress = Callable[[int, int], None]
T = TypeVar("T")


class ExportKeeper(Protocol):
    """What an extraction asks of the keeper, already bound to the person's session and request."""

    async def renew(self, permit_id: str) -> str:
        """A fresh token; Refused when the right is gone."""
        ...

    async def key_window(
        self, permit_id: str, camera: str, public: bytes, segments: Sequence[dict[str, Any]], from_us: int, to_us: int
    ) -> bytes:
        """Exactly these group keys, sealed to ``public``."""
        ...

    async def sign_manifest(self, manifest_sha256: str) -> dict[str, Any]:
        """What is signed over a manifest's hash: ``note`` and ``vkey``, ``cms`` and perhaps ``timestamp`` in base64."""
        ...

    async def stamp(self, data: bytes) -> bytes:
        """A time-stamping authority's checked answer (DER) over ``data`` (E-11)."""
        ...

    async def certify_export(self, public: str) -> dict[str, Any]:
        """``{"certificate", "seal"}`` (DER, base64): the worker's video key certified, and the seal that did it."""
        ...


@dataclass(frozen=True, slots=True)
class ExportJob:
    """What to extract, on whose word, and where the sealed package goes.

    ``proofs`` are answers of the keeper's ``journal_proof``, by the name they get in the package.
    """

    facts: PackageFacts
    plans: tuple[StreamPlan, ...]
    proofs: Mapping[str, dict[str, Any]]
    commune_public: bytes
    keeper_public: bytes
    output: Path


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished package: its length in clear, its manifest's hash, and its key wrapped to the commune."""

    package: str
    path: Path
    size_bytes: int
    files: int
    manifest_sha256: str
    wrapped_key: bytes


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process that waits for its job, and the socket to it."""

    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def end(self) -> None:
        """Return once it does nothing any more."""
        self.writer.transport.abort()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


@asynccontextmanager
async def export_worker(clock_offset_s: int = 0) -> AsyncIterator[Worker]:
    """A worker for one ``export``, gone at the end.

    It takes a second to start: whoever has other questions to ask starts it first.
    """
    worker = await _start(clock_offset_s)
    try:
        yield worker
    finally:
        await worker.end()


async def export(
    worker: Worker, permit: Permit, job: ExportJob, keeper: ExportKeeper, on_progress: Progress
) -> Exported:
    """Carry out an extraction under an export permit, renewed while it lasts.

    Raises what the keeper or the worker refused, Unavailable when the worker died; then no file is left.
    """
    if len(job.plans) > STREAMS_LIMIT:
        raise LimitExceeded(f"Une extraction porte sur {STREAMS_LIMIT} flux au plus.")
    reader, writer = worker.reader, worker.writer
    working = asyncio.Event()
    renewing = asyncio.create_task(_renew(permit.id, keeper, writer, working))
    try:
        while True:
            message, _ = await _unless_refused(read_frame(reader), renewing)
            if "error" in message:
                raise GuetError.from_dict(message["error"])
            if "done" in message:
                return _exported(job, message["done"])
            if "ready" in message:
                certified = await keeper.certify_export(message["ready"]["video_key"])
                # Starting a process may outlast a permit: it gets a fresh one of the same consultation.
                write_frame(writer, _job_message(await keeper.renew(permit.id), job, certified))
                working.set()
            else:
                await _unless_refused(_serve(message, permit.id, keeper, writer, on_progress), renewing)
    except (ChannelClosed, ConnectionError) as error:
        raise Unavailable("L’extraction s’est interrompue.", todo="Relancez-la.") from error
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await worker.end()
        job.output.with_suffix(job.output.suffix + ".partial").unlink(missing_ok=True)


async def _unless_refused(awaited: Coroutine[Any, Any, T], renewing: asyncio.Task[None]) -> T:
    """What is awaited, or the refusal of a renewal: then the extraction ends at once (P-58)."""
    task = asyncio.create_task(awaited)
    try:
        await asyncio.wait({task, renewing}, return_when=asyncio.FIRST_COMPLETED)
        if renewing.done():
            renewing.result()
        return await task
    finally:
        task.cancel()


def build_version() -> str:
    """The version that goes into manifests."""
    try:
        return version("guet")
    except PackageNotFoundError:
        return "0"


async def _serve(
    message: dict[str, Any], permit_id: str, keeper: ExportKeeper, writer: asyncio.StreamWriter, on_progress: Progress
) -> None:
    """Answer one of the worker's messages."""
    if "progress" in message:
        on_progress(message["progress"]["done"], message["progress"]["total"])
    elif "need" in message:
        need = message["need"]
        public = base64.b64decode(need["public"])
        await _answering(
            writer,
            keeper.key_window(permit_id, need["camera"], public, need["segments"], need["from_us"], need["to_us"]),
            lambda sealed: ({"keys": {}}, sealed),
        )
    elif "stamp" in message:
        asked = keeper.stamp(base64.b64decode(message["stamp"]))
        await _answering(writer, asked, lambda answer: ({"stamped": {}}, answer))
    elif "sign" in message:
        await _answering(writer, keeper.sign_manifest(message["sign"]), lambda signed: ({"signature": signed}, b""))


async def _answering(
    writer: asyncio.StreamWriter, asked: Awaitable[Any], answer: Callable[[Any], tuple[dict[str, Any], bytes]]
) -> None:
    """Send the keeper's answer, or its refusal, which the worker gives back once it has cleared up."""
    try:
        message, body = answer(await asked)
    except GuetError as error:
        message, body = {"error": error.to_dict()}, b""
    write_frame(writer, message, body)
    await writer.drain()


async def _renew(permit_id: str, keeper: ExportKeeper, writer: asyncio.StreamWriter, working: asyncio.Event) -> None:
    """Bring fresh permits; raises the keeper's refusal when the right is gone (P-58)."""
    await working.wait()
    while True:
        await asyncio.sleep(RENEW_INTERVAL_S)
        write_frame(writer, {"permit": await keeper.renew(permit_id)})
        await writer.drain()


async def _start(clock_offset_s: int) -> Worker:
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-B", "-m", "recorder.export.worker", str(theirs.fileno()), str(clock_offset_s)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env={
                "PATH": os.environ.get("PATH", ""),
                "PYTHONPATH": str(Path(recorder.__file__).parent.parent),
                **ALLOCATION,
            },
        )
    reader, writer = await asyncio.open_connection(sock=ours, limit=MAX_FRAME_BYTES)
    return Worker(process, reader, writer)


def _job_message(token: str, job: ExportJob, certified: dict[str, Any]) -> dict[str, Any]:
    return {
        "permit": token,
        "facts": asdict(job.facts),
        "plans": [plan.to_dict() for plan in job.plans],
        "certified": {name: certified[name] for name in ("certificate", "seal")},
        "proofs": {name: dict(proof) for name, proof in job.proofs.items()},
        "commune_public": base64.b64encode(job.commune_public).decode(),
        "keeper_public": base64.b64encode(job.keeper_public).decode(),
        "output": str(job.output),
    }


def _exported(job: ExportJob, done: dict[str, Any]) -> Exported:
    return Exported(
        package=job.facts.package,
        path=job.output,
        size_bytes=done["bytes"],
        files=done["files"],
        manifest_sha256=done["manifest_sha256"],
        wrapped_key=base64.b64decode(done["wrapped_key"]),
    )
