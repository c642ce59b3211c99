"""RTSP through HTTP (Apple's tunnelling, also ONVIF's "RTP/RTSP/HTTP"), for cameras behind what lets only HTTP pass.

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
from typing import Final

from recorder.rtsp import message
from recorder.rtsp.auth import Authenticator
from recorder.rtsp.errors import CameraUnreachable, StreamRefused, WrongCredential
from recorder.rtsp.urls import StreamUrl

ANSWER_TIMEOUT_S: Final = 8.0
# No body is ever that long; the specification asks for a number, and cameras cut the POST when it is used up.
BODY_BYTES: Final = 2_000_000_000
TRIES_LIMIT_COUNT: Final = 3
READ_BYTES: Final = 4096
KIND: Final = "application/x-rtsp-tunnelled"

Connect = Callable[[StreamUrl, int | None], Awaitable[socket.socket]]


@dataclass(frozen=True, slots=True)
class Tunnel:
    """Both connections, and what already came after the head of the GET's answer."""

    reading: socket.socket
    writing: socket.socket
    received: bytes

    @staticmethod
    def encoded(data: bytes) -> bytes:
        """Bytes for the writing connection."""
        return base64.b64encode(data)


async def open_tunnel(
    url: StreamUrl, receive_buffer_bytes: int | None, connect: Connect, authenticator: Authenticator
) -> Tunnel:
    """Open both connections; CameraUnreachable, StreamRefused or WrongCredential when the camera does not agree."""
    path = "/" + url.request.partition("://")[2].partition("/")[2]
    place = url.request.partition("://")[2].partition("/")[0]
    cookie = secrets.token_hex(11)
    common = [f"Host: {place}", "User-Agent: Guet", f"x-sessioncookie: {cookie}"]
    for _ in range(TRIES_LIMIT_COUNT):
        reading = await connect(url, receive_buffer_bytes)
        try:
            proof = authenticator.header("GET", path)
            ask = ["GET", path, *common, f"Accept: {KIND}", "Pragma: no-cache", "Cache-Control: no-cache"]
            status, headers, received = await _ask(reading, _head(ask, proof), url.peer)
            if status == 401:
                authenticator.challenged(headers.all("www-authenticate"), answered=proof is not None)
                reading.close()
                continue
            if status != 200:
                raise StreamRefused(
                    f"La caméra refuse le tunnel HTTP : {status}.", where=url.peer, status_code=status,
                    todo="Déclarez une adresse rtsp:// si la caméra en a une.",
                )  # fmt: skip
            writing = await connect(url, None)
            try:
                proof = authenticator.header("POST", path)
                told = ["POST", path, *common, f"Content-Type: {KIND}", "Pragma: no-cache", "Cache-Control: no-cache"]
                told += [f"Content-Length: {BODY_BYTES}", "Expires: Sun, 9 Jan 1972 00:00:00 GMT"]
                await asyncio.get_running_loop().sock_sendall(writing, _head(told, proof))
            except BaseException:
                writing.close()
                raise
            return Tunnel(reading, writing, received)
        except BaseException:
            reading.close()
            raise
    raise WrongCredential("La caméra redemande sans fin un compte.", where=url.peer)


def _head(words: list[str], proof: str | None) -> bytes:
    method, path, *fields = words
    if proof is not None:
        fields.append(f"Authorization: {proof}")
    return ("\r\n".join([f"{method} {path} HTTP/1.0", *fields]) + "\r\n\r\n").encode("utf-8", "surrogateescape")


async def _ask(sock: socket.socket, head: bytes, where: str) -> tuple[int, message.Headers, bytes]:
    """The status, header fields and first bytes of the body of the answer to ``head``."""
    loop = asyncio.get_running_loop()
    received = b""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await loop.sock_sendall(sock, head)
            while b"\r\n\r\n" not in received:
                if len(received) > message.HEAD_LIMIT_BYTES:
                    raise CameraUnreachable("En-tête HTTP sans fin.", where=where)
                more = await loop.sock_recv(sock, READ_BYTES)
                if not more:
                    raise CameraUnreachable("La caméra a coupé la connexion.", where=where)
                received += more
    except TimeoutError as error:
        raise CameraUnreachable("La caméra ne répond pas à l’ouverture du tunnel HTTP.", where=where) from error
    except OSError as error:
        raise CameraUnreachable(f"Tunnel HTTP rompu : {error.strerror or error}.", where=where) from error
    answer, _, rest = received.partition(b"\r\n\r\n")
    version, _, status_line = answer.partition(b" ")
    # An HTTP head is an RTSP head under another name.
    parsed = message.parse(b"RTSP/1.0 " + _unmeasured(status_line) + b"\r\n\r\n", where)
    if not version.upper().startswith(b"HTTP/") or parsed is None or not isinstance(parsed[0], message.Response):
        raise CameraUnreachable("Ce qui répond n’est pas un serveur HTTP.", where=where)
    return parsed[0].status, parsed[0].headers, rest


def _unmeasured(head: bytes) -> bytes:
    """The head without its Content-Length: the body of a tunnel has no end."""
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length"))
