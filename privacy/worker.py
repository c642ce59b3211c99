"""The mask worker: the process that decodes hostile video and holds clear pictures, one per camera.

It has one open socket and nothing else: no standard streams, no files (RLIMIT_FSIZE is 0, so a library that tried to
write one would fail), no core dump, bounded memory. It logs nothing; what goes wrong is told to its parent as a cause
and a sentence. When the parent goes, the socket closes and the worker ends.

Messages are worked on in the order they come, both streams in one thread: what a camera costs is one core at most.
"""

from __future__ import annotations

import resource
import socket
import sys
from collections.abc import Iterable
from typing import Any, Final

import av

from privacy import annexb
from privacy.encoders import SOFTWARE
from privacy.frames import Kind, Message, MessageReader, json_message
from privacy.stream_mask import StreamMask
from privacy.units import MASK_FAILED, DroppedUnit, EncodedUnit, MaskFailed, Outcome, StreamSpec

MEMORY_LIMIT_BYTES: Final = 4 * 1024**3
READ_BYTES: Final = 256 * 1024


class Worker:
    """The worker's answers to messages; holds one StreamMask for each stream."""

    def __init__(self) -> None:
        self._where = ""
        self._encoder = SOFTWARE
        self._polygons: list[list[tuple[float, float]]] = []
        self._streams: dict[int, StreamMask] = {}

    def answer(self, message: Message) -> Iterable[Message]:
        """What to send back; MaskFailed, ValueError or KeyError end the worker."""
        if message.kind is Kind.START:
            content = message.json()
            self._where = str(content["where"])
            self._encoder = str(content["encoder"])
            self._polygons = [[(float(x), float(y)) for x, y in zone] for zone in content["zones"]]
            yield Message(Kind.READY)
        elif message.kind is Kind.OPEN:
            before = self._streams.pop(message.stream, None)
            if before is not None:
                yield from (_told(message.stream, outcome) for outcome in before.finish())
            spec = _spec(message.json())
            self._streams[message.stream] = StreamMask(spec, self._polygons, encoder=self._encoder, where=self._where)
        elif message.kind is Kind.UNIT:
            unit = EncodedUnit(annexb.split(message.body), message.utc_us, message.key, message.ticket)
            outcomes = self._streams[message.stream].push(unit)
            yield from (_told(message.stream, outcome) for outcome in outcomes)
            yield Message(Kind.TAKEN, message.stream, ticket=message.ticket)
        elif message.kind is Kind.PRIME:
            unit = EncodedUnit(annexb.split(message.body), message.utc_us, message.key, message.ticket)
            self._streams[message.stream].prime(unit)
        else:
            raise ValueError(f"{message.kind.name} is no message for a worker")


def _spec(content: dict[str, Any]) -> StreamSpec:
    sets = tuple(bytes.fromhex(text) for text in content["parameter_sets"])
    return StreamSpec(content["codec"], content["width"], content["height"], content["fps"], sets)


def _told(stream: int, outcome: Outcome) -> Message:
    if isinstance(outcome, DroppedUnit):
        return Message(Kind.DROPPED, stream, ticket=outcome.ticket, utc_us=outcome.utc_us, body=outcome.cause.encode())
    body = annexb.join(outcome.nals)
    return Message(Kind.MASKED, stream, outcome.key, outcome.ticket, outcome.utc_us, body)


def confine() -> None:
    """Take from this process what it has no use for: core dumps, files, unbounded memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    sys.dont_write_bytecode = True
    av.logging.set_level(None)


def serve(link: socket.socket) -> None:
    """Answer until the parent closes its end; any failure is told once, then the worker is over."""
    reader, worker = MessageReader(), Worker()
    try:
        while data := link.recv(READ_BYTES):
            for message in reader.feed(data):
                for reply in worker.answer(message):
                    link.sendall(reply.encode())
    except MaskFailed as failure:
        _tell(link, {"cause": failure.cause, "what": failure.what, "todo": failure.todo})
    except (ConnectionError, BrokenPipeError):
        return
    except Exception as failure:  # noqa: BLE001  the process's edge: whatever it was, the camera goes dark
        _tell(link, {"cause": MASK_FAILED, "what": f"Le masquage a échoué ({type(failure).__name__}).", "todo": ""})


def _tell(link: socket.socket, content: dict[str, Any]) -> None:
    try:
        link.sendall(json_message(Kind.FAILED, content).encode())
    except OSError:
        return


if __name__ == "__main__":
    confine()
    serve(socket.socket(fileno=int(sys.argv[1])))
