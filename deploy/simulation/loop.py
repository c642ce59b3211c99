"""An event loop whose time is virtual: it waits for nothing, and jumps to the next thing that is to happen.

What runs when is decided by a seeded generator alone: the order of callbacks is asyncio's (first come, first served, as
documented), and everything that comes from outside a loop (a thread that has finished, bytes that arrive) comes after a
virtual delay drawn from the seed. Threads do not exist here: their work is done in the loop, in one go.
"""

from __future__ import annotations

import asyncio
import random
from asyncio.base_events import BaseEventLoop
from collections.abc import Callable
from typing import Any, Final

THREAD_DELAY_LIMIT_S: Final = 0.002


class Deadlock(RuntimeError):
    """Everybody waits, and nothing is left that could happen."""


class SimulatedLoop(BaseEventLoop):
    """Time starts at zero. ``spent_s`` is what the work of the thread under way has taken, in virtual seconds."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.spent_s = 0.0
        self._now_s = 0.0
        self._selector = self  # the base class asks it to wait for sockets: see ``select``
        self._readers: dict[object, Callable[[], None]] = {}

    def time(self) -> float:
        """Virtual seconds since the start."""
        return self._now_s

    def select(self, timeout: float | None) -> list[Any]:
        """Nothing is ready but by time: move it on; Deadlock when nothing is to come."""
        if timeout is None:
            raise Deadlock("Nothing is left that could happen.")
        if timeout > 0:
            self._now_s += timeout
        return []

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """A thread's work: it begins a moment later, takes what its steps take, and goes on when nobody waits."""
        done: asyncio.Future[Any] = self.create_future()
        self.call_later(self.chance.random() * THREAD_DELAY_LIMIT_S, self._work, done, func, args)
        return done

    def _work(self, done: asyncio.Future[Any], func: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.spent_s = 0.0
        result, error = None, None
        try:
            result = func(*args)
        except BaseException as raised:  # noqa: BLE001 (BaseException: a thread hands on whatever ends its work)
            error = raised
        spent_s, self.spent_s = self.spent_s, 0.0
        self.call_later(spent_s, _tell, done, result, error)

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:  # type: ignore[override]
        """Call back whenever bytes wait in the virtual socket ``fd``."""
        self._readers[fd] = lambda: callback(*args)
        if fd.waiting():
            self.call_soon(self.arrived, fd)

    def remove_reader(self, fd: Any) -> bool:
        """Forget the socket."""
        return self._readers.pop(fd, None) is not None

    def add_writer(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:  # type: ignore[override]
        """A virtual socket takes bytes again at once."""
        self.call_soon(callback, *args)

    def remove_writer(self, fd: Any) -> bool:
        """Nothing to forget."""
        return False

    def arrived(self, fd: Any) -> None:
        """Bytes have arrived in ``fd``: tell its reader, and again while it leaves some."""
        reader = self._readers.get(fd)
        if reader is None or not fd.waiting():
            return
        reader()
        if fd in self._readers and fd.waiting():
            self.call_soon(self.arrived, fd)

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """No thread ever wakes this loop."""


def _tell(done: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(result)
    elif isinstance(error, StopIteration):
        done.set_exception(RuntimeError("StopIteration out of a thread"))
    else:
        done.set_exception(error)
        done.exception()
