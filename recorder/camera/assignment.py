"""Which recorder process takes which camera, and how many cameras of one network may be called at once."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

# Cameras of one network behind one switch: a power cut brings all of them back in the same second.
CONNECTS_LIMIT_PER_PREFIX: Final = 4
PREFIX_BITS: Final = {4: 24, 6: 64}


def recorder_of(camera: str, recorders: int) -> int:
    """The index of the process that records a camera: rendezvous hashing, so that another count moves few cameras."""
    return max(range(recorders), key=lambda index: hashlib.sha256(f"{camera}/{index}".encode()).digest())


class Assignment(Protocol):
    """Says which cameras are this process's."""

    async def settle(self, cameras: Sequence[str], running: Collection[str]) -> Mapping[str, int]:
        """Of ``cameras``, all that are to be recorded, those that are this process's now, each with its fence."""
        ...


class FixedShare:
    """The share of one of a machine's processes: no other machine records these cameras, so nobody is asked."""

    def __init__(self, index: int, recorders: int) -> None:
        self._index, self._recorders = index, recorders

    async def settle(self, cameras: Sequence[str], running: Collection[str]) -> Mapping[str, int]:
        """Always the same cameras, with fence 0."""
        return {camera: 0 for camera in cameras if recorder_of(camera, self._recorders) == self._index}


class ConnectGate:
    """Bounds the connections being opened at the same time, by network (/24, or /64 for IPv6)."""

    def __init__(self, limit: int = CONNECTS_LIMIT_PER_PREFIX) -> None:
        self._limit = limit
        self._places: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def __call__(self, host: str) -> AsyncIterator[None]:
        """Hold a place while a connection to ``host`` is opened."""
        async with self._places.setdefault(_network_of(host), asyncio.Semaphore(self._limit)):
            yield


def _network_of(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, PREFIX_BITS[address.version]), strict=False))
