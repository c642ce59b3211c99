"""Framed messages between our processes, over Unix sockets; between machines over mutual TLS (``vms/wire_tls.py``).

    frame = u32 length of the rest ‖ u32 length of the header ‖ header (JSON, UTF-8) ‖ body (bytes)

A connection carries one call after another, or becomes one stream. A call's header is ``{"op", "args"}``; the answer's
is ``{"ok": …}`` or ``{"error": …}`` (``vms.errors``). A stream starts with ``{"stream", "args"}``, is accepted with
``{"ok": {}}``, and then both sides send ``{"data": …}`` frames until one of them closes. Nothing is trusted: lengths
are bounded before anything is read, and the peer must run under our own account (SO_PEERCRED) or be one of the
operator's machines (its certificate).
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from vms import logs
from vms.errors import BadInput, GuetError, LimitExceeded, Unavailable
from vms.wire_tls import TlsAddress

MAX_FRAME_BYTES: Final = 32 * 1024 * 1024
MAX_HEADER_BYTES: Final = 8 * 1024 * 1024
# What a side that does not read holds at most (twice this, by asyncio's rule); longer frames are read as they come.
READ_AHEAD_BYTES: Final = 128 * 1024
IDLE_CONNECTIONS_MAX: Final = 8
# Every view of a wall comes back at once after a restart: asyncio's own limit of 100 would turn some away.
BACKLOG_LIMIT_CONNECTIONS: Final = 2048
CONNECT_TIMEOUT_S: Final = 2.0
CALL_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 3.0
HANDSHAKE_LIMIT_S: Final = 5.0

Args = dict[str, Any]
Answer = Args | tuple[Args, bytes]
Handler = Callable[[Args, bytes], Awaitable[Answer]]
Frame = tuple[Args, bytes]

log = logs.get("vms.wire")


class ChannelClosed(Unavailable):
    """The other side of a stream has gone."""

    def __init__(self, what: str = "La liaison entre deux processus s’est fermée.") -> None:
        super().__init__(what, todo="Elle est rétablie d’elle-même ; sinon, voyez `vms serve`.")


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """One frame; ChannelClosed at the end of the stream, LimitExceeded or BadInput for what is no frame of ours."""
    try:
        total, header_len = struct.unpack(">II", await reader.readexactly(8))
        if total > MAX_FRAME_BYTES or header_len > min(total, MAX_HEADER_BYTES):
            raise LimitExceeded(f"Trame de {total} octets refusée.", where="vms.wire")
        payload = await reader.readexactly(total)
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError) as error:
        raise ChannelClosed from error
    try:
        header = json.loads(payload[:header_len])
    except (ValueError, RecursionError) as error:
        raise BadInput("En-tête de trame illisible.", where="vms.wire") from error
    if not isinstance(header, dict):
        raise BadInput("En-tête de trame qui n’est pas un objet.", where="vms.wire")
    return header, payload[header_len:]


def write_frame(writer: asyncio.StreamWriter, header: Args, body: bytes = b"") -> None:
    """Queue one frame; LimitExceeded when it is larger than any reader would accept."""
    try:
        head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    except (UnicodeEncodeError, RecursionError) as error:  # half of a character, or nesting, that came in from outside
        raise BadInput("Ce texte ne peut pas être transmis.", where="vms.wire") from error
    total = len(head) + len(body)
    if total > MAX_FRAME_BYTES or len(head) > MAX_HEADER_BYTES:
        raise LimitExceeded(f"Trame de {total} octets trop grande.", where="vms.wire")
    writer.writelines((struct.pack(">II", total, len(head)), head, body))


class Channel:
    """One side of an open stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: Args, body: bytes = b"") -> None:
        """Send one message, waiting while the peer is slow; ChannelClosed when it is gone."""
        if self._writer.is_closing():
            raise ChannelClosed
        write_frame(self._writer, {"data": data}, body)
        try:
            await self._writer.drain()
        except ConnectionError as error:
            raise ChannelClosed from error

    async def fail(self, error: GuetError) -> None:
        """Tell the peer why the stream ends; its next ``receive`` raises the same error."""
        write_frame(self._writer, {"error": error.to_dict()})
        try:
            await self._writer.drain()
        except ConnectionError as lost:
            raise ChannelClosed from lost

    async def receive(self) -> Frame:
        """The next message; ChannelClosed at the end, or the error the peer ended with."""
        header, body = await read_frame(self._reader)
        if "error" in header:
            raise GuetError.from_dict(header["error"])
        return header.get("data") or {}, body

    def close(self) -> None:
        """Close both directions."""
        self._writer.close()


