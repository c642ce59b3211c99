"""The service's edge: what a connection may hold before anything of it is believed, and for how long.

uvicorn's own protocol waits for ever for headers and bodies, and takes any number of connections and any length of
headers. This one gives each a bound, and closes what exceeds it: 408 for who is too slow, 429 for an address with too
many connections, 431 for headers without end, 503 when all places are taken. What is being answered has no deadline
(server-sent events, downloads), but whoever stops reading it has one; an upgraded WebSocket is the live view's own.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from vms.networks import customer_network
from web.client_address import Proxies, is_proxy

CLOSING_LIMIT_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """How long and how much of each."""

    header_s: float = 10.0  # from a connection's first instant, or a request's first byte, to the end of its headers
    idle_s: float = 15.0  # between two requests: a client under load must not meet the end with its next one
    header_bytes: int = 64 * 1024  # headers, trailers, and whatever is no body
    body_wait_s: float = 20.0  # a body must go on; what has come is worth time at the rate below, up to this again
    body_least_bytes_s: int = 16 * 1024
    unread_s: float = 30.0  # an answer that nobody reads
    linger_s: float = 2.0  # the rest of a body that was answered early
    linger_bytes: int = 1024 * 1024
    connections: int = 2048
    # A town hall behind one address has some dozens of browsers, each with six connections at most.
    connections_of_one: int = 256


@dataclass(slots=True)
class Edge:
    """The bounds, the declared proxies (which speak for many), and the connections that are open."""

    limits: EdgeLimits = field(default_factory=EdgeLimits)
    proxies: Proxies = ()
    open: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    def protocol(self, config: Config, server_state: ServerState, app_state: dict[str, Any], **how: Any) -> Any:
        """A connection of uvicorn's within these bounds (``uvicorn.Config(http=…)``)."""
        return BoundedProtocol(config, server_state, app_state, how.get("_loop"), edge=self)

    def admit(self, address: str) -> HTTPStatus | None:
        """Count a connection, or say why not."""
        network = customer_network(address)
        if self.open.total() >= self.limits.connections:
            self.refused += 1
            return HTTPStatus.SERVICE_UNAVAILABLE
        if self.open[network] >= self.limits.connections_of_one and not is_proxy(address, self.proxies):
            self.refused += 1
            return HTTPStatus.TOO_MANY_REQUESTS
        self.open[network] += 1
        return None

    def leave(self, address: str) -> None:
        """A counted connection has ended."""
        network = customer_network(address)
        self.open[network] -= 1
        if self.open[network] <= 0:
            del self.open[network]


class BoundedProtocol(HttpToolsProtocol):
    """One connection within the edge's bounds."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        edge: Edge,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._edge, self._limits = edge, edge.limits
        self._counted = ""
        self._shut = False  # nothing that comes is looked at any more
        self._idle = True
        self._receiving = False  # a request's body
        self._lingering_bytes: int | None = None
        self._other_bytes = 0  # since the last piece of a body
        self._deadline_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection and wait for its first request; refuse it when there are too many."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        refusal = self._edge.admit(address)
        if refusal is not None:
            self._refuse(refusal)
            return
        self._counted = address or "?"
        self._expect(self._limits.header_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is of no interest any more."""
        if self._shut:
            return
        if self._idle:
            self._idle = False
            self._expect(self._limits.header_s)
        self._other_bytes += len(data)
        super().data_received(data)
        if self._other_bytes > self._limits.header_bytes and not self._shut:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """From here on the body must go on."""
        self._other_bytes, self._receiving = 0, True
        self._expect(self._limits.body_wait_s)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body: it is worth some time, unless it has been answered already."""
        self._other_bytes = 0
        if self._lingering_bytes is not None:
            self._lingering_bytes += len(body)
            if self._lingering_bytes > self._limits.linger_bytes:
                self.flow.pause_reading()  # the client still reads its answer; then the connection ends
            return
        if self._deadline_s is not None:
            worth_s = len(body) / self._limits.body_least_bytes_s
            self._deadline_s = min(self._deadline_s + worth_s, self.loop.time() + self._limits.body_wait_s)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole: its answer may take its time."""
        self._other_bytes, self._receiving, self._lingering_bytes = 0, False, None
        super().on_message_complete()
        if self.cycle is not None and self.cycle.response_complete:
            self._rest()
        else:
            self._deadline_s = None

    def on_response_complete(self) -> None:
        """Wait for the next request; first for the end of this one's body, if it was answered early."""
        super().on_response_complete()
        if self.cycle is None or not self.cycle.response_complete or self._shut:
            return  # the next request came meanwhile and is being answered
        if self._receiving:
            self._lingering_bytes = 0
            self._expect(self._limits.linger_s)
        else:
            self._rest()

    def handle_websocket_upgrade(self) -> None:
        """A WebSocket is another protocol's: it has bounds of its own."""
        self._forget()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """Nobody reads the answer: not for ever."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self._limits.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The answer is read again."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _rest(self) -> None:
        self._idle = True
        self._expect(self._limits.idle_s)

    def _expect(self, seconds: float) -> None:
        """The connection must get on within that time; one timer serves all its deadlines."""
        self._deadline_s = self.loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._deadline_s:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self.loop.call_at(self._deadline_s, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._deadline_s is None or self._shut:
            return
        if self.loop.time() < self._deadline_s:
            self._timer = self.loop.call_at(self._deadline_s, self._look)
            return
        begun = self._other_bytes > 0 or self._receiving
        if begun and self._lingering_bytes is None:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._close()

    def _refuse(self, status: HTTPStatus) -> None:
        """Say why, as a problem, unless an answer has begun; then close."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(answer_of(status))
        self._close()

    def _close(self) -> None:
        """Close, whether the other side takes the rest of what was said or not."""
        self._shut = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()
        self.loop.call_later(CLOSING_LIMIT_S, self.transport.abort)

    def _forget(self) -> None:
        for timer in (self._timer, self._unread):
            if timer is not None:
                timer.cancel()
        self._timer = self._unread = self._deadline_s = None
        if self._counted:
            self._edge.leave(self._counted.removeprefix("?"))
            self._counted = ""


TITLES: Final = {
    HTTPStatus.REQUEST_TIMEOUT: "La demande n’est pas arrivée à temps.",
    HTTPStatus.TOO_MANY_REQUESTS: "Trop de connexions sont ouvertes depuis cette adresse.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "Les en-têtes de cette demande sont trop longs.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Toutes les connexions du service sont prises.",
}


def answer_of(status: HTTPStatus) -> bytes:
    """A whole answer that says why a connection is refused, and closes it."""
    again = status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    problem = {"type": f"urn:guet:http-{status.value}", "title": TITLES[status], "status": status.value}
    problem["todo"] = "Réessayez dans un instant." if again else "Recommencez."
    body = json.dumps(problem, ensure_ascii=False).encode()
    head = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
        *(["Retry-After: 2"] if again else []),
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
