"""Software masks: one worker process per camera decodes, paints the private zones, encodes (P-10, P-11).

How a recorder uses it::

    async with MaskWorker(camera, zone_set) as worker:          # starts the process
        await worker.open("main", StreamSpec("h264", 1280, 720, 25.0, (sps, pps)))
        await worker.open("sub", StreamSpec("h264", 704, 576, 12.0, (sps, pps)))
        await worker.submit("main", EncodedUnit(nals, utc_us, key, ticket))     # any task
        async for outcome in worker.outputs("main"):                             # one task per stream
            match outcome:
                case MaskedUnit(): ...   # store and show; same utc_us and ticket, always H.264
                case DroppedUnit(): ...  # a gap with outcome.cause

* ``submit`` never waits for the encoder: it queues, within bounds, and raises ``MaskFailed`` when they are reached.
* ``outputs`` yields one outcome per submitted unit and raises ``MaskFailed`` when the worker can no longer promise
  masked pictures; both streams fail together, and ``submit`` raises the same error from then on. It ends without an
  error after ``close``.
* ``open`` again on the same stream, after the camera was reconnected, starts with a fresh decoder and encoder; a size
  that differs from the first one is ``MaskFailed(cause="picture-size-changed")``.
* ``close`` (or leaving the block) ends the process; what was still inside is lost and belongs in the gap.
* After ``MaskFailed`` the worker is over: make another one after a pause.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections import OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import privacy
from privacy import annexb
from privacy.encoders import OPTIONS, SOFTWARE
from privacy.frames import STREAMS_LIMIT, Kind, Message, MessageReader, json_message
from privacy.units import (
    MASK_FAILED,
    NALS_LIMIT,
    SIZE_CHANGED,
    STREAM_DAMAGED,
    UNIT_LIMIT_BYTES,
    DroppedUnit,
    EncodedUnit,
    MaskedUnit,
    MaskFailed,
    Outcome,
    StreamSpec,
)
from privacy.zones import ZoneSet

BEST: Final = "best"
# Units submitted on one stream whose outcome has not been taken yet: 16 s at 25 pictures a second, so that a busy
# moment is a delay and not a dark camera.
QUEUE_LIMIT_UNITS: Final = 400
QUEUE_LIMIT_BYTES: Final = 64 * 1024 * 1024
START_TIMEOUT_S: Final = 30.0
PROBE_TIMEOUT_S: Final = 10.0
ANSWER_TIMEOUT_S: Final = 5.0
WATCH_INTERVAL_S: Final = 0.5
CLOSE_TIMEOUT_S: Final = 1.0
READ_BYTES: Final = 256 * 1024


class _Stream:
    """What the parent remembers of one stream."""

    def __init__(self, number: int, spec: StreamSpec) -> None:
        self.number = number
        self.size = (spec.width, spec.height)
        self.inside: OrderedDict[int, int] = OrderedDict()  # ticket → bytes, until the outcome is taken
        self.unanswered: OrderedDict[int, float] = OrderedDict()  # ticket → when it was submitted
        self.ready: asyncio.Queue[Outcome | None] = asyncio.Queue()  # bounded by ``inside``; None wakes the reader


class MaskWorker:
    """The masker of one camera, both streams, in a process of its own; see the module's text."""

    def __init__(
        self, camera: str, zone_set: ZoneSet, *, encoder: str = BEST, answer_timeout_s: float = ANSWER_TIMEOUT_S
    ) -> None:
        """``encoder`` is one of ``privacy.encoders.OPTIONS``, or BEST: the one that works on this machine."""
        if encoder != BEST and encoder not in OPTIONS:
            raise ValueError(f"{encoder} is no encoder of ours")
        self.camera = camera
        self.zone_set = zone_set
        self._encoder = encoder
        self._answer_timeout_s = answer_timeout_s
        self._streams: dict[str, _Stream] = {}
        self._numbered: dict[int, _Stream] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._started = asyncio.Event()
        self._failure: MaskFailed | None = None
        self._closed = False
        self._heard_s = 0.0

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def pid(self) -> int | None:
        """The worker's process id, or None before ``start``."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process and give it the zones; MaskFailed when it does not answer within START_TIMEOUT_S."""
        if self._encoder == BEST:
            self._encoder = await _machine.encoder()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-B", "-m", "privacy.worker", str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=_environment(),
            )
        ours.setblocking(False)
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        zones = [zone.points for zone in self.zone_set.polygons]
        self._send(json_message(Kind.START, {"where": self.camera, "encoder": self._encoder, "zones": zones}))
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._watch())]
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._started.wait()
        except TimeoutError:
            self._fail(self._failed("Le processus de masquage n’a pas démarré."))
        self._raise_failure()

    async def open(self, stream: str, spec: StreamSpec) -> None:
        """Begin one stream, or begin it again; MaskFailed when its size is not the one that was validated (P-11)."""
        self._raise_failure()
        known = self._streams.get(stream)
        expected = self.zone_set.size_of(stream) or (known.size if known else None)
        if expected not in (None, (spec.width, spec.height)):
            raise MaskFailed(
                f"L’image fait {spec.width} × {spec.height} ; ses zones valent pour une autre taille.",
                cause=SIZE_CHANGED,
                where=f"{self.camera} {stream}",
                todo="Rétablissez le profil de la caméra, ou faites valider les zones pour la nouvelle image.",
            )
        if known is None:
            if len(self._streams) >= STREAMS_LIMIT:
                raise ValueError(f"{self.camera} has more than {STREAMS_LIMIT} streams")
            known = self._streams[stream] = _Stream(len(self._streams), spec)
            self._numbered[known.number] = known
        content = {
            "codec": spec.codec,
            "width": spec.width,
            "height": spec.height,
            "fps": spec.fps,
            "parameter_sets": [nal.hex() for nal in spec.parameter_sets],
        }
        self._send(json_message(Kind.OPEN, content, known.number))

    async def submit(self, stream: str, unit: EncodedUnit) -> None:
        """Queue one unit of an open stream; MaskFailed when the queue is full or the worker is over."""
        self._raise_failure()
        queue = self._streams[stream]
        size = sum(map(len, unit.nals))
        if size > UNIT_LIMIT_BYTES or len(unit.nals) > NALS_LIMIT:
            self._fail(self._failed("Une image de la caméra dépasse la taille permise.", STREAM_DAMAGED))
        elif len(queue.inside) >= QUEUE_LIMIT_UNITS or sum(queue.inside.values()) + size > QUEUE_LIMIT_BYTES:
            self._fail(self._failed("Le masquage ne suit pas le rythme de la caméra."))
        elif unit.ticket in queue.inside:
            raise ValueError(f"ticket {unit.ticket} is in use")
        self._raise_failure()
        queue.inside[unit.ticket] = size
        queue.unanswered[unit.ticket] = asyncio.get_running_loop().time()
        self._send(Message(Kind.UNIT, queue.number, unit.key, unit.ticket, unit.utc_us, annexb.join(unit.nals)))

    async def prime(self, stream: str, unit: EncodedUnit) -> None:
        """Have a unit decoded that is not to come out: later ones are predicted from it. It has no outcome."""
        self._raise_failure()
        if sum(map(len, unit.nals)) > UNIT_LIMIT_BYTES or len(unit.nals) > NALS_LIMIT:
            self._fail(self._failed("Une image de la caméra dépasse la taille permise.", STREAM_DAMAGED))
        self._raise_failure()
        number = self._streams[stream].number
        self._send(Message(Kind.PRIME, number, unit.key, unit.ticket, unit.utc_us, annexb.join(unit.nals)))

    async def outputs(self, stream: str) -> AsyncIterator[Outcome]:
        """The outcomes of one open stream in presentation order; raises MaskFailed, ends after ``close``."""
        queue = self._streams[stream]
        while True:
            # What the worker had finished before it failed is masked and checked: it still comes out.
            if queue.ready.empty():
                self._raise_failure()
                if self._closed:
                    return
            outcome = await queue.ready.get()
            if outcome is None:
                continue
            queue.inside.pop(outcome.ticket, None)
            yield outcome

    async def close(self) -> None:
        """End the process; safe to call twice."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._writer is not None:
            self._writer.transport.abort()
        if self._process is not None and self._process.returncode is None:
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        self._wake()

    def _send(self, message: Message) -> None:
        if self._writer is None:
            raise self._failed("Le processus de masquage n’est pas démarré.")
        self._writer.write(message.encode())

    async def _read(self) -> None:
        """Take the worker's messages until it ends."""
        reader = MessageReader()
        try:
            while self._reader is not None and (data := await self._reader.read(READ_BYTES)):
                for message in reader.feed(data):
                    self._take(message)
        except (OSError, ValueError, KeyError):
            self._fail(self._failed("Le processus de masquage a répondu n’importe quoi."))
        self._fail(self._failed("Le processus de masquage s’est arrêté."))

    def _take(self, message: Message) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        if message.kind is Kind.READY:
            self._started.set()
        elif message.kind is Kind.FAILED:
            told = message.json()
            self._fail(MaskFailed(told["what"], cause=told["cause"], where=self.camera, todo=told["todo"]))
        else:
            stream = self._numbered[message.stream]
            if message.kind is Kind.TAKEN:
                stream.unanswered.pop(message.ticket)
            elif message.ticket in stream.inside:
                stream.ready.put_nowait(_outcome(message))
            else:
                raise ValueError("an outcome for a unit that was never submitted")

    async def _watch(self) -> None:
        """Fail when the worker has units to work on and says nothing: a hang shows nothing else.

        A worker that is merely slow keeps answering; what it falls behind is bounded by the queue.
        """
        while True:
            await asyncio.sleep(min(WATCH_INTERVAL_S, self._answer_timeout_s / 2))
            now = asyncio.get_running_loop().time()
            for stream in self._streams.values():
                oldest_s = next(iter(stream.unanswered.values()), now)
                if now - max(oldest_s, self._heard_s) > self._answer_timeout_s:
                    self._fail(self._failed("Le processus de masquage ne répond plus."))
                    return

    def _fail(self, failure: MaskFailed) -> None:
        """The first failure counts; the process is ended at once and every reader is told."""
        if self._failure is not None or self._closed:
            return
        self._failure = failure
        _machine.distrust(self._encoder)
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        self._wake()

    def _wake(self) -> None:
        self._started.set()
        for stream in self._streams.values():
            stream.ready.put_nowait(None)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _failed(self, what: str, cause: str = MASK_FAILED) -> MaskFailed:
        return MaskFailed(what, cause=cause, where=self.camera, todo="La caméra reste noire ; le masquage redémarre.")


