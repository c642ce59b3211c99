"""Virtual sockets: bytes that a camera sent arrive after a delay, in order, until somebody cuts the line."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable

from deploy.simulation.loop import SimulatedLoop


class VirtualSocket:
    """The recorder's end of a connection. The camera's end is ``feed``, ``end`` and ``on_bytes``."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self.on_bytes: Callable[[bytes], None] = lambda data: None
        self.on_close: Callable[[], None] = lambda: None
        self.closed = False
        self._loop = loop
        self._data = bytearray()
        self._read = 0
        self._fed = 0
        self._ended = ""
        self._low_water = 1
        self._marks: deque[tuple[int, Callable[[], None]]] = deque()

    def feed(self, data: bytes | bytearray, read: Callable[[], None] | None = None) -> None:
        """Bytes arrive; ``read`` is called once the recorder has read the last of them."""
        if self.closed or self._ended:
            return
        self._data += data
        self._fed += len(data)
        if read is not None:
            self._marks.append((self._fed, read))
        self._loop.call_soon(self._loop.arrived, self)

    def end(self, how: str) -> None:
        """The line is cut: ``eof`` after what has arrived, ``reset`` at once."""
        if self.closed or self._ended:
            return
        self._ended = how
        if how == "reset":
            self._data.clear()
            self._marks.clear()
        self._loop.call_soon(self._loop.arrived, self)

    def waiting(self) -> bool:
        """Whether its reader is to be told: of enough bytes, or of the end."""
        return not self.closed and (len(self._data) >= self._low_water or bool(self._ended))

    def setsockopt(self, _: int, name: int, value: int) -> None:
        """Only the low-water mark means anything here."""
        if name == socket.SO_RCVLOWAT:
            self._low_water = value
            self._loop.call_soon(self._loop.arrived, self)

    def recv_into(self, buffer: memoryview, nbytes: int = 0, flags: int = 0) -> int:
        """As a non-blocking socket does."""
        if self.closed:
            raise OSError(9, "Bad file descriptor")
        if not self._data:
            if self._ended == "reset":
                raise ConnectionResetError(104, "Connection reset by peer")
            if self._ended:
                return 0
            raise BlockingIOError
        count = min(nbytes or len(buffer), len(self._data))
        buffer[:count] = self._data[:count]
        if flags & socket.MSG_PEEK:
            return count
        del self._data[:count]
        self._read += count
        while self._marks and self._marks[0][0] <= self._read:
            self._marks.popleft()[1]()
        return count

    def send(self, data: bytes | bytearray) -> int:
        """Bytes to the camera."""
        if self.closed:
            raise OSError(9, "Bad file descriptor")
        if self._ended == "reset":
            raise BrokenPipeError(32, "Broken pipe")
        self._loop.call_later(0.001, self.on_bytes, bytes(data))
        return len(data)

    def close(self) -> None:
        """Let go; the camera sees it."""
        if not self.closed:
            self.closed = True
            self._loop.call_soon(self.on_close)

    def __enter__(self) -> VirtualSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
