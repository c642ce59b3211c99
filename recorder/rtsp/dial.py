"""Reaching a camera: every address that its name has, one after the other, IPv6 and IPv4 alike."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Final

from recorder.rtsp.errors import CameraUnreachable
from recorder.rtsp.urls import StreamUrl

CONNECT_TIMEOUT_S: Final = 5.0
ADDRESSES_LIMIT_COUNT: Final = 4
# What the kernel may hold of one camera. Once half of it waits, it is read: 8 Mbit/s, on a tick of half a second.
ROOM_BYTES: Final = 1024 * 1024
EARLY_BYTES: Final = ROOM_BYTES // 2


async def connect(url: StreamUrl, receive_buffer_bytes: int | None) -> socket.socket:
    """A connected, non-blocking socket; CameraUnreachable within ``CONNECT_TIMEOUT_S`` when no address answers."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            found = await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
            for family, kind, protocol, _, address in found[:ADDRESSES_LIMIT_COUNT]:
                sock = socket.socket(family, kind, protocol)
                try:
                    sock.setblocking(False)
                    if receive_buffer_bytes is not None:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                    await loop.sock_connect(sock, address)
                    if receive_buffer_bytes is None:
                        _make_room(sock)
                    return sock
                except OSError as error:
                    sock.close()
                    failure = error
                except BaseException:
                    sock.close()
                    raise
    except TimeoutError as error:
        raise CameraUnreachable(f"Pas de connexion en {CONNECT_TIMEOUT_S:g} s.", where=url.peer) from error
    except OSError as error:
        failure = error
    except UnicodeError as error:  # a name that no resolver takes
        raise CameraUnreachable("Nom d’hôte impossible.", where=url.peer) from error
    why = failure.strerror or failure if failure is not None else "aucune adresse"
    raise CameraUnreachable(f"Connexion impossible : {why}.", where=url.peer) from failure


def _make_room(sock: socket.socket) -> None:
    """Have the kernel take ROOM_BYTES from the start: left alone it begins with 64 kB and grows by what is read.

    A camera that finds no room waits, or drops pictures. SO_RCVBUF would end the growth; the low-water mark raises the
    buffer as a side effect (Linux's tcp_set_rcvlowat), and goes back to one byte.
    """
    with contextlib.suppress(OSError):
        tell_from(sock, ROOM_BYTES)
        tell_from(sock, 1)


def tell_from(sock: socket.socket, count: int) -> None:
    """Have the loop told of a socket once ``count`` bytes wait, its window closes, or it ends; OSError where it cannot.

    That is the low-water mark, SO_RCVLOWAT in socket(7).
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)
