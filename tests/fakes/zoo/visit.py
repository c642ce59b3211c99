"""A visit: the recorder's own camera loop and pipeline on a scenario's server, and what became of every unit."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from unittest import mock

from recorder.camera.assignment import ConnectGate
from recorder.camera.backoff import Backoff
from recorder.camera.loop import StreamLoop, StreamTarget
from recorder.rtsp.drain import Drain
from recorder.stream.live_hub import Hub
from recorder.stream.pipeline import Pipeline
from tests.fakes.memory_sink import MemorySink, digests, times
from tests.fakes.zoo.scenario import Scenario
from tests.fakes.zoo.server import PACE, Zoo, serving
from tests.fakes.zoo.tls import server_context
from vms.clock import MICRO, SystemClock

VISIT_LIMIT_S = 25.0
SETTLE_S = 0.4
# How far a recorded unit's time may be from when it was taken: what the law calls synchronous, and a tick.
TIME_LIMIT_S = 1.2
ENDS = "recorder-stopped"
WATCH_S = 0.1
# What is sent late is read late too, and the tick that reads it may be late itself.
LATE_READS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """Units sent and recorded; ``altered`` were recorded but never sent; causes and details of absences, in order.

    ``mistimed`` units bear a time at which they were not taken; ``worst_s`` is by how much.
    """

    sent: int
    kept: int
    altered: int
    ordered: bool
    causes: tuple[str, ...]
    details: tuple[str, ...]
    last_kept: bool
    mistimed: int = 0
    worst_s: float = 0.0

    def complaint(self, scenario: Scenario) -> str:
        """How this differs from what a good recorder does; empty when it does not."""
        expect = scenario.expect
        told = [
            detail for cause, detail in zip(self.causes, self.details, strict=True) if cause in expect.cause.split("|")
        ]
        if self.altered or not self.ordered:
            return f"{self.altered} units altered, order {self.ordered}"
        if not all(detail.isprintable() and "interne" not in detail for detail in self.details):
            return f"a fault of ours, or a detail that no log and no database takes: {self.details!a}"
        if self.mistimed:
            return f"{self.mistimed} units under a wrong time, by {self.worst_s:.1f} s at the worst"
        if expect.kept == "all" and not 0 < self.sent <= self.kept + expect.open_end:
            return f"{self.kept} of {self.sent} units kept, causes {self.causes}, {self.details}"
        if expect.kept == "some" and not expect.least <= self.kept <= self.sent:
            return f"{self.kept} of {self.sent} units kept, causes {self.causes}, {self.details}"
        if expect.kept == "some" and not self.last_kept:
            return f"the recorder did not come back: {self.causes}, {self.details}"
        if expect.kept == "none" and self.kept:
            return f"{self.kept} units kept of a stream that is to be refused"
        if expect.cause and not any(expect.says in detail for detail in told):
            return f"not told as {expect.cause} «{expect.says}»: {self.causes}, {self.details}"
        if not expect.cause and self.causes:
            return f"an absence where none is due: {self.causes}, {self.details}"
        return ""


@contextlib.contextmanager
def impatient() -> Iterator[None]:
    """The recorder's waits cut short, so that a table of stalls takes seconds."""
    with contextlib.ExitStack() as stack:
        for name, value in (
            ("recorder.rtsp.session.STALL_LIMIT_S", 1.6),
            ("recorder.rtsp.session.REPLY_TIMEOUT_S", 1.6),
            ("recorder.rtsp.client.OPEN_TIMEOUT_S", 5.0),
            ("recorder.camera.loop.KEY_LIMIT_S", 3.0),
            ("recorder.rtsp.session.KEY_LIMIT_S", 2.2),
            ("recorder.camera.backoff.RETRY_CREDENTIAL_S", 0.4),
            ("recorder.camera.backoff.RETRY_FIRST_S", 0.2),
            ("recorder.camera.backoff.RETRY_LIMIT_S", 0.4),
        ):
            stack.enter_context(mock.patch(name, value))
        yield


async def visit(
    scenario: Scenario, *, pace: float = PACE, tls: ssl.SSLContext | None = None, limit_s: float = VISIT_LIMIT_S,
    repeats: int = 1,
) -> Outcome:  # fmt: skip
    """Record one scenario until it is over, or for ``limit_s``; ordinary clips are shown ``repeats`` times."""
    if tls is None and scenario.scheme == "rtsps":
        tls = server_context()
    async with serving(scenario, pace=pace, tls=tls, repeats=repeats) as zoo:
        clock, sink = SystemClock(), MemorySink()
        certificate = scenario.certificate() if scenario.certificate is not None else ""
        pipeline = Pipeline(scenario.name, clock, Hub(), sink, None)
        loop = StreamLoop(
            StreamTarget("zoo", "main", zoo.url, certificate=certificate), clock, Drain(), ConnectGate(limit=200),
            pipeline=pipeline, backoff=Backoff(lambda: 0.5),
        )  # fmt: skip
        loop.record = True
        task, watch = asyncio.create_task(loop.run()), asyncio.create_task(late_by(zoo))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await asyncio.wait({task, asyncio.create_task(zoo.over.wait())}, return_when="FIRST_COMPLETED")
        await asyncio.sleep(SETTLE_S)
        if task.done():
            task.result()
        for one in (task, watch):
            one.cancel()
        await asyncio.gather(task, watch, return_exceptions=True)
        await loop.end(ENDS, "")
        epoch_s = clock.utc().us / MICRO - asyncio.get_running_loop().time()
    return outcome(zoo, sink, epoch_s)


async def late_by(zoo: Zoo) -> None:
    """Note by how much this machine is late: its lateness is no camera's and no recorder's."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + WATCH_S
        await asyncio.sleep(WATCH_S)
        zoo.late_s = max(zoo.late_s, LATE_READS * (loop.time() - due))


def outcome(zoo: Zoo, sink: MemorySink, epoch_s: float) -> Outcome:
    """What became of the units of a visit; the event loop's clock began at ``epoch_s``, in seconds since 1970."""
    sent = [picture.digest for picture in zoo.sent]
    kept = sink.digests()
    allowed = Counter(sent)
    altered = sum((Counter(kept) - allowed).values())
    position, ordered = 0, True
    for digest in kept:
        try:
            position = sent.index(digest, position) + 1
        except ValueError:
            ordered = False
            break
    errors = list(time_errors(zoo, sink, epoch_s))
    wrong = [error for error in errors if error > TIME_LIMIT_S + zoo.late_s]
    holes = [hole for hole in sink.holes if hole.cause != ENDS]
    return Outcome(
        len(sent), len(kept), altered, ordered, tuple(hole.cause for hole in holes),
        tuple(hole.detail for hole in holes), bool(kept) and kept[-1] == sent[-1],
        len(wrong), max(errors, default=0.0),
    )  # fmt: skip


def time_errors(zoo: Zoo, sink: MemorySink, epoch_s: float) -> Iterator[float]:
    """How far each recorded unit's time is from the nearest at which a unit like it was taken, in seconds."""
    taken: dict[str, set[float]] = {}
    for picture, at in zip(zoo.sent, zoo.taken_s, strict=True):
        taken.setdefault(picture.digest, set()).add(at + epoch_s)
    for group in sink.groups:
        for digest, shown_s in zip(digests(group.plaintext), times(group.plaintext), strict=True):
            if digest in taken:
                yield min(abs(at - shown_s) for at in taken[digest])