StreamHandler = Callable[[Args, Channel], Awaitable[None]]


class WireServer:
    """A closed list of operations served on one socket; another audience gets another socket."""

    def __init__(self, handlers: Mapping[str, Handler], streams: Mapping[str, StreamHandler] | None = None) -> None:
        self._handlers = dict(handlers)
        self._streams = dict(streams or {})
        self._servers: list[asyncio.Server] = []
        self._names: frozenset[str] = frozenset()
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, path: Path) -> None:
        """Listen on ``path`` (replaced if a dead process left it), readable by our own account only."""
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(
            self._accept, path, limit=READ_AHEAD_BYTES, backlog=BACKLOG_LIMIT_CONNECTIONS
        )
        self._servers.append(server)
        path.chmod(0o600)

    async def start_tls(self, host: str, port: int, context: ssl.SSLContext, names: Collection[str] = ()) -> int:
        """Listen for other machines too, all of them or those of ``names``; the port, chosen when ``port`` is 0.

        Unavailable when it is taken.
        """
        self._names = frozenset(names)
        try:
            server = await asyncio.start_server(
                self._accept, host, port, limit=READ_AHEAD_BYTES, backlog=BACKLOG_LIMIT_CONNECTIONS, ssl=context,
                ssl_handshake_timeout=HANDSHAKE_LIMIT_S, ssl_shutdown_timeout=CLOSE_TIMEOUT_S,
            )  # fmt: skip
        except OSError as error:
            raise Unavailable(
                "Ce port ne s’ouvre pas.", where=f"{host}:{port}", todo="Libérez-le, ou changez de port."
            ) from error
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and end every connection."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._connections.add(task)
        try:
            _refuse_strangers(writer, self._names)
            while True:
                header, body = await read_frame(reader)
                if "stream" in header:
                    await self._stream(header, reader, writer)
                    return
                await self._call(header, body, writer)
        except (GuetError, ConnectionError) as error:
            if not isinstance(error, ChannelClosed | ConnectionError):
                log.warning("connexion fermée", error=str(error))
        except asyncio.CancelledError:
            return  # the server is stopping; there is nobody left to tell
        finally:
            self._connections.discard(task)
            writer.close()

    async def _call(self, header: Args, body: bytes, writer: asyncio.StreamWriter) -> None:
        op = str(header.get("op", ""))
        try:
            handler = self._handlers.get(op)
            if handler is None:
                raise BadInput(f"Opération inconnue : « {op[:40]} ».", where="vms.wire")
            answer = await handler(header.get("args") or {}, body)
            data, out = answer if isinstance(answer, tuple) else (answer, b"")
            write_frame(writer, {"ok": data}, out)
        except GuetError as error:
            write_frame(writer, {"error": error.to_dict()})
        except Exception:  # the process's edge: a bug in one call must not end the others
            log.exception("erreur interne", op=op)
            write_frame(writer, {"error": GuetError("Erreur interne.", where=op, todo="Voyez le journal.").to_dict()})
        await writer.drain()

    async def _stream(self, header: Args, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        op = str(header.get("stream", ""))
        handler = self._streams.get(op)
        channel = Channel(reader, writer)
        try:
            if handler is None:
                raise BadInput(f"Flux inconnu : « {op[:40]} ».", where="vms.wire")
            write_frame(writer, {"ok": {}})
            await handler(header.get("args") or {}, channel)
        except ChannelClosed:
            return
        except GuetError as error:
            await channel.fail(error)
        except Exception:  # the process's edge
            log.exception("erreur interne", op=op)
            await channel.fail(GuetError("Erreur interne.", where=op, todo="Voyez le journal."))


def _refuse_strangers(writer: asyncio.StreamWriter, names: Collection[str]) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    if sock.family != socket.AF_UNIX:
        # The handshake has checked the certificate already; with a laxer context still nobody gets in without one.
        certificate = writer.get_extra_info("peercert") or {}
        borne = {value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"}
        if not borne or (names and borne.isdisjoint(names)):
            raise BadInput(f"Connexion d’une machine inconnue ({', '.join(sorted(borne)) or '?'}).", where="vms.wire")
        return
    _, uid, _ = struct.unpack("iII", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if uid not in (os.getuid(), 0):
        raise BadInput(f"Connexion d’un autre compte (uid {uid}).", where="vms.wire")


class WireClient:
    """Calls to one server; connections are reused, and a lost one is replaced at the next call."""

    def __init__(self, address: Path | TlsAddress) -> None:
        self._address = address
        self._name = address.stem if isinstance(address, Path) else address.name
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(
        self, op: str, args: Args | None = None, body: bytes = b"", *, timeout_s: float = CALL_TIMEOUT_S
    ) -> Frame:
        """Call ``op``; the server's GuetError is raised here, Unavailable when it cannot be reached or is too slow."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._call(op, args or {}, body)
        except TimeoutError as error:
            raise Unavailable(
                f"Pas de réponse en {timeout_s:g} s.", where=f"{self._name}:{op}", todo="Réessayez."
            ) from error

    async def _call(self, op: str, args: Args, body: bytes) -> Frame:
        # A kept connection may have died with its server. The request is then sent once more on a new one: it got no
        # byte of an answer, and every op with an effect is idempotent or refuses a second time.
        while self._idle:
            kept = self._idle.pop()
            if kept[0].at_eof() or kept[1].is_closing():
                kept[1].close()
                continue
            try:
                return await self._exchange(kept, op, args, body)
            except ChannelClosed:
                continue
        try:
            return await self._exchange(await self._connect(), op, args, body)
        except ChannelClosed as error:
            raise self._away() from error

    async def _exchange(
        self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], op: str, args: Args, body: bytes
    ) -> Frame:
        reader, writer = connection
        try:
            write_frame(writer, {"op": op, "args": args}, body)
            await writer.drain()
            header, answer = await read_frame(reader)
        except ConnectionError as error:
            writer.close()
            raise ChannelClosed from error
        except BaseException:
            writer.close()
            raise
        if len(self._idle) < IDLE_CONNECTIONS_MAX:
            self._idle.append(connection)
        else:
            writer.close()
        if "error" in header:
            raise GuetError.from_dict(header["error"])
        return header.get("ok") or {}, answer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                if isinstance(self._address, Path):
                    return await asyncio.open_unix_connection(self._address, limit=READ_AHEAD_BYTES)
                peer = self._address
                return await asyncio.open_connection(
                    peer.host, peer.port, ssl=peer.context, server_hostname=peer.name, limit=READ_AHEAD_BYTES
                )
        except (OSError, TimeoutError) as error:
            raise self._away() from error

    def _away(self) -> Unavailable:
        what = f"Le processus « {self._name} » ne répond pas."
        return Unavailable(what, where=self._name, todo="Réessayez dans un instant.")

    @asynccontextmanager
    async def stream(self, op: str, args: Args | None = None) -> AsyncIterator[Channel]:
        """Open a stream on a connection of its own; closed when the block ends."""
        reader, writer = await self._connect()
        try:
            write_frame(writer, {"stream": op, "args": args or {}})
            header, _ = await read_frame(reader)
            if "error" in header:
                raise GuetError.from_dict(header["error"])
            yield Channel(reader, writer)
        except ConnectionError as error:
            raise ChannelClosed from error
        finally:
            writer.close()

    def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            self._idle.pop()[1].close()
