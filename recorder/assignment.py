"""Which recorder process takes which camera, and how many cameras of one network may be called at once."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

# Cameras of one network behind one switch: a power cut brings all of them back in the same second.
CONNECTS_LIMIT_PER_PREFIX: Final = 4
PREFIX_BITS: Final = {4: 24, 6: 64}


def recorder_of(camera: str, recorders: int) -> int:
    """The index of the process that records a camera: rendezvous hashing, so that another count moves few cameras."""
    return max(range(recorders), key=lambda index: hashlib.sha256(f"{camera}/{index}".encode()).digest())


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
