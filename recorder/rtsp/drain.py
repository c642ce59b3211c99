"""Emptying sockets: one buffer and one timer for all cameras of a process.

A watched camera is read as soon as bytes arrive; the others wait for a tick of 500 ms, which costs half the CPU and no
picture: the kernel holds what comes meanwhile, and tells when that is much (``dial.EARLY_BYTES``). Connections of a
process share one buffer, because a read and the parsing of what it brought happen in one go.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from recorder.rtsp.errors import StreamDamaged
from recorder.rtsp.urls import StreamUrl

TICK_S: Final = 0.5
POLL_TICKS: Final = 2  # sessions are told the time once a second
BUFFER_BYTES: Final = 1024 * 1024
READS_LIMIT_COUNT: Final = 16
# How long one camera is read in one go: a flood of bytes that cost much to parse must not hold up the others.
READS_LIMIT_S: Final = 0.05

# Connects to a camera; CameraUnreachable. The second number is the receive buffer asked for, in bytes; None for any.
Dial = Callable[[StreamUrl, int | None], Awaitable[socket.socket]]


class Drained(Protocol):
    """A connection that can wait for the tick."""

    def readable(self) -> None:
        """Read what has arrived."""
        ...

    def poll(self) -> None:
        """A second has passed."""
        ...


class Drain:
    """The buffer and the timer; one per event loop."""

    def __init__(self, dial: Dial | None = None) -> None:
        """``dial`` connects to cameras instead of the operating system: a simulation has no real sockets."""
        self.dial = dial
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._members: dict[Drained, bool] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._ticks = 0

    def add(self, member: Drained, *, on_tick: bool) -> None:
        """Poll ``member`` once a second; read it on the tick too when ``on_tick``."""
        self._members[member] = on_tick
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def remove(self, member: Drained) -> None:
        """Forget ``member``; the timer stops with the last one."""
        self._members.pop(member, None)
        if not self._members and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def read(self, sock: socket.socket, carry: bytes, feed: Callable[[memoryview], int]) -> bytes | None:
        """Read, feed what is there after ``carry``, and return what was not used up; None at the stream's end.

        Reads again while the buffer gets full, a bounded number of times and for a bounded time, so that a tick drains
        what the kernel held.
        BlockingIOError passes through when nothing has arrived.
        """
        buffer = self._buffer
        until_s = 0.0
        for _ in range(READS_LIMIT_COUNT):
            kept = len(carry)
            if kept >= BUFFER_BYTES:
                raise StreamDamaged(f"Message de plus de {BUFFER_BYTES} octets.")
            count = sock.recv_into(buffer[kept:])
            if count == 0:
                return None
            buffer[:kept] = carry
            total = kept + count
            used = feed(buffer[:total])
            carry = bytes(buffer[used:total])
            if total < BUFFER_BYTES // 2:
                break
            now_s = asyncio.get_running_loop().time()
            until_s = until_s or now_s + READS_LIMIT_S
            if now_s > until_s:
                break
            try:
                sock.recv_into(buffer[:1], 1, socket.MSG_PEEK)
            except BlockingIOError:
                break
        return carry

    def _tick(self) -> None:
        # First the next timer: an error below, which the loop reports, must cost one camera one tick and no more.
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        self._ticks += 1
        poll = self._ticks % POLL_TICKS == 0
        for member, on_tick in list(self._members.items()):
            if on_tick:
                member.readable()
            if poll:
                member.poll()
