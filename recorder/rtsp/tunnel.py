"""RTSP through HTTP or HTTPS (Apple's tunnelling, ONVIF's RtspOverHttp, O-30), for what lets only HTTP pass.

Two connections under one cookie: what the camera says comes as the endless answer to a GET, what we say goes base64
encoded as the endless body of a POST, which is never answered.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from recorder.rtsp import message
from recorder.rtsp.auth import Authenticator
from recorder.rtsp.errors import CameraUnreachable, StreamRefused, WrongCredential
from recorder.rtsp.tls import TlsFilter, camera_context
from recorder.rtsp.urls import StreamUrl

ANSWER_TIMEOUT_S: Final = 8.0
# No body is ever that long; the specification asks for a number, and cameras cut the POST when it is used up.
BODY_BYTES: Final = 2_000_000_000
TRIES_LIMIT_COUNT: Final = 3
READ_BYTES: Final = 4096
KIND: Final = "application/x-rtsp-tunnelled"

T = TypeVar("T")
Connect = Callable[[StreamUrl, int | None], Awaitable[socket.socket]]


class Line:
    """One connection, over TLS or not; OSError as the socket has them, RtspError where TLS fails."""

    def __init__(self, sock: socket.socket, tls: TlsFilter | None) -> None:
        self.socket, self.tls = sock, tls

    def sealed(self, data: bytes) -> bytes:
        """``data`` as it goes over the wire."""
        return data if self.tls is None else self.tls.encrypt(data)

    async def send(self, data: bytes) -> None:
        """Say ``data``; over TLS it may wait for what the other says."""
        await asyncio.get_running_loop().sock_sendall(self.socket, self.sealed(data))

    async def receive(self) -> bytes | None:
        """What the other says next, nothing when that was TLS's own; None at the end."""
        raw = await asyncio.get_running_loop().sock_recv(self.socket, READ_BYTES)
        if not raw or self.tls is None:
            return raw or None
        clear = self.tls.decrypt(raw)
        await self.send(b"")
        return clear

    async def agree(self, where: str) -> None:
        """Until everything said has gone; CameraUnreachable when the other leaves before."""
        while self.tls is not None and not self.tls.ready:
            if await self.receive() is None:
                raise CameraUnreachable("La caméra a coupé la connexion.", where=where)


@dataclass(frozen=True, slots=True)
class Tunnel:
    """Both connections, and what already came, in clear, after the head of the GET's answer."""

    reading: Line
    writing: Line
    received: bytes

    def encoded(self, data: bytes) -> bytes:
        """Bytes for the writing connection."""
        return self.writing.sealed(base64.b64encode(data))


async def open_tunnel(
    url: StreamUrl, receive_buffer_bytes: int | None, connect: Connect, authenticator: Authenticator,
    certificate: str = "",
) -> Tunnel:  # fmt: skip
    """Open both connections; CameraUnreachable, StreamRefused or WrongCredential when the camera does not agree.

    Over TLS both are held to ``certificate``, as RTSPS is (A-01): another one is OtherCertificate.
    """
    path = "/" + url.request.partition("://")[2].partition("/")[2]
    place = url.request.partition("://")[2].partition("/")[0]
    cookie = secrets.token_hex(11)
    common = [f"Host: {place}", "User-Agent: Guet", f"x-sessioncookie: {cookie}"]

    async def line(buffer_bytes: int | None) -> Line:
        sock = await connect(url, buffer_bytes)
        try:
            return Line(sock, TlsFilter(camera_context(certificate), url.host, url.peer) if url.secure else None)
        except BaseException:
            sock.close()
            raise

    for _ in range(TRIES_LIMIT_COUNT):
        reading = await line(receive_buffer_bytes)
        try:
            proof = authenticator.header("GET", path)
            ask = ["GET", path, *common, f"Accept: {KIND}", "Pragma: no-cache", "Cache-Control: no-cache"]
            status, headers, received = await _ask(reading, _head(ask, proof), url.peer)
            if status == 401:
                authenticator.challenged(headers.all("www-authenticate"), answered=proof is not None)
                reading.socket.close()
                continue
            if status != 200:
                raise StreamRefused(
                    f"La caméra refuse le tunnel HTTP : {status}.", where=url.peer, status_code=status,
                    todo="Déclarez une adresse rtsp:// si la caméra en a une.",
                )  # fmt: skip
            writing = await line(None)
            try:
                proof = authenticator.header("POST", path)
                told = ["POST", path, *common, f"Content-Type: {KIND}", "Pragma: no-cache", "Cache-Control: no-cache"]
                told += [f"Content-Length: {BODY_BYTES}", "Expires: Sun, 9 Jan 1972 00:00:00 GMT"]
                await _within(url.peer, _say(writing, _head(told, proof), url.peer))
            except BaseException:
                writing.socket.close()
                raise
            return Tunnel(reading, writing, received)
        except BaseException:
            reading.socket.close()
            raise
    raise WrongCredential("La caméra redemande sans fin un compte.", where=url.peer)


def _head(words: list[str], proof: str | None) -> bytes:
    method, path, *fields = words
    if proof is not None:
        fields.append(f"Authorization: {proof}")
    return ("\r\n".join([f"{method} {path} HTTP/1.0", *fields]) + "\r\n\r\n").encode("utf-8", "surrogateescape")


async def _within(where: str, work: Awaitable[T]) -> T:
    """``work`` within the time that a camera has to answer; CameraUnreachable."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await work
    except TimeoutError as error:
        raise CameraUnreachable("La caméra ne répond pas à l’ouverture du tunnel HTTP.", where=where) from error
    except OSError as error:
        raise CameraUnreachable(f"Tunnel HTTP rompu : {error.strerror or error}.", where=where) from error


async def _say(line: Line, head: bytes, where: str) -> None:
    await line.send(head)
    await line.agree(where)


async def _ask(line: Line, head: bytes, where: str) -> tuple[int, message.Headers, bytes]:
    """The status, header fields and first bytes of the body of the answer to ``head``."""
    answer, _, rest = (await _within(where, _answer(line, head, where))).partition(b"\r\n\r\n")
    version, _, status_line = answer.partition(b" ")
    # An HTTP head is an RTSP head under another name.
    parsed = message.parse(b"RTSP/1.0 " + _unmeasured(status_line) + b"\r\n\r\n", where)
    if not version.upper().startswith(b"HTTP/") or parsed is None or not isinstance(parsed[0], message.Response):
        raise CameraUnreachable("Ce qui répond n’est pas un serveur HTTP.", where=where)
    return parsed[0].status, parsed[0].headers, rest


async def _answer(line: Line, head: bytes, where: str) -> bytes:
    received = b""
    await line.send(head)
    while b"\r\n\r\n" not in received:
        if len(received) > message.HEAD_LIMIT_BYTES:
            raise CameraUnreachable("En-tête HTTP sans fin.", where=where)
        more = await line.receive()
        if more is None:
            raise CameraUnreachable("La caméra a coupé la connexion.", where=where)
        received += more
    return received


def _unmeasured(head: bytes) -> bytes:
    """The head without its Content-Length: the body of a tunnel has no end."""
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length"))