class _Machine:
    """Which encoder this machine has, asked once; one that was there when a mask failed is not used again."""

    def __init__(self) -> None:
        self._found = ""
        self._asking = asyncio.Lock()

    async def encoder(self) -> str:
        """The encoder to use now."""
        async with self._asking:
            if not self._found:
                self._found = await working_encoder()
        return self._found

    def distrust(self, encoder: str) -> None:
        """A mask failed with this encoder: whatever the reason was, software is tried next."""
        if encoder != SOFTWARE:
            self._found = SOFTWARE


_machine = _Machine()


async def working_encoder() -> str:
    """The encoder to use on this machine: hardware where one passes its trial, else libx264. Ask once per machine."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-B", "-m", "privacy.encoders"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            answer, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return SOFTWARE
    found = answer.decode(errors="replace").strip()
    return found if process.returncode == 0 and found in OPTIONS else SOFTWARE


def _environment() -> dict[str, str]:
    """What a worker may know of its surroundings: where programs and our own modules are, and nothing else."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(Path(privacy.__file__).parent.parent),
        "OPENBLAS_NUM_THREADS": "1",
    }


def _outcome(message: Message) -> Outcome:
    if message.kind is Kind.DROPPED:
        return DroppedUnit(message.utc_us, message.ticket, message.body.decode())
    if message.kind is not Kind.MASKED:
        raise ValueError(f"{message.kind.name} is no outcome")
    nals = annexb.split(message.body)
    sets = tuple(nal for nal in nals if annexb.is_parameter_set("h264", nal)) if message.key else ()
    return MaskedUnit(nals, message.utc_us, message.key, message.ticket, sets)
